"""What a learner asks the course in a terminal, from anywhere in their workspace, whichever Python answers."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from small_course import cell, command, edit, execute, run, solve, sources_of, write

from course.exporter import export_all
from course.workspace import catch_up

WRONG = "#| export\ndef double(x):\n    return {}"


def try_answers(notebook, *answers):
    """Run the lesson's check on each answer, without saving it."""
    cells = sources_of(notebook)
    steps = [step for answer in answers for step in (WRONG.format(answer), cells["check"])]
    run(notebook.parent, [cells["begin"], *steps])


def test_status(mine):
    notebook = mine / "01_one.ipynb"

    def state(*arguments):
        code, said = command(mine / "given", "status", *arguments)
        assert code == 0
        return said

    said = state()
    assert said.startswith("your tinytorch: 0 of 4 lessons\n") and "0 of 1" in said and "0 of 5" in said
    assert 'next: fill in double (section "1. Two") in 01_one.ipynb, and run its check' in said
    write(notebook, WRONG.format("3 * x"))
    assert "not checked" in state() and "next: run check-double" in state()
    try_answers(notebook, "3 * x")
    assert "│ red" in state() and "next: check-double failed: mend double" in state()
    write(notebook, WRONG.format("2 * x"))
    assert "changed since" in state()
    try_answers(notebook, "2 * x")
    assert "│ done" in state() and "next: run the last cell of 01_one.ipynb" in state()
    (mine / ".progress/03_six.json").write_text("{}")
    assert "03_six" in state().split("next:")[1], "the lesson that they are at"
    (mine / ".progress/03_six.json").unlink()
    assert not execute(notebook)[1]
    said = state()
    assert "1 of 4 lessons" in said and "5 of 5" in said and "02_two.ipynb" in said
    assert "next: 02_two.ipynb" in state("1") and "no lesson 'nine'" in command(mine, "status", "nine")[1]


def test_hints_one_after_the_other(mine):
    notebook = mine / "01_one.ipynb"
    text = "## 1. Two\n\n<details><summary>Hint 1</summary>Which <code>operator</code>?</details>\n\n"
    write(notebook, text, "text")
    shutil.copyfile(notebook, mine / ".released/01_one.ipynb")
    assert command(mine, "hint", "1", "double") == (0, "double, hint 1 of 1: Which `operator`?\n")
    text += "<details><summary>Hint 2</summary>Add it &lt;twice&gt;.</details>"
    write(mine / ".released/01_one.ipynb", text, "text")
    assert command(mine, "hint", "one", "1")[1] == "double, hint 2 of 2: Add it <twice>.\n"
    again = "double, hint 2 of 2: Add it <twice>.\n(That is the last; `python -m course solution 01_one double` shows"
    assert command(mine, "hint", "one", "two")[1].startswith(again)
    assert "hint 1 of 2" in command(mine, "hint", "one", "double", "1")[1]
    code, said = command(mine, "hint", "1", "double", "3")
    assert code == 1 and said == "double has 2 hints: a level is a number from 1 to 2\n"
    code, said = command(mine, "hint", "1", "triple")
    assert code == 1 and said == "there is no one exercise 'triple' in this lesson; it has\n  1 double: 1. Two\n"
    assert command(mine, "hint", "1") == (1, "which exercise?\n  1 double: 1. Two\n")


def test_reset_puts_one_cell_back_and_keeps_the_old(mine):
    notebook = mine / "01_one.ipynb"
    before = notebook.read_text()
    solve(notebook, "return 3 * x")
    edit(notebook, "A module.", "A module of mine.")
    code, said = command(mine, "reset", "1", "double")
    assert code == 0 and "what stood there lies in kept/01_one/double-1.py" in said and "Reload Notebook" in said
    assert (mine / "kept/01_one/double-1.py").read_text() == "#| export\ndef double(x):\n    return 3 * x"
    assert json.loads(notebook.read_text()) == json.loads(before.replace("A module.", "A module of mine."))
    solve(notebook, "return 4 * x")
    command(mine, "reset", "1", "double")
    assert "4 * x" in (mine / "kept/01_one/double-2.py").read_text()


