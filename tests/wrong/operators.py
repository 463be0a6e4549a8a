"""Wrong implementations of lesson 15's quicker operators and backward pass: see wrong/__init__.py."""

import inspect

from tinytorch.dispatch import kernel
from tinytorch.kernels import operators as quick
from tinytorch.tensor import Add, MatMul, Mul, Sub
from wrong.tools import wrong

FILE = "test_operators.py::"


def rewritten(name, *changes):
    """Put the source of a function of tinytorch/kernels/operators.py, with `changes`, in its place."""
    source = inspect.getsource(getattr(quick, name))
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    exec(source, vars(quick))


def walk(*changes):
    rewritten("walk", *changes)


def operators(*changes):
    rewritten("recording", *changes)
    for name, function in {"__add__": Add, "__sub__": Sub, "__mul__": Mul, "__matmul__": MatMul}.items():
        name = f"tensor.Tensor.{name}"
        kernel("numpy", name, takes_all=True)(quick.recording(function, name))


@wrong(FILE + "test_any_program_has_the_lessons_gradients_to_the_last_bit")
def oldest_first():
    walk(("[(-source.order", "[(source.order"), ("(-edge.order", "(edge.order"))


@wrong(FILE + "test_any_program_has_the_lessons_gradients_to_the_last_bit")
def the_last_gradient_wins():
    walk(("gradient if collected is None else collected + gradient", "gradient"))


@wrong(FILE + "test_gradients_that_two_inputs_share_are_not_written_into")
def gradients_added_in_place():
    walk(
        (
            "pending[edge] = gradient if collected is None else collected + gradient",
            "pending[edge] = gradient if collected is None else collected.__iadd__(gradient)",
        )
    )


@wrong(FILE + "test_any_program_has_the_lessons_gradients_to_the_last_bit")
def hooks_of_nodes_forgotten():
    walk(("if node.hooks:", "if False:"))


@wrong(FILE + "test_a_wrong_backward_is_named")
def shapes_unchecked():
    walk(("gradient.shape != expected.shape or ", "False or "))


@wrong(FILE + "test_a_wrong_backward_is_named")
def dtypes_unchecked():
    walk(("gradient.dtype is not expected.dtype and gradient.dtype != expected.dtype", "False"))


@wrong(FILE + "test_a_wrong_backward_is_named")
def answers_uncounted():
    walk(("if len(gradients) != len(edges):", "if False:"))


@wrong(FILE + "test_a_function_may_keep_whatever_it_likes")
def nodes_told_by_an_attribute():
    walk(("isinstance(edge, Function)", "getattr(edge, 'array', None) is None"))


@wrong(FILE + "test_arrays_are_freed_as_soon_as_by_the_lessons", FILE + "test_the_peak_of_memory_is_the_lessons")
def names_that_keep_arrays_alive():
    walk(("saved = gradients = gradient = collected = None", "pass"))


@wrong(FILE + "test_nothing_saved_can_be_walked_again_and_what_was_saved_cannot")
def saved_arrays_never_freed():
    walk(("node.saved = None", "pass"))


@wrong("test_autograd.py::test_change_in_place_of_what_is_needed_raises[quick-tinytorch]")
def changed_memory_unnoticed():
    walk((" or changes.last > node.order", ""))


@wrong("test_autograd.py::test_everything_saved_is_freed_after_backward[quick]")
def attributes_never_freed():
    walk(("if type(node).__dictoffset__:", "if False:"))


@wrong(FILE + "test_an_observer_sees_every_operation_and_every_backward")
def observers_of_backward_overlooked():
    walk(("create_graph or observers", "create_graph"))


@wrong(FILE + "test_an_observer_sees_every_operation_and_every_backward")
def observers_of_operators_overlooked():
    operators((" or observers", ""))


@wrong(FILE + "test_constants_and_other_dtypes_are_left_to_the_lessons")
def dtypes_mixed_by_numpy():
    operators(("kind is not right.dtype or kind not in PLAIN", "kind not in PLAIN"))


@wrong(FILE + "test_a_view_taken_before_a_change_is_renewed")
def stale_views_taken():
    operators(("a.array if a._base is None else opened(a)", "a.array"), ("b.array if b._base is None else opened(b)", "b.array"))  # fmt: skip


@wrong(FILE + "test_a_single_number_is_an_array")
def numbers_left_as_numpy_makes_them():
    operators(("if type(array) is ndarray:", "if True:"))


@wrong(FILE + "test_nothing_is_recorded_without_grad")
def grad_mode_ignored():
    operators((" and grad_mode.enabled", ""))


@wrong(FILE + "test_second_derivatives_of_either_input")
def saved_inputs_without_their_history():
    """What an operator saved is taken for a constant in the second derivative."""
    operators(("node.array_ids = None", "node.array_ids = (0, 0)"))


@wrong(FILE + "test_a_result_is_as_the_lessons_make_it")
def edges_of_inputs_that_want_nothing():
    operators(("(b.grad_fn or b) if needs_b else None", "b.grad_fn or b"))
