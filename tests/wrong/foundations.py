"""Wrong implementations of lessons 01 to 07: see wrong/__init__.py."""

import math
import sys

import numpy as np

import tinytorch
from tinytorch import autograd
from tinytorch.data import dataloader, workers
from tinytorch.nn import basic_activations, losses, module
from tinytorch.ops import reductions
from tinytorch.optim import optimizer
from wrong.tools import function, replace, wrong

engine = sys.modules["tinytorch.tensor"]  # `tinytorch.tensor` is the function
Tensor = tinytorch.Tensor


# Derivatives (lessons 01 and 02)


@wrong("test_tensor.py::test_operators[mul]")
def product_without_unbroadcast():
    """The gradient of a broadcast input has the output's shape."""

    def backward(self, grad):
        a, b = self.saved
        return grad * b if self.needs_input_grad[0] else None, grad * a if self.needs_input_grad[1] else None

    engine.Mul.backward = backward


@wrong("test_tensor.py::test_operators[add]")
def unbroadcast_that_averages():
    right = autograd.unbroadcast

    def unbroadcast(grad, shape):
        return right(grad, shape) * float(math.prod(shape) / max(1, math.prod(grad.shape)))

    replace(right, unbroadcast)


@wrong("test_tensor.py::test_operators[sub]")
def difference_without_its_sign():
    engine.Sub.backward = engine.Add.backward


@wrong("test_tensor.py::test_operators[truediv]")
def quotient_that_forgets_its_denominator():
    right = engine.Div.backward
    engine.Div.backward = lambda self, grad: (right(self, grad)[0], None)


@wrong(*function("Exp"))
def all_ones_gradient():
    """Every operation hands on ones: parameters move, and learn nothing."""
    right = autograd.input_gradients

    def input_gradients(node, grad, create_graph):
        found = right(node, grad, create_graph)
        return tuple(None if g is None else g * 0 + 1 for g in found)

    replace(right, input_gradients)


@wrong(*function("Sum"))
def sum_with_the_gradient_of_a_mean():
    right = engine.Sum.backward
    engine.Sum.backward = lambda self, grad: right(self, grad) / float(max(1, math.prod(self.a_shape)))


@wrong("test_tensor.py::test_reductions[False-1]")
def mean_over_the_wrong_count():
    """A mean over one dimension divided by the number of all entries."""
    right = engine.mean

    def mean(input, dim=None, keepdim=False):
        return engine.tensor_sum(input, dim, keepdim) / max(1, input.numel())

    replace(right, mean)


@wrong("test_tensor.py::test_amax_shares_ties")
def maximum_whose_ties_all_get_the_whole():
    right = engine.Max.forward

    def forward(self, a, dim, keepdim):
        result = right(self, a, dim, keepdim)
        self.share = (self.share > 0).astype(a.dtype)
        return result

    engine.Max.forward = forward


@wrong("test_tensor.py::test_square_matrices_leave_a_choice_of_what_to_transpose")
def matrix_product_with_the_wrong_side_transposed():
    """Right wherever the shapes leave no choice; for square matrices the transposition is forgotten."""
    right = autograd.matmul_gradients

    def matmul_gradients(grad, a, b):
        return (grad @ b, a @ grad) if a.shape[-2:] == b.shape[-2:] else right(grad, a, b)

    replace(right, matmul_gradients)


@wrong(*function("Permute"))
def permutation_undone_by_itself():
    """Right for a transposition, wrong for three dimensions in a circle."""
    engine.Permute.backward = lambda self, grad: autograd.run(engine.Permute, grad, dims=self.dims)


@wrong("test_tensor.py::test_indexing_by_tensors")
def index_that_keeps_the_last_of_repeated_gradients():
    """x[[0, 0]]: assigned where it must be added."""

    def forward(self, a, index, shape):
        self.index = index
        out = np.zeros(shape, dtype=a.dtype)
        out[index] = a
        return out

    autograd.PutItem.forward = forward


