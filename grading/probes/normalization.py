"""Probes of lesson 09."""

import numpy as np

from .convolution import normal
from .digits import classifier
from .harness import BY_ITSELF, Probes

probe = Probes()
OVER = [(0, 2), (1,), (-2, -1), (0, 1, 2)]


def spread(rng, *shape, dtype="float32"):
    """Random numbers around another mean than 0, and a size of eps that is seen in the result."""
    return normal(rng, *shape, dtype=dtype) * np.asarray(0.7, dtype) + np.asarray(rng.normal(), dtype), eps_of(rng)


def eps_of(rng):
    return float(rng.uniform(0.1, 0.5))


def gradients(tt, apply, upstream, *arrays):
    """The gradients of the arrays that are given, from the output's."""
    leaves = [None if array is None else tt.tensor(array, requires_grad=True) for array in arrays]
    y = apply(*leaves)
    (y * tt.tensor(upstream)).sum().backward()
    return tuple(leaf.grad for leaf in leaves if leaf is not None)


@probe(
    "standardize",
    hint="Subtract the mean over dims first, then take the mean of the squares (it divides by n); eps stands inside "
    "the root.",
)
def standardize(tt, lesson, rng):
    found = {}
    for number, dims in enumerate(OVER):
        x, eps = spread(rng, *rng.integers(3, 6, 3), dtype=("float32", "float64")[number % 2])
        found[f"x_hat/{number}"] = lambda x=x, dims=dims, eps=eps: (lesson.standardize(x, dims, eps)[0], x)
        found[f"mean and variance/{number}"] = lambda x=x, dims=dims, eps=eps: lesson.standardize(x, dims, eps)[1:3]
        found[f"rstd/{number}"] = lambda x=x, dims=dims, eps=eps: lesson.standardize(x, dims, eps)[3]
    far = normal(rng, 10, 12) * np.float32(100) + np.float32(1e4)
    found["a large mean/variance"] = lambda: lesson.standardize(far, (1,), 1e-5)[2]
    return found


@probe(
    "normalize-gradient",
    forbids=BY_ITSELF,
    hint="Three ways lead from a number to the loss: its own, and through the mean and the variance, all times rstd.",
)
def normalize_gradient(tt, lesson, rng):
    found = {}
    for number, dims in enumerate(OVER):
        x, eps = spread(rng, *rng.integers(3, 6, 3), dtype=("float32", "float64")[number % 2])
        rstd = 1 / np.sqrt(x.var(dims, keepdims=True) + np.asarray(eps, x.dtype))
        x_hat = (x - x.mean(dims, keepdims=True)) * rstd
        given = normal(rng, *x.shape, dtype=x.dtype), x_hat, rstd
        part = "over one dimension" if len(dims) == 1 else "over several dimensions"
        found[f"{part}/{number}"] = lambda given=given, dims=dims: (lesson.normalize_gradient(*given, dims), *given)
    return found


@probe(
    "layer-norm",
    forbids=".instance_norm",
    hint="Hand on the dims of last_dims and eps; then times weight and plus bias, each if it is given.",
)
def layer_norm(tt, lesson, rng):
    found = {}
    for number, n in enumerate((1, 2)):
        x, eps = spread(rng, *rng.integers(3, 6, 3), dtype=("float32", "float64")[number])
        shape = x.shape[-n:]
        w, b = normal(rng, 2, *shape, dtype=x.dtype)

        def apply(x, w=None, b=None, shape=shape, eps=eps):
            return lesson.layer_norm(x, shape, w, b, eps)

        found |= {
            f"normalized/{n}": lambda x=x, f=apply: f(tt.tensor(x)),
            f"scale and shift/{n}": lambda a=(x, w, b), f=apply: f(*map(tt.tensor, a)),
            f"scale and shift/{n}, scale only": lambda a=(x, w), f=apply: f(*map(tt.tensor, a)),
        }
        upstream = normal(rng, *x.shape, dtype=x.dtype)
        found[f"gradients/{n}"] = lambda given=(upstream, x, w, b), f=apply: gradients(tt, f, *given)
    return found


