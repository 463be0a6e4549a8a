"""Solutions of lesson 15."""

from solutions.solution import Solutions

solutions = Solutions("15_kernels")
wrong, right = solutions.wrong, solutions.right

wrong("adam-kernel", "eps inside the root", ("np.sqrt(v[i]) + eps", "np.sqrt(v[i] + eps)"))
wrong("adam-kernel", "the correction of v forgotten", ("size * np.sqrt", "np.sqrt"))
wrong("adam-kernel", "the correction of m forgotten", ("rate * m[i]", "m[i]"))
wrong("adam-kernel", "v follows the gradient", ("* g * g", "* g"))
wrong("adam-kernel", "the check's own beta1", (
    "beta1 * m[i] + (ONE - beta1)", "np.float32(0.8) * m[i] + np.float32(0.2)"))  # fmt: skip
wrong("adam-kernel", "decay forgotten", ("kept * p[i] -", "p[i] -"))
wrong("adam-kernel", "writes into the gradient", ("        g = ", "        grad[i] = g = "))
wrong(
    "adam-kernel",
    "the step before the means",
    (
        "        m[i] = beta1",
        "        p[i] = kept * p[i] - rate * m[i] / (size * np.sqrt(v[i]) + eps)\n        m[i] = beta1",
    ),
    ("* g * g\n        p[i] = kept * p[i] - rate * m[i] / (size * np.sqrt(v[i]) + eps)", "* g * g"),
)

wrong("cross-entropy-kernel", "no largest taken off", ("largest(row), ZERO", "ZERO, ZERO"))
wrong("cross-entropy-kernel", "the largest of all rows", ("largest(row), ZERO", "largest(scores.reshape(-1)), ZERO"))
wrong("cross-entropy-kernel", "the total runs on", ("    for i in", "    total = ZERO\n    for i in"), (
    "top, total = largest(row), ZERO", "top = largest(row)"))  # fmt: skip
wrong("cross-entropy-kernel", "powers, not divided", ("p[j] /= total", "p[j] += ZERO"))
wrong("cross-entropy-kernel", "the log of the probability", (
    "row_loss(total, row[classes[i]], top)", "-np.log(p[classes[i]])"))  # fmt: skip
wrong("cross-entropy-kernel", "the score taken off last", (
    "row_loss(total, row[classes[i]], top)", "np.log(total) + top - row[classes[i]]"))  # fmt: skip
wrong("cross-entropy-kernel", "the largest, or 0", ("largest(row), ZERO", "max(largest(row), ZERO), ZERO"))
wrong("cross-entropy-kernel", "always the first class", ("row[classes[i]]", "row[0]"))
wrong("cross-entropy-kernel", "over the scores", ("probabilities[i]", "scores[i]"))

wrong(
    "cross-entropy-gradient",
    "the mean over the rows",
    ("g = probabilities[i], result[i], grad[i]", "g = probabilities[i], result[i], grad[i] / np.float32(len(result))"),
)
wrong("cross-entropy-gradient", "1 in the place of the gradient", ("-= g", "-= ONE"))
wrong("cross-entropy-gradient", "grad is used up", ("-= g", "-= g\n        grad[i] = ZERO"))
wrong("cross-entropy-gradient", "added to what is there", ("row[j] = p[j] * g", "row[j] += p[j] * g"))
wrong("cross-entropy-gradient", "over the probabilities", ("result[i], grad[i]", "probabilities[i], grad[i]"), (
    "        row[classes[i]] -= g", "        row[classes[i]] -= g\n        result[i, :] = row"))  # fmt: skip

wrong("layer-norm-kernel", "eps outside the root", ("np.sqrt(squares / n + eps)", "(np.sqrt(squares / n) + eps)"))
wrong("layer-norm-kernel", "the unbiased variance", ("squares / n", "squares / (n - ONE)"))
wrong("layer-norm-kernel", "squares of the numbers, minus the square of the mean", (
    "squares += (row[j] - mean) * (row[j] - mean)", "squares += row[j] * row[j]"), (
    "squares / n + eps", "squares / n - mean * mean + eps"))  # fmt: skip
