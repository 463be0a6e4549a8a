"""The instructor's report of a lesson, and its grades as Canvas and Moodle import them."""

import csv
import io
import os
import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from course.exporter import write_whole
from grading.course import Class, GradingError
from grading.feedback import environment, exception, exercises, results, shown, title

NAMES = ("ID", "SIS User ID", "SIS Login ID", "Username", "ID number", "Email address")  # as Canvas, Moodle export them
MOODLE = ("Username", "ID number", "Email address")  # what its import finds a person by


def report(course: Class, lesson: str) -> list[Path]:
    """Write report/LESSON.html, LESSON-canvas.csv and LESSON-moodle.csv; returns the files."""
    graded, people = results(course, lesson), roster(course)
    rows = matched(people, [result["student"] for result in graded])
    page = course.report / f"{lesson}.html"
    files = {
        page: environment(shown).get_template("report.html").render(
            title=title(lesson), students=graded, of=graded[0]["of"], **figures(course, lesson, graded, people, rows)
        ),
        course.report / f"{lesson}-canvas.csv": canvas(lesson, graded, rows, people),
        course.report / f"{lesson}-moodle.csv": moodle(lesson, graded, rows, people),
    }  # fmt: skip
    for file, text in files.items():
        write_whole(file, text.encode())
    return list(files)


# What the page shows


def figures(course: Class, lesson: str, graded: list[dict], people: list[dict], rows: dict[str, dict]) -> dict:
    points = [result["points"] for result in graded]
    return {
        "links": {result["student"]: link(course, lesson, result["student"]) for result in graded},
        "mean": statistics.mean(points),
        "median": statistics.median(points),
        "columns": distribution(points, graded[0]["of"]),
        "exercises": by_exercise(lesson, graded),
        "mistakes": mistakes(graded),
        "missing": missing(course, lesson, graded, people, rows),
        "unmatched": [result["student"] for result in graded if people and result["student"] not in rows],
        "roster": bool(people),
        "slowest": sorted(graded, key=lambda result: -result["seconds"])[:5],
    }


def link(course: Class, lesson: str, student: str) -> str:
    """From the report to the student's feedback; empty as long as there is none."""
    there = (course.feedback / student / lesson / f"{lesson}.html").exists()
    return f"../feedback/{quote(os.fsencode(student))}/{lesson}/{lesson}.html" if there else ""


def distribution(points: list[float], of: float) -> list[dict]:
    """How many students in each tenth of the points; those with all of them are in the last one."""
    counts = Counter(min(9, int(10 * each / of)) for each in points)
    most = max(counts.values())
    return [
        {"start": tenth * of / 10, "end": (tenth + 1) * of / 10, "count": counts[tenth], "height": counts[tenth] / most}
        for tenth in range(10)
    ]


def by_exercise(lesson: str, graded: list[dict]) -> list[dict]:
    """For each exercise the mean of its points, and the shares that got all of them, or left it blank."""
    verdicts = {}
    for result in graded:
        for verdict in result["verdicts"]:
            verdicts.setdefault(verdict["exercise"], []).append(verdict)
    return [
        {
            "id": name,
            "section": exercises(lesson)[name].section if name in exercises(lesson) else "",
            "mean": statistics.mean(verdict["points"] for verdict in found),
            "of": found[0]["of"],
            "full": statistics.mean(verdict["state"] == "right" for verdict in found),
            "blank": statistics.mean(verdict["state"] == "blank" for verdict in found),
        }
        for name, found in verdicts.items()
    ]


def mistakes(graded: list[dict]) -> list[dict]:
    """The most frequent mistakes: the same exercise and part failed with the same kind of message. Parts that the same
    students failed in this way share a line. Blanks are none."""
    found = {}
    for result in graded:
        for verdict in result["verdicts"]:
            for problem in verdict["problems"] if verdict["state"] != "blank" else ():
                for part in problem["names"]:
                    same = found.setdefault((verdict["exercise"], kind(problem["sentence"]), part), {})
                    same.setdefault(result["student"], problem)
    lines = {}
    for (exercise, sort, part), same in found.items():
        line = {"exercise": exercise, "parts": [], "students": list(same), "example": next(iter(same.values()))}
        lines.setdefault((exercise, sort, *same), line)["parts"].append(part)
    return sorted(lines.values(), key=lambda line: -len(line["students"]))[:25]


def kind(sentence: str) -> str:
    """What is left of a message without numbers and names of arrays, or of an exception without its text."""
    differs = re.search(r": \d+ of \d+ numbers differ$| has another \w+$", sentence[-100:])
    return exception(sentence) or re.sub(r"\d+", "0", differs[0] if differs else sentence)


def missing(course: Class, lesson: str, graded: list[dict], people: list[dict], rows: dict[str, dict]) -> dict:
    """Who handed something in that is not graded, and who is on the roster and handed in nothing."""
    there = {result["student"] for result in graded}
    handed_in = {file.parent.name for file in course.submitted.glob(f"*/{lesson}")}
    handed_in |= {file.parent.name for file in course.received.glob(f"*/{lesson}")}
    not_graded = sorted(handed_in - there)
    known = [*rows.values(), *matched(people, not_graded).values()]
    return {"not_graded": not_graded, "nothing": [name_of(row) for row in people if row not in known]}


# The tables for Canvas and Moodle


def roster(course: Class) -> list[dict]:
    """received/roster.csv, if there is one: the gradebook as Canvas or Moodle exports it, one row for each person."""
    file = course.received / "roster.csv"
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8-sig")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    people = list(csv.DictReader(io.StringIO(text), delimiter=separator, restval=""))
    if not people or not set(NAMES) & set(people[0]):
        raise GradingError(f"received/roster.csv has none of the columns {', '.join(NAMES)}: export it once more")
    return [row for row in people if any(row.get(name) for name in NAMES)]  # not Canvas's line of points


