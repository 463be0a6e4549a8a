"""Dishonest code: whatever it does to the process it runs in, it wins no points, harms nobody, and is reported.

Each attack stands in the place of lesson 08's `conv_forward`, or beside it, and wants its points without solving it.
What attacks processes and files is in test_sandbox.py, what attacks notebooks and archives in test_collect.py.
"""

import json
import textwrap

import pytest
from bubblewrap import needs_bubblewrap

from grading import answers, grader, sandbox, source_rules
from grading.lesson import ExportedCell, load_lesson
from grading.results import Part
from grading.suspicious_code import suspicious

LESSON, TARGET = "08_convolution", "conv-forward"
HEAD = "def conv_forward(x, weight, stride, padding, dilation, groups):\n"
ZEROS = """
    sizes = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    counts = [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes]
    return np.zeros((len(x), len(weight), *counts), x.dtype)
"""
ATTACKS = {}


def attack(name: str, beside: str = "", instead: str = ZEROS, seen: bool = True):
    """`beside` runs before the exercise's cell, `instead` is the function's body; `seen`: the report names something."""
    ATTACKS[name] = textwrap.dedent(beside), HEAD + textwrap.indent(textwrap.dedent(instead).strip("\n"), "    "), seen


attack("zeros of the right shape", seen=False)
attack(
    "numpy's comparisons always agree",
    """
    import numpy, numpy.testing
    numpy.allclose = numpy.array_equal = numpy.isclose = lambda *a, **k: True
    numpy.testing.assert_allclose = numpy.testing.assert_array_equal = lambda *a, **k: None
    """,
)
attack(
    "builtins that always agree",
    """
    import builtins
    builtins.all = builtins.any = builtins.bool = lambda *a: True
    builtins.abs = builtins.max = lambda *a, **k: 0
    """,
)
attack(
    "an answer that equals everything",
    """
    class Equal(np.ndarray):
        def __eq__(self, other): return np.ones(self.shape, bool)
        __ne__ = __lt__ = __le__ = __gt__ = lambda self, other: np.zeros(self.shape, bool)
        def __sub__(self, other): return np.zeros(self.shape)
        __rsub__ = __sub__
        def __array_ufunc__(self, *a, **k): return True
    """,
    "return np.zeros((2, 2)).view(Equal)",
)
attack("objects instead of numbers", instead="return np.array([{'right': True}, Ellipsis], object)", seen=False)
attack("not an array at all", instead="return lambda *a: 'right'", seen=False)
attack("not a number everywhere", instead=ZEROS.replace("np.zeros(", "np.nan * np.zeros("), seen=False)
attack("infinity everywhere", instead=ZEROS.replace("np.zeros(", "np.inf + np.zeros("), seen=False)
attack("a complex answer", instead=ZEROS.replace("x.dtype", "complex"), seen=False)
attack(
    "an array larger than memory",
    instead="return np.broadcast_to(np.float32(1), (2**20, 2**20))",
    seen=False,
)
attack(
    "an array that lies about its shape",
    """
    class Liar(np.ndarray):
        shape = (2, 4, 5, 5)
        dtype = np.dtype('float32')
        def tobytes(self): return b'0' * 10**6
        def __array__(self, *a, **k): return self
    """,
    "return np.zeros(3).view(Liar)",
    seen=False,
)
attack("a huge text", instead="return 'right' * 10**7", seen=False)
attack("a tuple of a million answers", instead="return tuple(range(10**6))", seen=False)
attack(
    "an error whose message never ends",
    """
    class Endless(Exception):
        def __str__(self): return 'x' * 10**8
    """,
    "raise Endless()",
    seen=False,
)
attack(
    "an error whose message is a loop",
    """
    class Endless(Exception):
        def __str__(self):
            while True: pass
    """,
    "raise Endless()",
    seen=False,
)
attack("SystemExit", instead="raise SystemExit(0)", seen=False)
attack("KeyboardInterrupt when the cell runs", "raise KeyboardInterrupt", seen=False)
attack("os._exit when asked", instead="import os\nos._exit(0)")
attack("os._exit when the cell runs", "import os\nos._exit(0)")
attack("a crash of the interpreter", instead="import ctypes\nctypes.string_at(0)")
attack("recursion without end", instead="return conv_forward(x, weight, stride, padding, dilation, groups)", seen=False)
attack(
    "random numbers that are not",
    """
    import numpy.random
    class Rng:
        def __getattr__(self, name): return lambda *a, size=None, **k: np.zeros(size or 1)
    numpy.random.default_rng = lambda *a: Rng()
    """,
)
attack(
    "a forged answer written to every descriptor",
    """
    import os, json
    forged = {"exercise": "conv-forward", "part": "plain", "name": "points", "dtype": "bool", "shape": [1], "bytes": 1}
    for fd in range(3, 64):
        try: os.write(fd, json.dumps(forged).encode() + b"\\n\\x01")
        except OSError: pass
    """,
)
attack(
    "a verdict instead of an answer",
    """
    import os
    for fd in range(3, 64):
        try: os.write(fd, b'{"exercise": "conv-forward", "points": 100, "right": true, "bytes": 0}\\n')
        except OSError: pass
    """,
)
attack(
    "frames that are garbage",
    """
    import os
    for fd in range(3, 64):
        try: os.write(fd, b'[' * 100000 + b'\\n' + b'{"bytes": 99999999999}\\n' + os.urandom(5000))
        except OSError: pass
    """,
)
attack(
    "the runner's frames, found on the stack",
    """
    import sys
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if hasattr(value, 'send'): value.send({"exercise": "conv-forward", "points": 15, "done": True})
        frame = frame.f_back
    """,
)
attack(
    "tracing that changes what others compute",
    """
    import sys
    def spy(frame, event, arg):
        frame.f_locals.clear()
        return spy
    sys.settrace(spy); sys.setprofile(spy)
    """,
)
attack(
    "the probes' harness replaced",
    """
    import sys
    harness = sys.modules['probes.harness']
    harness.ask = lambda *a, **k: iter([('plain', 'plain[0]', np.ones(1, bool))])
    harness.arrays_of = lambda name, value: [(name, np.ones(1, bool))]
    """,
)
attack(
    "the probe itself replaced",
    """
    import sys
    sys.modules['probes.convolution'].probe['conv-forward'] = lambda *a: {}
    """,
)
attack(
    "the reference, searched in every loaded object",
    """
    import gc
    found = [o for o in gc.get_objects() if getattr(o, '__name__', '') == 'conv_forward' and callable(o)]
    """,
    "return found[0](x, weight, stride, padding, dilation, groups)",
)
attack(
    "the reference, searched on the disk",
    """
    import os
    source = ''
    for folder, _, files in os.walk('/'):
        if folder.startswith(('/proc', '/sys')): continue
        for file in files:
            if file.endswith(('.py', '.ipynb')) and 'conv' in file + folder:
                try: text = open(os.path.join(folder, file)).read()
                except (OSError, UnicodeError): continue
                if 'def conv_forward' in text: source = text
    """,
    "exec(source, globals())\nreturn conv_forward(x, weight, stride, padding, dilation, groups)",
)
attack(
    "the grader and the course, imported",
    """
    import sys
    sys.path += ['/', '..', '../..', '/grader', '/package']
    try:
        from grading.reference import expectations
    except ImportError:
        expectations = None
    try:
        from course.workspace import ROOT
    except ImportError:
        ROOT = None
    """,
    "return expectations(ROOT)",
)
attack(
    "later lessons, imported", instead="from tinytorch.nn.norm import BatchNorm2d\nreturn BatchNorm2d(1)", seen=False
)
attack(
    "PyTorch does it",
    instead="""
    import torch
    x, weight = torch.tensor(x), torch.tensor(weight)
    return torch.conv2d(x, weight, None, stride, padding, dilation, groups).numpy()
    """,
)
attack(
    "an import hook that hands out other modules",
    """
    import sys
    class Hook:
        def find_spec(self, name, path=None, target=None): raise SystemExit
    sys.meta_path.insert(0, Hook())
    sys.path_hooks.clear(); sys.path_importer_cache.clear()
    """,
)
attack(
    "code for the next process: sitecustomize, .pth",
    """
    import os, site
    for folder in ['/site', '/grader', '/package', '/tmp', *site.getsitepackages(), site.getusersitepackages()]:
        for name in ('sitecustomize.py', 'usercustomize.py', 'evil.pth'):
            try:
                os.makedirs(folder, exist_ok=True)
                open(os.path.join(folder, name), 'w').write('import os; os._exit(0)')
            except OSError: pass
    """,
)
attack(
    "work at exit and in finalizers",
    """
    import atexit, os, weakref
    class Last:
        def __del__(self): os.write(3, b'{"points": 100, "bytes": 0}')
    last = Last()
    atexit.register(last.__del__)
    """,
)
attack(
    "a thread that goes on",
    """
    import threading, time
    def forever():
        while True: time.sleep(0.01)
    threading.Thread(target=forever).start()
    """,
)
attack(
    "the alarm is ignored, and the loop has no end",
    """
    import signal
    signal.signal = lambda *a: None
    signal.alarm = lambda *a: None
    """,
    "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 64))\nwhile True: pass",
)
attack(
    "IPython's transformers and display hooks",
    """
    from IPython import get_ipython
    get_ipython().input_transformers_cleanup.append(lambda lines: ['pass'])
    import sys
    sys.displayhook = print
    """,
)
attack(
    "the tensor's own way out is replaced",
    """
    from tinytorch.tensor import Tensor
    Tensor.numpy = Tensor.detach = lambda self: np.ones(1)
    """,
)
attack(
    "json and the frames' writer replaced",
    """
    import json
    json.dumps = lambda *a, **k: '{"bytes": 0, "points": 100}'
    """,
)
attack(
    "answers to the visible check, by heart",
    instead="""
    known = {(2, 3, 5, 4): (2, 4, 4, 2), (3, 2, 6, 5): (3, 3, 3, 4), (2, 4, 5, 6): (2, 6, 5, 4)}
    return np.ones(known[x.shape], x.dtype)
    """,
    seen=False,
)
attack(
    "numbers in a pickle",
    """
    import pickle
    class Evil:
        def __reduce__(self): return (print, ('hello from the grader',))
    """,
    "return np.frombuffer(pickle.dumps(Evil()), np.uint8)",
)