wrong("layer-norm-kernel", "a weight for the row", ("weight[j]", "weight[i]"))
wrong("layer-norm-kernel", "the variance is kept", ("= mean, rstd", "= mean, squares / n"))
wrong("layer-norm-kernel", "statistics run on", ("    for i in", "    total, squares = ZERO, ZERO\n    for i in"), (
    "        total, squares = ZERO, ZERO\n        for j", "        for j"))  # fmt: skip

wrong("layer-norm-gradients", "statistics as constants", (" - common - (row[j] - mean) * rstd * along", ""))
wrong("layer-norm-gradients", "sums for means", ("common / n, along / n", "common, along"))
wrong("layer-norm-gradients", "the weight forgotten", ("* (g[j] * weight[j] - common", "* (g[j] - common"))
wrong("layer-norm-gradients", "x is used up", (
    "            common += g", "            row[j] = x_hat\n            common += g"), (
    "(row[j] - mean) * rstd * along", "row[j] * along"))  # fmt: skip
wrong("layer-norm-gradients", "the row's own mean", ("means[i], rstds[i]", "np.mean(x[i]), rstds[i]"))
wrong("layer-norm-gradients", "of the last row only", ("grad_weight[j] +=", "grad_weight[j] ="))
wrong(
    "layer-norm-gradients",
    "weight's from x",
    ("+= g[j] * x_hat\n            grad_bias", "+= g[j] * row[j]\n            grad_bias"),
)

wrong("embedding-gradient", "duplicates are overwritten", ("row[j] += source[j]", "row[j] = source[j]"))
wrong("embedding-gradient", "counted from the end", ("ids[i] < 0 or ", ""))
wrong("embedding-gradient", "one too many", ("ids[i] >= len", "ids[i] > len"))
wrong("embedding-gradient", "as many rows as ids", (">= len(result)", ">= len(grad)"))
wrong("embedding-gradient", "below 0, tested too late", ("ids[i] < 0 or ", ""), (
    "+= source[j]\n", "+= source[j]\n        if ids[i] < 0:\n            return False\n"))  # fmt: skip
wrong("embedding-gradient", "grad is used up", ("+= source[j]", "+= source[j]\n            source[j] = ZERO"))
wrong("embedding-gradient", "wrong ids left out", ("return False", "continue"))
wrong("embedding-gradient", "the rows in order", ("result[ids[i]]", "result[i % len(result)]"))

wrong(
    "max-pool-kernel",
    "the last of equal ones",
    ("(a < top) * (1 + (b < top) * (1 + (c < top)))", "3 - (d < top) * (1 + (c < top) * (1 + (b < top)))"),
)
wrong(
    "max-pool-kernel",
    "places column by column",
    ("upper[2 * j + 1], lower[2 * j], lower", "lower[2 * j], upper[2 * j + 1], lower"),
)
wrong("max-pool-kernel", "the fourth forgotten", ("max(max(a, b), max(c, d))", "max(max(a, b), c)"))
wrong("max-pool-kernel", "the largest added up", ("seen += a + b + c + d", "seen += top"))
wrong(
    "max-pool-kernel", "nothing smaller than 0", ("max(max(a, b), max(c, d))", "max(ZERO, max(max(a, b), max(c, d)))")
)
wrong("max-pool-kernel", "windows that overlap", ("x[m, 2 * i], x[m, 2 * i + 1]", "x[m, i], x[m, i + 1]"))

wrong(
    "convolution-kernel",
    "the filter turned around",
    (
        "flat[starts[k] :][:n], flat[starts[k + 1] :][:n], flat[starts[k + 2] :][:n]",
        "flat[starts[taps - 1 - k] :][:n], flat[starts[taps - 2 - k] :][:n], flat[starts[taps - 3 - k] :][:n]",
    ),
)
wrong("convolution-kernel", "not from zero", ("        a[:], b[:], c[:], d[:] = ZERO, ZERO, ZERO, ZERO\n", ""))
wrong("convolution-kernel", "the last three taps only", ("] += ", "] = "))
wrong("convolution-kernel", "the weights are used up", (
    "weight[o + 3, k + 2]\n", "weight[o + 3, k + 2]\n            weight[o, k] = ZERO\n"))  # fmt: skip
