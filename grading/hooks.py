"""Where nbgrader's autograde meets the judge: two of its preprocessors are replaced by these."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic

from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import is_solution
from traitlets import Bool, Integer, Unicode

from course.exporter import write_whole
from grading import intake, judge
from grading.course import Class
from grading.submission import reference, students_cells
from grading.suspicion import suspicious


class Rebuild(NbGraderPreprocessor):
    """The release with the student's solutions and added cells in it: nothing else of the submission is believed."""

    def preprocess(self, nb, resources):
        rebuilt, _ = intake.rebuild(reference(resources["nbgrader"]["assignment"]), intake.plain_cells(nb))
        return rebuilt, resources


class SaveJudgedGrades(SaveAutoGrades):
    """Writes the judge's points into nbgrader's gradebook, where SaveAutoGrades would believe the cells' outputs."""

    folder = Unicode(help="The class folder.").tag(config=True)
    seed = Integer(0, help="Of every probe's numbers; 0 draws one.").tag(config=True)
    sandboxed = Bool(True, help="False runs student code without walls, and says so in every result.").tag(config=True)

    def preprocess(self, nb, resources):
        course, names, started = Class(Path(self.folder)), resources["nbgrader"], monotonic()
        lesson, seed = reference(names["assignment"]), self.seed or judge.new_seed()
        verdicts, tried = judge.grade(lesson, students_cells(nb), seed, sandboxed=self.sandboxed)
        self.points = {f"check-{verdict.exercise}": verdict.points for verdict in verdicts}
        nb, resources = super().preprocess(nb, resources)
        submitted = course.submitted / names["student"] / lesson.name / f"{lesson.name}.ipynb"
        record = {
            "lesson": lesson.name,
            "student": names["student"],
            "sha256": sha256(submitted.read_bytes()).hexdigest(),
            "seed": seed,
            "sandboxed": self.sandboxed,
            "graded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(monotonic() - started, 2),
            "points": sum(verdict.points for verdict in verdicts),
            "of": sum(verdict.of for verdict in verdicts),
            "verdicts": [asdict(verdict) for verdict in verdicts],
            "tried": tried + suspicious(students_code(nb), (cell.source for cell in lesson.cells if cell.exercise)),
            "intake": intake.notes(course, names["student"], lesson.name),
        }
        write_whole(course.judged / lesson.name / f"{names['student']}.json", json.dumps(record, indent=1).encode())
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
