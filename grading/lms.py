"""The class as Canvas or Moodle exports it, who of it handed in, and the grades as they import them."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable

from grading import GradingError
from grading.classroom import Class
from grading.lesson import load_lesson
from grading.pages import shown
from grading.results import Result

IDS = ("ID", "SIS User ID", "SIS Login ID", "Username", "ID number", "Email address")  # as Canvas, Moodle export them
MOODLE_IDS = ("Username", "ID number", "Email address")  # what its import finds a person by


def roster(course: Class) -> list[dict]:
    """received/roster.csv, if there is one: the gradebook as Canvas or Moodle exports it, one row for each person."""
    file = course.received / "roster.csv"
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8-sig")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    people = list(csv.DictReader(io.StringIO(text), delimiter=separator, restval=""))
    if not people or not set(IDS) & set(people[0]):
        raise GradingError(f"received/roster.csv has none of the columns {', '.join(IDS)}: export it once more")
    return [row for row in people if any(row.get(name) for name in IDS)]  # not Canvas's line of points


def matched(people: list[dict], students: Iterable[str]) -> dict[str, dict]:
    """The row of each student, by one of its ids or else by its name; students whom no row or several fit are left
    out."""
    ids, numbers, names = {}, {}, {}
    for row in people:
        numbers.setdefault(row.get("ID"), []).append(row)
        for name in IDS:
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
    it knows; archives.py calls the folders so."""
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
    return names_of(row)[0] or next(row[name] for name in IDS if row.get(name))


def canvas(lesson: str, graded: list[Result], rows: dict[str, dict], people: list[dict]) -> str:
    """The table that Canvas's gradebook imports (its guide "How do I import grades in the Gradebook?").

    Its importer (lib/gradebook_importer.rb of canvas-lms) wants the columns Student and ID first and Section last
    before the assignments, finds a person by ID, SIS User ID, SIS Login ID or name, in this order, and the assignment
    by the id in brackets behind its title, or the title. It overwrites a grade with an empty one: those who are not
    graded are left out. Without a roster, a student's folder is taken for the login, or for the ID if it is a number or
    was named by Canvas.
    """
    column = assignment_in(people[0], lesson) if people else None
    table = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column or load_lesson(lesson).heading],
        ["    Points Possible", "", "", "", "", as_number(graded[0].of)],
    ]
    for result in graded:
        student = result.student
        row = rows.get(student) or by_folder(student)
        name = row.get("Student") or name_of(row)
        ids = [row.get(each) or "" for each in table[0][1:5]]
        table.append([name, *ids, as_number(result.points)])
    return as_csv(table)


def by_folder(student: str) -> dict:
    name, number = numbered(student)
    if re.fullmatch("[0-9]+", student) or (number and re.fullmatch(r"[^\W_]+", name) and name == name.lower()):
        return {"Student": name, "ID": number or student}
    return {"Student": student, "SIS Login ID": student}


def moodle(lesson: str, graded: list[Result], rows: dict[str, dict], people: list[dict]) -> str:
    """The table that Moodle's grade import takes (docs.moodle.org, "Grade import"): the columns of its grade export.

    In its form, "Map from" is the first column here, "Map to" the same field of the user, and the last column is mapped
    to the assignment. One unknown person stops the whole import, and one without an identifier would get their grade
    written to the person before (grade/import/csv/classes/load_data.php): with a roster, only those stand here whom it
    knows, and the identifier is one that all of them have.
    """
    known: dict = {result.student: rows.get(result.student) for result in graded}
    if any(name in row for row in people[:1] for name in MOODLE_IDS):  # not Canvas's
        known = {student: row for student, row in known.items() if row}
        each_has = [name for name in MOODLE_IDS if known and all(row.get(name) for row in known.values())]
        known = {student: (row[each_has[0]], row) for student, row in known.items() if each_has}
        identifier = each_has[0] if each_has else MOODLE_IDS[0]
    else:
        identifier = "Email address" if all("@" in student for student in known) else "Username"
        known = {student: (student, {}) for student in known}
    table = [[identifier, "First name", "Last name", f"Assignment: {load_lesson(lesson).heading} (Real)"]]
    for result in graded:
        if result.student in known:
            person, row = known[result.student]
            table.append([person, row.get("First name") or "", row.get("Last name") or "", as_number(result.points)])
    return as_csv(table)


def assignment_in(row: dict, lesson: str) -> str | None:
    """The lesson's column in a gradebook that Canvas exported, as "08 Convolution (4711)", so that it lands there."""
    found = [
        column
        for column in row
        if column and (titled := re.fullmatch(r"(.*) \(\d+\)", column))
        if key(titled[1]) in (key(lesson), key(load_lesson(lesson).subject), key(load_lesson(lesson).heading))
    ]
    return found[0] if len(found) == 1 else None


def as_number(points: float) -> str:
    return f"{round(points, 2):g}"


def as_csv(table: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[no_formula(cell) for cell in row] for row in table])
    return text.getvalue()


def no_formula(cell: str) -> str:
    """No spreadsheet takes it for a formula: OWASP's advice on CSV injection, a quote in front."""
    cell = shown(cell)
    return f"'{cell}" if cell.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else cell
