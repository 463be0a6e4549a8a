# Shorthand for `python -m course COMMAND`, which does the same where there is no make. `make help` lists the commands.
PYTHON ?= python3
JOBS ?= 2

help:
	@$(PYTHON) -m course

test test-all:
	@$(PYTHON) -m course $@ --jobs $(JOBS)

setup demo lab milestones benchmark solutions processors wheel export:
	@$(PYTHON) -m course $@

.PHONY: help setup demo test test-all lab milestones benchmark solutions processors wheel export
