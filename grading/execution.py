"""nbgrader's steps that run a submission's notebook, so that formgrader shows what it did. They decide no points."""

import ast
import base64
import json
import os
import re
import time

from nbclient.client import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Bool, Integer

from grading import sandbox
from grading.provisioner import START, SandboxedKernelManager
from grading.submission import is_exported, metadata, reference

FLOOD = 16 * sandbox.MB  # bytes of output of one notebook, after which its kernel is stopped
IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}  # and how they begin
# A namespace is a file of its own: one that is ours too is a wall that is not there.
WALLS = "{name: __import__('os').readlink('/proc/self/ns/' + name) for name in ('mnt', 'net', 'pid', 'ipc', 'uts')}"


class SandboxedExecute(Execute):
    """Executes the cells that are worth it, in a sandboxed kernel. Nothing that a kernel does fails the run."""

    sandboxed = Bool(True).tag(config=True)
    timeout = Integer(30, help="seconds for one cell").tag(config=True)
    notebook_timeout = Integer(150, help="seconds for the notebook").tag(config=True)
    startup_timeout = Integer(START).tag(config=True)
    interrupt_on_timeout = Bool(False).tag(config=True)  # what ignores an interrupt would go on beside the next cell
    record_timing = Bool(False).tag(config=True)
    shutdown_kernel = "immediate"

    def preprocess(self, nb, resources, km=None):
        NotebookClient.__init__(self, nb, km)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        self.lesson = reference(resources["nbgrader"]["assignment"])
        self.received = 0
        with self.setup_kernel():
            if self.sandboxed:
                self.prove()
            self.execute_cells(worth_running(nb))
        return nb, self.resources

    def create_kernel_manager(self):
        self.km = SandboxedKernelManager(self.lesson, self.sandboxed)
        return self.km

    def prove(self):
        """Before anything of the student runs: this kernel is behind walls of its own."""
        message = self.kc.execute("", user_expressions={"walls": WALLS}, silent=True)
        reply = self.wait_for_reply(message)["content"]["user_expressions"]["walls"]
        inside = ast.literal_eval(reply["data"]["text/plain"])
        if shared := [name for name, found in inside.items() if found == os.readlink(f"/proc/self/ns/{name}")]:
            raise sandbox.SandboxError(f"the notebook's kernel is not isolated: {', '.join(shared)}")

    def execute_cells(self, cells):
        """One after another; what ends the kernel is noted in its cell, and the rest is left."""
        ended, self.deadline = False, time.monotonic() + self.notebook_timeout
        for index, cell in cells:
            if ended:
                cell.outputs, cell.execution_count = [NOT_RUN], None
                continue
            try:
                self.execute_cell(cell, index, store_history=True)
            except Exception as error:  # whatever a kernel in a student's hands can make its client raise
                ended = True
                self.km.provisioner.end("died")
                cell.outputs.append(stopped_here(self.why(error)))

    def why(self, error: Exception) -> str:
        reason = self.km.provisioner.stopped
        if isinstance(error, CellTimeoutError):
            return "it took too long"
        if isinstance(error, DeadKernelError):
            return f"the kernel passed a limit ({reason})" if reason and reason != "died" else "the kernel died"
        return "the kernel sent what no kernel sends"

    def timeout_func(self, cell) -> int:
        return max(1, min(self.timeout, round(self.deadline - time.monotonic())))

    async def _async_check_alive(self):
        if self.kc is None:  # a watch of nbclient's that outlived its kernel
            raise DeadKernelError("Kernel died")
        await super()._async_check_alive()

    def output(self, outs, msg, display_id, cell_index):
        """Count before anything is kept."""
        self.received += len(json.dumps(msg["content"]))
        if self.received > FLOOD:
            self.km.provisioner.end("output")
            return None
        return super().output(outs, msg, display_id, cell_index)

    def handle_comm_msg(self, outs, msg, cell_index):
        """Widgets need a page that is alive: ignored."""


NOT_RUN = new_output("stream", name="stderr", text="Not run: the kernel was stopped in a cell above.\n")


def stopped_here(why: str):
    return new_output("error", ename="Stopped", evalue=why, traceback=[f"The notebook was stopped here: {why}."])


def worth_running(nb) -> list[tuple[int, dict]]:
    """The cells, with their places, that the lesson exports, its checks, what the student wrote, and those that define
    a name which these need. The lesson's other demonstrations cost most of the time and say nothing of the submission.
    """
    chosen, needed = [], set()
    for index, cell in reversed(list(enumerate(nb.cells))):
        if cell.cell_type == "code":
            defined, used = names(cell.source)
            if is_exported(cell) or metadata(cell) or cell.metadata.get("added") or defined & needed:
                chosen.append((index, cell))
                needed = (needed - defined) | used
    return chosen[::-1]


def names(source: str) -> tuple[set[str], set[str]]:
    """What the cell defines at its top level, and what it uses without binding it somewhere."""
    try:
        body = ast.parse(re.sub(r"^[ \t]*[%!].*$", "", source, flags=re.MULTILINE)).body  # without the magics
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set()
    used, bound, defined, top = set(), set(), set(), list(body)
    for node in (inner for each in body for inner in ast.walk(each)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
    while top:
        node = top.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif not isinstance(node, ast.Lambda):
            top += ast.iter_child_nodes(node)
    return defined, used - bound - defined


class CapOutput(NbGraderPreprocessor):
    """Keeps text and pictures, up to a size. (HTML would run its scripts where the instructor reads it.)"""

    cell_bytes = Integer(sandbox.MB).tag(config=True)
    notebook_bytes = Integer(8 * sandbox.MB).tag(config=True)

    def preprocess(self, nb, resources):
        left = self.notebook_bytes
        for cell in nb.cells:
            if cell.cell_type == "code":
                left -= cap(cell, min(left, self.cell_bytes))
        return nb, resources


def cap(cell, limit: int) -> int:
    """Rebuild the outputs of the cell from what is kept of them; returns how many bytes that is."""
    kept, size = [], 0
    for output in map(rebuilt, cell.outputs):
        size_of_this = len(json.dumps(output))
        if size + size_of_this > limit and output.output_type == "stream":
            output.text = output.text[: max(0, (limit - size) // 6)]  # a character is up to six bytes of JSON
            size_of_this = len(json.dumps(output))
        if size + size_of_this > limit:
            kept.append(new_output("stream", name="stderr", text="Here is more output than is kept.\n"))
            break
        kept.append(output)
        size += size_of_this
    cell.outputs = kept
    cell.execution_count = cell.execution_count if type(cell.execution_count) is int else None
    return size


def rebuilt(output):
    """The output with nothing in it but text and pictures, of the types that a notebook must have."""
    if output.output_type == "stream":
        name = "stderr" if output.name == "stderr" else "stdout"
        return new_output("stream", name=name, text=text(output.text))
    if output.output_type == "error":
        lines = output.traceback if isinstance(output.traceback, list) else [output.traceback]
        return new_output("error", ename=text(output.ename), evalue=text(output.evalue), traceback=[*map(text, lines)])
    data = output.data if isinstance(output.data, dict) else {}
    kept = {kind: data[kind] for kind in IMAGES if is_image(kind, data.get(kind))}
    return new_output("display_data", data=kept | {"text/plain": text(data.get("text/plain", ""))})


def text(value) -> str:
    """A string that can be written to a file."""
    value = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return value.encode(errors="replace").decode()


def is_image(kind: str, data) -> bool:
    try:
        return base64.b64decode(data.replace("\n", ""), validate=True).startswith(IMAGES[kind])
    except (AttributeError, ValueError):
        return False
