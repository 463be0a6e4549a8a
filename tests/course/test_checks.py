"""What happens around a check: it leaves nothing behind, says how it ended, and is asked before a lesson is exported."""

import json

import pytest
from nbgrader.validator import Validator
from small_course import execute, run, solve, sources_of, write

from course import describe
from course.progress import progress

RIGHT = "#| export\ndef double(x):\n    return 2 * x"
PASSED = "double passes: 5 points. 1 of 1 exercises, 5 of 5 points in this lesson. All exercises are done: read on"


@pytest.fixture
def lesson(mine):
    """The first lesson of a workspace, whose check uses names of its own."""
    notebook = mine / "01_one.ipynb"
    as_released(notebook, "x, got = 5, double(2)\nassert got == 4, f'double(2): got {got}, expected 4'")
    return notebook


def as_released(notebook, source, cell="check"):
    """The lesson comes with this cell."""
    write(notebook, source, cell)
    write(notebook.parent / ".released" / notebook.name, source, cell)


def session(notebook, *steps):
    """Run steps in one shell: cells of the notebook by their ids, or sources."""
    sources = sources_of(notebook)
    return run(notebook.parent, [sources.get(step, step) for step in steps])


def test_a_check_that_passes_says_how_far_the_lesson_is(lesson):
    said, errors = session(lesson, "begin", RIGHT, "check")
    assert f"\033[32m{PASSED}" in said and not errors
    assert progress(lesson)["double"]["passed"]


@pytest.mark.parametrize("answer", ["return 2 * x", "return 3 * x"])
def test_a_check_leaves_no_names_and_changes_none(lesson, answer):
    said, _ = session(
        lesson, "begin", f"def double(x):\n    {answer}", "x = 1", "check", "print(x, 'got' in globals())"
    )
    assert said.endswith("1 False\n")


def test_a_check_that_fails_can_pass_in_the_same_kernel(lesson):
    said, errors = session(lesson, "begin", RIGHT.replace("2", "3"), "check", "check", RIGHT, "check")
    assert len(errors) == 2 and PASSED in said


DEEP = "def inner(x, n):\n    return inner(x, n - 1) if n else x.shape\n\n\ndef double(x):\n    return inner(x, 9)"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("def double(x):\n    return 3 * x", ["check-double: double(2): got 6, expected 4"]),
        ("def double(x):\n    raise NotImplementedError()", ["check-double: exercise double is still blank"]),
        (
            "def double(x):\n    y = x + x\n    raise NotImplementedError()",
            ["check-double: the line `raise NotImplementedError()` still stands in exercise double: take it away"],
        ),
        ("def double(x):\n    pass", ["check-double: double(2): got None, expected 4"]),
        (
            "def double(x):\n    return x.shape",
            [
                "check-double: the code that it tries stopped with AttributeError: 'int' object has no attribute 'shape'",
                "the check ran   x, got = 5, double(2)",
                "in double: return x.shape",
                "often: a value of another kind than was meant",
            ],
        ),
        (DEEP, ["in double: return inner(x, 9)", "5 calls further in", "in inner: return inner(x, n - 1)"]),
        (
            "def double(x):\n    assert x > 5",
            ["the code that it tries stopped with AssertionError", "in double: assert x > 5"],
        ),
        (
            "def double():\n    return 4",
            ["stopped with TypeError: double() takes 0", "often: a signature that was changed"],
        ),
    ],
)
def test_why_a_check_failed(lesson, answer, expected):
    source = f"#| export\n{answer}"
    write(lesson, source)
    said, errors = session(lesson, "begin", source, "check")
    assert len(errors) == 1 and "Traceback" not in said
    for text in expected:
        assert text in said


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (
            "for shape in [(2, 3)]:\n    assert double(shape) == 4",
            "  in double: return x / 2\n  the check ran   assert double(shape) == 4\n    where shape = (2, 3)\n",
        ),
        (
            "import numpy as np\ncase, got, a = 'big', 1, np.ones(9)\nfor case in ['big']:\n    got = double(x=str(a))",
            "got = double(x=str(a))\n    where case = 'big'\n    where a = ndarray of shape (9,), float64\n",
        ),
        ("b = 4\nassert (lambda b: double(str(b)))(2)", "(lambda b: double(str(b)))(2)\n"),
    ],
    ids=["loop", "what is read", "own names of a lambda"],
)
def test_what_a_check_had_in_its_hands(lesson, check, expected):
    write(lesson, check, "check")
    said, _ = session(lesson, "begin", "def double(x):\n    return x / 2", "check")
    assert said.endswith(expected)


def test_a_judge_that_is_given_speaks_for_itself(lesson):
    """An assertion in a helper of the lesson is the check's, not an error of the answer."""
    judge = "#| export\nclass Tensor:\n    pass\ndef judge(f):\n    assert f(2) == 4, 'twice two is four'"
    as_released(lesson, judge, "head")
    as_released(lesson, "judge(double)")
    said, _ = session(lesson, "begin", "head", RIGHT.replace("2", "3"), "check")
    assert said.endswith("check-double: twice two is four\033[0m\n")


def test_errors_elsewhere_are_left_as_they_are(lesson):
    said, errors = session(lesson, "begin", RIGHT, "check", "1 / 0")
    assert errors == ["ZeroDivisionError: division by zero"] and "check-double: " not in said