@probe(
    "update-running",
    hint="The module's own tensors move, in place, by the fraction momentum of the way to the new ones; the variance "
    "of the batch times n / (n - 1) first.",
)
def update_running(tt, lesson, rng):
    found = {}
    for dtype in ("float32", "float64"):
        before, batches = rng.uniform(0.5, 2, (2, 4)).astype(dtype), rng.uniform(0.5, 2, (2, 2, 4)).astype(dtype)
        n, momentum = int(rng.integers(2, 9)), float(rng.uniform(0.1, 0.4))

        def moved(which, before=before, batches=batches, n=n, momentum=momentum):
            running, seen = [tt.tensor(array) for array in before], batches.copy()
            for mean, variance in seen:
                lesson.update_running(*running, mean, variance, n, momentum)
            return running[which], seen

        found[f"mean/{dtype}"] = lambda f=moved: f(0)
        found[f"variance/{dtype}"] = lambda f=moved: f(1)
    return found


@probe(
    "batch-norm",
    forbids=".instance_norm",
    hint="In training the statistics of this batch, over all dimensions but the channels, with watch; in evaluation "
    "the running ones, which stay as they are. Weight and bias go along the channels.",
)
def batch_norm(tt, lesson, rng):
    found = {}
    for number, shape in enumerate([(5, 3), (2, 3, 4), (3, 2, 2, 4)]):
        x, eps = spread(rng, *shape, dtype=("float32", "float64")[number % 2])
        per_channel = rng.uniform(0.5, 2, (4, shape[1])).astype(x.dtype)
        momentum, upstream = float(rng.uniform(0.1, 0.9)), normal(rng, *shape, dtype=x.dtype)

        def apply(x, w, b, training, n=per_channel, momentum=momentum, eps=eps):
            """(output, running mean, running variance)"""
            running = tt.tensor(n[0]), tt.tensor(n[1])
            return lesson.batch_norm(x, *running, w, b, training, momentum, eps), *running

        def plain(x=x, eps=eps):
            return lesson.batch_norm(tt.tensor(x), None, None, training=True, eps=eps)

        def called(training, f=apply, x=x, n=per_channel):
            return f(tt.tensor(x), tt.tensor(n[2]), tt.tensor(n[3]), training)

        def graded(training, f=apply, x=x, g=upstream, n=per_channel):
            return gradients(tt, lambda *leaves: f(*leaves, training)[0], g, x, *n[2:])

        found |= {
            f"training/plain {number}": plain,
            f"training/{number}": lambda f=called: f(True)[0],
            f"running statistics/{number}": lambda f=called: f(True)[1:],
            f"evaluation/{number}": lambda f=called: f(False),
            f"evaluation/gradients {number}": lambda f=graded: f(False),
            f"gradients in training/{number}": lambda f=graded: f(True),
        }
    return found


@probe(
    "group-norm",
    forbids=".instance_norm",
    hint="Reshaped to (N, num_groups, -1) a group of neighbouring channels is one row; weight and bias count per "
    "channel, after the way back.",
)
def group_norm(tt, lesson, rng):
    found = {}
    for number, (groups, shape) in enumerate([(2, (3, 6, 4)), (3, (2, 6, 3, 2)), (1, (3, 4)), (2, (1, 4, 5))]):
        x, eps = spread(rng, *shape, dtype=("float32", "float64")[number % 2])
        w, b = normal(rng, 2, shape[1], dtype=x.dtype)

        def apply(x, w=None, b=None, groups=groups, eps=eps):
            return lesson.group_norm(x, groups, w, b, eps)

        upstream = normal(rng, *shape, dtype=x.dtype)
        found |= {
            f"groups/{number}": lambda x=x, f=apply: f(tt.tensor(x)),
            f"scale and shift/{number}": lambda a=(x, w, b), f=apply: f(*map(tt.tensor, a)),
            f"gradients/{number}": lambda given=(upstream, x, w, b), f=apply: gradients(tt, f, *given),
        }
    return found


@probe(
    "rms-norm",
    hint="Nothing is subtracted: divide by the root of the mean of the squares plus eps. In the gradient two of the "
    "three terms remain, times r.",
)
def rms_norm(tt, lesson, rng):
    found = {}
    for number, dims in enumerate([(-1,), (-2, -1), (0,)]):
        x, eps = spread(rng, *rng.integers(3, 6, 3), dtype=("float32", "float64")[number % 2])
        upstream = normal(rng, *x.shape, dtype=x.dtype)

        def apply(x, dims=dims, eps=eps):
            return lesson.RMSNormalizeFunction.apply(x, dims=dims, eps=eps)

        found[f"forward/{number}"] = lambda x=x, f=apply: (f(tt.tensor(x)), x)
        found[f"gradient/{number}"] = lambda given=(upstream, x), f=apply: (gradients(tt, f, *given), given)
    return found