@wrong(*function("Exp"))
def exponential_that_saves_its_input():
    def forward(self, a):
        self.saved = (a,)
        return np.exp(a)

    engine.Exp.forward = forward


# The walk


def walk_with(add, order=None):
    """The walk, with another way to meet a gradient that is there already, or in another order."""

    def walk(pending, wanted=(), retain_graph=False, create_graph=False):
        found = {}
        roots = [source for source in pending if isinstance(source, engine.Function)]
        for node in (order or autograd.graph_order)(roots):
            if node not in pending:
                continue
            grad = pending.pop(node)
            if node in wanted:
                found[node] = grad
            for edge, gradient in zip(node.edges, autograd.input_gradients(node, grad, create_graph), strict=True):
                if edge is not None and gradient is not None:
                    pending[edge] = add(pending[edge], gradient) if edge in pending else gradient
            if not retain_graph:
                autograd.release(node)
        return {leaf: grad for leaf, grad in pending.items() if isinstance(leaf, Tensor)} | found

    return walk


@wrong("test_autograd.py::test_used_many_times")
def walk_that_overwrites_gradients():
    replace(autograd.walk, walk_with(lambda old, new: new))


@wrong("test_autograd.py::test_an_early_value_used_late_and_at_once")
def walk_in_breadth():
    """Nodes in the order in which they are met, not after all who used them."""

    def breadth(roots):
        found = list(roots)
        for node in found:
            found += [e for e in dict.fromkeys(node.edges) if isinstance(e, engine.Function) and e not in found]
        return found

    replace(autograd.walk, walk_with(lambda old, new: old + new, breadth))


@wrong("test_autograd.py::test_accumulates")
def gradients_replaced_by_each_backward():
    def accumulate(leaf, grad, given):
        leaf._grad = grad if isinstance(grad, Tensor) else Tensor.wrap(np.array(grad))

    replace(autograd.accumulate, accumulate)


@wrong("test_autograd.py::test_leaves_do_not_share_a_gradient")
def gradients_that_share_their_memory():
    def accumulate(leaf, grad, given):
        if leaf._grad is None:
            leaf._grad = Tensor.wrap(np.asarray(grad))
        else:
            leaf._grad.array += grad

    replace(autograd.accumulate, accumulate)


@wrong("test_autograd.py::test_second_backward_raises")
def graph_that_is_never_freed():
    replace(autograd.walk, autograd.walk.plain)
    replace(autograd.release, lambda node: None)


@wrong("test_autograd.py::test_second_backward_raises")
def retain_graph_ignored():
    right = autograd.walk
    replace(right, lambda pending, wanted=(), retain_graph=False, create_graph=False: right(pending, wanted))


@wrong("test_operators.py::test_second_derivatives_where_two_inputs_share_one_array")
def sources_told_by_the_array_alone():
    """Where two inputs share one array, both are taken for the second."""

    def sources_of(node):
        if not node.saved:
            return []
        ids = node.array_ids or map(id, node.saved)
        owners = dict(zip(ids, [*node.edges, node], strict=False))
        return [owners.get(id(kept)) for kept in node.saved]

    replace(autograd.sources_of, sources_of)


@wrong("test_autograd.py::test_hooks_of_leaves_in_grad[quick-tinytorch]")
def grad_without_the_hooks_of_leaves():
    right = autograd.grad

    def grad(outputs, inputs, **options):
        hooks, inputs._hooks = inputs._hooks, None
        try:
            return right(outputs, inputs, **options)
        finally:
            inputs._hooks = hooks

    replace(right, grad)


@wrong("test_autograd.py::test_modes")
def no_grad_that_is_never_left():
    autograd.no_grad.__exit__ = lambda self, *error: None


@wrong("test_autograd.py::test_modes")
def no_grad_that_always_switches_on():
    """Inside another no_grad, the inner one's end must not switch recording on."""
    autograd.set_grad_enabled.__exit__ = lambda self, *error: setattr(engine.grad_mode, "enabled", True)


