"""Runs inside the sandbox: builds the lesson's module from the student's cells, asks the probes, hands the arrays out.

    python -I runner.py REQUEST FD    the request is a JSON file, the answers are frames written to the file descriptor

No verdict is made here, since everything in this process is in the student's hands.
"""

import ctypes
import importlib
import importlib.machinery
import importlib.util
import json
import linecache
import os
import signal
import sys
import traceback
import types
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]  # where the folders are that the request names: /, or another if unsandboxed
WATCHED = tuple(
    "socket. subprocess. os.system os.exec os.fork os.posix_spawn os.kill os.putenv ctypes. sys.settrace "
    "sys.setprofile sys._current_frames gc. pty. shutil. os.remove os.rename os.symlink os.link os.chmod os.mkdir "
    "code.__new__ mmap. resource.".split()
)
COMPILER = tuple(str(ROOT / "site" / name) + os.sep for name in ("numba", "llvmlite"))


class Frames:
    """Answers: a line of JSON each, followed by the bytes of the array where there is one."""

    def __init__(self, descriptor: int):
        self.file = os.fdopen(descriptor, "wb")

    def send(self, header: dict, data: bytes = b""):
        self.file.write(json.dumps(header | {"bytes": len(data)}).encode() + b"\n" + data)
        self.file.flush()

    def array(self, exercise: str, part: str, name: str, value):
        import numpy as np

        value = np.asarray(value)  # ascontiguousarray would give 0-d arrays a dimension
        header = {
            "exercise": exercise,
            "part": part,
            "name": name,
            "dtype": str(value.dtype),
            "shape": list(value.shape),
        }
        self.send(header, value.tobytes())

    def error(self, error: BaseException, **where):
        last = [entry for entry in traceback.extract_tb(error.__traceback__) if entry.filename.startswith("<cell ")]
        if isinstance(error, SyntaxError):
            last = [traceback.FrameSummary(error.filename or "", error.lineno or 0, "", line=error.text or "")]
        if last:
            where |= {"cell": last[-1].filename[6:-1], "line": last[-1].lineno, "code": (last[-1].line or "")[:200]}
        self.send(where | {"error": type(error).__name__[:80], "message": str(error)[:1000]})


def watch(frames: Frames):
    """Note what student code tries that no exercise needs. Nobody relies on it: it is for the instructor's report."""
    left = [100]

    def hook(event, args):
        if event.startswith("ctypes.") and compiling():
            return
        writes = event == "open" and (args[1] or "r")[0] in "wax+" and args[0] != os.devnull
        if (writes or event.startswith(WATCHED)) and left[0]:
            left[0] -= 1
            frames.send({"tried": event, "what": ", ".join(repr(arg)[:100] for arg in args[:2])})

    sys.addaudithook(hook)


def compiling() -> bool:
    """Whether it is numba's compiler that calls, which lives in a library."""
    frame = sys._getframe(2)
    while frame and frame.f_code.co_filename == ctypes.__file__:
        frame = frame.f_back
    return bool(frame) and frame.f_code.co_filename.startswith(COMPILER)


def build(modules: dict, cells: list, frames: Frames):
    """The lesson's module, made by running its cells one after another, as a notebook does; failures are noted.

    `modules`: what each of its files makes public. All names live together here, so each file is this one module.
    """
    names = list(modules)
    module: Any = types.ModuleType(names[0])
    module.__spec__ = importlib.machinery.ModuleSpec(names[0], None)
    module.__package__, module.__all__ = names[0].rpartition(".")[0], list(chain(*modules.values()))
    for name in names:
        sys.modules[name] = module
        setattr(importlib.import_module(name.rpartition(".")[0]), name.rpartition(".")[2], module)
    for cell in cells:
        name = f"<cell {cell['name']}>"
        linecache.cache[name] = (len(cell["source"]), None, cell["source"].splitlines(keepends=True), name)
        try:
            exec(compile(cell["source"], name, "exec"), vars(module))
        except BaseException as error:
            frames.error(error, stage="cell", exercise=cell["name"])
    return module


def main():
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    frames = Frames(int(sys.argv[2]))
    sys.path[:0] = [str(ROOT / name) for name in ("grader", "package", "site")]
    import numpy as np

    harness = importlib.import_module("probes.harness")
    probes = importlib.import_module(f"probes.{request['probes']}").probe
    data = dict(np.load(ROOT / "request/data.npz", allow_pickle=False))
    import tinytorch as tt

    # what the package does itself with the C library, bytecode and folders to keep, before anything is watched
    of_numba = ("kernels.compiling", "kernels.grid") if importlib.util.find_spec("numba") else ()
    for name in ("dispatch", "kernels.operators", *of_numba):
        importlib.import_module("tinytorch._namespace").load(name)  # if it is there
    watch(frames)
    lesson = build(request["modules"], request["cells"], frames)

    def out_of_time(*_):
        raise TimeoutError(f"more than {request['seconds']} seconds")

    def limit_time():
        # CPU time, so that a busy machine costs nobody points; the wall clock, more of it, for what only waits
        for kind, timer, times in ((signal.SIGPROF, signal.ITIMER_PROF, 1), (signal.SIGALRM, signal.ITIMER_REAL, 3)):
            signal.signal(kind, out_of_time)
            signal.setitimer(timer, times * request["seconds"])

    for exercise in request["exercises"]:
        for_training = {key.split("|")[1]: value for key, value in data.items() if key.split("|")[0] == exercise}
        try:
            rng = harness.generator(request["seed"], exercise)
            for part, name, value in harness.ask(probes[exercise], tt, lesson, rng, for_training, limit_time):
                if name is None:
                    frames.error(value, stage="part", exercise=exercise, part=part)
                else:
                    frames.array(exercise, part, name, value)
        except BaseException as error:
            frames.error(error, stage="probe", exercise=exercise)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    os._exit(0)  # nothing that student code left behind runs


if __name__ == "__main__":
    main()
