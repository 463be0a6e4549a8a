"""Runs program after program, each in a fork of this process, which has imported torch already: that is paid once.

    python tests/programs/server.py               by PyTorch
    python -m tinytorch tests/programs/server.py  by tinytorch

Reads a line `["program.py", "folder"]` (JSON) for each, and answers with its exit status and CPU seconds when it has
ended. It runs in the folder; what it prints is written beside that, to folder.stdout and folder.stderr.
"""

import atexit
import gc
import json
import os
import resource
import runpy
import signal
import sys
import traceback

import sklearn.datasets
import sklearn.linear_model  # noqa: F401
import torch
import torch.utils.data

LIMIT = 300  # seconds


def warm_up() -> None:
    """Load what waits for its first use: tinytorch's kernels, which wait for a large array; what optimizers import."""
    x = torch.ones(64, 64, requires_grad=True)
    torch.nn.functional.relu(x @ x).sum().backward()
    torch.optim.SGD([x]).step()  # PyTorch's loads torch._dynamo: two seconds
    gc.collect()
    gc.freeze()  # a fork copies no memory for the sake of counting what is used


def redirect(folder: str) -> None:
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{folder}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def become(program: str, folder: str) -> int:
    """The exit status of the program, run in this process as `python program` would."""
    signal.alarm(LIMIT)
    redirect(folder)
    os.chdir(folder)
    sys.argv, sys.path[0] = [program], os.path.dirname(program)
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    warm_up()
    answers = os.fdopen(os.dup(1), "w")
    while request := sys.stdin.readline():
        if not (child := os.fork()):
            status = become(*json.loads(request))
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)  # not sys.exit: to take all modules apart costs half a second
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _, status = os.waitpid(child, 0)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(json.dumps([os.waitstatus_to_exitcode(status), seconds]), file=answers, flush=True)


if __name__ == "__main__":
    main()
