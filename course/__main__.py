"""The course's command line: `python -m course`. Only the standard library is imported before `enter`: the first
command is run by a Python that has nothing installed."""

import argparse
import os
import sys
from pathlib import Path

from course.environment import become, enter, setup
from course.plan import INSIDE, ROOT, plan
from course.tasks import TASKS, run
from course.whose import CourseError, describe, workspace_above

EXERCISE = "its name, its number, or what it defines; without, the lesson's exercises are listed"
WORKSPACE = Path("workspace") if ROOT == INSIDE else ROOT / "workspace"


def parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    found = argparse.ArgumentParser(prog="python -m course", usage="python -m course COMMAND ...", formatter_class=raw)
    found.description = "TinyTorch's commands:\n"
    found.epilog = "python -m course COMMAND --help says what each can be told"
    commands = found.add_subparsers(prog="python -m course", metavar="COMMAND", help=argparse.SUPPRESS)

    def add(name: str, act, about: str) -> argparse.ArgumentParser:
        found.description += f"\n  {name:12}{about}"
        command = commands.add_parser(name, description=about)
        command.set_defaults(act=act)
        return command

    if ROOT != INSIDE:  # what works on the repository
        add("setup", make_environment, "make the environment in .venv (every command does that needs it)")
        for name, task in TASKS.items():
            command = add(name, lambda options, task=task: run(task, options.jobs), task.about)
            command.add_argument("--jobs", type=int, default=2, help="how many processes, where it uses several")
        add("export", export, "write tinytorch/ anew from the notebooks in modules/")
    command = add("lab", lab, "your own workspace, opened in JupyterLab; further options go to JupyterLab")
    command.add_argument("--workspace", type=Path, default=WORKSPACE, help="where it lies or shall lie")
    command.add_argument("--no-browser", action="store_true", help="start JupyterLab without a browser")
    command.add_argument("--no-start", action="store_true", help="make or complete the workspace, and no more")
    command = add("upgrade", carry_over, "carry a workspace of an earlier layout over; the old one is kept beside it")
    command.add_argument("--workspace", type=Path, default=WORKSPACE, help="where it lies")
    here = [add("status", status, "how far you are: each exercise of a lesson, its points, and what comes next")]
    here[0].add_argument("lesson", metavar="LESSON", nargs="?", help="as 8, or 08_convolution; else the one you are at")
    for name, act, about in (
        ("hint", hint, "a hint for an exercise, the next one each time"),
        ("reset", reset, "put an exercise's cell (or check-EXERCISE) back as it was at first; yours is kept"),
        ("solution", solution, "an exercise's solution, after three different answers failed; it is said ever after"),
    ):
        command = add(name, act, about)
        command.add_argument("lesson", metavar="LESSON", help="as 8, or 08_convolution")
        command.add_argument("exercise", metavar="EXERCISE", nargs="?", default="", help=EXERCISE)
        if name == "hint":
            command.add_argument("level", metavar="LEVEL", nargs="?", type=int, help="1 is the first and least")
        if name == "solution":
            command.add_argument("--now", action="store_true", help="whether or not it was tried")
        here.append(command)
    command = add("catch-up", catch_up, "fill from the reference what LESSON needs and you lack")
    command.add_argument("lesson", metavar="LESSON", help="as 8, or 08_convolution; all is every lesson")
    here.append(command)
    here.append(add("update", bring_newer, "newer versions of the lessons, around what you wrote"))
    here.append(add("doctor", look_after, "what is wrong where something does not work, and what to do"))
    for command in here:
        command.add_argument("--workspace", type=Path, help="your workspace, if you are not in it or below it")
    return found


def make_environment(options):
    setup()


def export(options):
    from course.exporter import export_all

    changed = export_all(ROOT)
    print("\n".join(f"wrote tinytorch/{name}" for name in changed) or "tinytorch/ is up to date")


def lab(options):
    from course.lab import command, environment
    from course.workspace import create

    workspace = options.workspace.resolve()
    fresh = not workspace.exists()
    added, newer = create(workspace)
    for name in [] if fresh else added:
        print(f"new in your workspace: {name}")
    for name in newer:
        print(f"the course has a newer {name}; `python -m course update` brings it around what you wrote")
    print(f"{describe(workspace / 'tinytorch').text}, in {workspace}", flush=True)
    if not options.no_start:
        os.chdir(workspace)  # nbgrader looks for its settings here
        os.environ |= environment(workspace)
        become(command(*["--no-browser"] * options.no_browser, *options.further))


def carry_over(options):
    from course.upgrade import upgrade

    print(upgrade(options.workspace.resolve()))


def workspace_of(options) -> Path:
    """The one that was named, or in which this command is run, however deep."""
    folder = (options.workspace or Path.cwd()).resolve()
    if found := workspace_above(folder):
        return found
    raise CourseError(f"{folder} lies in no workspace: run this in yours (`python -m course lab` makes one)")


def lesson_of(options) -> tuple[Path, str]:
    """The workspace and the lesson that are meant."""
    workspace, lesson = workspace_of(options), plan().named(options.lesson)
    if not (workspace / f"{lesson}.ipynb").exists():
        raise CourseError(f"there is no {lesson}.ipynb in {workspace}: give it its name back")
    return workspace, lesson


def catch_up(options):
    from course.workspace import catch_up as fill

    fill(options.lesson, workspace_of(options))


def status(options):
    from course.status import status as show

    show(workspace_of(options), plan().named(options.lesson) if options.lesson else None)


def exercise_of(options) -> tuple[Path, str, str]:
    from course.exercise import named
    from course.released import released_lesson

    workspace, lesson = lesson_of(options)
    exactly = options.act is solution  # the only one that is noted for ever
    return workspace, lesson, named(released_lesson(workspace, lesson), options.exercise, exactly)


def hint(options):
    from course.exercise import hint as next_hint

    print(next_hint(*exercise_of(options), options.level))


def reset(options):
    from course.exercise import name_of
    from course.exercise import reset as put_back
    from course.released import released_lesson

    workspace, lesson = lesson_of(options)
    name = options.exercise
    if name not in [name_of(cell) for cell in released_lesson(workspace, lesson).cells]:
        name = exercise_of(options)[-1]
    print(put_back(workspace, lesson, name))


def solution(options):
    from course.exercise import solution as show

    print(show(*exercise_of(options), options.now))


def bring_newer(options):
    from course.update import update

    print(update(workspace_of(options)))


def look_after(options):
    from course.doctor import doctor

    return doctor(workspace_above((options.workspace or Path.cwd()).resolve()))


def main(arguments: list[str]) -> int | None:
    reader = parser()
    options, further = reader.parse_known_args(arguments)
    options.further = further
    if "act" not in options:
        reader.print_help()
        return None
    if options.further and options.act is not lab:
        reader.error(f"what is {options.further[0]}?")
    if options.act not in (make_environment, look_after):
        enter(arguments, ["dev"] if arguments[0] in TASKS else [])
    return options.act(options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CourseError as error:
        sys.exit(f"\033[31m{error}\033[0m" if sys.stderr.isatty() else str(error))
