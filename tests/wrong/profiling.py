"""Wrong implementations of lesson 14: see wrong/__init__.py."""

import contextlib

from tinytorch import autograd, profiler
from tinytorch.tensor import Observer, observers
from wrong.tools import replace, wrong

COUNTS = "test_profiler.py::test_counts_by_definition"
SAME = "test_profiler.py::test_results_gradients_and_history_are_the_same"


@wrong("test_profiler.py::test_matmul_counts", "test_profiler.py::test_flops_are_pytorchs")
def multiplications_only():
    right = profiler.product_flops
    replace(right, lambda a, out: right(a, out) // 2)


@wrong(COUNTS)
def convolution_flops_without_groups():
    replace(profiler.convolution_flops, lambda weight, out: 2 * weight[0] * weight[2] * weight[3] * out[0] * out[2])


@wrong("test_profiler.py::test_attention_flops_are_pytorchs")
def attention_flops_of_the_scores_alone():
    replace(profiler.attention_flops, lambda key, out: profiler.product_flops((key[-1],), (*out[:-1], key[-2])))


@wrong(COUNTS)
def bytes_of_views():
    """As if a view were a copy."""
    replace(profiler.moved, profiler.bytes_moved)


@wrong("test_profiler.py::test_fake_clock")
def self_time_is_the_total():
    replace(profiler.self_time, lambda event: event.cpu_time_total)


@wrong("test_profiler.py::test_an_exception_takes_the_observer_away")
def an_exception_leaves_the_spies_in_the_door():
    right, all_spies = profiler.watched, []

    @contextlib.contextmanager
    def watched(recorder):
        all_spies.append(spies := right(recorder))  # forgotten, they would leave by themselves
        yield spies.__enter__()
        spies.__exit__(None, None, None)

    replace(right, watched)


@wrong("test_profiler.py::test_kept_is_what_tracemalloc_sees", "test_profiler.py::test_kept_is_freed_by_backward")
def kept_counts_what_two_operations_share_twice():
    def kept(output):
        found = {}
        for node in autograd.graph_order([output.grad_fn]):
            found[node] = sum(array.nbytes for array in profiler.held(node))
        return {name: n for name, n in found.items() if n}

    replace(profiler.kept_for_backward, kept)


@wrong("test_profiler.py::test_what_is_freed_again_inside_is_everybodys_peak")
def the_peak_of_a_range_without_what_happened_inside():
    def note(self):
        now, highest = self.meter()
        for event in self.stack[-1:]:
            event.highest = max(event.highest, highest)
        return now

    profiler.MemoryRecorder.note = note


@wrong(SAME)
def what_is_watched_loses_its_history():
    right = profiler.watched

    class Detaching(Observer):
        def forward(self, run, function, *inputs, **options):
            return run(*inputs, **options).detach()

    @contextlib.contextmanager
    def watched(recorder):
        with right(recorder):
            observers.append(Detaching())
            yield recorder
            observers.pop()

    replace(right, watched)