def matched(people: list[dict], students: Iterable[str]) -> dict[str, dict]:
    """The row of each student, by one of its ids or else by its name; students whom no row or several fit are left
    out."""
    ids, numbers, names = {}, {}, {}
    for row in people:
        numbers.setdefault(row.get("ID"), []).append(row)
        for name in NAMES:
            ids.setdefault(key(row.get(name) or ""), []).append(row)
        for name in names_of(row):
            names.setdefault(key(name), []).append(row)
    found = {}
    for student in students:
        name, number = numbered(student)
        fitting = ids.get(key(student)) or (number and numbers.get(number)) or names.get(key(name)) or ()
        different = {id(row): row for row in fitting}
        if len(different) == 1:
            found[student] = next(iter(different.values()))
    return found


def numbered(student: str) -> tuple[str, str]:
    """Canvas names files lovelaceada_4711_..., by the person's ID, Moodle "Ada Lovelace_815_...", by a number that only
    it knows; intake calls the folders so."""
    found = re.fullmatch(r"(.+)_([0-9]+)", student)
    return (found[1], found[2]) if found else (student, "")


def key(text: str) -> str:
    """Ways of writing a name or an id that mean the same."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def names_of(row: dict) -> list[str]:
    """Canvas has "Lovelace, Ada" in one column, Moodle two columns; files are named by either order."""
    if row.get("Student"):
        last, comma, first = row["Student"].partition(",")
    else:
        last, comma, first = row.get("Last name") or "", ",", row.get("First name") or ""
    return [f"{first} {last}".strip(), f"{last} {first}".strip()] if comma else [last]


def name_of(row: dict) -> str:
    return names_of(row)[0] or next(row[name] for name in NAMES if row.get(name))


def canvas(lesson: str, graded: list[dict], rows: dict[str, dict], people: list[dict]) -> str:
    """The table that Canvas's gradebook imports (its guide "How do I import grades in the Gradebook?").

    Its importer (lib/gradebook_importer.rb of canvas-lms) wants the columns Student and ID first and Section last
    before the assignments, finds a person by ID, SIS User ID, SIS Login ID or name, in this order, and the assignment
    by the id in brackets behind its title, or the title. It overwrites a grade with an empty one: those who are not
    graded are left out. Without a roster, a student's folder is taken for the login, or for the ID if it is a number or
    was named by Canvas.
    """
    column = assignment_in(people[0], lesson) if people else None
    table = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column or title(lesson)],
        ["    Points Possible", "", "", "", "", number(graded[0]["of"])],
    ]
    for result in graded:
        student = result["student"]
        row = rows.get(student) or by_folder(student)
        name = row.get("Student") or name_of(row)
        ids = [row.get(each) or "" for each in table[0][1:5]]
        table.append([name, *ids, number(result["points"])])
    return as_csv(table)


def by_folder(student: str) -> dict:
    name, number = numbered(student)
    if re.fullmatch("[0-9]+", student) or (number and re.fullmatch(r"[^\W_]+", name) and name == name.lower()):
        return {"Student": name, "ID": number or student}
    return {"Student": student, "SIS Login ID": student}


def moodle(lesson: str, graded: list[dict], rows: dict[str, dict], people: list[dict]) -> str:
    """The table that Moodle's grade import takes (docs.moodle.org, "Grade import"): the columns of its grade export.

    In its form, "Map from" is the first column here, "Map to" the same field of the user, and the last column is mapped
    to the assignment. One unknown person stops the whole import, and one without an identifier would get their grade
    written to the person before (grade/import/csv/classes/load_data.php): with a roster, only those stand here whom it
    knows, and the identifier is one that all of them have.
    """
    known = {result["student"]: rows.get(result["student"]) for result in graded}
    if any(name in row for row in people[:1] for name in MOODLE):  # not Canvas's
        known = {student: row for student, row in known.items() if row}
        each_has = [name for name in MOODLE if known and all(row.get(name) for row in known.values())]
        known = {student: (row[each_has[0]], row) for student, row in known.items() if each_has}
        identifier = each_has[0] if each_has else MOODLE[0]
    else:
        identifier = "Email address" if all("@" in student for student in known) else "Username"
        known = {student: (student, {}) for student in known}
    table = [[identifier, "First name", "Last name", f"Assignment: {title(lesson)} (Real)"]]
    for result in graded:
        if result["student"] in known:
            person, row = known[result["student"]]
            table.append([person, row.get("First name") or "", row.get("Last name") or "", number(result["points"])])
    return as_csv(table)


def assignment_in(row: dict, lesson: str) -> str | None:
    """The lesson's column in a gradebook that Canvas exported, as "08 Convolution (4711)", so that it lands there."""
    found = [
        column
        for column in row
        if column and (titled := re.fullmatch(r"(.*) \(\d+\)", column))
        if key(titled[1]) in (key(lesson), key(lesson[3:]), key(title(lesson)))
    ]
    return found[0] if len(found) == 1 else None


def number(points: float) -> str:
    return f"{round(points, 2):g}"


def as_csv(table: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[harmless(cell) for cell in row] for row in table])
    return text.getvalue()


def harmless(cell: str) -> str:
    """No spreadsheet takes it for a formula: OWASP's advice on CSV injection, a quote in front."""
    cell = shown(cell)
    return f"'{cell}" if cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else cell