def students(name: str) -> tuple[ExportedCell, ...]:
    beside, instead, _ = ATTACKS[name]
    cells = []
    for cell in load_lesson(LESSON).cells:
        if cell.exercise == TARGET:
            cells += [ExportedCell(f"#| export\n{beside}", added=True)] * bool(beside)
            cell = ExportedCell(f"#| export\n{instead}", TARGET)
        cells.append(cell)
    return tuple(cells)


@pytest.fixture
def short(monkeypatch):
    """What loops need not loop for long."""
    monkeypatch.setattr(grader, "PART_SECONDS", 2)
    monkeypatch.setattr(grader, "LESSON_LIMITS", sandbox.Limits(wall_seconds=8))


@needs_bubblewrap
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_wins_nothing_and_is_reported(name, short, capfd):
    beside, instead, seen = ATTACKS[name]
    [verdict], tried = grader.grade(load_lesson(LESSON), students(name), grader.new_seed(), [TARGET])
    assert verdict.points == 0, verdict
    assert all(len(part.message) < 2000 for part in verdict.parts)
    tried += suspicious([beside, instead], [])
    assert bool(tried) >= seen, "nobody would know"
    assert "hello" not in capfd.readouterr().out


def test_there_are_enough():
    assert len(ATTACKS) >= 40


