"""How wrong and right solutions of exercises are written down, for tests/grading/test_solutions.py."""

from dataclasses import dataclass, replace

from grading.lesson import ExportedCell, load_lesson


@dataclass(frozen=True)
class Solution:
    """A student's lesson: one exercise solved in another way than the reference does, the others as in the reference."""

    lesson: str
    exercise: str
    name: str
    cells: tuple[ExportedCell, ...]


class Solutions(list):
    """The solutions of one lesson: `solutions = Solutions("08_convolution")`, then `.wrong(...)` and `.right(...)`."""

    def __init__(self, lesson: str):
        self.lesson = lesson

    def wrong(self, exercise: str, name: str, *how, added: str = ""):
        self.append((False, self.solution(exercise, name, how, added)))

    def right(self, exercise: str, name: str, *how, added: str = ""):
        self.append((True, self.solution(exercise, name, how, added)))

    def solution(self, exercise: str, name: str, how, added: str) -> Solution:
        """`how` is the whole new cell, or pairs (old, new) of text in the reference's; `added` is a further exported cell
        that the student put before it."""
        cells, found = [], False
        for cell in load_lesson(self.lesson).cells:
            if cell.exercise == exercise:
                found, source = True, cell.source
                if added:
                    cells.append(ExportedCell(f"#| export\n{added}", added=True))
                for edit in how:
                    if isinstance(edit, str):
                        source = f"#| export\n{edit}"
                    else:
                        assert edit[0] in source, f"{exercise}: {edit[0]!r} is not in the solution"
                        source = source.replace(*edit)
                assert source != cell.source, f"{exercise}: {name} changes nothing"
                cell = replace(cell, source=source)
            cells.append(cell)
        assert found, f"{self.lesson} has no exercise {exercise}"
        return Solution(self.lesson, exercise, name, tuple(cells))
