"""A notebook's kernel in the same sandbox as everything else that students wrote: started by a kernel provisioner.

Its sockets are files in its own /tmp (there is no network), which is memory and has a size. From here they are reached
through /proc, where Linux shows the folders that each process sees.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
import threading
import time
import uuid
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import psutil
import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerBase, LocalProvisioner
from packaging.requirements import Requirement

from grading import sandbox
from grading.lesson import Lesson
from grading.package import package_for_kernel

NOTEBOOK_LIMITS = sandbox.Limits(wall_seconds=300, cpu_seconds=200)  # of one notebook
# what lessons import
WANTED = ("ipykernel", "numpy", "scipy", "matplotlib", "scikit-learn", "rich", "safetensors", "numba")
MESSAGE = 4 * sandbox.MB  # bytes in one part of a message; a longer one ends the connection
WAITING = 20  # messages that wait here until they are read
START = 60  # seconds until a kernel answers
LAUNCH = "import sys; sys.path[:0] = {path}; from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"


class SandboxProvisioner(LocalProvisioner):
    """Starts the kernel in the sandbox, and ends it when its process tree passes a limit."""

    def __init__(self, folders: dict[str, Path], sandboxed: bool, **options):
        super().__init__(**options)
        self.folders, self.sandboxed, self.stack = folders, sandboxed, contextlib.ExitStack()
        self.stopped: str | None = None  # the limit that was passed

    async def pre_launch(self, **kwargs):
        self.parent.write_connection_file()
        Path(self.parent.connection_file).chmod(0o644)  # in a folder that is private
        self.connection_info = self.parent.get_connection_info()
        extra = kwargs.pop("extra_arguments", [])
        launch = LAUNCH.format(path=["{root}/package", "{root}/stubs", "{root}/site"])
        cmd = [sandbox.PYTHON, "-IB", "-c", launch, "-f", "{root}/connection.json", *extra]
        return await KernelProvisionerBase.pre_launch(self, cmd=cmd, **kwargs)

    async def launch_kernel(self, cmd, **kwargs):
        stack, self.started = self.stack, time.monotonic()
        folders = self.folders | {"/connection.json": Path(self.parent.connection_file)}
        self.stderr = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (cleanup closes it)
        if self.sandboxed:
            self.process = sandbox.start(
                [part.replace("{root}", "") for part in cmd], folders, NOTEBOOK_LIMITS, self.stderr
            )
        else:
            root = stack.enter_context(sandbox.linked(folders))
            cmd = [part.replace("{root}", root) for part in cmd]
            self.process = sandbox.start_plainly(cmd, root, NOTEBOOK_LIMITS, self.stderr)
        self.pid = self.pgid = self.process.pid
        threading.Thread(target=self.watch, args=(self.process,), daemon=True).start()
        return self.connection_info | {"ip": await self.sockets()}

    async def sockets(self) -> str:
        """Where the kernel's sockets are, seen from here, once it listens on them."""
        inside, ports = self.connection_info["ip"], self.parent.ports
        while time.monotonic() - self.started < START and self.process.poll() is None:
            for child in psutil.Process(self.pid).children() if self.sandboxed else [None]:
                there = f"/proc/{child.pid}/root{inside}" if child else inside
                if all(os.path.exists(f"{there}-{port}") for port in ports):
                    await asyncio.sleep(0.01)  # a socket's file is there a moment before it listens
                    return there
            await asyncio.sleep(0.01)
        self.end("start")
        self.stderr.seek(0)
        raise sandbox.SandboxError(
            f"the notebook's kernel did not start: {self.stderr.read(2000).decode(errors='replace')}"
        )

    def watch(self, process):
        while process.poll() is None:
            time.sleep(sandbox.LOOK)
            if reason := sandbox.too_much(process.pid, NOTEBOOK_LIMITS, time.monotonic() - self.started):
                self.end(reason)

    def end(self, reason: str):
        """Kill the kernel and all that it started."""
        self.stopped = self.stopped or reason
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    async def cleanup(self, restart: bool = False):
        self.stack.close()


class SandboxedKernelManager(AsyncKernelManager):
    """The manager of one sandboxed kernel, which stands on the reference's lessons before `lesson`."""

    kernel_spec = KernelSpec(display_name="sandbox", language="python", interrupt_mode="message")

    def __init__(self, lesson: Lesson, sandboxed: bool = True, **options):
        super().__init__(transport="ipc", context=guarded_context(), **options)
        self.private = tempfile.TemporaryDirectory(prefix="tinytorch-kernel-")
        name = f"kernel-{uuid.uuid4().hex}"
        self.connection_file = f"{self.private.name}/connection.json"
        self.ip = f"/tmp/{name}" if sandboxed else f"{self.private.name}/{name}"
        self.provisioner = SandboxProvisioner(mounted(lesson), sandboxed, kernel_spec=self.kernel_spec, parent=self)

    async def _async_cleanup_resources(self, restart: bool = False):
        await super()._async_cleanup_resources(restart=restart)
        self.context.destroy(linger=0)
        self.private.cleanup()

    cleanup_resources = _async_cleanup_resources


def guarded_context() -> zmq.asyncio.Context:
    """Sockets that take neither endless messages nor endlessly many, and that connect once only."""
    context = zmq.asyncio.Context()
    context.setsockopt(zmq.MAXMSGSIZE, MESSAGE)
    context.setsockopt(zmq.RCVHWM, WAITING)
    context.setsockopt(zmq.RECONNECT_IVL, -1)
    return context


def mounted(lesson: Lesson) -> dict[str, Path]:
    """What a notebook's kernel may import: packages, a stub of `course`, and tinytorch as it was before the lesson."""
    site = {f"/site/{name}": sandbox.SITE / name for name in importable()}
    return site | {"/stubs": Path(__file__).with_name("stubs"), "/package": package_for_kernel(lesson)}


@cache
def importable() -> set[str]:
    """The files and folders of the packages in WANTED and of all that they need."""
    found, waiting, names = set(), list(WANTED), set()
    while waiting:
        name = waiting.pop()
        with contextlib.suppress(PackageNotFoundError):  # needed on another system, or optional
            installed = distribution(name)
            found.add(name)
            names |= {line.partition("/")[0].partition(",")[0] for line in installed.read_text("RECORD").splitlines()}
            requirements = [Requirement(text) for text in installed.requires or ()]
            needed = {each.name for each in requirements if not each.marker or each.marker.evaluate({"extra": ""})}
            waiting += needed - found
    return {name for name in names if not name.startswith((".", "_")) and (sandbox.SITE / name).exists()}
