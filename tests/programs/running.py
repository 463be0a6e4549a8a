"""Programs in subprocesses: by PyTorch, and by `python -m tinytorch`."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIRST_LINE = "the reference tinytorch"
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


def surroundings(package=ROOT) -> dict:
    """The environment of a program: tinytorch and the tools are found in `package` and here."""
    usual = filter(None, [os.environ.get("PYTHONPATH")])
    path = os.pathsep.join(dict.fromkeys([str(package), str(ROOT), *usual]))
    return os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}


def python(*arguments, folder, package=ROOT, **environment) -> subprocess.CompletedProcess:
    """`python ARGUMENTS` in `folder`."""
    command = [sys.executable, *map(str, arguments)]
    env = surroundings(package) | environment
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def run(*arguments, folder, **options) -> subprocess.CompletedProcess:
    """The program on tinytorch."""
    return python("-m", "tinytorch", *arguments, folder=folder, **options)


class Server:
    """Runs programs one after another, as `python OPTIONS program` would, but imports torch once: server.py."""

    def __init__(self, *options):
        command = [sys.executable, *options, Path(__file__).with_name("server.py")]
        self.process = subprocess.Popen(
            command, env=surroundings(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, program, folder) -> tuple:
        """(what the program did, its CPU seconds); `folder` is made for it."""
        Path(folder).mkdir()
        print(json.dumps([str(program), str(folder)]), file=self.process.stdin, flush=True)
        status, seconds = json.loads(self.process.stdout.readline())
        printed = [Path(f"{folder}.{name}").read_text(encoding="utf-8") for name in ("stdout", "stderr")]
        return subprocess.CompletedProcess([program], status, *printed), seconds

    def close(self) -> None:
        self.process.communicate()


def prints(code: str, folder, **options) -> str:
    """What the program `code` prints on tinytorch."""
    Path(folder, "program.py").write_text(textwrap.dedent(code))
    ran = run("program.py", folder=folder, **options)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def fails(code: str, folder, **options) -> str:
    """The last line of its traceback."""
    Path(folder, "program.py").write_text(textwrap.dedent(code))
    ran = run("program.py", folder=folder, **options)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return ran.stderr.strip().splitlines()[-1]


def same_up_to_rounding(ours: str, theirs: str, tolerance: float = 2e-4) -> str | None:
    """The first lines that differ in more than the last digits of their numbers."""
    pairs = list(zip(ours.splitlines(), theirs.splitlines(), strict=False))
    if len(ours.splitlines()) != len(theirs.splitlines()):
        return f"{len(ours.splitlines())} lines and {len(theirs.splitlines())}:\n{ours}\n--\n{theirs}"
    for a, b in pairs:
        words = [" ".join(NUMBER.sub("#", line).split()) for line in (a, b)]
        numbers = [[float(n) for n in NUMBER.findall(line)] for line in (a, b)]
        near = all(abs(x - y) <= tolerance * (1 + abs(y)) for x, y in zip(*numbers, strict=False))
        if words[0] != words[1] or len(numbers[0]) != len(numbers[1]) or not near:
            return f"tinytorch: {a}\nPyTorch:   {b}"
    return None
