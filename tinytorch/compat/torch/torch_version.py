"""`torch.torch_version`: a version that compares as versions do."""

from packaging.version import InvalidVersion, Version

__all__ = ["TorchVersion"]


class TorchVersion(str):
    """A string that is compared as a version: `torch.__version__ >= (2, 1)`, `> "1.9"`."""

    def _compared(self, other, how):
        if not isinstance(other, (str, tuple, list, Version)):
            return NotImplemented
        try:
            text = other if isinstance(other, (str, Version)) else ".".join(map(str, other))
            return how(Version(str(self)), Version(str(text)))
        except InvalidVersion:  # as a string, then
            return how(str(self), str(other))

    def __lt__(self, other):
        return self._compared(other, lambda a, b: a < b)

    def __le__(self, other):
        return self._compared(other, lambda a, b: a <= b)

    def __gt__(self, other):
        return self._compared(other, lambda a, b: a > b)

    def __ge__(self, other):
        return self._compared(other, lambda a, b: a >= b)

    def __eq__(self, other):
        return self._compared(other, lambda a, b: a == b)

    __hash__ = str.__hash__
