"""Prints what the grader makes of every wrong and right solution: `PYTHONPATH=tests python -m all_solutions [NAME ...]`.

NAME chooses among lessons and exercises, as 08 or conv.
A wrong one must lose points of its own exercise and no other's; a right one must get full points, ten times in a row.
"""

import sys
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import track
from rich.table import Table
from solutions import RIGHT, WRONG

from grading import grader
from grading.lesson import load_lesson


def judged(solution, right: bool, seed: int) -> tuple[str, str, bool]:
    """What it got of its own exercise's points, what it lost elsewhere, and whether that is as it should be."""
    lesson, own, others = load_lesson(solution.lesson), 0.0, 0.0
    of = lesson.points[solution.exercise]
    for verdict in grader.grade(lesson, solution.cells, seed)[0]:
        if verdict.exercise == solution.exercise:
            own = verdict.points
        else:
            others += verdict.of - verdict.points
    again = [grader.grade(lesson, solution.cells, seed + n, [solution.exercise])[0][0] for n in range(1, 10) if right]
    steady = all(verdict.points == verdict.of for verdict in again)
    return f"{own:g} of {of:g}", f"{others:g}", (own == of and steady if right else own < of) and not others


def main():
    chosen = [
        (solution, right)
        for solutions, right in ((WRONG, False), (RIGHT, True))
        for solution in solutions
        if not sys.argv[1:] or any(name in f"{solution.lesson} {solution.exercise}" for name in sys.argv[1:])
    ]
    table = Table("lesson", "exercise", "solution", "", "points", "lost elsewhere", title="what the grader says")
    seed, bad = grader.new_seed() >> 1, 0
    with ProcessPoolExecutor() as pool:
        results = pool.map(judged, *zip(*chosen), [seed] * len(chosen))
        for (solution, right), (points, lost, good) in track(
            zip(chosen, results, strict=True), "judging", total=len(chosen)
        ):
            bad += not good
            row = solution.lesson, solution.exercise, solution.name, "right" if right else "wrong", points, lost
            table.add_row(*row, style=None if good else "red")
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"{len(chosen)} solutions, seeds from {seed}; {bad} judged otherwise than they should")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
