# The only commands a newcomer needs. `make help` lists them.
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
STAMP := .venv/.installed

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 20

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1): make PYTHON=python3.11 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "$(PYTHON) could not make .venv; on Debian and Ubuntu: apt install python3-venv" >&2; rm -rf .venv; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,fast]' -c constraints.txt
	@touch $@

demo: export  ## train the milestones with the reference, draw their plots (into plots/), grade a sample class
	$(BIN)/python -m milestones run all --reference --plots plots
	$(BIN)/python -m grading demo

test: $(STAMP)  ## lint, and the whole test suite, against PyTorch
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet course grading milestones tests benchmarks
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup

lab: $(STAMP)  ## your own workspace, opened in JupyterLab
	$(BIN)/python -m course lab

milestones: $(STAMP)  ## the list of milestones
	$(BIN)/python -m milestones

benchmark: $(STAMP)  ## speed and memory beside PyTorch's, on the same work, held to their gates (minutes)
	$(BIN)/python -m benchmarks

solutions: $(STAMP)  ## what the grader makes of hundreds of wrong and right solutions (minutes)
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(BIN)/python -m all_solutions

export: $(STAMP)  ## write tinytorch/ anew from the notebooks
	$(BIN)/python -m course export

.PHONY: help demo test lab milestones benchmark solutions export