def test_reset_of_a_check(mine):
    notebook = mine / "01_one.ipynb"
    before = notebook.read_text()
    write(notebook, "print('fine')", "check")
    code, said = command(mine, "reset", "1", "check-double")
    assert code == 0 and "what stood there lies in kept/01_one/check-double-1.py" in said
    assert json.loads(notebook.read_text()) == json.loads(before)
    assert command(mine, "reset", "1", "check-double")[1].startswith(
        "check-double in 01_one.ipynb is as it was at first"
    )
    assert len([*mine.glob("kept/01_one/*")]) == 1, "what stood there was the lesson's own"


@pytest.mark.parametrize("lost", ["deleted", "text", "twice"])
def test_reset_brings_a_lost_cell_back(mine, lost):
    notebook = mine / "01_one.ipynb"
    before = json.loads(notebook.read_text())
    nb = json.loads(notebook.read_text())
    place = [each["id"] for each in nb["cells"]].index("double")
    if lost == "deleted":
        del nb["cells"][place]
    elif lost == "text":
        nb["cells"][place] |= {"cell_type": "markdown", "source": "my thoughts"}
    else:
        nb["cells"].insert(place, nb["cells"][place] | {"id": "copy", "source": "first try"})
    notebook.write_text(json.dumps(nb))
    assert command(mine, "reset", "1", "double")[0] == 0
    assert json.loads(notebook.read_text()) == before
    kept = [file.read_text() for file in mine.glob("kept/01_one/*")]
    assert {"deleted": not kept, "text": kept == ["my thoughts"], "twice": "first try" in str(kept)}[lost]


def test_solution_after_three_different_answers(mine):
    notebook = mine / "01_one.ipynb"
    try_answers(notebook, "3 * x", "3 * x", "3*x  # the same", "4 * x")
    code, said = command(mine, "solution", "1", "double")
    assert code == 1 and said.startswith("2 different answers to double have failed its check; after 3")
    assert not (mine / "tinytorch/solutions.json").exists()
    try_answers(notebook, "5 * x")
    code, said = command(mine, "solution", "1", "double")
    mark = "your tinytorch: 0 of 4 lessons (solutions looked up: double of 01 one)"
    assert code == 0 and said == f"#| export\ndef double(x):\n    return 2 * x\n\n# {mark}\n"
    solve(notebook)
    said, errors = execute(notebook)
    assert said.startswith(mark) and not errors
    assert "1 of 4 lessons (solutions looked up: double of 01 one)" in command(mine, "status")[1], "ever after"


def test_a_solution_to_compare_with(mine):
    """Looked up after one's own passed, it is nothing to be said ever after."""
    try_answers(mine / "01_one.ipynb", "x + x")
    assert command(mine, "solution", "1", "double") == (0, "#| export\ndef double(x):\n    return 2 * x\n")
    assert "looked up" not in command(mine, "status")[1]


def test_a_solution_is_named_exactly(mine):
    code, said = command(mine, "solution", "1", "doub", "--now")
    assert code == 1 and "there is no one exercise 'doub'" in said
    assert command(mine, "hint", "1", "doub")[0] == 0


def test_solution_now(mine, course):
    assert "return 2 * x" in command(mine, "solution", "2", "double", "--now")[1]
    catch_up(2, mine, course)
    assert "(01 one from the reference; solutions looked up: double of 02 two)" in command(mine, "status")[1]


def test_borrowed_lessons_are_counted(mine, course):
    catch_up("all", mine, course)
    assert command(mine, "status")[1].startswith("your tinytorch: 0 of 4 lessons (4 lessons from the reference)\n")


