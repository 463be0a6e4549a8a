"""Operations by kind, from the companions of lessons 01 and 02; `tinytorch.NAME` and the methods of Tensor are these."""

from .._namespace import namespace

__getattr__, __dir__ = namespace(__name__)
