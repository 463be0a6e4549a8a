"""2017: attention alone copies, reverses and sorts.

New that year: no recurrence, no convolution; each position asks all others what they hold, and takes what fits. Here
one small transformer reads a task and eight digits, and writes its answer into eight empty places behind them: whatever
stands there has come through attention.

Ashish Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
"""

import tinytorch
from tinytorch import nn, optim

YEAR = 2017
DATA, METRIC, BAR, SEEDS = "copy, reverse, sort 8 digits", "exact answers, worst task", 0.99, 2
TASKS = ("copy", "reverse", "sort")
LENGTH, WIDTH, HEADS, LAYERS = 8, 32, 2, 2
STEPS, BATCH, LR = 1800, 32, 5e-3
BLANK = 10 + len(TASKS)  # ids: ten digits, the tasks, an empty place


def draw(count, held_out):
    """(ids (n, 1 + 2 LENGTH), answers (n, LENGTH)): about `count`; held out is what adds up to a multiple of 7."""
    digits = tinytorch.randint(0, 10, (count, LENGTH))
    digits = digits[(digits.sum(dim=1) % 7 == 0) == held_out]
    task = tinytorch.arange(len(digits)) % len(TASKS)
    answers = tinytorch.stack([digits, digits.flip(1), digits.sort(dim=1)[0]])[task, tinytorch.arange(len(digits))]
    return tinytorch.cat([10 + task.unsqueeze(1), digits, tinytorch.full_like(digits, BLANK)], dim=1), answers


def data():
    """Some of what is learned from, and 1,000 of what never is, the same in every run."""
    state = tinytorch.get_rng_state()
    tinytorch.manual_seed(2017)
    examples, (ids, answers) = draw(600, False), draw(8000, True)
    tinytorch.set_rng_state(state)
    return examples, (ids[:1000], answers[:1000])


class Block(nn.Module):
    """Attention, then two linear layers, each on the normalised x and added to it."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.ReLU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class Transformer(nn.Module):
    """Ids (N, 1 + 2 LENGTH) to scores (N, LENGTH, 10) of the digits at the empty places."""

    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(BLANK + 1, WIDTH), nn.Embedding(1 + 2 * LENGTH, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(tinytorch.arange(ids.shape[1]))
        return self.head(self.norm(self.blocks(x)))[:, -LENGTH:]


def build(seed):
    tinytorch.manual_seed(seed)
    return Transformer()


def loss(scores, answers):
    return nn.functional.cross_entropy(scores.reshape(-1, 10), answers.reshape(-1))


def train(model, examples, watch=lambda done: None):
    """New sequences in every step: nothing is seen twice but by chance."""
    optimizer = optim.Adam(model.parameters(), lr=LR)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=LR, total_steps=STEPS, pct_start=0.1)
    for step in range(STEPS):
        ids, answers = draw(BATCH * 7 // 6, held_out=False)
        optimizer.zero_grad()
        loss(model(ids), answers).backward()
        optimizer.step()
        schedule.step()
        watch((step + 1) / STEPS)


def exact(model, ids, answers):
    """{task: share of the sequences that are right from the first digit to the last}."""
    right = (model(ids).argmax(dim=-1) == answers).all(dim=1)
    return {task: right[ids[:, 0] == 10 + i].float().mean().item() for i, task in enumerate(TASKS)}


def score(model, ids, answers):
    return min(exact(model, ids, answers).values())


def notes(model):
    """Each task, and what the same training makes of the same model with its attention taken out."""
    deaf = build(0)
    for block in deaf.blocks:
        block.attention.forward = lambda query, *others, **options: (query * 0, None)
        block.attention.gradient_contract = False
        block.attention.requires_grad_(False)
    train(deaf, None)
    with tinytorch.no_grad():
        found = {"held-out sequences right": exact(model, *data()[1]), "without attention": exact(deaf, *data()[1])}
    return {label: ", ".join(f"{task} {share:.1%}" for task, share in each.items()) for label, each in found.items()}


def plots(model):
    import matplotlib.pyplot as plt

    ids = tinytorch.tensor([[10 + i, *(3, 1, 4, 1, 5, 9, 2, 6), *[BLANK] * LENGTH] for i in range(len(TASKS))])
    figure, axes = plt.subplots(LAYERS, len(TASKS), figsize=(8.4, 2.2 * LAYERS + 0.6), layout="constrained")
    figure.suptitle("Where each empty place looks (all heads together)")
    with tinytorch.no_grad():
        x, answers = model.tokens(ids) + model.positions(tinytorch.arange(ids.shape[1])), model(ids).argmax(dim=-1)
        for block, row in zip(model.blocks, axes, strict=True):
            h = block.norm1(x)
            weights = block.attention(h, h, h)[1][:, -LENGTH:, : 1 + LENGTH]
            x = block(x)
            for i, ax in enumerate(row):
                ax.imshow(weights[i].tolist(), cmap="Blues", vmin=0, vmax=1)
                ax.set_title(TASKS[i])
                ax.set_xticks(range(1 + LENGTH), ["task", *ids[i, 1 : 1 + LENGTH].tolist()])
                ax.set_yticks(range(LENGTH), answers[i].tolist())
    return {"attention": figure}
