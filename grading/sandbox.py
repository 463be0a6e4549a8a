"""The sandbox: a process tree that sees Python, numpy and what it is given, and can reach and harm nothing else.

bubblewrap (Debian: `apt install bubblewrap`) isolates it, `prlimit` limits each process, and a watchdog out here the
whole tree; this file says what the limits are. `prove()` shows that they hold.
"""

import contextlib
import json
import os
import platform
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import psutil

from grading import syscalls

MB = 2**20
PYTHON = f"{sys.base_prefix}/bin/python3"  # inside as outside
SITE = Path(sysconfig.get_path("purelib"))
# what student code may import beside Python, in /site, where it is installed
PACKAGES = ("numpy", "numpy.libs", "scipy", "scipy.libs", "numba", "llvmlite")
LOOK = 0.2  # seconds between two looks at the tree
ENVIRONMENT = {
    "HOME": "/tmp",
    "PATH": "/usr/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMBA_CACHE_LOCATOR_CLASSES": "_InTreeCacheLocator",  # beside the file, where nothing can be written: keep nothing
    "MALLOC_ARENA_MAX": "2",  # an arena of each thread would count as 128 MB of address space
}


@dataclass(frozen=True)
class Limits:
    """What one sandboxed process tree may use; the documentation quotes these figures."""

    wall_seconds: float = 120
    cpu_seconds: int = 90  # of each process
    memory: int = 2048 * MB  # address space of each process, and resident memory of all together
    processes: int = 32  # and threads
    file_size: int = 16 * MB
    open_files: int = 256  # of each process
    disk: int = 64 * MB  # its /tmp, in memory; as much again for /dev/shm
    files: int = 20_000  # in each of these, since an empty file takes memory too
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


def run(argv: list[str], folders: dict[str, Path], limits: Limits = Limits(), sandboxed: bool = True) -> Outcome:
    """Run `argv` in the sandbox, with `folders` (path inside -> path outside) to read, until it ends or is stopped.

    In `argv`, {fd} becomes the descriptor on which its answers are read, and {root} the folder in which it finds
    `folders`: nothing inside the sandbox, a temporary folder of links when not `sandboxed`.
    """
    started = time.monotonic()
    read, write = os.pipe()
    with tempfile.TemporaryFile() as stderr, os.fdopen(read, "rb", 0) as answers, contextlib.ExitStack() as stack:
        with os.fdopen(write, "wb") as ours:
            argv = [part.replace("{fd}", str(write)) for part in argv]
            if sandboxed:
                process = start([part.replace("{root}", "") for part in argv], folders, limits, stderr, (write,))
            else:
                root = stack.enter_context(linked(folders))
                argv = [part.replace("{root}", root) for part in argv]
                process = start_plainly(argv, root, limits, stderr, (ours.fileno(),))
        chunks, stopped = read_until_end(process, answers, limits, started)
        stop(process)
        stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - 4000))
        last = stderr.read().decode(errors="replace")
    code = process.returncode
    ended_by = code - 128 if code > 128 else -code  # bwrap tells a signal as shells do
    signals: dict[int, str] = {signal.SIGXCPU: "CPU time", signal.SIGKILL: "killed"}
    stopped = stopped or signals.get(ended_by)
    return Outcome(b"".join(chunks), last, stopped, code, time.monotonic() - started)


def start(argv: list[str], folders: dict, limits: Limits, stderr=subprocess.DEVNULL, pass_fds=()) -> subprocess.Popen:
    """Start `argv` in the sandbox; nothing is inherited but stderr and the descriptors `pass_fds`."""
    with tempfile.TemporaryFile() as filters:
        filters.write(_filters())
        filters.seek(0)
        return subprocess.Popen(
            command(argv, folders, limits, filters.fileno()), env={}, cwd="/", stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=stderr, pass_fds=[*pass_fds, filters.fileno()], start_new_session=True,
        )  # fmt: skip


