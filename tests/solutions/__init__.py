"""Wrong and right solutions of every lesson: what students write, and what the grader must make of it."""

import importlib
import pkgutil

WRONG, RIGHT = [], []
for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
    if found.name != "solution":
        for is_right, solution in importlib.import_module(f"{__name__}.{found.name}").solutions:
            (RIGHT if is_right else WRONG).append(solution)
