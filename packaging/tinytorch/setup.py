"""The package lies at the top of the repository, exported from its notebooks."""

from setuptools import find_namespace_packages, setup

setup(package_dir={"": "../.."}, packages=find_namespace_packages("../..", include=["tinytorch*"]))
