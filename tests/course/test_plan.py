"""The table of lessons: complete, and true to what the notebooks import."""

import pytest

from course.plan import ROOT, plan


def test_needs_in_order():
    for name, lesson in plan().lessons.items():
        assert list(plan().lessons).index(name) + 1 == lesson.number
        assert plan().needed(*lesson.needs) == plan().before(name), "a lesson needs only earlier ones"
    assert plan().needed("10_tokenization") == ["01_tensor", "06_data", "10_tokenization"]


def test_every_lesson_unlocks_its_milestones():
    assert plan().unlocked_by("03_layers") == ["perceptron_1957"]
    unlocked = [milestone for name in plan().lessons for milestone in plan().unlocked_by(name)]
    assert sorted(unlocked) == sorted(plan().milestones)
    assert sorted(unlocked) == sorted(file.stem for file in ROOT.glob("milestones/*_[0-9]*.py"))


@pytest.mark.parametrize("name", ["01_tensor", "06_data"])
def test_where_notebooks_lie(name):
    lesson = plan().lessons[name]
    assert plan().notebook(name) == ROOT / "modules" / name / f"{name}.ipynb"
    companion = lesson.companions[0]
    assert plan().notebook(companion.name) == ROOT / "modules" / name / f"{companion.name}.ipynb"
    assert plan().companion(companion.name) is companion and plan().companion(name) is None
    assert {plan().modules[module] for module in lesson.modules} == {name}