wrong("convolution-kernel", "the first four outputs only", ("range(0, outputs, 4)", "range(0, 4, 4)"))
wrong(
    "convolution-kernel",
    "rows one after another",
    (
        "flat[starts[k] :][:n], flat[starts[k + 1] :][:n], flat[starts[k + 2] :][:n]",
        "flat[starts[k] :][:n], flat[starts[k] + 1 :][:n], flat[starts[k] + 2 :][:n]",
    ),
)
wrong("convolution-kernel", "one output's weights for all", ("weight[o + 3, k]", "weight[o, k]"))

right(
    "adam-kernel",
    "whole arrays at once",
    """@compiled
def adam_elements(p, grad, m, v, beta1, beta2, rate, size, eps, l2, kept):
    g = grad + l2 * p
    m[:] = beta1 * m + (ONE - beta1) * g
    v[:] = beta2 * v + (ONE - beta2) * g**2
    p[:] = kept * p - rate * m / (size * np.sqrt(v) + eps)
""",
)
right(
    "cross-entropy-kernel",
    "column by column, a loop for the largest",
    """@compiled
def cross_entropy_rows(scores, classes, losses, probabilities):
    for i in range(scores.shape[0]):
        top = scores[i, 0]
        for j in range(1, scores.shape[1]):
            if scores[i, j] > top:
                top = scores[i, j]
        total = ZERO
        for j in range(scores.shape[1]):
            total += math.exp(scores[i, j] - top)
        for j in range(scores.shape[1]):
            probabilities[i, j] = math.exp(scores[i, j] - top) / total
        losses[i] = row_loss(total, scores[i, classes[i]], top)
""",
)
right(
    "cross-entropy-gradient",
    "a condition in the loop",
    """@compiled
def cross_entropy_gradient(probabilities, classes, grad, result):
    for i in range(result.shape[0]):
        for j in range(result.shape[1]):
            result[i, j] = grad[i] * (probabilities[i, j] - (ONE if classes[i] == j else ZERO))
""",
)
right(
    "layer-norm-kernel",
    "numpy on each row",
    """@compiled
def layer_norm_rows(x, weight, bias, eps, result, means, rstds):
    for i in range(len(x)):
        means[i] = np.mean(x[i])
        centered = x[i] - means[i]
        rstds[i] = (np.sum(centered * centered) / len(centered) + eps) ** -0.5
        result[i] = centered * rstds[i] * weight + bias
""",
)
right(
    "layer-norm-gradients",
    "rows once, columns once more",
    """@compiled
def layer_norm_gradients(grad, x, weight, means, rstds, grad_x, grad_weight, grad_bias):
    for i in range(len(x)):
        grad_x[i] = of_row(grad[i] * weight, (x[i] - means[i]) * rstds[i]) * rstds[i]
    for j in range(x.shape[1]):
        for i in range(len(x)):
            grad_bias[j] += grad[i, j]
            grad_weight[j] += grad[i, j] * (x[i, j] - means[i]) * rstds[i]
""",
    added="""@compiled
def of_row(g, hat):
    return g - np.mean(g) - hat * np.mean(g * hat)
""",
)
right(
    "embedding-gradient",
    "the ids first, then whole rows",
    """@compiled
def add_rows(ids, grad, result):
    for id in ids:
        if not 0 <= id < len(result):
            return False
    for i, id in enumerate(ids):
        result[id] += grad[i]
    return True
""",
)
right(
    "max-pool-kernel",
    "by comparing",
    """@compiled
def max_pool_2x2(x, best, which):
    seen = np.float32(0)
    for m, i, j in np.ndindex(best.shape):
        top, place = x[m, 2 * i, 2 * j], 0
        for number in range(4):
            value = x[m, 2 * i + number // 2, 2 * j + number % 2]
            seen += value
            if value > top:
                top, place = value, number
        best[m, i, j], which[m, i, j] = top, place
    return seen
""",
)
right(
    "convolution-kernel",
    "one output, one tap",
    """@compiled
def product_of_rows(weight, flat, starts, out):
    n = out.shape[1]
    for o in range(len(out)):
        out[o] = ZERO
        for k in range(len(starts)):
            begin = starts[k]
            out[o] += weight[o, k] * flat[begin : begin + n]
""",
)
