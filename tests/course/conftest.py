"""A small course, and a learner's workspace of it."""

import pytest
import small_course

from course import workspace


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    small_course.make(root)
    return root


@pytest.fixture
def mine(course, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(course))
    workspace.create(tmp_path / "mine", course)
    return tmp_path / "mine"
