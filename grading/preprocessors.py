"""Our steps in nbgrader's autograde (its word is preprocessor): rebuild, execute in the sandbox, cap, grade.

config.py says where each stands among nbgrader's own.
"""

import ast
import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import cast

from nbclient.client import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute, NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_solution
from traitlets import Bool, Integer, Unicode

from grading import grader, sandbox
from grading.classroom import Class
from grading.collect import Received
from grading.lesson import load_lesson, students_cells
from grading.outputs import cap
from grading.provisioner import START, SandboxedKernelManager, SandboxProvisioner
from grading.rebuild import rebuild
from grading.results import Result
from grading.submission import plain_cells
from grading.suspicious_code import suspicious
from grading.worth_running import worth_running

FLOOD = 16 * sandbox.MB  # bytes of output of one notebook, after which its kernel is stopped
# A namespace is a file of its own: a kernel that is in one of ours is not isolated.
NAMESPACES = (
    "{name: __import__('os').readlink('/proc/self/ns/' + name) for name in ('mnt', 'net', 'pid', 'ipc', 'uts')}"
)
NOT_RUN = new_output("stream", name="stderr", text="Not run: the kernel was stopped in a cell above.\n")


class Rebuild(NbGraderPreprocessor):
    """The release with the student's solutions and added cells in it: nothing else of the submission is believed.

    `collect` made it so already, but for what nbgrader's own collect brought, or where the release has changed since.
    """

    folder = Unicode(help="The class folder.").tag(config=True)

    def preprocess(self, nb, resources):
        student, lesson = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        received = Received(Class(Path(self.folder)), student, lesson)
        notes = received.notes
        if not received.is_rebuilt:
            nb, more = rebuild(load_lesson(lesson), plain_cells(nb))
            notes = notes + more
        nb.metadata["intake"] = notes  # for SaveGrades, which runs after the notebook was written and read again
        return nb, resources


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
        self.lesson = load_lesson(resources["nbgrader"]["assignment"])
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
        """Before anything of the student runs: this kernel is in namespaces of its own."""
        message = self.kc.execute("", user_expressions={"namespaces": NAMESPACES}, silent=True)
        reply = self.wait_for_reply(message)["content"]["user_expressions"]["namespaces"]
        inside = ast.literal_eval(reply["data"]["text/plain"])
        if shared := [name for name, found in inside.items() if found == os.readlink(f"/proc/self/ns/{name}")]:
            raise sandbox.SandboxError(f"the notebook's kernel is not isolated: {', '.join(shared)}")

    def execute_cells(self, cells):
        """One after another; what ends the kernel is noted in its cell, and the rest is left."""
        ended, self.deadline = False, monotonic() + self.notebook_timeout
        for index, cell in cells:
            if ended:
                cell.outputs, cell.execution_count = [NOT_RUN], None
                continue
            try:
                self.execute_cell(cell, index, store_history=True)
            except Exception as error:  # whatever a kernel in a student's hands can make its client raise
                ended = True
                self.provisioner.end("died")
                cell.outputs.append(stopped_here(self.why(error)))

    @property
    def provisioner(self) -> SandboxProvisioner:
        return cast(SandboxProvisioner, self.km.provisioner)

    def why(self, error: Exception) -> str:
        reason = self.provisioner.stopped
        if isinstance(error, CellTimeoutError):
            return "it took too long"
        if isinstance(error, DeadKernelError):
            return f"the kernel passed a limit ({reason})" if reason and reason != "died" else "the kernel died"
        return "the kernel sent what no kernel sends"

    def timeout_func(self, cell) -> int:
        return max(1, min(self.timeout, round(self.deadline - monotonic())))

    async def _async_check_alive(self):
        if self.kc is None:  # a watch of nbclient's that outlived its kernel
            raise DeadKernelError("Kernel died")
        await super()._async_check_alive()

    def output(self, outs, msg, display_id, cell_index):
        """Count before anything is kept."""
        self.received += len(json.dumps(msg["content"]))
        if self.received > FLOOD:
            self.provisioner.end("output")
            return None
        return super().output(outs, msg, display_id, cell_index)

    def handle_comm_msg(self, outs, msg, cell_index):
        """Widgets need a page that is alive: ignored."""


def stopped_here(why: str):
    return new_output("error", ename="Stopped", evalue=why, traceback=[f"The notebook was stopped here: {why}."])


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


class SaveGrades(SaveAutoGrades):
    """Writes the grader's points into nbgrader's gradebook, where SaveAutoGrades would believe the cells' outputs."""

    folder = Unicode(help="The class folder.").tag(config=True)
    seed = Integer(0, help="Of every probe's numbers; 0 draws one.").tag(config=True)
    sandboxed = Bool(True, help="False runs student code without a sandbox, and says so in every result.").tag(
        config=True
    )

    def preprocess(self, nb, resources):
        course, names, started = Class(Path(self.folder)), resources["nbgrader"], monotonic()
        lesson, seed = load_lesson(names["assignment"]), self.seed or grader.new_seed()
        verdicts, tried = grader.grade(lesson, students_cells(nb), seed, sandboxed=self.sandboxed)
        self.points = {f"check-{verdict.exercise}": verdict.points for verdict in verdicts}
        nb, resources = super().preprocess(nb, resources)
        submitted = course.submitted / names["student"] / lesson.name / f"{lesson.name}.ipynb"
        Result(
            lesson=lesson.name,
            student=names["student"],
            sha256=sha256(submitted.read_bytes()).hexdigest(),
            seed=seed,
            sandboxed=self.sandboxed,
            graded_at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(monotonic() - started, 2),
            points=sum(verdict.points for verdict in verdicts),
            of=sum(verdict.of for verdict in verdicts),
            verdicts=verdicts,
            tried=tried + suspicious(students_code(nb), (cell.source for cell in lesson.cells if cell.exercise)),
            intake=nb.metadata.pop("intake"),
        ).write(course)
        return nb, resources

    def _add_score(self, cell, resources):
        name, names = cell.metadata.nbgrader["grade_id"], resources["nbgrader"]
        grade = self.gradebook.find_grade(name, names["notebook"], names["assignment"], names["student"])
        grade.auto_score = self.points[name]
        grade.needs_manual_grade = grade.manual_score is not None  # a teacher's own score is looked at again
        self.gradebook.db.commit()


def students_code(nb) -> list[str]:
    """The sources that are the student's: solutions, and cells that they added, exported or not."""
    code = (cell for cell in nb.cells if cell.cell_type == "code")
    return [cell.source for cell in code if cell.metadata.get("added") or is_solution(cell)]
