"""The package lies at the top of the repository, exported from its notebooks."""

from setuptools import find_packages, setup

setup(package_dir={"": "../.."}, packages=find_packages("../..", include=["tinytorch*"]))
