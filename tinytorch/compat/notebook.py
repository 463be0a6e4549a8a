"""`%load_ext tinytorch`: from then on torch is tinytorch, in the notebook's kernel and in what it starts."""

import os
import sys
from pathlib import Path

from . import finder

__all__ = ["load_ipython_extension"]

START = Path(__file__).parent / "start"


def load_ipython_extension(shell) -> None:
    """IPython calls this. ImportError where PyTorch has been imported before."""
    from course.whose import describe

    finder.install()
    shell.events.register("pre_run_cell", lambda info: finder.look_for_overrides((info.raw_cell or "").encode()))
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(START) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(START), *paths]))
    print(describe(START.parents[1]).text, file=sys.stderr)
