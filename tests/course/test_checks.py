"""What happens around a check: it leaves nothing behind, says how it ended, and is asked before a lesson is exported."""

import json

import pytest
from nbgrader.validator import Validator
from small_course import execute, run, solve, sources_of, write

from course import describe
from course.progress import progress

RIGHT = "#| export\ndef double(x):\n    return 2 * x"
PASSED = "double passes: 5 points. 1 of 1 exercises, 5 of 5 points in this lesson. All of it is done: save, and run"


@pytest.fixture
def lesson(mine):
    """The first lesson of a workspace, whose check uses names of its own."""
    notebook = mine / "01_one.ipynb"
    write(notebook, "x, got = 5, double(2)\nassert got == 4, f'double(2): got {got}, expected 4'", "check")
    return notebook


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


def test_what_a_check_had_in_its_hands(lesson):
    write(lesson, "for shape in [(2, 3)]:\n    assert double(shape) == 4", "check")
    said, _ = session(lesson, "begin", "def double(x):\n    return x / 2", "check")
    assert "the check ran   assert double(shape) == 4\n    where shape = (2, 3)\n  in double: return x / 2" in said


def test_errors_elsewhere_are_left_as_they_are(lesson):
    said, errors = session(lesson, "begin", RIGHT, "check", "1 / 0")
    assert errors == ["ZeroDivisionError: division by zero"] and "check-double: " not in said


def test_begin_again_forgets_nothing(lesson):
    write(lesson, RIGHT)
    said, errors = session(lesson, "begin", "head", "double", "check", "begin", "export")
    assert not errors and "exported tinytorch/tensor.py" in said and said.count(PASSED) == 1


def test_a_check_that_was_changed_is_said_to_be(lesson):
    said, errors = session(lesson, "begin", RIGHT, "check")
    assert "(That is not the lesson's own check, which may ask for more.)" in said and not errors


def test_a_check_that_is_saved_anew_is_known(lesson):
    """While the kernel runs, an update brings another check."""
    source = "assert double(3) == 6"
    change = f"import json; f = {str(lesson)!r}; nb = json.load(open(f)); nb['cells'][5]['source'] = {source!r}; "
    said, errors = session(lesson, "begin", RIGHT, f"{change}json.dump(nb, open(f, 'w'))", source)
    assert json.loads(lesson.read_text())["cells"][5]["source"] == source and PASSED in said and not errors


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