def command(argv: list[str], folders: dict[str, Path], limits: Limits, filters: int) -> list[str]:
    """The bwrap command line that runs `argv` with `folders` (path inside -> path outside) read-only.

    `filters` is the descriptor with the filter of system calls.
    """
    options = [_tool("bwrap"), "--die-with-parent", "--new-session", "--clearenv", "--seccomp", str(filters)]
    for namespace in ("ipc", "pid", "net", "uts", "cgroup-try"):
        options.append(f"--unshare-{namespace}")
    root = os.geteuid() == 0
    # Root keeps its user namespace, since processes are counted for ordinary users only: it becomes one of its own.
    for right in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP") if root else ():
        options += ["--cap-add", right]
    options += [] if root else ["--unshare-user"]
    for link in ("bin", "lib", "lib64"):
        options += ["--symlink", f"usr/{link}", f"/{link}"]
    made = {"/"}
    for inside, outside in (_system() | _packages() | folders).items():
        options += [*_parents(inside, made), "--ro-bind", str(outside), inside]
    for path in _foreign_packages():
        options += ["--tmpfs", path, "--remount-ro", path]
    options += ["--proc", "/proc", "--dev", "/dev"]
    for path in ("/tmp", "/dev/shm"):
        options += ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", path]
    options += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    for name, value in ENVIRONMENT.items():
        options += ["--setenv", name, value]
    return [*options, "--", *(_drop_rights() if root else []), *_limited(limits), f"--nproc={limits.processes}", *argv]


def _filters() -> bytes:
    try:
        return syscalls.program()
    except KeyError:
        raise SandboxError(f"the sandbox has no list of system calls for {platform.machine()}") from None


def _tool(name: str) -> str:
    packages = {"bwrap": "bubblewrap", "prlimit": "util-linux", "setpriv": "util-linux"}
    found = shutil.which(name, path="/usr/bin:/bin:/usr/local/bin")
    if sys.platform != "linux":
        raise SandboxError("the sandbox exists on Linux only: on Windows, use WSL, on macOS, a virtual machine")
    if not found:
        raise SandboxError(f"{packages[name]} is not installed (Debian, Ubuntu: apt install {packages[name]})")
    return found


def _system() -> dict[str, Path]:
    """Python and the libraries it needs, where they are outside; not all of /usr, which may hold a course's files."""
    paths = "/usr/bin", "/usr/lib", "/usr/lib64", f"{sys.base_prefix}/bin", f"{sys.base_prefix}/lib"
    return {path: Path(path) for path in paths if Path(path).exists()}


def _packages() -> dict[str, Path]:
    return {f"/site/{name}": SITE / name for name in PACKAGES if (SITE / name).exists()}


def _foreign_packages() -> list[str]:
    """The folders of packages in what `_system` shows: whatever is installed there, student code must not find it."""
    found = (Path(path).glob("python3*/*-packages") for path in _system() if not path.endswith("bin"))
    return sorted(str(path) for paths in found for path in paths)


def _parents(path: str, made: set) -> Iterator[str]:
    """Make the folders above `path`: those that bwrap makes by itself can only be entered by their owner."""
    for parent in reversed(Path(path).parents):
        if str(parent) not in made:
            made.add(str(parent))
            yield from ("--dir", str(parent))


