#!/usr/bin/env python3
"""Leads to TinyTorch's tools from this workspace: `python -m course`, `from course import`, whichever Python runs it.

`python -m course lab` puts this file here, and beside it .course-python, which says where the course's Python is.
It is written for any Python 3, which is why it does without what the course's own code uses.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class NotInstalledHere(ImportError):
    """Another Python than the course's; a notebook shows the sentence alone."""

    def _render_traceback_(self):
        return ["\033[31m" + str(self) + "\033[0m"]


def workspace():
    return HERE if os.path.isdir(os.path.join(HERE, "tinytorch")) else os.path.dirname(HERE)


def python():
    """The Python in which the course is installed."""
    try:
        with open(os.path.join(workspace(), ".course-python"), encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def advice():
    if os.path.exists(python()):
        return (
            "TinyTorch's course is not installed in "
            + sys.executable
            + ", which runs this: choose "
            + python()
            + " as "
            "the kernel (VS Code: Select Kernel, at the top right), or open the workspace with `python -m course lab`."
        )
    gone = "the Python that this workspace was made with (" + (python() or "unknown") + ") is not there any more. "
    return gone + "In the course's repository, run: python -m course lab --workspace " + workspace()


def leave_path():
    """This file must not be found in the place of the course that is installed."""
    sys.path[:] = [folder for folder in sys.path if not is_launcher(os.path.join(folder or os.getcwd(), "course.py"))]


def is_launcher(file):
    if not os.path.isfile(file):
        return False
    with open(file, encoding="utf-8") as text, open(__file__, encoding="utf-8") as own:
        return text.read() == own.read()


def hand_over():
    """Put the installed course in the place of this module."""
    path = list(sys.path)
    del sys.modules[__name__]
    leave_path()
    try:
        import course  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "course":
            raise
        raise NotInstalledHere(advice()) from None
    finally:
        sys.path[:] = path


def main():
    if os.path.exists(python()) and os.path.abspath(sys.executable) != os.path.abspath(python()):
        command = [python(), os.path.abspath(__file__), *sys.argv[1:]]
        if os.name == "nt":  # which cannot replace a process
            import subprocess

            sys.exit(subprocess.call(command))
        os.execv(command[0], command)
    if not os.path.exists(python()):
        sys.exit(advice())
    if sys.path[0] in ("", os.getcwd()):  # as `python -m` has it: this folder may be tinytorch, which has a signal.py
        del sys.path[0]
    leave_path()
    import runpy

    runpy.run_module("course", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
else:
    hand_over()
