"""Notebooks run from top to bottom, in a kernel or in a fork of this process."""

import contextlib
import io
import multiprocessing
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
SECONDS = 600  # a cell that takes as long hangs; `make benchmark` says how long lessons take


def in_a_kernel(notebook: Path) -> str:
    """Run all cells; what they printed."""
    nb = nbformat.read(notebook, as_version=4)
    client = NotebookClient(
        nb, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(notebook.parent)}}
    )
    client.execute(env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"})  # begin() finds it
    return "".join(output.get("text", "") for cell in nb.cells for output in cell.get("outputs", []))


def in_a_fork(notebook: Path) -> str:
    """The same in a fork of this process, where there are forks, without the two seconds that a kernel takes to start."""
    if not hasattr(os, "fork"):
        return in_a_kernel(notebook)
    import matplotlib.pyplot  # noqa: F401  imported once, not in each fork
    import sklearn.datasets  # noqa: F401

    said, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=run_cells, args=(notebook, theirs))
    child.start()
    theirs.close()
    assert said.poll(SECONDS), "a cell hangs"
    stopped, text = said.recv()
    child.join()
    assert not stopped, stopped
    return text


def run_cells(notebook: Path, answers):
    shell, stopped = as_in_a_kernel(notebook.parent), None
    with contextlib.redirect_stdout(io.StringIO()) as text:
        for cell in nbformat.read(notebook, as_version=4).cells:
            if cell.cell_type == "code" and not (result := shell.run_cell(cell.source, store_history=True)).success:
                stopped = f"{notebook.stem}, cell {cell.id}: {result.error_in_exec or result.error_before_exec!r}"
                break
    answers.send((stopped, text.getvalue()))


def as_in_a_kernel(folder: Path):
    """IPython, in a process that has not yet imported the package, with the environment and the folder of a kernel."""
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell

    os.environ.pop("PYTHONPATH", None)
    sys.path = [folder for folder in sys.path if not Path(folder).resolve().is_relative_to(ROOT) or ".venv" in folder]
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinytorch"]:
        del sys.modules[name]
    os.chdir(folder)
    sys.path.insert(0, "")
    matplotlib.use("agg")
    return InteractiveShell.instance()
