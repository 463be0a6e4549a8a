"""What runs student code needs bubblewrap: where it is missing, such tests are skipped by this name."""

import shutil

import pytest

needs_bubblewrap = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