def _drop_rights() -> list[str]:
    """Become a user that nobody else is: the kernel counts processes by user."""
    first, _, count = map(int, Path("/proc/self/uid_map").read_text().splitlines()[-1].split())
    user = first + count - 2 - secrets.randbelow(min(count // 2, 2**24))
    return [
        _tool("setpriv"), f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all",
        "--bounding-set=-all", "--no-new-privs",
    ]  # fmt: skip


def _limited(limits: Limits) -> list[str]:
    """The limits of each process, all but the number of processes."""
    return [
        _tool("prlimit"), f"--as={limits.memory}", f"--fsize={limits.file_size}", f"--nofile={limits.open_files}",
        f"--cpu={limits.cpu_seconds}:{limits.cpu_seconds + 1}", "--core=0",
    ]  # fmt: skip


def start_plainly(
    argv: list[str], root: str, limits: Limits, stderr=subprocess.DEVNULL, pass_fds=()
) -> subprocess.Popen:
    """Start `argv` without a sandbox (`--unsandboxed`), with the limits that need none."""
    return subprocess.Popen(
        [*_limited(limits), *argv], env=ENVIRONMENT | {"HOME": root}, cwd=root, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=stderr, pass_fds=pass_fds, start_new_session=True,
    )  # fmt: skip


@contextlib.contextmanager
def linked(folders: dict[str, Path]) -> Iterator[str]:
    """A temporary folder with links to `folders`, and to the packages, where the sandbox would have them."""
    with tempfile.TemporaryDirectory(prefix="unsandboxed-") as root:
        for inside, outside in (_packages() | folders).items():
            link = Path(root + inside)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(outside)
        yield root


def read_until_end(
    process: subprocess.Popen, answers, limits: Limits, started: float
) -> tuple[list[bytes], str | None]:
    """Read the answers until the process has ended or must be stopped, and why it must."""
    chunks, total, last_look = [], 0, started
    with os.fdopen(os.pidfd_open(process.pid), "rb", 0) as ended:
        awaited = [answers, ended]
        while True:
            ready = wait(awaited, LOOK)
            if answers in ready:
                chunks.append(answers.read(MB))
                total += len(chunks[-1])
                if not chunks[-1]:
                    awaited.remove(answers)
            elif ended in ready:
                return chunks, None
            if total > limits.output:
                return chunks, "output"
            now = time.monotonic()
            if now - last_look > LOOK:
                last_look = now
                if reason := too_much(process.pid, limits, now - started):
                    return chunks, reason


def too_much(pid: int, limits: Limits, seconds: float) -> str | None:
    """Which limit of the whole tree is passed, if one is."""
    if seconds > limits.wall_seconds:
        return "wall clock"
    family = tree(pid)
    if sum(map(resident, family)) > limits.memory:
        return "memory"
    return "files" if max(map(files, family), default=0) > limits.files else None


def tree(pid: int) -> list[psutil.Process]:
    """The process and all below it (orphans stay below bwrap)."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return []


def resident(process: psutil.Process) -> int:
    """Bytes of memory that the process holds."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.memory_info().rss
    return 0


def files(process: psutil.Process) -> int:
    """How many files there are in the folders in memory that the process sees, where they are not ours too."""
    most = 0
    for path in ("/tmp", "/dev/shm"):
        with contextlib.suppress(OSError):
            inside = f"/proc/{process.pid}/root{path}"
            if os.stat(inside).st_dev != os.stat(path).st_dev:
                found = os.statvfs(inside)
                most = max(most, found.f_files - found.f_ffree)
    return most


def stop(process: subprocess.Popen):
    """Kill the tree: with bwrap dies its first process inside, and with that one all others."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def prove(*folders: Path):
    """Raise SandboxError, naming what is not isolated, unless the sandbox withstands escapes.py here and now.

    `folders` are those that student code must not see, such as the class with its gradebook. The same attempts are made
    outside first, where each must succeed: otherwise their failure inside would prove nothing.
    """
    with contextlib.ExitStack() as stack:
        token, limits = secrets.token_hex(16), Limits()
        shared = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tinytorch-proof-")))
        shared.chmod(0o777)
        hidden = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tinytorch-hidden-")))
        targets = {
            "token": token,
            "files": [str(Path(__file__)), *(_canary(Path(folder), token, stack) for folder in (hidden, *folders))],
            "port": _listener(stack, socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1],
            "process": Path("/proc/self/cmdline").read_text(),
            "memory": limits.memory,
            "processes": limits.processes,
            "file_size": limits.file_size,
        }
        _listener(stack, socket.AF_UNIX, f"\0{token}")
        stack.enter_context(_environment(token))
        outside, inside = (_escape(targets | {"folder": folder}, shared, limits) for folder in (str(shared), "/shared"))
        if not all(outside.values()):
            names = [name for name, reached in outside.items() if not reached]
            raise SandboxError(f"isolation cannot be proved: even outside the sandbox there is no {', '.join(names)}")
        if reached := [name for name in outside if inside.get(name, True)]:
            raise SandboxError(f"student code is not isolated: it reaches {', '.join(reached)}")


def _escape(targets: dict, shared: Path, limits: Limits) -> dict[str, bool]:
    """What escapes.py reaches: inside if its folder to write to is the one inside, else outside."""
    script, request = Path(__file__).with_name("escapes.py"), json.dumps(targets)
    if targets["folder"] == str(shared):
        argv = [PYTHON, "-IB", str(script), request, "1"]
        return json.loads(subprocess.run(argv, cwd=shared, stdout=subprocess.PIPE, check=True).stdout)
    argv = [PYTHON, "-IB", "/grader/escapes.py", request, "{fd}"]
    outcome = run(argv, {"/grader/escapes.py": script, "/shared": shared}, limits)
    if not outcome.answers:
        raise SandboxError(f"the sandbox does not start: {outcome.stderr.strip() or outcome.stopped}")
    return json.loads(outcome.answers)


def _canary(folder: Path, token: str, stack: contextlib.ExitStack) -> str:
    """A file outside, which must not be found inside."""
    file = folder / f".canary-{token}"
    file.write_text(token)
    stack.callback(file.unlink)
    return str(file)


def _listener(stack: contextlib.ExitStack, family: int, address) -> socket.socket:
    listening = stack.enter_context(socket.socket(family))
    listening.bind(address)
    listening.listen()
    return listening


@contextlib.contextmanager
def _environment(token: str) -> Iterator[None]:
    os.environ["TINYTORCH_PROOF"] = token
    try:
        yield
    finally:
        del os.environ["TINYTORCH_PROOF"]
