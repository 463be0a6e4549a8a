"""Solutions of lesson 04."""

from solutions.solution import Solutions

solutions = Solutions("04_losses")
wrong, right = solutions.wrong, solutions.right

wrong("relu", "the gradient passes everywhere", ("grad * (values(self.saved[0]) > 0)", "grad"))
wrong("relu", "the slope at 0 is 1", ("> 0)", ">= 0)"))
wrong("relu", "float64 only", ("np.maximum(a, 0)", "np.maximum(a, np.float64(0))"))
wrong("relu", "the input is overwritten", ("np.maximum(a, 0)", "np.maximum(a, 0, out=a)"))
wrong(
    "sigmoid",
    "the first form only, which overflows",
    ("np.exp(np.minimum(a, 0)) / (1 + np.exp(-np.abs(a)))", "1 / (1 + np.exp(-a))"),
)
wrong("sigmoid", "the scores are clipped", ("np.exp(np.minimum(a, 0))", "np.exp(np.clip(a, -15, 0))"))
wrong(
    "sigmoid",
    "the slope is computed in numpy from a copy",
    ("(result,) = self.saved", "result = np.array(self.saved[0])"),
)
wrong("tanh", "the slope without the square", ("1 - result * result", "1 - result"))
wrong("tanh", "by the sigmoid, which cancels near 0", ("np.tanh(a)", "2 / (1 + np.exp(-2 * np.clip(a, -40, 40))) - 1"))
wrong("mse-loss", "half of it", ("(input - target) ** 2", "(input - target) ** 2 / 2"))
wrong("mse-loss", "the target takes no part in the derivative", ("(input - target)", "(input - target.detach())"))
wrong("mse-loss", "the absolute error", ("(input - target) ** 2", "(input - target).abs()"))
wrong(
    "softmax",
    "scipy's",
    """from scipy.special import softmax as probabilities


class SoftmaxFunction(Function):
    differentiable_twice = True

    def forward(self, a, dim):
        self.dim = dim
        self.saved = (probabilities(a, axis=dim),)
        return self.saved[0]

    def backward(self, grad):
        (p,) = self.saved
        return p * (grad - (grad * p).sum(axis=self.dim, keepdims=True))
""",
)
wrong("softmax", "without the maximum", ("a - np.max(a, axis=dim, keepdims=True, initial=-np.inf)", "a"))
wrong("softmax", "the maximum of all", ("np.max(a, axis=dim, keepdims=True,", "np.max(a,"))
wrong("softmax", "over the wrong dimension", ("np.sum(powers, axis=dim,", "np.sum(powers, axis=-1,"))
wrong(
    "softmax",
    "the gradient of an elementwise function",
    ("weighted - p * weighted.sum(axis=self.dim, keepdims=True)", "grad * p * (1 - p)"),
)
wrong(
    "log-softmax",
    "the logarithm of a softmax",
    ("result = shifted - np.log(", "result = np.log(np.exp(shifted) / "),
)
wrong(
    "log-softmax", "the gradient keeps its sum", ("grad - run(Exp, y) * grad.sum(axis=self.dim, keepdims=True)", "grad")
)
wrong("log-softmax", "the mean in place of the sum", ("np.log(np.sum(", "np.log(np.mean("))
wrong("class-losses", "the sign", ("return -log", "return log"))
wrong("class-losses", "the mean already", ("classes]", "classes].mean()"))
wrong(
    "class-losses",
    "a table of rows by rows",
    ("log_probabilities[np.arange(len(classes)), classes]", "log_probabilities[:, classes]"),
)
wrong("cross-entropy", "the gradient is that of the sum", ("* grad.reshape(-1, 1)", "* grad.sum()"))
wrong("cross-entropy", "divided by the rows", ("* grad.reshape(-1, 1)", "* grad.reshape(-1, 1) / len(self.classes)"))
wrong("cross-entropy", "truth minus probability", ("- truth) *", "- truth) * -1 *"))
wrong(
    "cross-entropy",
    "the logarithm of a softmax",
    ("run(LogSoftmaxFunction, scores, dim=(1,))", "np.log(run(SoftmaxFunction, scores, dim=(1,)))"),
)
wrong(
    "logistic-loss",
    "the logarithm of a sigmoid",
    ("np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a)))", "-np.log(1 + np.exp(-a))"),
)
wrong("logistic-loss", "log, not log1p", ("np.log1p(", "np.log(1 + "))
wrong("logistic-loss", "the slope of the sigmoid", ("run(SigmoidFunction, -self", "run(SigmoidFunction, self"))
wrong("logistic-loss", "a yes and a no mistaken", ("(1 - target) * input", "target * input"))

right(
    "relu",
    "by np.where, the input saved",
    """class ReLUFunction(Function):
    differentiable_twice = True

    def forward(self, a):
        self.saved = (a,)
        return np.where(a > 0, a, np.zeros_like(a))

    def backward(self, grad):
        positive = values(self.saved[0]) > 0
        return positive * grad
""",
)
right(
    "sigmoid",
    "two halves by masks, with a helper",
    """class SigmoidFunction(Function):
    differentiable_twice = True

    def forward(self, a):
        y = stable(np.asarray(a))
        self.saved = (y,)
        return y

    def backward(self, grad):
        s = self.saved[0]
        return grad * s - grad * s * s
""",
    added="""def stable(x):
    out = np.empty_like(x)
    yes = x >= 0
    out[yes] = 1 / (1 + np.exp(-x[yes]))
    powers = np.exp(x[~yes])
    out[~yes] = powers / (1 + powers)
    return out
""",
)
right("mse-loss", "a product", ("return (input - target) ** 2", "d = input - target\n    return d * d"))
right(
    "softmax",
    "an exponential of the log-softmax",
    """class SoftmaxFunction(Function):
    differentiable_twice = True

    def forward(self, a, dim):
        self.dim = dim
        top = np.amax(a, axis=dim, keepdims=True, initial=-np.inf)
        with np.errstate(divide="ignore"):
            p = np.exp(a - top - np.log(np.exp(a - top).sum(axis=dim, keepdims=True)))
        self.saved = (p,)
        return p

    def backward(self, grad):
        (p,) = self.saved
        return p * (grad - (grad * p).sum(axis=self.dim, keepdims=True))
""",
)
right(
    "class-losses",
    "by gather",
    """@dispatch
def class_losses(log_probabilities, classes):
    return -log_probabilities.gather(1, Tensor.wrap(np.asarray(classes)[:, None])).squeeze(1)
""",
)
right(
    "cross-entropy",
    "the log-sum-exp of each row, and np.eye",
    """class CrossEntropyFunction(Function):
    differentiable_twice = True

    def forward(self, scores, classes):
        self.saved, self.classes = (scores,), classes
        losses = []
        for row, c in zip(scores, classes):
            top = row.max()
            losses.append(top + np.log(np.exp(row - top).sum()) - row[c])
        return np.array(losses, dtype=scores.dtype)

    def backward(self, grad):
        (scores,) = self.saved
        y = np.eye(scores.shape[1], dtype=values(scores).dtype)[self.classes]
        column = grad.reshape(len(self.classes), 1)
        return column * run(SoftmaxFunction, scores, dim=(1,)) - column * y
""",
)
right(
    "logistic-loss",
    "by logaddexp",
    ("np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a)))", "-np.logaddexp(np.zeros_like(a), -a)"),
    ("(1 - target) * input - logsigmoid(input)", "-target * logsigmoid(input) - (1 - target) * logsigmoid(-input)"),
)
