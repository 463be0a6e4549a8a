"""Runs programs that are written for PyTorch on this package, as they are.

    python -m tinytorch SCRIPT [ARGUMENTS]      as `python SCRIPT ...`, with torch being tinytorch
    python -m tinytorch -m MODULE [ARGUMENTS]   as `python -m MODULE ...`
    python -m tinytorch -c CODE [ARGUMENTS]     as `python -c CODE ...`
    python -m tinytorch --check PATH...         lists what programs need of PyTorch's that is not here

In a notebook: `%load_ext tinytorch`, before torch is imported.
"""

import os
import subprocess
import sys
from pathlib import Path

START = Path(__file__).resolve().parent / "compat" / "start"


def main(arguments: list) -> int:
    """The exit status, where the program does not take the place of this process."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__, file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    if arguments[0] == "--check":
        from tinytorch.compat.check import check

        return check(arguments[1:])
    if arguments[0].startswith("-") and arguments[0] not in ("-", "-m", "-c"):
        print(f"python -m tinytorch has no option {arguments[0]}\n{__doc__}", file=sys.stderr)
        return 2
    if sys.flags.ignore_environment:
        print("python -E and -I read no PYTHONPATH, by which torch is found: leave them out", file=sys.stderr)
        return 2
    announce()
    return run(arguments)


def announce() -> None:
    """Whose package runs: a learner must never pass on somebody else's."""
    from course.whose import describe

    print(describe(START.parents[1]).text, file=sys.stderr, flush=True)


def run(arguments: list) -> int:
    """Python on `arguments`: it alone does all that it does with a program; what it starts finds START in its turn."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(START), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [sys.executable, *subprocess._args_from_interpreter_flags(), *arguments]
    if os.name != "nt":  # there, exec leaves the terminal before the program has ended
        os.execv(sys.executable, command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
