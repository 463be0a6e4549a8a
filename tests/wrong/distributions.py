"""Wrong implementations of linear algebra, special functions and distributions: see wrong/__init__.py."""

import math

import numpy as np

from tinytorch import where, zeros
from tinytorch.autograd import run
from tinytorch.distributions import (
    categorical,
    independent,
    kl,
    normal,
    transformed_distribution,
    von_mises,
    wishart,
)
from tinytorch.ops import (
    bessel,
    decompositions,
    gamma_functions,
    gamma_sampling,
    generator,
    rejection,
    solving,
    special,
)
from wrong.tools import function, replace, wrong

# Linear algebra


@wrong(*function("Inverse"))
def inverse_that_is_not_transposed():
    """Right for symmetric matrices."""
    solving.Inverse.backward = lambda self, grad: -(self.saved[0] @ grad @ self.saved[0])


@wrong(*function("Solve"))
def system_solved_with_the_same_matrix():
    """The gradient of b by the matrix where its transpose is due."""

    def backward(self, grad):
        a, result = self.saved
        grad_b = run(solving.Solve, a, grad)
        return -(grad_b @ result.swapaxes(-1, -2)), grad_b

    right = solving.Solve.backward
    solving.Solve.backward = lambda self, grad: tuple(
        x.reshape(y.shape) if y is not None and x.shape == y.shape else y
        for x, y in zip(backward(self, grad), right(self, grad), strict=True)
    )


@wrong(*function("Cholesky"))
def cholesky_with_its_diagonal_twice():
    right = solving.Cholesky.backward

    def backward(self, grad):
        diagonal = grad - run(solving.Triangle, grad, k=-1, lower=True) - run(solving.Triangle, grad, k=1, lower=False)
        return right(self, grad + diagonal)

    solving.Cholesky.backward = backward


@wrong(*function("Eigh"))
def eigenvectors_that_turn_the_other_way():
    right = decompositions.Eigh.slope
    decompositions.Eigh.slope = lambda self, values, vectors, grad_values, grad_vectors, uplo: right(
        self, values, vectors, grad_values, -grad_vectors, uplo
    )


@wrong(*function("SVDFunction"))
def singular_vectors_that_stay_in_their_space():
    """Right for square matrices: what leads out of the space of U is forgotten."""

    def slope(self, u, s, vt, grad_u, grad_s, grad_vt, full_matrices):
        d = decompositions
        one, row, column = d.identity(s.shape[-1], s), s[..., None, :], s[..., None]
        turn_u, turn_v = d.transposed(u) @ grad_u, vt @ d.transposed(grad_vt)
        between = row * row - column * column + one
        inner = d.divided(turn_u - d.transposed(turn_u), between) * row + grad_s[..., None] * one
        return u @ (inner + column * d.divided(turn_v - d.transposed(turn_v), between)) @ vt

    decompositions.SVDFunction.slope = slope


# Special functions


@wrong(*function("Lgamma"))
def digamma_that_is_a_logarithm():
    """Close for large numbers."""
    gamma_functions.Lgamma.slope = lambda self, a: run(gamma_functions.Log, a)


@wrong(*function("LogNdtr"), "test_special.py::test_the_slope_of_log_ndtr_far_on_the_left")
def logarithm_of_a_chance_that_is_zero():
    """By the quotient of density and chance: 0 / 0 far on the left."""

    def slope(self, a):
        density = run(special.Exp, -0.5 * (a * a)) * (1 / math.sqrt(2 * math.pi))
        return density / run(special.Ndtr, a)

    special.LogNdtr.slope = slope


@wrong("test_special.py::test_nothing_times_a_logarithm")
def nothing_times_a_logarithm_is_nan():
    right = special.Xlogy.forward
    special.Xlogy.forward = lambda self, x, y: right(self, x, y) + 0 * special.np.log(y)


@wrong(*function("I1e"))
def scaled_bessel_function_without_the_slope_of_its_scale():
    bessel.I1e.slope = lambda self, a: run(bessel.I0e, a) - bessel.over(run(bessel.I1e, a), a)


# Distributions


@wrong("test_distributions.py::test_methods[same-Normal-loc-scale]")
def normal_density_without_its_normalizer():
    right = normal.Normal.log_prob
    normal.Normal.log_prob = lambda self, value: right(self, value) + self.scale.log()