class TestUpdate:
    """A newer course arrives around what the learner wrote."""

    @pytest.fixture
    def root(self, course, tmp_path, monkeypatch):
        """A copy of the course, to change."""
        copy = shutil.copytree(course, tmp_path / "course")
        monkeypatch.setenv("PYTHONPATH", str(copy))
        return copy

    @pytest.fixture
    def lesson(self, mine):
        """A lesson with all that a learner does to one: an answer, own cells, a given cell and a check changed."""
        notebook = mine / "01_one.ipynb"
        solve(notebook, "return x + x")
        nb = json.loads(notebook.read_text())
        own = {
            "cell_type": "code",
            "id": "own",
            "metadata": {},
            "execution_count": 1,
            "outputs": [],
            "source": "mine = 1",
        }
        nb["cells"].insert(5, own)
        notebook.write_text(json.dumps(nb))
        return notebook

    def test_nothing_to_do(self, mine, root):
        files = lambda: {
            file: file.read_bytes() for file in mine.rglob("*") if file.is_file() and file.suffix != ".pyc"
        }
        before = files()
        assert command(mine, "update") == (0, "your workspace has the newest of everything\n")
        assert files() == before

    def test_given_cells_and_checks_are_replaced_and_what_is_theirs_stays(self, lesson, root):
        new = root / "modules/01_one/01_one.ipynb"
        write(new, '#| export\n"""A better module."""\n\nclass Tensor:\n    pass', "head")
        write(new, "assert double(3) == 6", "check")
        code, said = command(lesson.parent, "update")
        assert code == 0 and "newer now around what you wrote: 01_one.ipynb" in said
        cells = sources_of(lesson)
        assert "A better module" in cells["head"] and cells["check"] == "assert double(3) == 6"
        assert cells["double"] == "#| export\ndef double(x):\n    return x + x" and cells["own"] == "mine = 1"
        order = [each["id"] for each in json.loads(lesson.read_text())["cells"]]
        assert order == ["begin", "default", "head", "text", "double", "own", "check", "export"]
        assert "x + x" in (lesson.parent / "kept/before-update/01_one.ipynb").read_text()
        assert command(lesson.parent, "update")[1] == "your workspace has the newest of everything\n"
        assert not execute(lesson)[1]

    def test_what_both_changed_is_quoted(self, lesson, root):
        write(lesson, '#| export\n"""My module."""\n\nclass Tensor:\n    pass', "head")
        write(lesson, "assert double(1) == 2  # mine", "check")
        new = root / "modules/01_one/01_one.ipynb"
        write(new, '#| export\n"""A better module."""\n\nclass Tensor:\n    pass', "head")
        solution = "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
        write(new, f'#| export\ndef double(x):\n    """Twice x."""\n{solution}')
        command(lesson.parent, "update")
        cells = json.loads(lesson.read_text())["cells"]
        texts = {each["id"]: "".join(each["source"]) for each in cells}
        assert "A better module" in texts["head"] and "x + x" in texts["double"] and "# mine" not in texts["check"]
        quotes = [text for text in texts.values() if text.startswith("**You")]
        assert len(quotes) == 3 and len(texts) == len(cells), "each cell has an id of its own"
        assert ["My module" in quotes[0], '"""Twice x."""' in quotes[1], "# mine" in quotes[2]] == [True] * 3
        write(new, '#| export\n"""The best module."""\n\nclass Tensor:\n    pass', "head")
        command(lesson.parent, "update")
        texts = ["".join(each["source"]) for each in json.loads(lesson.read_text())["cells"]]
        assert [text for text in texts if text.startswith("**You")] == quotes, "what was quoted stays"

    def test_an_own_change_that_the_course_did_not_touch_stays(self, lesson, root):
        write(lesson, '#| export\n"""My module."""\n\nclass Tensor:\n    pass', "head")
        write(root / "modules/01_one/01_one.ipynb", "assert double(3) == 6", "check")
        command(lesson.parent, "update")
        assert "My module" in sources_of(lesson)["head"] and "**You" not in lesson.read_text()

    def test_a_notebook_that_was_only_run_and_other_files(self, mine, root):
        notebook = mine / "02_two.ipynb"
        found, save = cell(notebook, "head")
        found["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "ran"}]
        save()
        write(root / "modules/02_two/02_two.ipynb", "assert double(3) == 6", "check")
        (root / "tinytorch/nn/__init__.py").write_text('"""A newer namespace."""\n')
        (mine / "README.md").write_text("my notes")
        edit(root / "course/workspace.py", "Your tinytorch", "Your own tinytorch")
        code, said = command(mine, "update")
        assert code == 0 and "as you had not changed it: " in said and "02_two.ipynb" in said
        assert (
            cell(notebook, "head")[0]["outputs"]
            and "newer namespace" in (mine / "tinytorch/nn/__init__.py").read_text()
        )
        assert "Your own tinytorch" in (mine / "README.md").read_text()
        assert (mine / "kept/before-update/README.md").read_text() == "my notes"

    def test_the_package_afterwards(self, lesson, root):
        mine = lesson.parent
        assert not execute(lesson)[1]
        catch_up(2, mine, root), catch_up(3, mine, root)
        for name in ("01_one", "02_two"):
            new = root / f"modules/{name}/{name}.ipynb"
            found, save = cell(new, "head")
            found["source"] = "".join(found["source"]) + "\n\nnewer = True"
            save()
        export_all(root)
        said = command(mine, "update")[1]
        assert "to be run and exported by you, from the first to the last cell: 01_one.ipynb\n" in said
        assert "newer" not in (mine / "tinytorch/tensor.py").read_text()
        assert "newer" in (mine / "tinytorch/autograd.py").read_text(), "the reference's is copied"


class TestFromAnywhere:
    """The launcher in the workspace."""

    OTHER = shutil.which("python3", path="/usr/bin") or ""
    needs_another = pytest.mark.skipif(not OTHER, reason="there is no other Python")

    @needs_another
    @pytest.mark.parametrize("folder", ["", "given"])
    def test_with_another_python(self, mine, folder):
        assert command(mine / folder, "status", python=self.OTHER)[1].startswith("your tinytorch: 0 of 4 lessons\n")

    @needs_another
    @pytest.mark.parametrize("folder", ["tinytorch", "milestones", "notes"])
    def test_below_the_workspace_in_a_terminal_of_jupyterlab(self, mine, folder, monkeypatch, course):
        """Its PYTHONPATH is the workspace. (tinytorch/ has a signal.py, which must not be taken for Python's.)"""
        (mine / folder).mkdir(exist_ok=True)
        monkeypatch.setenv("PYTHONPATH", f"{mine}{os.pathsep}{course}")
        for python in (self.OTHER, sys.executable):
            assert command(mine / folder, "status", python=python)[1].startswith("your tinytorch: 0 of 4 lessons\n")

    @needs_another
    def test_the_first_cell_in_another_kernel_is_one_sentence(self, mine, monkeypatch):
        monkeypatch.delenv("PYTHONPATH")
        probe = (
            "try:\n    from course import begin\nexcept ImportError as error:\n    print(*error._render_traceback_())"
        )
        ran = subprocess.run([self.OTHER, "-c", probe], cwd=mine, capture_output=True, text=True)
        assert (
            f"is not installed in {self.OTHER}" in ran.stdout and f"choose {sys.executable} as the kernel" in ran.stdout
        )
        assert len(ran.stdout.splitlines()) == 1

    @needs_another
    def test_the_environment_is_gone(self, mine, monkeypatch):
        monkeypatch.delenv("PYTHONPATH")
        (mine / ".course-python").write_text("/gone/bin/python\n")
        code, said = command(mine, "status", python=self.OTHER)
        assert code == 1 and "(/gone/bin/python) is not there any more" in said and "--workspace" in said

    def test_outside_of_a_workspace(self, tmp_path, course, monkeypatch):
        monkeypatch.setenv("PYTHONPATH", str(course))
        for arguments in (["status"], ["hint", "1", "1"], ["update"], ["catch-up", "1"]):
            code, said = command(tmp_path, *arguments)
            assert code == 1 and "lies in no workspace: run this in yours" in said and "Traceback" not in said

    def test_a_lesson_that_was_renamed(self, mine):
        (mine / "01_one.ipynb").rename(mine / "01_one_old.ipynb")
        code, said = command(mine, "reset", "1", "double")
        assert code == 1 and said.startswith("there is no 01_one.ipynb in ")
        assert "01_one" in command(mine, "status")[1]


class TestDoctor:
    def test_all_is_well(self, mine):
        code, said = command(mine / "given", "doctor")
        assert code == 0 or "other versions" in said, said
        assert f"ok     Python {sys.version.split()[0]}" in said and "finds the learner's own" in said

    def test_what_is_wrong_is_said_with_what_to_do(self, mine, course, monkeypatch):
        (mine / "02_two.ipynb").write_text("no notebook")
        (mine / "03_six.ipynb").unlink()
        (mine / ".course-python").write_text("/gone/bin/python\n")
        code, said = command(course, "doctor", "--workspace", str(mine))
        assert code == 1 and "02_two.ipynb is no notebook any more" in said and "03_six.ipynb is not there" in said
        assert "course.py there leads to /gone/bin/python" in said and f"lab --workspace {mine} --no-start" in said

    def test_outside(self, tmp_path, course, monkeypatch):
        monkeypatch.setenv("PYTHONPATH", str(course))
        code, said = command(tmp_path, "doctor")
        assert code == 1 and "lies in no workspace" in said