def test_begin_again_forgets_nothing(lesson):
    write(lesson, RIGHT)
    said, errors = session(lesson, "begin", "head", "double", "check", "begin", "export")
    assert not errors and "exported tinytorch/tensor.py" in said and said.count(PASSED) == 1


def test_a_check_that_was_changed_earns_nothing(lesson):
    write(lesson, RIGHT)
    write(lesson, "print('fine')", "check")
    said, errors = session(lesson, "begin", "head", "double", "check", "export")
    assert "double passes a check that was changed, which earns nothing" in said and PASSED not in said
    assert "not passed in this kernel by what is saved: check-double" in errors[0]
    as_released(lesson, "# a comment makes no other check\nassert double(2) == 4")
    write(lesson, "assert double(2)==4", "check")
    assert PASSED in session(lesson, "begin", "double", "check")[0]


def test_a_check_that_is_saved_anew_is_known(lesson):
    """While the kernel runs, an update brings another check."""
    source = "assert double(3) == 6"
    as_released(lesson, source)
    later = lesson.read_text()
    as_released(lesson, "assert double(4) == 8")
    files = [str(lesson), str(lesson.parent / ".released" / lesson.name)]
    said, errors = session(lesson, "begin", RIGHT, f"for f in {files}: open(f, 'w').write({later!r})", source)
    assert PASSED in said and not errors


@pytest.mark.parametrize("answer", ["def double(x):\n    return (3 * x", "def double(x: unknown):\n    return 3 * x"])
def test_an_answer_that_did_not_run_is_not_judged_by_the_one_before(lesson, answer):
    said, _ = session(lesson, "begin", RIGHT, answer, "check")
    assert "the cell of double last stopped with" in said and PASSED not in said
    assert "double" not in progress(lesson)
    assert PASSED in session(lesson, "begin", RIGHT, answer, RIGHT, "check")[0]


def test_a_given_cell_that_holds_the_answer_before_is_run_again_first(lesson):
    """`Tensor.double = double` between exercise and check: the check would judge what it held before."""
    for notebook in (lesson, lesson.parent / ".released" / lesson.name):
        nb = json.loads(notebook.read_text())
        place = [cell["id"] for cell in nb["cells"]].index("check")
        nb["cells"].insert(place, nb["cells"][place] | {"id": "given", "metadata": {}, "source": GIVEN})
        notebook.write_text(json.dumps(nb))
    as_released(lesson, "assert twice(2) == 4")
    wrong = RIGHT.replace("2", "3")
    for steps in ([RIGHT, "given", wrong, "check"], [wrong, "given", RIGHT, "check"], [RIGHT, "check"]):
        said, _ = session(lesson, "begin", *steps)
        assert "begins `twice = double`" in said and "has not run since that did" in said and PASSED not in said
    assert PASSED in session(lesson, "begin", wrong, "given", RIGHT, "given", "check")[0]


GIVEN = "#| export\ntwice = double"


def test_only_answers_that_still_stand_are_counted(lesson):
    said, _ = session(lesson, "begin", RIGHT, "check", RIGHT.replace("2", "3"), "check", RIGHT, "check")
    assert said.count(PASSED) == 2


class TestExport:
    """The last cell refuses an exercise that its check has not passed as it is saved."""

    RED = "CourseError: not passed in this kernel by what is saved: check-double"

    @pytest.mark.parametrize(
        "steps",
        [
            ("double",),
            ("check", "double"),
            ("double", "check", "def double(x):\n    return 3 * x", "check", "double"),
            ("double", "def double(x):\n    return 2 * x  # not exported", "check", "double"),
        ],
        ids=["never checked", "checked before it was there", "failed since", "checked another definition"],
    )
    def test_refused(self, lesson, steps):
        write(lesson, RIGHT)
        said, errors = session(lesson, "begin", "head", *steps, "export")
        assert errors[-1].startswith(self.RED) and "exported" not in said

    def test_a_wrong_answer_is_refused(self, lesson):
        write(lesson, RIGHT.replace("2", "3"))
        assert execute(lesson)[1][-1].startswith(self.RED)
        assert not (lesson.parent / "tinytorch/tensor.py").exists()

    def test_an_answer_that_changed_since(self, lesson):
        changed = RIGHT.replace("2 * x", "x * 2")
        write(lesson, changed)
        errors = session(lesson, "begin", "head", RIGHT, "check", changed, "export")[1]
        assert errors[-1].startswith(self.RED)

    def test_cells_run_again_in_another_order(self, lesson):
        write(lesson, RIGHT)
        said, errors = session(lesson, "begin", "double", "check", "head", "double", "begin", "export")
        assert not errors and "exported tinytorch/tensor.py" in said

    def test_without_the_first_cell(self, lesson):
        write(lesson, RIGHT)
        errors = session(lesson, "head", "double", "check", "export")[1]
        assert errors == ["CourseError: run the lesson's first cell in this kernel, then its checks, and export again"]

    def test_validate_replaces_no_good_module_by_a_wrong_one(self, mine):
        notebook = mine / "01_one.ipynb"
        solve(notebook)
        assert (
            Validator().validate(str(notebook)) == {}
            and describe(mine / "tinytorch").text == "your tinytorch: 1 of 4 lessons"
        )
        solve(notebook, "return 3 * x")
        assert "got 6" in Validator().validate(str(notebook))["failed"][0]["raw_error"]
        assert "return 2 * x" in (mine / "tinytorch/tensor.py").read_text()
