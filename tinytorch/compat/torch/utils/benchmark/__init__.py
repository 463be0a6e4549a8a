"""`torch.utils.benchmark`: how long does a statement take?"""

import statistics
import timeit as python_timeit
from typing import NamedTuple

from ..._settings import get_num_threads, set_num_threads

__all__ = ["Measurement", "Timer", "timer"]

timer = python_timeit.default_timer
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


class Measurement(NamedTuple):
    """Seconds of some runs: `raw_times` are of `number_per_run` each."""

    number_per_run: int
    raw_times: list
    title: str
    num_threads: int

    @property
    def times(self) -> list:
        """Seconds of one execution, of each run."""
        return [seconds / self.number_per_run for seconds in self.raw_times]

    median = property(lambda self: statistics.median(self.times))
    mean = property(lambda self: statistics.fmean(self.times))

    @property
    def iqr(self) -> float:
        """The distance of the quartiles."""
        if len(self.times) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.times, n=4, method="inclusive")
        return high - low

    def __repr__(self):
        scale, unit = next((pair for pair in UNITS if self.median >= pair[0]), UNITS[-1])
        runs = len(self.raw_times)
        value = f"{'Median: ' if runs > 1 else ''}{self.median / scale:.2f} {unit}"
        count = (
            f"{runs} measurements, {self.number_per_run} runs per measurement"
            if runs > 1
            else f"1 measurement, {self.number_per_run} runs "
        )
        threads = f"{self.num_threads} thread{'s' * (self.num_threads > 1)}"
        return f"<{type(self).__module__}.Measurement object at {id(self):#x}>\n{self.title}\n  {value}\n  {count}, {threads}"


class Timer:
    """Times `stmt`, on `num_threads` threads, as Python's timeit does."""

    def __init__(self, stmt="pass", setup="pass", global_setup="", timer=timer, globals=None, label=None, sub_label=None,
                 description=None, env=None, num_threads: int = 1, language="python"):  # fmt: skip
        if "cpp" in str(language).lower() or "c++" in str(language).lower():
            raise NotImplementedError("Timer: tinytorch times Python only")
        names = dict(globals or {})
        exec(global_setup, names)
        self.timer = python_timeit.Timer(stmt, setup, timer, names)
        self.title = "\n".join(filter(None, [label or stmt, sub_label, description]))
        self.num_threads = num_threads

    def run(self, number: int, times: int) -> Measurement:
        before = get_num_threads()
        set_num_threads(self.num_threads)
        try:
            seconds = [self.timer.timeit(number) for _ in range(times)]
        finally:
            set_num_threads(before)
        return Measurement(number, seconds, self.title, self.num_threads)

    def timeit(self, number: int = 1000000) -> Measurement:
        """One run of `number` executions, after a short one that is not counted."""
        self.run(max(number // 100, 2), 1)
        return self.run(number, 1)

    def blocked_autorange(self, callback=None, min_run_time: float = 0.2) -> Measurement:
        """Runs of a length that the clock measures well, until `min_run_time` seconds have passed."""
        number = 1
        while (seconds := self.run(number, 1).raw_times[0]) < min(1e-3, min_run_time / 10):
            number *= 10
        return self.run(number, max(round(min_run_time / max(seconds, 1e-9)), 1))

    adaptive_autorange = blocked_autorange
