"""The table of lessons: complete, and true to what the notebooks and milestones import."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from course.notebook import read
from course.plan import ROOT, plan
from course.whose import CourseError

COURSE = plan()
NOTEBOOKS = {each.name: each for lesson in COURSE.lessons.values() for each in (lesson, *lesson.companions)}


def test_needs_in_order():
    numbers = [lesson.number for lesson in COURSE.lessons.values()]
    assert numbers[:16] == [*range(1, 17)] and numbers[16:] == sorted({*numbers[16:]}), "electives begin with 21"
    for name, lesson in COURSE.lessons.items():
        assert COURSE.needed(*lesson.needs) == COURSE.before(name), "a lesson needs only earlier ones"
    assert COURSE.needed("10_tokenization") == ["01_tensor", "02_autograd", "06_data", "10_tokenization"]


def test_every_notebook_is_in_the_table():
    """Where the table says, named after what it exports."""
    assert sorted(COURSE.notebooks) == sorted(ROOT.glob("modules/*/*.ipynb"))
    for name, each in NOTEBOOKS.items():
        assert tuple(read(COURSE.notebook(name)).modules) == COURSE.exports(each.name), name


def test_milestones_and_what_they_stand_on():
    assert sorted(COURSE.milestones) == sorted(file.stem for file in ROOT.glob("milestones/*_[0-9]*.py"))
    assert COURSE.trainable({"01_tensor", "02_autograd", "03_layers"}) == ["perceptron_1957"]
    assert COURSE.trainable({"03_layers"}) == [] and COURSE.trainable({*COURSE.lessons}) == list(COURSE.milestones)


def test_the_readme_has_the_same_table():
    """A row for each lesson, with its notebook and the files that it exports, and its milestones' lessons."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d\d [\w ]+)\]\((\S+)\) \| .+ \| (\S+(?:, \S+)*) \|$", text, re.MULTILINE)
    assert rows == [
        (name.replace("_", " "), COURSE.notebook(name).relative_to(ROOT).as_posix(), ", ".join(lesson.files))
        for name, lesson in COURSE.lessons.items()
    ]
    for milestone, needs in COURSE.milestones.items():
        last = COURSE.lessons[COURSE.needed(*needs)[-1]].number
        assert re.search(rf"^\| {milestone[-4:]} [^|]+\|[^|]+\| {last:02} \|", text, re.MULTILINE), milestone


# What a notebook or a milestone uses of tinytorch, by the module that builds it.


def used(source: str) -> set[str]:
    """Modules of the lessons that `source` imports, or whose names it takes from a namespace (`nn.Linear`)."""
    tree, paths, local = ast.parse(re.sub(r"^\s*[%!].*", "", source, flags=re.MULTILINE)), set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tinytorch":
            local |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            for name, shown in ((alias.name, alias.asname) for alias in node.names):
                if name.split(".")[0] == "tinytorch":
                    local[shown or "tinytorch"] = name if shown else "tinytorch"
                    paths.add(name)
    paths |= set(local.values())
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, _, rest = ast.unparse(node).partition(".")
            if first in local and re.fullmatch(r"[\w.]+", rest):
                paths.add(f"{local[first]}.{rest}")
    return {module for path in paths if (module := built_in(path))}


def built_in(path: str) -> str | None:
    """The module of a lesson that `tinytorch.nn.Linear` (or tinytorch.nn.module.Linear) comes from."""
    names = path.split(".")[1:]
    for length in range(len(names), 0, -1):
        if (module := ".".join(names[:length])) in COURSE.modules and path != "tinytorch.tensor":
            return module
    value = importlib.import_module("tinytorch")
    for name in names:
        value = getattr(value, name, None)
    home = str(getattr(value, "__module__", "")).removeprefix("tinytorch.")
    return home if home in COURSE.modules else None


def used_by(file: Path) -> set[str]:
    if file.suffix == ".py":
        return used(file.read_text(encoding="utf-8"))
    return used("\n".join(cell.source for cell in read(file).code))


