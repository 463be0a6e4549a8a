"""The sandbox: a process that sees Python, numpy and what it is given, and can reach and harm nothing else.

bubblewrap (Debian: `apt install bubblewrap`) makes the walls; this file says where they stand.
"""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

MB = 2**20
PYTHON = f"{sys.base_prefix}/bin/python3"  # inside the walls as outside
PACKAGES = ("numpy", "numpy.libs", "scipy", "scipy.libs")  # what student code may import beside Python, in /site


@dataclass(frozen=True)
class Limits:
    """What one sandboxed process tree may use; the documentation quotes these figures."""

    wall_seconds: float = 120
    cpu_seconds: int = 90  # of each process
    memory: int = 2048 * MB  # address space of each process
    processes: int = 16  # and threads
    file_size: int = 16 * MB
    disk: int = 64 * MB  # its /tmp, in memory
    output: int = 64 * MB  # bytes of answers that are read before it is stopped


class SandboxError(Exception):
    """The sandbox cannot be had; nothing was run."""


@dataclass
class Outcome:
    """What a sandboxed process left: its answers, the end of its stderr, and why it was stopped, if it was."""

    answers: bytes
    stderr: str
    stopped: str | None
    returncode: int
    seconds: float


def command(argv: list[str], folders: dict[str, Path], limits: Limits) -> list[str]:
    """The bwrap command line that runs `argv` with `folders` (path inside -> path outside) read-only."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        raise SandboxError("bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap)")
    walls = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--ro-bind", "/usr", "/usr"]
    for link in ("lib", "lib64", "bin"):
        walls += ["--symlink", f"usr/{link}", f"/{link}"]
    walls += ["--proc", "/proc", "--dev", "/dev", "--size", str(limits.disk), "--tmpfs", "/tmp"]
    walls += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    for name in PACKAGES:
        walls += ["--ro-bind-try", f"{sysconfig.get_path('purelib')}/{name}", f"/site/{name}"]
    for inside, outside in folders.items():
        walls += ["--ro-bind", str(outside), inside]
    for name, value in {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "HOME": "/tmp",
        "PATH": "/usr/bin",
    }.items():
        walls += ["--setenv", name, value]
    return [*walls, "--chdir", "/tmp", "--", *argv]


def run(argv: list[str], folders: dict[str, Path], limits: Limits = Limits()) -> Outcome:
    """Run `argv` in the sandbox; {fd} in it becomes the descriptor on which its answers are read, within the limits."""
    read, write = os.pipe()
    argv = [part.replace("{fd}", str(write)) for part in argv]
    started, stopped = time.monotonic(), None
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            command(argv, folders, limits), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
            pass_fds=[write], start_new_session=True,
        )  # fmt: skip
        os.close(write)
        chunks, total = [], 0

        def drain():
            nonlocal total, stopped
            with os.fdopen(read, "rb") as pipe:
                while chunk := pipe.read1(MB):
                    chunks.append(chunk)
                    total += len(chunk)
                    if total > limits.output:
                        stopped = "output"
                        os.killpg(process.pid, signal.SIGKILL)
                        return

        reader = threading.Thread(target=drain)
        reader.start()
        try:
            process.wait(limits.wall_seconds)
        except subprocess.TimeoutExpired:
            stopped = "wall clock"
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        reader.join()
        stderr.seek(0, os.SEEK_END)
        stderr.seek(max(0, stderr.tell() - 4000))
        last = stderr.read().decode(errors="replace")
    return Outcome(b"".join(chunks), last, stopped, process.returncode, time.monotonic() - started)
