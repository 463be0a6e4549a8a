"""How a probe is written and asked. It asks an exercise for numbers, holds no expected value and gives no verdict."""

import inspect

import numpy as np

BY_ITSELF = "autograd .grad ._grad"  # for `forbids`: what would find a gradient without its formula


class Probes(dict):
    """The probes of one lesson, by exercise: `probe = Probes()` and `@probe("conv-forward")` above each.

    A probe is `probe(tt, lesson, rng) -> {"part/what": value}`. `tt` is the package (tinytorch, or PyTorch itself in
    the tests), `lesson` the module that the lesson exports, `rng` numpy's generator: every shape and number is its.
    A value is an array, a Tensor, a number, a text, a list of numbers, or a function without arguments that gives one
    or a tuple of them; an error in one part's function leaves the other parts alone. Draw everything from `rng` before,
    never inside such a function. The points of an exercise are shared out evenly over its parts, and a part is right if
    all its values are.
    """

    def __call__(self, exercise: str, forbids: str = "", hint: str = ""):
        """`forbids`: names that the exercise's cell must not mention ("convolve einsum"), since it asks for
        them; ".name" forbids it in numpy.name and in imports only, where the exercise builds a `name`. `hint`: the
        usual cause when the values differ, as the feedback says it."""

        def register(function):
            assert exercise not in self, f"two probes for {exercise}"
            function.forbids, function.hint, function.learns = frozenset(forbids.split()), hint, None
            self[exercise] = function
            return function

        return register

    def learns(self, exercise: str, bar: float, data, train, measure):
        """Adds the part "learning" to the probe of `exercise`: proof that what was built learns.

        data(rng) -> (for_training, held_out), two dicts of arrays      outside; only the first goes into the sandbox
        train(tt, lesson, rng, for_training) -> weights, dict of arrays  in the sandbox, on the student's package
        measure(tt, lesson, weights, held_out) -> a number               outside, on the reference; right from `bar` on
        """
        self[exercise].learns = Learning(bar, data, train, measure)


class Learning:
    def __init__(self, bar, data, train, measure):
        self.bar, self.data, self.train, self.measure = bar, data, train, measure


def generator(seed: int, exercise: str) -> np.random.Generator:
    """Each exercise's own, the same inside the sandbox and outside."""
    return np.random.default_rng([seed, *exercise.encode()])


def arrays_of(name: str, value):
    """What a probe gave, as (name, plain array) pairs: tuples are numbered, texts are their bytes in UTF-8."""
    if isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from arrays_of(f"{name}[{number}]", each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from arrays_of(f"{name}/{key}", each)
    elif isinstance(value, str):
        yield name, np.frombuffer(value.encode(), np.uint8)
    elif hasattr(value, "detach"):
        yield name, np.array(value.detach().numpy())
    else:
        yield name, np.array(value)


def ask(probe, tt, lesson, rng, for_training: dict | None, before=lambda: None):
    """Run a probe: (part, name, array) for every value, (part, None, exception) for every part that failed.

    `before()` is called before each value. A part that runs out of time ends the exercise.
    """
    questions = probe(tt, lesson, rng)
    if probe.learns:
        # a generator of its own, so that training draws the same numbers whatever the parts before it did
        own = np.random.default_rng(rng.integers(2**63))
        questions["learning"] = lambda: probe.learns.train(tt, lesson, own, for_training)
    for name, value in questions.items():
        part = name.split("/")[0]
        before()
        try:
            yield from ((part, *pair) for pair in arrays_of(name, value() if inspect.isfunction(value) else value))
        except BaseException as error:  # SystemExit and KeyboardInterrupt too: they cost their own part only
            yield part, None, error
            if isinstance(error, TimeoutError):
                return
