"""The commands of the course that run others: the one place that says what `python -m course test` (and so on) does."""

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass, field

from course.plan import ROOT


@dataclass(frozen=True)
class Task:
    """`commands` run one after another in the repository, each by this environment's Python, until one fails."""

    about: str
    commands: tuple[str, ...]
    environment: dict = field(default_factory=dict)


TASKS = {
    "demo": Task(
        "train the milestones with the reference, draw their plots (into plots/), grade a sample class",
        ("-m course export", "-m milestones run all --reference --plots plots", "-m grading demo"),
    ),
    "test": Task(
        "lint, types, and the test suite, against PyTorch",
        (
            "-m ruff check --quiet .",
            "-m ruff format --check --quiet course grading milestones tests benchmarks modules",
            "-m mypy",
            "-m pytest -n {jobs} --dist worksteal -m 'not breadth'",
        ),
        {"PYTHONDONTWRITEBYTECODE": ""},  # hundreds of processes import the package: let the first compile it for all
    ),
    "test-all": Task(
        "every case of what `test` samples: dtypes, models, programs, notebooks, mistakes (half an hour)",
        ("-m pytest -n {jobs} --dist worksteal",),
        {"PYTHONDONTWRITEBYTECODE": ""},
    ),
    "milestones": Task("the list of milestones", ("-m milestones",)),
    "benchmark": Task(
        "speed and memory beside PyTorch's, on the same work, held to their gates (minutes)", ("-m benchmarks",)
    ),
    "solutions": Task(
        "what the grader makes of hundreds of wrong and right solutions (minutes)",
        ("-m all_solutions",),
        {"OMP_NUM_THREADS": "1", "PYTHONPATH": "tests"},
    ),
    "wheel": Task(
        "dist/: a wheel of the course (pip install it, then python -m course lab), one of the finished package",
        ("-m pip wheel --quiet --no-deps -w dist . ./packaging/tinytorch",),
    ),
    "processors": Task(
        "the numeric tests and the notebooks as on older, newer and other processors (an hour)",
        ("tests/processors --jobs={jobs}",),
    ),
}


def run(task: Task, jobs: int) -> int:
    """The exit status of the first command that fails, or 0."""
    for command in task.commands:
        arguments = shlex.split(command.format(jobs=jobs))
        print("python", *arguments, flush=True)
        ran = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=os.environ | task.environment)
        if ran.returncode:
            return ran.returncode
    return 0
