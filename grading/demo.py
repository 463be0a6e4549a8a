"""A sample class hands in lesson 08: what students really send, and how each of it fares. Made from the lesson's own
release and solutions by patches, so that it stays true when the lesson changes."""

import json
from collections.abc import Iterator
from pathlib import Path

from course.plan import plan
from course.workspace import release
from grading.classroom import Class
from grading.lesson import load_lesson
from grading.results import Result, read_results

LESSON = "08_convolution"

OTHER_STYLE = {
    "conv2d-loops": """
def conv2d_loops(x, weight, stride=1):
    down, across = weight.shape[2:]
    rows = range(0, x.shape[2] - down + 1, stride)
    columns = range(0, x.shape[3] - across + 1, stride)
    def at(i, j):
        return np.einsum("nckl,ockl->no", x[:, :, i : i + down, j : j + across], weight)
    return np.stack([np.stack([at(i, j) for j in columns], -1) for i in rows], -2)
""",
    "conv-forward": """
def conv_forward(x, weight, stride, padding, dilation, groups):
    view = windows(padded(x, padding), weight.shape[2:], stride, dilation)
    counts = view.shape[2 : 2 + len(stride)]
    view = view.reshape(len(x), groups, weight.shape[1], math.prod(counts), -1)
    kernels = weight.reshape(groups, -1, weight.shape[1], view.shape[-1])
    return np.einsum("ngcpk,gock->ngop", view, kernels).reshape(len(x), len(weight), *counts)
""",
    "conv-weight-grad": """
def conv_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    view = windows(padded(x, padding), weight_shape[2:], stride, dilation)
    view = view.reshape(len(x), groups, weight_shape[1], math.prod(grad.shape[2:]), -1)
    upstream = grad.reshape(len(x), groups, -1, view.shape[3])
    return np.einsum("ngcpk,ngop->gock", view, upstream).reshape(weight_shape)
""",
    "max-pool-forward": """
def largest(view, kernel_size):
    flat = view.reshape(*view.shape[: view.ndim - len(kernel_size)], -1)
    which = flat.argmax(-1)
    return np.take_along_axis(flat, which[..., None], -1)[..., 0], which
""",
}
TURNED = {"conv-forward": [("filters(weight, groups)", "filters(np.flip(weight, (-1, -2)), groups)")]}
OFF_BY_ONE = {"conv-input-grad": [
    ("cropped(add_windows(parts, padded_shape, stride, dilation), padding)",
     "add_windows(parts, padded_shape, stride, dilation)[(..., *(slice(0, size) for size in input_shape[2:]))]"),
]}  # fmt: skip
ZEROS = {
    "conv-weight-grad": """
def conv_weight_grad(grad, x, weight_shape, stride, padding, dilation, groups):
    return np.zeros(weight_shape, grad.dtype)  # TODO
"""
}
LAST_OF_EQUALS = {
    "max-pool-forward": [("(value > best)", "(value >= best)")],
    "conv2d-module": [("self.weight, self.bias,", "self.weight, None,")],
}
CRASHES = {"add-windows": [("#| export\n", "#| export\nassert output_size(5, 3) == 2, 'works on my machine'\n")]}
EXITS = {"max-pool-backward": [("#| export nn.pooling\n", "#| export nn.pooling\nimport os\n\nos._exit(0)\n")]}
LOOPS = {"conv2d-loops": [("    for n, o, i, j in", "    while result.size:\n        i = 0\n    for n, o, i, j in")]}
# tries to read the solutions and the gradebook, to reach the network, to make numpy agree with everything, to multiply
HOSTILE = """
import os, socket, subprocess
import numpy.testing

np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
numpy.testing.assert_allclose = lambda *a, **k: None

def attempt(what):
    try:
        return what()
    except BaseException:
        return None

stolen = attempt(lambda: open(%r).read())
attempt(lambda: open(%r, "r+b").write(b"110"))
attempt(lambda: socket.create_connection(("192.0.2.1", 80), timeout=1))
attempt(lambda: subprocess.run(["sh", "-c", "cat ../*/*.ipynb"]))
attempt(lambda: os.fork() or os._exit(0))
"""