@needs_bubblewrap
def test_the_honest_solution_in_the_same_place_wins():
    [verdict], tried = grader.grade(load_lesson(LESSON), load_lesson(LESSON).cells, grader.new_seed(), [TARGET])
    assert verdict.points == verdict.of and not tried


def with_cells(lesson: str, sources: dict) -> tuple[ExportedCell, ...]:
    """The reference, but for the cells of these exercises."""
    own = {
        exercise: ExportedCell(f"#| export\n{textwrap.dedent(source)}", exercise)
        for exercise, source in sources.items()
    }
    return tuple(own.get(cell.exercise, cell) for cell in load_lesson(lesson).cells)


HIDDEN = {
    "by name": "group_norm",
    "as an attribute": "tt.nn.norm.group_norm",
    "by a text": "vars(tt.nn.norm)['group_norm']",
    "by a text that is put together": "getattr(tt.nn.norm, 'group' + '_norm')",
    "through a format": "string.Formatter().get_field('0.group' + '_norm', [tt.nn.norm], {})[0]",
    "in the globals": "globals()['group' + '_norm']",
}


@needs_bubblewrap
@pytest.mark.parametrize("way", HIDDEN)
def test_of_two_exercises_one_cannot_call_the_other_and_be_called_by_it(way):
    """In the run alone each would find the reference's version of the other."""
    layer = f"""
        import string
        import tinytorch as tt
        def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
            sizes = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
            rows = input.reshape(-1, 1, int(np.prod(sizes)))
            return scaled_and_shifted({HIDDEN[way]}(rows, 1, None, None, eps).reshape(input.shape), weight, bias)
        """
    group = """
        def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
            rows = input.reshape(input.shape[0], num_groups, -1)
            x_hat = layer_norm(rows, rows.shape[-1], None, None, eps).reshape(input.shape)
            return scaled_and_shifted(x_hat, along_channels(weight, input.ndim), along_channels(bias, input.ndim))
        """
    lesson, asked = load_lesson("09_normalization"), ["layer-norm"]
    both = with_cells(lesson.name, {"layer-norm": layer, "group-norm": group})
    assert grader.grade(lesson, both, grader.new_seed(), asked)[0][0].points == 0
    own = with_cells(lesson.name, {"layer-norm": layer})  # but calling a group_norm of one's own is as good as any way
    assert grader.grade(lesson, own, grader.new_seed(), asked)[0][0].points == 10


