"""Wrong implementations, each of a kind that people write, and the tests that must catch it (tests/core/test_wrong.py).

`WRONG` maps a name to (function, tests). The function spoils the tinytorch of this process: call it in a process of its
own. What it puts in place must run without crashing; a test has to see that it is wrong. Each file here adds its own.
"""

import importlib
import pkgutil

from wrong.tools import WRONG

for _file in pkgutil.iter_modules(__path__):
    importlib.import_module(f"wrong.{_file.name}")

__all__ = ["WRONG"]
