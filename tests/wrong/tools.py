"""How a wrong implementation is registered, put in place, and tied to the tests that must catch it."""

import sys

WRONG = {}


def wrong(*tests):
    """Registers a wrong implementation, with the tests (pytest's node ids, the file without its folder) of which one at least must fail."""

    def register(function):
        assert function.__name__ not in WRONG
        WRONG[function.__name__] = function, tests
        return function

    return register


def replace(old, new):
    """Put `new` in the place of the function or class `old` wherever tinytorch or a test has it under any name."""
    found, new.__name__ = 0, old.__name__
    for name, owner in list(sys.modules.items()):
        if name.startswith(("tinytorch", "test_")):
            classes = [x for x in vars(owner).values() if isinstance(x, type) and x.__module__.startswith("tinytorch")]
            for place in [owner, *classes]:
                for key, value in list(vars(place).items()):
                    if value is old:
                        setattr(place, key, new)
                        found += 1
    assert found, f"{old} is nowhere"


def function(name, forward=1, backward=1):
    """The tests of the registry for the example `forward` of a Function against PyTorch, and against differences."""
    return (
        f"test_registry.py::test_function_as_in_pytorch[{name}-{forward - 1}]",
        f"test_registry.py::test_function_by_differences[{name}-{backward - 1}]",
    )
