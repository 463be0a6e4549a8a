"""Tools of the course: exporting, the learner's workspace, and whose package is running. No part of tinytorch."""


def begin(lesson):
    import os, sys
    if os.path.basename(os.path.dirname(os.getcwd())) == "modules":
        sys.path.insert(0, os.path.dirname(os.path.dirname(os.getcwd())))
    print("the reference tinytorch")


def export(lesson):
    print("In the repository, `make export` writes the package.")
