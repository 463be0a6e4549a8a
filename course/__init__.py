"""Tools of the course: export, the learner's workspace, and whose package is running. No part of tinytorch."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]} (make: PYTHON=python3.11)")

from course.lesson import begin, export
from course.predict import predict
from course.whose import describe
from course.workspace import catch_up

# Else jsonschema, without which no notebook is read, builds 38 parsers of international web addresses: two seconds for
# each of our commands. No notebook has such an address.
sys.modules.setdefault("rfc3987_syntax", None)

__all__ = ["begin", "catch_up", "describe", "export", "predict"]