@wrong("test_autograd.py::test_detach_cuts")
def detach_that_does_not():
    Tensor.detach = lambda self: self


@wrong("test_autograd.py::test_change_in_place_of_what_is_needed_raises")
def changes_in_place_unnoticed():
    type(autograd.changes).note = lambda self, changed: None


@wrong("test_inplace.py::test_an_index_or_a_mask_that_is_changed_afterwards")
def only_what_was_saved_is_looked_at():
    replace(autograd.kept_arrays, lambda node: filter(autograd.is_array, node.saved))


@wrong("test_promotion.py::test_all_pairs[mul]")
def dtypes_by_numpys_rule():
    """int32 and float32 meet in float64, and so does everything else after a while."""

    def result_type(*operands):
        kinds = [x.dtype if isinstance(x, Tensor) else engine.as_dtype(type(x)) for x in operands]
        return engine.DTYPES[np.result_type(*(kind.numpy for kind in kinds))]

    replace(engine.result_type, result_type)


@wrong("test_autograd.py::test_gradcheck_finds_mistakes")
def gradcheck_that_is_always_content():
    tinytorch.autograd.gradcheck = lambda *arguments, **options: True


# Layers (lesson 03)


@wrong("test_module.py::test_linear")
def layer_on_raw_arrays():
    """What this course exists to prevent: the numbers are right, the history is gone."""
    module.Linear.forward = lambda self, x: tinytorch.tensor(
        x.array @ self.weight.array.T + (0 if self.bias is None else self.bias.array)
    )


@wrong("test_module.py::test_linear")
def bias_outside_the_graph():
    right = module.linear
    module.Linear.forward = lambda self, x: right(x, self.weight, None if self.bias is None else self.bias.detach())


@wrong("test_registry.py::test_module_learns[Linear-0]")
def weight_outside_the_graph_and_no_contract():
    """With the contract off, the comparison of gradients must see it."""
    right = module.linear
    module.Linear.gradient_contract = False
    module.Linear.forward = lambda self, x: right(x, self.weight.detach(), self.bias)


@wrong("test_contract.py::test_lost_parameters_are_named")
def contract_that_checks_nothing():
    replace(module.unreached, lambda outputs, wanted, since, shortcuts=None: [])


@wrong("test_module.py::test_what_is_registered")
def parameters_of_inner_layers_forgotten():
    right = module.named_members
    replace(
        right, lambda owner, shelf, prefix="", recurse=True, remove_duplicate=True: right(owner, shelf, prefix, False)
    )


@wrong("test_module.py::test_train_eval_apply_freeze")
def eval_for_the_outermost_layer_only():
    def train(self, mode=True):
        self.training = mode
        return self

    module.Module.train = train


@wrong("test_module.py::test_state_is_shared_detached_and_copied_in")
def state_that_is_a_copy():
    right = module.Module.state_dict
    module.Module.state_dict = lambda self, **options: {
        key: value if options.get("keep_vars") else value.clone() for key, value in right(self, **options).items()
    }


@wrong("test_module.py::test_state_is_shared_detached_and_copied_in")
def state_that_is_not_loaded():
    replace(module._overwrite, lambda tensor, values: None)


@wrong("test_module.py::test_load_errors")
def state_loaded_without_a_word_about_missing_keys():
    replace(module.state_errors, lambda own, given, strict: [])


# Activations and losses (lesson 04)


@wrong(*function("ReLUFunction"))
def relu_whose_gradient_passes_everywhere():
    basic_activations.ReLUFunction.backward = lambda self, grad: grad


@wrong(*function("SigmoidFunction"))
def sigmoid_that_lets_a_factor_drop():
    basic_activations.SigmoidFunction.backward = lambda self, grad: grad * self.saved[0]


@wrong(*function("TanhFunction"))
def tanh_with_the_slope_of_its_value():
    basic_activations.TanhFunction.backward = lambda self, grad: grad * (1 - self.saved[0])


