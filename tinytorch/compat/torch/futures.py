"""`torch.futures`: results that come later."""

import threading

__all__ = ["Future", "collect_all", "wait_all"]


class Future:
    """A result that somebody will set; `wait` until then."""

    def __init__(self, *, devices=None):
        self._done, self._callbacks, self._lock = threading.Event(), [], threading.Lock()
        self._value = self._error = None

    def done(self) -> bool:
        """Whether there is a result, or an error."""
        return self._done.is_set()

    def wait(self):
        """The result, once it is there; the error is raised."""
        self._done.wait()
        return self.value()

    def value(self):
        """The result, which must be there."""
        if not self.done():
            raise RuntimeError("value() of a Future that is not done: use wait()")
        if self._error is not None:
            raise self._error
        return self._value

    def set_result(self, result) -> None:
        self._finish(result, None)

    def set_exception(self, result) -> None:
        if not isinstance(result, Exception):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._finish(None, result)

    def _finish(self, value, error) -> None:
        with self._lock:
            if self.done():
                raise RuntimeError("Future can only be marked completed once")
            self._value, self._error = value, error
            self._done.set()
        for callback in self._callbacks:
            callback(self)

    def add_done_callback(self, callback) -> None:
        """Call `callback(self)` when it is done: at once, if it is."""
        with self._lock:
            if not self.done():
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback) -> "Future":
        """The future of `callback(self)`, which is called when this one is done."""
        result = Future()

        def follow(future):
            try:
                result.set_result(callback(future))
            except Exception as error:
                result.set_exception(error)

        self.add_done_callback(follow)
        return result


def collect_all(futures: list) -> Future:
    """The future that is done, with the list, when all of `futures` are."""
    result, left = Future(), [len(futures)]

    def one_done(future):
        left[0] -= 1
        if not left[0]:
            result.set_result(futures)

    for future in futures:
        future.add_done_callback(one_done)
    if not futures:
        result.set_result(futures)
    return result


def wait_all(futures: list) -> list:
    """The results of all, once they are there."""
    return [future.wait() for future in futures]
