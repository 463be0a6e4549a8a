"""CONTRIBUTING.md and the README of the grading name only what exists."""

import importlib
import importlib.util
import re

import pytest

from course.plan import ROOT

FOLDERS = [ROOT, *(ROOT / name for name in ("course", "tinytorch", "grading", "tests", "milestones"))]
OF_A_CLASS = ("received/", "submitted/", "class/")  # they are made when there is one
each_page = pytest.mark.parametrize("page", ["CONTRIBUTING.md", "grading/README.md"])


@each_page
def test_files_exist(page):
    named = re.findall(r"`((?:\w+/)*\w+\.(?:py|toml|ipynb)|(?:\w+/)+)`", (ROOT / page).read_text(encoding="utf-8"))
    assert len(named) > 20
    for file in named:
        example = file.startswith(OF_A_CLASS) or "name.py" in file or "NN_name" in file
        assert example or any((folder / file).exists() for folder in FOLDERS), file


@each_page
def test_functions_exist(page):
    """`collect.take_in`: where there is a grading/collect.py, it has that name."""
    for module, name in re.findall(r"`(\w+)\.(\w+)[`(]", (ROOT / page).read_text(encoding="utf-8")):
        if name != "py" and importlib.util.find_spec(f"grading.{module}"):
            assert hasattr(importlib.import_module(f"grading.{module}"), name), f"{module}.{name}"