@wrong("test_losses.py::test_extreme_scores[none-float32]")
def softmax_without_the_maximum():
    def forward(self, a, dim):
        self.dim = dim
        with np.errstate(all="ignore"):
            powers = np.exp(a)
            powers /= np.sum(powers, axis=dim, keepdims=True)
        self.saved = (powers,)
        return powers

    basic_activations.SoftmaxFunction.forward = forward


@wrong("test_activations.py::TestSoftmax::test_shapes[shape1--1-softmax]")
def softmax_over_the_first_dimension():
    right = basic_activations.SoftmaxFunction.forward
    basic_activations.SoftmaxFunction.forward = lambda self, a, dim: right(self, a, (0,) if a.ndim else dim)


@wrong(*function("SoftmaxFunction"))
def softmax_that_differentiates_each_entry_alone():
    """p (1 - p): the other entries of the row are forgotten."""
    basic_activations.SoftmaxFunction.backward = lambda self, grad: grad * self.saved[0] * (1 - self.saved[0])


@wrong("test_activations.py::TestSoftmax::test_shapes[shape1--1-log_softmax]")
def log_softmax_detached():
    right = basic_activations.log_softmax
    replace(right, lambda input, dim=None, _stacklevel=3, dtype=None: right(input, dim, dtype=dtype).detach())


@wrong("test_losses.py::test_classes[cross_entropy-(5, 4)-(5,)-ignore_index-mean]")
def cross_entropy_averaged_over_ignored_rows_too():
    right = losses.reduced_classes

    def reduced_classes(values, target, indices, kept, weight, reduction):
        if reduction != "mean":
            return right(values, target, indices, kept, weight, reduction)
        return right(values, target, indices, kept, weight, "sum") / max(1, target.numel())

    replace(right, reduced_classes)


@wrong("test_losses.py::test_gradient_is_probability_minus_truth")
def cross_entropy_without_the_truth():
    def backward(self, grad):
        return autograd.run(basic_activations.SoftmaxFunction, self.saved[0], dim=(1,)) * grad.reshape(-1, 1)

    losses.CrossEntropyFunction.backward = backward


@wrong("test_losses.py::test_binary_extremes")
def binary_cross_entropy_by_its_formula():
    """log(sigmoid(x)): infinite for scores that occur."""
    replace(
        losses.logistic_losses,
        lambda input, target: -target * input.sigmoid().log() - (1 - target) * (1 - input.sigmoid()).log(),
    )


@wrong("test_losses.py::test_pairs[mse_loss-(4, 3)-none]")
def squared_error_that_is_half():
    replace(losses.squared_errors, lambda input, target: (input - target) ** 2 / 2)


# Optimizers (lesson 05)


@wrong("test_optim.py::test_as_pytorch[SGD--float32]")
def optimizer_that_does_nothing():
    optimizer.SGD.update = optimizer.Adam.update = lambda self, p, grad, state, group: None


@wrong("test_optim.py::test_as_pytorch[SGD--float32]")
def descent_uphill():
    right = optimizer.SGD.update
    optimizer.SGD.update = lambda self, p, grad, state, group: right(self, p, -grad, state, group)


@wrong("test_optim.py::test_as_pytorch[SGD-lr-momentum-float32]")
def momentum_forgotten_between_steps():
    right = optimizer.velocity
    replace(right, lambda grad, state, group: right(grad, {}, group))


@wrong("test_optim.py::test_as_pytorch[SGD-lr-momentum-nesterov-weight_decay-float32]")
def nesterov_ignored():
    right = optimizer.velocity
    replace(right, lambda grad, state, group: right(grad, state, group | {"nesterov": False}))


@wrong("test_optim.py::test_as_pytorch[Adam--float32]")
def adam_without_bias_correction():
    right = optimizer.adam_step
    replace(right, lambda p, m, v, t, group: right(p, m, v, 10**9, group))


@wrong("test_optim.py::test_as_pytorch[AdamW--float32]")
def adamw_with_adams_weight_decay():
    replace(optimizer.decoupled_decay, optimizer.l2_decay)