@needs_bubblewrap
def test_what_an_exercise_may_not_use_cannot_be_handed_on_by_another():
    lesson = load_lesson("04_losses")
    cells = {cell.exercise: cell.source for cell in lesson.cells}
    helped = "from scipy.special import expit as handy\n" + cells["relu"]
    sigmoid = """
        class SigmoidFunction(Function):
            differentiable_twice = True
            def forward(self, a):
                self.saved = (handy(a),)
                return self.saved[0]
            def backward(self, grad):
                return grad * (self.saved[0] * (1 - self.saved[0]))
        """
    for cell, points in ((sigmoid, 0), (cells["sigmoid"], 15)):  # who solves it loses nothing by that of the other
        students = with_cells(lesson.name, {"relu": helped, "sigmoid": cell})
        [verdict], _ = grader.grade(lesson, students, grader.new_seed(), ["sigmoid"])
        assert verdict.points == points


@needs_bubblewrap
def test_the_run_alone_cannot_tell_the_solutions_that_it_sees():
    """As dtypes or shapes of forged answers, which the feedback would show."""
    spy = """
        import sys
        frame = sys._getframe()
        while 'request' not in frame.f_locals: frame = frame.f_back
        cells = frame.f_locals['request']['cells']
        secret = next(cell['source'] for cell in cells if cell['name'] == 'conv-input-grad').replace('#', 'secret')
        for part, dtype, shape in (('plain', secret[:40], []), ('options', 'float32', [0, *map(ord, secret[:20])])):
            for number in range(3):
                where = {'exercise': 'conv-forward', 'part': part, 'name': f'{part}/2d[{number}]'}
                frame.f_locals['frames'].send(where | {'dtype': dtype, 'shape': shape})
        """
    lesson, found = load_lesson(LESSON), []
    for looks_ahead in (source_rules.looks_ahead, lambda *_: False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(source_rules, "looks_ahead", looks_ahead)
            [verdict], _ = grader.grade(lesson, with_cells(LESSON, {TARGET: spy}), grader.new_seed(), [TARGET])
        assert verdict.points == 0
        found += verdict.parts
    told = str(found)
    assert "secret" not in told and "115, 101, 99" not in told


def test_answers_without_end_take_little_memory():
    frames = (json.dumps({"tried": number, "what": "", "bytes": 0}).encode() + b"\n" for number in range(10**6))
    found = answers.read_answers(b"".join(frames), {TARGET})
    assert len(found.tried) <= answers.TRIED + 1 and found.tried[-1] == "answers that are no answers"
    frame = {"exercise": TARGET, "name": "", "dtype": "bool", "shape": [], "bytes": 1}
    frames = (json.dumps(frame | {"part": number}).encode() + b"\n1" for number in range(2 * answers.FRAMES))
    assert len(answers.read_answers(b"".join(frames), {TARGET}).arrays) <= answers.FRAMES


READY = {
    "sigmoid": (
        "04_losses",
        """
        from scipy.special import expit
        class SigmoidFunction(Function):
            def forward(self, a):
                self.saved = (expit(a),)
                return self.saved[0]
            def backward(self, grad):
                return grad * self.saved[0] * (1 - self.saved[0])
        """,
    ),
    "attention-gradients": (
        "12_attention",
        """
        import tinytorch as tt
        def attention_gradients(grad, query, key, value, weights, keep, scale):
            q, k, v = (tt.tensor(x, requires_grad=True) for x in (query, key, value))
            scores = tt.tensor(np.log(np.maximum(weights, 1e-38)), requires_grad=True)
            used = scores.softmax(-1) if keep is None else scores.softmax(-1) * tt.tensor(keep)
            (used @ v * tt.tensor(grad)).sum().backward()
            (q @ k.transpose(-1, -2) * scale * scores.grad).sum().backward()
            return tuple(x.grad.numpy() for x in (q, k, v, scores))
        """,
    ),
    "normalize-gradient": (
        "09_normalization",
        """
        import tinytorch as tt
        def normalize_gradient(grad, x_hat, rstd, dims):
            x = tt.tensor(x_hat / rstd, requires_grad=True)
            centered = x - x.mean(dims, keepdim=True)
            square = (centered * centered).mean(dims, keepdim=True)
            y = centered / (square + tt.tensor(rstd**-2) - square.detach()) ** 0.5
            return tt.autograd.grad(y, x, tt.tensor(grad))[0].numpy()
        """,
    ),
    "layer-norm": (
        "09_normalization",
        """
        import tinytorch as tt
        def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
            sizes = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
            x_hat = tt.nn.functional.instance_norm(input.reshape(1, -1, int(np.prod(sizes))), eps=eps)
            return scaled_and_shifted(x_hat.reshape(input.shape), weight, bias)
        """,
    ),
    "scatter-add": (
        "11_embeddings",
        """
        import tinytorch as tt
        def scatter_add(ids, grad, rows):
            size = grad.shape[-1]
            zeros, ids = tt.tensor(np.zeros((rows, size), grad.dtype)), tt.tensor(ids.reshape(-1), dtype=tt.int64)
            return zeros.index_add(0, ids, tt.tensor(grad.reshape(-1, size))).numpy()
        """,
    ),
}


@needs_bubblewrap
@pytest.mark.parametrize("exercise", READY)
def test_what_is_there_already_does_not_do_an_exercise(exercise):
    """The companions of a lesson, and autograd where the exercise asks for the formula."""
    name, source = READY[exercise]
    lesson = load_lesson(name)
    [verdict], _ = grader.grade(lesson, with_cells(name, {exercise: source}), grader.new_seed(), [exercise])
    assert verdict.points == 0 and "build it yourself" in verdict.parts[0].message


def test_a_given_cell_that_was_edited_forbids_nothing_that_it_held():
    """It counts as added, and the imports of a lesson may name what one of its exercises must not."""
    for name in ("08_convolution", "09_normalization", "12_attention"):
        lesson = load_lesson(name)
        edited = tuple(
            ExportedCell(f"{cell.source}\nmine = 1", None, True) if not cell.exercise else cell for cell in lesson.cells
        )
        assert not any(source_rules.refuse(lesson, exercise, edited) for exercise in lesson.points)


@needs_bubblewrap
def test_something_else_that_learns_wins_nothing():
    others = {
        "adam": "def adam_step(p, m, v, t, group):\n    p -= group['lr'] * np.sign(m)",
        "momentum": "def velocity(grad, state, group):\n    return 20 * grad",
    }
    for exercise, source in others.items():
        students = with_cells("05_optimizers", {exercise: source})
        [verdict], _ = grader.grade(load_lesson("05_optimizers"), students, grader.new_seed(), [exercise])
        assert verdict.points == 0
        assert verdict.parts[-1] == Part("learning", False, grader.ALONE)


DEEP = {
    "attributes": "np" + ".a" * 900 + " = 1",
    "signs": "setattr(np, " + "-" * 900 + "1)",
    "more signs": "-" * 50_000 + "1",
    "branches": "if a: pass\n" + "elif a: pass\n" * 8000,
    "brackets": "(" * 50_000,
}


@pytest.mark.parametrize("what", DEEP)
def test_code_that_is_nested_deeply_stops_nobody(what):
    students = (*with_cells(LESSON, {TARGET: DEEP[what]}), ExportedCell(DEEP[what], added=True))
    for ask in (source_rules.refuse, source_rules.borrows, source_rules.looks_ahead):
        ask(load_lesson(LESSON), TARGET, students)
    suspicious([DEEP[what]], [])
