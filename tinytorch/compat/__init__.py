"""PyTorch's names for this package: `import torch` in programs that know nothing of tinytorch.

`python -m tinytorch SCRIPT` starts the program with start/ on PYTHONPATH; Python runs start/sitecustomize.py in it and in
every process that it starts, which installs the finder of finder.py; that leads torch and all its paths here. table.py
knows what PyTorch has where, missing.py answers for what is not here, check.py lists it for `--check`. torch/ holds what
is about PyTorch's own machinery (jit, amp, compile …): what torch/X.py defines, the namespace tinytorch.X hands on.
"""