@wrong("test_optim.py::test_zero_grad")
def zero_grad_that_keeps_gradients():
    optimizer.Optimizer.zero_grad = lambda self, set_to_none=True: None


@wrong("test_optim.py::test_clip_grad_norm[1000.0-2-float32]")
def clipping_that_always_scales():
    """Short gradients are stretched to the maximum too."""
    right = optimizer.clip_grad_norm_

    def clip_grad_norm_(parameters, max_norm, *arguments, **options):
        parameters = [parameters] if isinstance(parameters, Tensor) else list(parameters)
        total = right(parameters, math.inf, *arguments, **options)
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.array *= max_norm / (float(total) + 1e-6)
        return total

    replace(right, clip_grad_norm_)


@wrong("test_optim.py::test_the_first_step_names_parameters_without_gradient_once")
def optimizer_silent_about_what_does_not_learn():
    replace(optimizer.silent_parameters, lambda optimizer: None)


@wrong("test_lr_scheduler.py::test_as_pytorch_over_50_epochs[StepLR-SGD]")
def schedule_one_epoch_late():
    optimizer.StepLR.get_lr = lambda self: [
        group["lr"] * (self.gamma if self.last_epoch > 1 and self.last_epoch % self.step_size == 1 else 1)
        for group in self.optimizer.param_groups
    ]


# Data (lesson 06) and the breadth


@wrong("test_data.py::test_batch_sampler")
def loader_that_drops_the_last_samples():
    right = dataloader.BatchSampler.__iter__
    dataloader.BatchSampler.__iter__ = lambda self: (batch for batch in right(self) if len(batch) == self.batch_size)


@wrong("test_data.py::test_shuffled_epochs_hold_every_sample_once")
def loader_that_draws_with_replacement():
    def __iter__(self):
        n = len(self.data_source)
        yield from tinytorch.randint(
            0, n, (self.num_samples,), generator=dataloader.fresh_generator(self.generator)
        ).tolist()

    dataloader.RandomSampler.__iter__ = __iter__


@wrong("test_data.py::test_random_samplers_are_new_each_epoch_and_repeatable")
def order_that_is_the_same_in_every_epoch():
    right = dataloader.RandomSampler.__iter__

    def __iter__(self):
        given, self.generator = self.generator, tinytorch.Generator().manual_seed(0)
        order = list(right(self))
        self.generator = given
        return iter(order)

    dataloader.RandomSampler.__iter__ = __iter__


@wrong("test_data.py::test_generators_go_on_from_the_same_place")
def order_that_is_drawn_only_where_it_is_wanted():
    def __iter__(self):
        generator, n = dataloader.fresh_generator(self.generator), len(self.data_source)
        for start in range(0, self.num_samples, n):
            yield from tinytorch.randperm(n, generator=generator).tolist()[: self.num_samples - start]

    dataloader.RandomSampler.__iter__ = __iter__


@wrong("test_data.py::test_containers_stay_what_they_are")
def batch_written_into_the_first_sample():
    right = dataloader.alike

    def alike(sample, content):
        if isinstance(sample, list):
            sample[:] = content
            return sample
        return right(sample, content)

    replace(right, alike)


@wrong("test_data.py::test_numpy_is_seeded_as_by_pytorch")
def workers_whose_numpy_is_seeded_in_a_row():
    workers.numpy_seed = lambda info: np.array([info.seed % 2**32])


@wrong("test_data.py::test_random_split_is_a_partition")
def split_whose_parts_overlap():
    right = dataloader.random_split

    def random_split(dataset, lengths, generator=None):
        parts = right(dataset, lengths, generator)
        for part in parts[1:]:
            part.indices = list(parts[0].indices[: len(part)]) + list(part.indices[len(parts[0]) :])
        return parts

    replace(right, random_split)


@wrong(*function("Var"))
def variance_that_is_biased():
    right = reductions.Var.forward
    reductions.Var.forward = lambda self, a, dim, keepdim, correction: right(self, a, dim, keepdim, 0)
