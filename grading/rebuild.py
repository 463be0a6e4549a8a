"""Makes a submission anew from the lesson's release: only the student's solutions and added cells are put into it."""

import copy
import re
from functools import cache

import nbformat

from course.notebook import EXPORTED, parsed
from course.plan import plan
from course.workspace import release
from grading.archives import readable
from grading.lesson import Lesson
from grading.submission import SubmittedCell

NAMES = re.compile(r"^(?:async )?(?:def|class)[ \t]+(\w+)|^(\w+(?:\.\w+)*)[ \t]*=(?!=)", re.MULTILINE)


@cache
def released_text(lesson: str) -> str:
    """The lesson's release, made from modules/."""
    return release(plan().notebook(lesson))


@cache
def released_notebook(lesson: str) -> nbformat.NotebookNode:
    return nbformat.reads(released_text(lesson), as_version=4)


def rebuild(lesson: Lesson, cells: list[SubmittedCell]) -> tuple[nbformat.NotebookNode, list[str]]:
    """The release with the student's solutions in it, and the cells that they added where they put them (metadata
    {"added": true}); and in sentences what an instructor should know. Rebuilding the result again changes nothing."""
    return Rebuilding(lesson, cells).result()


class Rebuilding:
    """One submission, matched against the release: each cell of the student's is a solution, a given cell, a check,
    or added by them."""

    def __init__(self, lesson: Lesson, cells: list[SubmittedCell]):
        self.lesson, self.cells, self.notes = lesson, cells, []
        self.own = parsed(released_notebook(lesson.name)).cells
        self.marked = {cell.nbgrader["grade_id"]: at for at, cell in enumerate(self.own) if cell.nbgrader}
        self.ids = {cell.id: at for at, cell in enumerate(self.own) if not cell.nbgrader}
        self.sources = {squeezed(cell.source): at for at, cell in enumerate(self.own) if not cell.nbgrader}
        self.places = [self.place(cell) for cell in cells]  # which cell of the release each is, None: added

    def result(self):
        nb = copy.deepcopy(released_notebook(self.lesson.name))
        kept, used = set(), set()  # numbers of the student's cells that are added, and that are solutions
        for exercise in self.lesson.points:
            solution, parts = self.solution(exercise)
            used.update(solution)
            kept.update(parts)
            if solution:
                text = "\n\n".join(self.cells[number].source for number in solution)
                nb.cells[self.marked[exercise]].source = self.exported(exercise, text)
        self.tell()
        after, last = {}, -1  # the place of a cell of the release -> what the student added after it
        for number, (cell, place) in enumerate(zip(self.cells, self.places)):
            last = last if place is None else place
            new = place is None and cell.source.strip() and number not in used
            if new or number in kept - used or self.edited(place, cell):
                after.setdefault(last, []).append(added(cell))
        released, nb.cells = nb.cells, after.get(-1, [])
        for place, cell in enumerate(released):
            nb.cells += [cell, *after.get(place, [])]
        for number, cell in enumerate(cell for cell in nb.cells if cell.metadata.get("added")):
            cell.id = f"added-{number}"
        return nb, self.notes

    def place(self, cell: SubmittedCell) -> int | None:
        if cell.grade_id in self.marked:
            return self.marked[cell.grade_id]
        same = self.sources.get(squeezed(cell.source))
        return same if same is not None else self.ids.get(cell.id)

    def edited(self, place: int | None, cell: SubmittedCell) -> bool:
        """A given cell that the student changed so that the package may lean on it (another import, say): both run."""
        if place is None or cell.kind != "code" or not cell.source.strip() or (own := self.own[place]).nbgrader:
            return False  # one that was emptied is as good as deleted
        changed = squeezed(cell.source) != squeezed(own.source)
        return changed and bool(EXPORTED.search(cell.source) or EXPORTED.search(own.source))

    def solution(self, exercise: str) -> tuple[list[int], list[int]]:
        """Which of the student's cells are this exercise's, by number (none: it stays blank), and which of its cells
        are kept beside.

        The marked one; the last that defines what is asked for if there are copies; all of them if it was split. If
        none holds it, another cell that does: some editors drop the marks, and some students write beside the blank.
        """
        blank = self.own[self.marked[exercise]].source
        names = defined_names(blank)
        marked = [number for number, cell in enumerate(self.cells) if cell.grade_id == exercise]
        given = {"", squeezed(blank), *self.sources}
        filled = [number for number in marked if squeezed(self.cells[number].source) not in given]
        whole = [number for number in filled if names <= defined_names(self.cells[number].source)]
        if len(marked) > 1:
            self.notes.append(f"{exercise} is there {len(marked)} times: the last that was filled in counts")
        if whole:
            return whole[-1:], [number for number in filled if number not in whole]
        if names <= {name for number in filled for name in defined_names(self.cells[number].source)}:
            return filled, []
        beside = [
            number for number, cell in enumerate(self.cells)
            if cell.kind == "code" and names <= defined_names(cell.source) and self.unclaimed(number)
        ]  # fmt: skip
        if names and beside:
            why = "the marked cell is blank or holds something else" if marked else "its cell had lost its mark"
            self.notes.append(f"{exercise} was found by the name {', '.join(sorted(names))}: {why}")
            exported = [number for number in beside if EXPORTED.search(self.cells[number].source)]
            return (exported or beside)[-1:], []
        if not marked:
            self.notes.append(f"{exercise} is not there: it counts as blank")
        return filled[-1:], []

    def unclaimed(self, number: int) -> bool:
        """The cell is no exercise's by its mark, and not the release's own."""
        cell, place = self.cells[number], self.places[number]
        if cell.grade_id in self.lesson.points:  # or by a mark that another cell should have
            return not defined_names(self.own[place].source) <= defined_names(cell.source)
        return place is None or squeezed(cell.source) != squeezed(self.own[place].source)

    def exported(self, exercise: str, text: str) -> str:
        """With its line `#| export`, without which it would not be in the package."""
        line = EXPORTED.search(self.own[self.marked[exercise]].source)
        if EXPORTED.search(text) or not line:
            return text
        self.notes.append(f"{exercise} had lost its line `{line[0]}`: it was put back")
        return f"{line[0]}\n{text}"

    def tell(self):
        """Notes on what was changed that is not the student's to change."""
        checks = {mark: at for mark, at in self.marked.items() if mark not in self.lesson.points}
        there = {cell.grade_id: cell for cell in self.cells if cell.grade_id}
        gone = [mark for mark in checks if mark not in there]
        changed = [
            mark for mark, at in checks.items()
            if mark in there and squeezed(there[mark].source) != squeezed(self.own[at].source)
        ]  # fmt: skip
        strange = sorted({cell.grade_id for cell in self.cells if cell.grade_id} - self.marked.keys())
        texts = sorted(
            {cell.grade_id for cell in self.cells if cell.grade_id in self.lesson.points and cell.kind != "code"}
        )
        edits = [self.own[at].id for at, cell in zip(self.places, self.cells) if self.edited(at, cell)]
        for what, marks in {
            "checks that were changed; the lesson's own are used": changed,
            "checks that were deleted; the lesson's own are used": gone,
            "marks that the lesson does not have": strange,
            "exercises that were no code any more; read as code": texts,
            "given cells that were changed; the lesson's own run before them": edits,
        }.items():
            if marks:
                more = f" and {len(marks) - 5} more" if len(marks) > 5 else ""
                self.notes.append(f"{what}: {', '.join(map(readable, marks[:5]))}{more}")


def squeezed(text: str) -> str:
    """Without white space at the ends of lines: editors change that."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def defined_names(text: str) -> set[str]:
    """What a cell defines at its top level, also if it does not compile: `conv_forward`, `Tensor.mean`."""
    return {first or second for first, second in NAMES.findall(text)}


def added(cell: SubmittedCell) -> nbformat.NotebookNode:
    new = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    return new[cell.kind](cell.source, metadata={"added": True})