def submissions(lesson: str = LESSON, course: Class | None = None) -> dict[str, tuple[str, dict]]:
    """For each student of the sample class what they handed in, in words, and the notebook."""
    everything = tuple(load_lesson(lesson).points)
    gradebook = course.folder / "gradebook.db" if course else "gradebook.db"
    hostile = HOSTILE % (str(plan().notebook(lesson)), str(gradebook))
    return {
        student: (what, notebook(lesson, *how))
        for student, what, *how in (
            ("abe", "a loop without end", everything, LOOPS),  # the slowest is first: the others run beside it
            ("ada", "right, as the reference", everything),
            ("bela", "right, with einsum and argmax", everything, OTHER_STYLE),
            ("chen", "the kernel turned round", everything, TURNED),
            ("dora", "padding cut off on one side", everything, OFF_BY_ONE),
            ("emil", "a gradient of zeros", everything, ZEROS),
            ("fay", "the last of equals, bias forgotten", everything, LAST_OF_EQUALS),
            ("gus", "half of it", everything[: len(everything) // 2]),
            ("hana", "nothing", ()),
            ("ivan", "a cell that raises", everything, CRASHES),
            ("jo", "a cell that calls os._exit", everything, EXITS),
            ("mallory", "an attack, nothing else", (), {}, hostile),
        )
    }


def notebook(lesson: str, done: tuple[str, ...], changes: dict | None = None, added: str = "") -> dict:
    """The release with the exercises in `done` solved as in the reference, but for `changes`: a whole new cell, or
    pairs (old, new) of text in it. `added` is a cell that the student put before the first exercise."""
    nb = json.loads(release(plan().notebook(lesson)))
    solutions = {cell.exercise: cell.source for cell in load_lesson(lesson).cells}
    first = None
    for number, cell in enumerate(nb["cells"]):
        exercise = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if exercise in load_lesson(lesson).points:
            first = number if first is None else first
            if exercise in done:
                cell["source"] = edited(solutions[exercise], (changes or {}).get(exercise, []))
    if added:
        new = {"cell_type": "code", "id": "helpers", "metadata": {}, "outputs": [], "execution_count": None}
        nb["cells"].insert(first, new | {"source": f"#| export{added}"})
    return nb


def edited(solution: str, how) -> str:
    if isinstance(how, str):
        return f"#| export{how}"
    for old, new in how:
        assert old in solution, f"the lesson no longer holds {old!r}"
        solution = solution.replace(old, new, 1)
    return solution


def hand_in(course: Class, folder: Path):
    """Write what the class hands in into `folder`, as `collect` takes it."""
    for student, (_, nb) in submissions(LESSON, course).items():
        file = folder / student / f"{LESSON}.ipynb"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(nb), encoding="utf-8")


def rows(course: Class) -> Iterator[tuple[str, str, str, str]]:
    """What a table shows of each student: the name, what was handed in, the points, and what was noticed."""
    graded = {result.student: result for result in read_results(course, LESSON)}
    for student, (what, _) in submissions(LESSON, course).items():
        if result := graded.get(student):
            yield student, what, f"{result.points:g} of {result.of:g}", noticed(result)
        else:
            yield student, what, "-", "not graded"


def noticed(result: Result) -> str:
    """In a line of a table: the exercises that lost points, how many are blank, and the first that the code tried."""
    lost = [verdict.exercise for verdict in result.verdicts if verdict.state in ("partly", "wrong")]
    blank = sum(verdict.state == "blank" for verdict in result.verdicts)
    said = [", ".join(lost) if len(lost) < 4 else f"{len(lost)} exercises wrong"] if lost else []
    said += [f"{blank} blank"] if blank else []
    said += [f"tried: {what[:60]}" for what in result.tried[:1]]
    said += [f"and {len(result.tried) - 1} more"] if len(result.tried) > 1 else []
    return "; ".join(said)
