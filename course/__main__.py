"""The course's command line: `python -m course`. Only the standard library is imported before `enter`: the first
command is run by a Python that has nothing installed."""

import argparse
import os
import sys
from pathlib import Path

from course.environment import become, enter, setup
from course.plan import ROOT, plan
from course.tasks import TASKS, run
from course.whose import CourseError, describe, title


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

    add("setup", make_environment, "make the environment in .venv (every command does that needs it)")
    for name, task in TASKS.items():
        command = add(name, lambda options, task=task: run(task, options.jobs), task.about)
        command.add_argument("--jobs", type=int, default=2, help="how many processes, where it uses several")
    add("export", export, "write tinytorch/ anew from the notebooks in modules/")
    command = add("lab", lab, "your own workspace, opened in JupyterLab; further options go to JupyterLab")
    command.add_argument("--workspace", type=Path, default=ROOT / "workspace", help="where it lies or shall lie")
    command.add_argument("--no-browser", action="store_true", help="start JupyterLab without a browser")
    command.add_argument("--no-start", action="store_true", help="make or complete the workspace, and no more")
    command = add("upgrade", carry_over, "carry a workspace of an earlier layout over; the old one is kept beside it")
    command.add_argument("--workspace", type=Path, default=ROOT / "workspace", help="where it lies")
    fill = add("catch-up", catch_up, "in a workspace: fill from the reference what LESSON needs and you lack")
    fill.add_argument("lesson", metavar="LESSON", help="as 8, or 08_convolution; all is every lesson")
    for command in (fill, add("status", status, "in a workspace: whose package it is, and which lessons it has")):
        command.add_argument("--workspace", type=Path, default=Path(), help="where it lies, if not here")
    return found


def make_environment(options):
    setup()


def export(options):
    from course.exporter import export_all

    changed = export_all(ROOT)
    print("\n".join(f"wrote tinytorch/{name}" for name in changed) or "tinytorch/ is up to date")


def lab(options):
    from course.workspace import create

    workspace = options.workspace.resolve()
    fresh = not workspace.exists()
    added, newer = create(workspace)
    for name in [] if fresh else added:
        print(f"new in your workspace: {name}")
    for name in newer:
        print(f"the course has a newer {name}; yours is kept (rename or remove it to receive the new one)")
    print(f"{describe(workspace / 'tinytorch').text}, in {workspace}", flush=True)
    if not options.no_start:
        os.chdir(workspace)  # nbgrader looks for its settings here
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for its terminals
        settings = ["--ServerApp.ip=localhost", "--ServerApp.root_dir=."] + ["--no-browser"] * options.no_browser
        become([sys.executable, "-m", "jupyterlab", *settings, *options.further])


def carry_over(options):
    from course.upgrade import upgrade

    print(upgrade(options.workspace.resolve()))


def catch_up(options):
    from course.workspace import catch_up as fill

    fill(options.lesson, options.workspace.resolve())


def status(options):
    from rich.console import Console
    from rich.table import Table

    whose = describe(options.workspace / "tinytorch")
    print(whose.text)
    if not whose.is_reference:
        table = Table("lesson", "whose")
        for name in plan().lessons:
            table.add_row(title(name), whose.lessons.get(name, "-"))
        Console().print(table)


def main(arguments: list[str]) -> int | None:
    reader = parser()
    options, further = reader.parse_known_args(arguments)
    options.further = further
    if "act" not in options:
        reader.print_help()
        return None
    if options.further and options.act is not lab:
        reader.error(f"what is {options.further[0]}?")
    if options.act is not make_environment:
        enter(arguments, ["dev"] if arguments[0] in TASKS else [])
    return options.act(options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CourseError as error:
        sys.exit(f"\033[31m{error}\033[0m" if sys.stderr.isatty() else str(error))
