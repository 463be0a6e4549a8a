"""Wrong implementations of rare functions: see wrong/__init__.py."""

import numpy as np

import tinytorch
from tinytorch import overrides
from tinytorch.nn import module_hooks
from tinytorch.ops import cumulative, scattering, sparse, statistics
from wrong.tools import replace, wrong


@wrong("test_rare.py::TestSparse::test_product_and_both_gradients_as_in_pytorch")
def sparse_product_whose_values_learn_twice_as_fast():
    right = sparse.SparseProduct.backward
    sparse.SparseProduct.backward = lambda self, grad: (right(self, grad)[0] * 2, right(self, grad)[1])


@wrong("test_rare.py::TestSparse::test_questions[tinytorch]")
def sparse_tensor_in_which_the_last_of_two_values_counts():
    def to_dense(self, dtype=None, *, masked_grad=None):
        out = np.zeros(self.shape, self._kept.array.dtype)
        out[tuple(self._index.array)] = self._kept.array
        return sparse.Tensor.wrap(out)

    sparse.SparseTensor.to_dense = to_dense


@wrong("test_op_samples.py::test_samples[scatter_reduce_mean]")
def mean_that_forgets_the_entry_itself():
    right = scattering.combined
    replace(right, lambda x, s, i, d, how, own: right(x, s, i, d, how, own and how != "mean"))


@wrong("test_rare.py::test_running_maximum[tinytorch]")
def running_maximum_that_stands_where_it_came_first():
    first = lambda a, so_far: (a >= so_far) & (np.roll(so_far, 1) != so_far)
    cumulative.Tensor.cummax = tinytorch.cummax = cumulative.running("cummax", np.maximum, first)


@wrong("test_op_samples.py::test_samples[nanmean]")
def mean_over_all_of_what_is_not_nan():
    replace(statistics.nanmean, lambda x, dim=None, keepdim=False, *, dtype=None: statistics.where(
        statistics.isnan(x), 0.0, x).mean(dim, keepdim))  # fmt: skip


@wrong("test_rare.py::test_extra_state_and_hooks[tinytorch]")
def extra_state_that_is_not_loaded():
    module_hooks.has_extra = lambda module: False


@wrong("test_devices.py::test_functions[Products-0]")
def products_across_places_on_the_gpu():
    from tinytorch.cuda import kernels

    right = kernels.scan
    replace(kernels.scan, lambda ufunc, a, groups=None: right(ufunc, a))


@wrong("test_devices.py::test_comparison_and_places")
def sums_of_two_neighbours_on_the_gpu():
    from tinytorch.cuda import kernels

    def scan(ufunc, a, groups=None):
        a[1:] = ufunc(a[1:], a[:-1])
        return a

    replace(kernels.scan, scan)


@wrong("test_overrides.py::test_subclasses_are_asked_before_their_bases_otherwise_from_left_to_right[tinytorch]")
def classes_asked_from_left_to_right_only():
    asked = lambda x: (
        hasattr(type(x), "__torch_function__") and type(x) not in (tinytorch.Tensor, tinytorch.nn.Parameter)
    )
    replace(overrides.implementing, lambda values: [x for x in values if asked(x)])


@wrong("test_overrides.py::test_results_and_gradients_of_subclasses[tinytorch]")
def gradients_that_become_objects_of_the_subclass():
    overrides.get_default_nowrap_functions = lambda: set()


@wrong("test_overrides.py::test_where_it_is_off[tinytorch]")
def context_that_turns_it_on_again_for_the_one_around():
    overrides.DisableTorchFunctionSubclass.__exit__ = lambda self, *error: setattr(overrides.state, "disabled", 0)