@wrong("test_distributions.py::test_pathwise_gradients[Gamma-concentration-rate]")
def gamma_numbers_that_do_not_move():
    """Drawn right, and cut off from their shape."""
    gamma_sampling.StandardGamma.backward = lambda self, grad: grad * 0


@wrong("test_distributions.py::test_pathwise_gradients[Beta-concentration1-concentration0]")
def beta_numbers_that_move_against_their_shape():
    right = gamma_sampling.dirichlet_slope
    replace(right, lambda x, a, total: -right(x, a, total))


@wrong("test_random.py::test_the_same_numbers[gamma-lessons]")
def normal_number_that_waits_thrown_away():
    """The numbers are right, but the next draw begins with another one."""
    right = rejection.drawn_by

    def drawn_by(loop, source, *parameters):
        result = right(loop, source, *parameters)
        (source or generator.default_generator).waiting = None
        return result

    replace(right, drawn_by)


@wrong("test_random.py::test_the_same_numbers[poisson-lessons]")
def generator_that_does_not_come_back():
    """What was drawn in advance is lost."""
    replace(rejection.memory_of, lambda twister: np.zeros(625, np.uint32))


@wrong("test_random.py::test_the_same_numbers[dirichlet-lessons]")
def dirichlet_numbers_that_underflow():
    """Of tiny concentrations, whose gamma numbers float32 does not hold."""

    def dirichlet_numbers(a, generator):
        numbers = rejection.gamma_numbers(a, generator)
        return numbers / numbers.sum(-1, keepdims=True)

    replace(rejection.dirichlet_numbers, dirichlet_numbers)


@wrong("test_random.py::test_the_same_numbers[binomial-lessons]")
def binomial_numbers_that_are_not_turned_round():
    """Right in distribution, but PyTorch draws of a chance above 1/2 those that fail."""
    right = rejection.binomial_numbers
    replace(right, lambda n, p, generator: n - right(n, (1 - p).astype(p.dtype), generator))


@wrong("test_distributions.py::test_the_same_draws[VonMises-loc-concentration]")
def angles_drawn_one_by_one():
    """Right in distribution, in another order."""
    right = von_mises.angles

    def angles(loc, concentration):
        pairs = zip(loc.ravel(), concentration.ravel(), strict=True)
        return np.array([right(*map(np.asarray, pair)) for pair in pairs]).reshape(loc.shape)

    replace(right, angles)


@wrong("test_distributions.py::test_the_same_draws[Wishart-df-scale_tril]")
def wishart_matrices_drawn_once():
    """As one would: but PyTorch draws the sound ones again."""
    wishart.Wishart.rsample = lambda self, sample_shape=(): self._bartlett_sampling(sample_shape)


@wrong("test_distributions.py::test_methods[same-Categorical-logits]")
def logits_taken_as_log_probabilities():
    right = categorical.Categorical.__init__

    def __init__(self, probs=None, logits=None, validate_args=None):
        right(self, probs, logits, validate_args)
        if logits is not None:
            self.logits = logits

    categorical.Categorical.__init__ = __init__


@wrong("test_distributions.py::test_divergence[Normal-Normal]")
def divergence_the_other_way_round():
    right = kl._KL_REGISTRY[normal.Normal, normal.Normal]
    kl.register_kl(normal.Normal, normal.Normal)(lambda p, q: right(q, p))


@wrong("test_distributions.py::test_divergences_of_independent_and_transformed")
def divergence_of_a_vector_that_is_a_mean():
    right = kl._KL_REGISTRY[independent.Independent, independent.Independent]
    kl.register_kl(independent.Independent, independent.Independent)(lambda p, q: right(p, q) / 2)


@wrong("test_transforms_of_distributions.py::test_transformed_distributions[one number]")
def change_of_variables_with_the_wrong_sign():
    def log_prob(self, value):
        result, y = 0.0, value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            result, y = result + transform.log_abs_det_jacobian(x, y), x
        return result + self.base_dist.log_prob(y)

    transformed_distribution.TransformedDistribution.log_prob = log_prob


@wrong("test_distributions.py::test_draws[Bernoulli-probs]")
def coin_that_is_fair():
    from tinytorch.distributions import bernoulli

    right = bernoulli.Bernoulli.sample
    bernoulli.Bernoulli.sample = lambda self, sample_shape=(): where(
        zeros(*right(self, sample_shape).shape).uniform_() < 0.5, 1.0, 0.0
    ).to(self.probs.dtype)
