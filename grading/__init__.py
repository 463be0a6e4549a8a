"""Grading that can't be fooled: release, collect, sandbox, grader, feedback. `python -m grading` lists the commands."""


class GradingError(Exception):
    """Something that the user can put right; the message says how."""