def allowed(lessons, breadth: bool) -> set[str]:
    """What stands on `lessons` may use of them: what each exports, and its companions, those of mere `breadth` or not."""
    return {
        module
        for lesson in map(COURSE.lessons.get, lessons)
        for module in (*lesson.exports, *modules(each for each in lesson.companions if each.required or breadth))
    }


def modules(companions) -> set[str]:
    return {module for each in companions for module in each.exports}


@pytest.mark.parametrize("name", COURSE.lessons)
def test_a_lesson_uses_only_what_it_says(name):
    """Of the lessons that it needs, what they export and the companions that are marked as required."""
    found = used_by(COURSE.notebook(name)) - {*COURSE.lessons[name].exports}
    assert found <= allowed(COURSE.needed(name), breadth=False), "course/plan.toml"
    lessons = {COURSE.modules[module] for module in found} - {name}
    needless = [each for each in COURSE.lessons[name].needs if each not in lessons]
    assert not needless, "course/plan.toml says that it needs these, and it imports nothing of them"


@pytest.mark.parametrize("name", [each.name for each in COURSE.companions])
def test_a_companion_uses_only_what_it_says(name):
    companion = COURSE.companion(name)
    found = used_by(COURSE.notebook(name)) - {*companion.exports}
    assert found <= allowed(COURSE.before(name), breadth=not companion.required), "course/plan.toml"
    assert not companion.required or not companion.needs, "lessons build on it, so it may want no more than its own"
    own = COURSE.needed(companion.lesson)
    assert not set(companion.needs) & set(own), "its own lesson needs these already"
    assert all({*COURSE.needed(each)} & {COURSE.modules[module] for module in found} for each in companion.needs)


def test_required_companions_are_those_that_lessons_use():
    needed = {module for name in COURSE.lessons for module in used_by(COURSE.notebook(name))}
    while more := {
        module
        for each in COURSE.companions
        if needed.intersection(each.exports)
        for module in used_by(COURSE.notebook(each.name)) - needed
    }:
        needed |= more
    assert [each.required for each in COURSE.companions] == [
        not needed.isdisjoint(each.exports) for each in COURSE.companions
    ]


@pytest.mark.parametrize("name", COURSE.milestones)
def test_a_milestone_uses_only_what_it_says(name):
    found = used_by(ROOT / "milestones" / f"{name}.py")
    assert found <= allowed(COURSE.needed(*COURSE.milestones[name]), breadth=True)


def test_what_is_used():
    assert used("import tinytorch.nn.functional as F\nF.relu") == {"nn.basic_activations"}
    assert used("from tinytorch import nn, optim\nnn.Linear(1, 2)") == {"nn.module"}
    assert used("import tinytorch\ntinytorch.no_grad()") == {"autograd"}
    assert used("from tinytorch.nn.conv import conv2d\nimport numpy\nnumpy.zeros") == {"nn.conv"}
    assert used("from tinytorch import tensor\n%matplotlib inline\ntensor([1]).relu()") == {"ops.creation"}


def test_a_name_for_a_lesson():
    for text in ("8", "08", "convolution", "08_convolution", "08_convolution.ipynb", " Convolution "):
        assert COURSE.named(text) == "08_convolution"
    with pytest.raises(CourseError, match="no lesson 'convolutoin': did you mean 08_convolution"):
        COURSE.named("convolutoin")
    with pytest.raises(CourseError, match="there are 01_tensor, "):
        COURSE.named("99")


@pytest.mark.parametrize("name", ["01_tensor", "06_data"])
def test_where_notebooks_lie(name):
    lesson = COURSE.lessons[name]
    assert COURSE.notebook(name) == ROOT / "modules" / name / f"{name}.ipynb"
    companion = lesson.companions[0]
    assert COURSE.notebook(companion.name) == ROOT / "modules" / name / f"{companion.name}.ipynb"
    assert COURSE.place(name) == f"{name}.ipynb" and COURSE.place(companion.name) == f"given/{companion.name}.ipynb"
    assert COURSE.companion(companion.name) is companion and COURSE.companion(name) is None
    assert {COURSE.modules[module] for module in lesson.modules} == {name}
