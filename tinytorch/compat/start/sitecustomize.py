"""Python runs this at the start of each process that has this folder on PYTHONPATH: torch is tinytorch from then on.

The folder is taken off the program's path, and the sitecustomize that the machine may have besides is run, too.
"""

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = str(HERE.parents[2])  # where tinytorch lies: it need not be on the program's path

sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != HERE]
sys.path.insert(0, ROOT)
from tinytorch.compat import finder

finder.install()
sys.path.remove(ROOT)

if usual := PathFinder.find_spec("sitecustomize", sys.path):
    usual.loader.exec_module(importlib.util.module_from_spec(usual))
