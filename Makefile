# Shorthand for `python -m course COMMAND`, which does the same where there is no make. `make help` lists the commands.
PYTHON ?= python3
JOBS ?= 2

help:
	@$(PYTHON) -m course

test:
	@$(PYTHON) -m course test --jobs $(JOBS)

setup demo lab milestones benchmark solutions processors export:
	@$(PYTHON) -m course $@

.PHONY: help setup demo test lab milestones benchmark solutions processors export
