"""What runs student code needs Linux and bubblewrap: where these are missing, such tests are skipped by these names."""

import shutil
import sys

import pytest

needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox exists on Linux only")