@probe(
    "dropout",
    hint="A new mask from rand in each call, an element stays with probability 1 - p, and what stays is multiplied by "
    "1 / (1 - p), in the gradient too.",
)
def dropout(tt, lesson, rng):
    """No two right masks need to be alike, so this asks for what all of them have in common."""
    p, seed, some = float(rng.choice([0.2, 0.3, 0.4, 0.6, 0.7, 0.8])), int(rng.integers(2**31)), normal(rng, 4)
    x, upstream = rng.uniform(1, 2, (2, 200, 300)).astype("float32")

    def ratios(seed=seed):
        """What stands before each number in the output and in the gradient."""
        tt.manual_seed(seed)
        leaf = tt.tensor(x, requires_grad=True)
        y = lesson.dropped(leaf, p)
        (y * tt.tensor(upstream)).sum().backward()
        return y.detach().numpy() / x, leaf.grad.numpy() / upstream

    def known(numbers):
        """Their extremes and mean, as sums with numbers that nobody knows before."""
        return (np.array([numbers.min(), numbers.max(), numbers.mean()])[:, None] * some).astype(numbers.dtype)

    def alike(a, b):
        return np.round(np.corrcoef(a.ravel(), b.ravel())[0, 1], 1)

    def masks():
        a, again, other = (ratios(s)[0] == 0 for s in (seed, seed, seed + 1))
        second = lesson.dropped(tt.tensor(x), p).numpy() == 0
        return (
            np.round(a.mean(), 1) * some,
            [alike(a[1:], a[:-1]), alike(a[:, 1:], a[:, :-1]), alike(a, other), alike(other, second)],
            np.count_nonzero(a != again),
        )

    def kept():
        numbers = ratios()[0]
        return known(numbers[numbers != 0])

    def graded():
        numbers, of_gradient = ratios()
        return known(of_gradient[numbers != 0]), np.count_nonzero(of_gradient[numbers == 0])

    return {"scale/kept": kept, "mask/mask": masks, "gradient/gradient": graded}


@probe(
    "basic-block",
    hint="relu(F(x) + shortcut): one relu inside, the last one after the sum; the stride is conv1's, no convolution "
    "has a bias, and downsample is a 1 x 1 convolution with that stride and a norm.",
)
def basic_block(tt, lesson, rng):
    found = {}
    for inside, outside, stride in [(4, 4, 1), (3, 5, 1), (3, 5, 2), (4, 4, 2)]:
        state, x = parameters(rng, inside, outside, stride), normal(rng, 2, inside, 6, 4)
        upstream = normal(rng, 2, outside, 6 // stride, 4 // stride)

        def block(state=state, sizes=(inside, outside, stride)):
            made = lesson.BasicBlock(*sizes)
            made.load_state_dict({name: tt.tensor(array) for name, array in state.items()})
            return made

        def outputs(x=x, block=block):
            made = block()
            in_training = made(tt.tensor(x))
            return in_training, made.eval()(tt.tensor(x)), made.downsample is None

        def graded(x=x, upstream=upstream, block=block):
            made = block()
            of_x = gradients(tt, made, upstream, x)
            return of_x, {name: parameter.grad for name, parameter in made.named_parameters()}

        part = "downsample" if "downsample.0.weight" in state else "same shape"
        name = f"{inside} to {outside}, stride {stride}"
        found |= {f"{part}/{name}": outputs, f"gradients/{name}": graded}
    return found


def parameters(rng, inside, outside, stride):
    """Random numbers for all that a BasicBlock saves, by its name."""
    kernels = {"conv1": (inside, 3, 3), "conv2": (outside, 3, 3), "downsample.0": (inside, 1, 1)}
    shortcut = stride == 1 and inside == outside
    state = {}
    for (name, shape), norm in zip(kernels.items(), ("bn1", "bn2", "downsample.1"), strict=True):
        if name == "downsample.0" and shortcut:
            break
        state[f"{name}.weight"] = normal(rng, outside, *shape)
        for what in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{what}"] = rng.uniform(0.5, 2, outside).astype("float32")
        state[f"{norm}.num_batches_tracked"] = np.array(0)
    return state


def network(tt, lesson):
    blocks = lesson.BasicBlock(1, 6, 2), lesson.BasicBlock(6, 8)
    return tt.nn.Sequential(*blocks, tt.nn.Flatten(), tt.nn.Linear(128, 10))


probe.learns("basic-block", bar=0.7, **classifier(network, epochs=2, size=100))
