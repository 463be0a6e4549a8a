"""What is exported is what the notebook shows, whatever a learner or an editor did to its cells; else the cell is named."""

import shutil
from textwrap import indent

import pytest
from small_course import cell, command, execute, run, solve, sources_of, write

from course.notebook import Cell
from course.plain import exported_source
from course.whose import CourseError

BODY = "def double(x):\n    return 2 * x"
RIGHT = f"#| export\n{BODY}"
SHOWN = {
    "a comment above": f"# my first try\n#| export\n{BODY}",
    "an empty line above": f"\n#| export\n{BODY}",
    "a formatter": f"# | export\n{BODY}",
    "the mark below": f"{BODY}\n#| export",
    "time": f"%%time\n{RIGHT}",
    "time, and a comment": f"%%time\n# quick?\n{RIGHT}",
    "capture": f"%%capture\n{RIGHT}",
    "a line magic": f"#| export\n%precision 3\n{BODY}",
    "a command": f"{RIGHT}\n!true",
    "a question": f"{RIGHT}\n\nint?",
}
REFUSED = {
    "a result of a command": (f"{RIGHT}\nfiles = !ls", "`files = !ls` works in a notebook only"),
    "a magic that defines": (f"{RIGHT}\n%time two = 2", "`%time two = 2` works in a notebook only"),
    "a magic within": (
        "#| export\ndef double(x):\n    %time y = 2 * x\n    return y",
        "`%time y = 2 * x` works in a notebook",
    ),
    "another language": (f"%%bash\n{RIGHT}", "works in a notebook only"),
    "no Python": (f"{RIGHT}\n3 +* 4", 'in section "1. Two" is no Python (invalid syntax at `3 +* 4`)'),
}


@pytest.mark.parametrize("source", SHOWN.values(), ids=SHOWN)
def test_what_a_cell_shows_is_exported(mine, source):
    write(mine / "01_one.ipynb", source)
    said, errors = execute(mine / "01_one.ipynb")
    assert not errors and "exported tinytorch/tensor.py" in said
    text = (mine / "tinytorch/tensor.py").read_text()
    assert BODY in text and "get_ipython" not in text and "precision" not in text
    assert "'double'" in text, "it is in __all__"


@pytest.mark.parametrize(("source", "why"), REFUSED.values(), ids=REFUSED)
def test_what_a_module_cannot_hold_is_named(source, why):
    with pytest.raises(CourseError) as refused:
        exported_source(Cell("code", source, section="1. Two"))
    assert why in str(refused.value) and 'section "1. Two"' in str(refused.value)


def test_a_refusal_in_the_notebook(mine):
    source, why = REFUSED["a magic that defines"]
    write(mine / "01_one.ipynb", source)
    assert why in execute(mine / "01_one.ipynb")[1][-1] and not (mine / "tinytorch/tensor.py").exists()


def as_text(found):
    found |= {"cell_type": "markdown", "source": RIGHT}
    del found["outputs"], found["execution_count"]


GONE = {
    "the mark was removed": lambda found: found.update(source=BODY),
    "it is text": as_text,
    "another name": lambda found: found.update(source=RIGHT.replace("double", "twice")),
    "not at the top level": lambda found: found.update(source=f"#| export\nif True:\n{indent(BODY, '    ')}"),
    "it is empty": lambda found: found.update(source="#| export"),
}


@pytest.mark.parametrize("change", GONE.values(), ids=GONE)
def test_an_exercise_is_never_left_out(mine, change):
    found, save = cell(mine / "01_one.ipynb")
    change(found)
    save()
    errors = execute(mine / "01_one.ipynb")[1]
    assert 'exercise double, in section "1. Two", would be missing in your package' in errors[-1]
    assert "course reset 01_one double" in errors[-1] and not (mine / "tinytorch/tensor.py").exists()


def test_a_given_cell_is_never_left_out(mine):
    """Without it the lesson would be exported, and fail where another one needs what it defines."""
    notebook = mine / "01_one.ipynb"
    solve(notebook)
    write(notebook, "# no longer here", "head")
    error = execute(notebook)[1][-1]
    assert "`Tensor`, in section" in error and "`python -m course reset 01_one head` brings it" in error
    code, said = command(mine, "reset", "1", "head")
    assert code == 0 and "what stood there lies in kept/01_one/head-1.py" in said and not execute(notebook)[1]


def test_an_exercise_in_a_cell_of_its_own(mine):
    """Where it stands is the learner's affair."""
    notebook = mine / "01_one.ipynb"
    write(
        notebook, f"#| export\nfactor = 2\n\n\nclass Tensor:\n    pass\n\n\n{BODY}".replace("2 *", "factor *"), "head"
    )
    write(notebook, "# moved up")
    sources = [*sources_of(notebook).values()]
    said, errors = run(mine, [source.replace('"""A module."""', "") for source in sources])
    assert not errors and "factor * x" in (mine / "tinytorch/tensor.py").read_text(), said


@pytest.mark.parametrize("told", ["JPY_SESSION_NAME", "__vsc_ipynb_file__"])
def test_a_copy_is_not_exported(mine, monkeypatch, told):
    """JupyterLab tells the kernel by a variable of the environment which notebook it runs, VS Code by a name."""
    write(mine / "01_one.ipynb", RIGHT)
    copy = mine / "01_one_old.ipynb"
    shutil.copyfile(mine / "01_one.ipynb", copy)
    sources = [*sources_of(copy).values()]
    if told == "JPY_SESSION_NAME":
        monkeypatch.setenv(told, str(copy))
    else:
        sources.insert(0, f"{told} = {str(copy)!r}")
    said, errors = run(mine, sources)
    assert said.splitlines()[1] == "this is a copy of 01_one.ipynb: to try things in; its last cell exports nothing"
    assert errors[-1].startswith("CourseError: this notebook was opened as 01_one_old.ipynb")
    assert not (mine / "tinytorch/tensor.py").exists() and not (mine / ".progress").exists()
    monkeypatch.setenv("JPY_SESSION_NAME", str(mine / "01_one.ipynb"))
    assert not execute(mine / "01_one.ipynb")[1]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "#| default_exp tensr",
            "the cell `#| default_exp tensor` near the top of 01_one.ipynb was changed or removed",
        ),
        ("# default", "the cell `#| default_exp tensor` near the top of 01_one.ipynb was changed or removed"),
        (
            "#| default_exp tensor\n#| export autograd\nx = 1",
            "would be exported to autograd, which is not this lesson's",
        ),
    ],
)
def test_a_lesson_writes_its_own_file_only(mine, source, why):
    write(mine / "01_one.ipynb", RIGHT)
    write(mine / "01_one.ipynb", source, "default")
    assert why in execute(mine / "01_one.ipynb")[1][-1] and not (mine / "tinytorch/tensor.py").exists()
