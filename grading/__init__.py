"""Grading that can't be fooled: release, collect, sandbox, judge, feedback. `python -m grading` lists the commands."""
