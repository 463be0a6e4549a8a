"""The wheel holds, beside the tools, what they work on: the lessons, the milestones, and the finished package.

It lies inside of `course`, where no `import tinytorch` finds it: a learner's kernel must find their own. (All else
about the project stands in pyproject.toml.)
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
CONTENTS = ("course", "modules", "milestones", "tinytorch")


class BuildWithLessons(build_py):
    def run(self):
        super().run()
        inside = Path(self.build_lib, "course", "repository")
        shutil.rmtree(inside, ignore_errors=True)
        for folder in CONTENTS:
            shutil.copytree(HERE / folder, inside / folder, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_*"))


setup(cmdclass={"build_py": BuildWithLessons})
