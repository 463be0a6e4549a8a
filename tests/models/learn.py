"""A small model of each family learns a task, and is asked about data that it never saw: a program for both frameworks.

    python learn.py [LIBRARY/NAME...]
    python -m tinytorch learn.py [LIBRARY/NAME...]

A line for each case: what it scored on held-out data, the bar, how many parameters moved, seconds. A missed bar, or a
parameter that stayed where it was or never had a gradient other than zero, makes the exit status 1.
"""

import importlib
import itertools
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parents[1]))
from models.oracle import let_torchvision_load

let_torchvision_load()


class Task(NamedTuple):
    """Training and held-out examples, each a dict of tensors; what to minimise; the share that a model gets right."""

    training: dict
    held_out: dict
    loss: Callable  # (model, examples) -> a scalar
    score: Callable  # (model, examples) -> from 0 to 1


class Case(NamedTuple):
    model: Callable  # () -> Module
    task: Callable  # (rng) -> Task
    steps: int
    rate: float
    bar: float
    still: dict = {}  # pattern of names -> why these parameters do not move
    batch: int = 32


# Models


def small(library: str, name: str, kind: str = "", **options):
    """How to build the small model `name`; or, of its configuration with `options`, the class `kind` of transformers."""

    def build():
        model, _ = importlib.import_module(f"models.cases_{library}").SMALL[name](np.random.default_rng(0))
        if not (kind or options):
            return model
        for option, value in options.items():
            setattr(model.config, option, value)
        return (getattr(importlib.import_module("transformers"), kind) if kind else type(model))(model.config)

    return build


# Tasks


def some(examples: dict, rows) -> dict:
    return {name: value[rows] for name, value in examples.items()}


def parted(examples: dict, rng, held_out: int) -> tuple:
    """(training, held-out) examples."""
    order = torch.from_numpy(rng.permutation(len(next(iter(examples.values())))))
    return some(examples, order[held_out:]), some(examples, order[:held_out])


def own_loss(model, examples):
    return model(**examples).loss


def share(right) -> float:
    return right.float().mean().item()


def classes(model, examples) -> float:
    return share(model(**examples).logits.argmax(-1) == examples["labels"])


def words(shift: int):
    """Sequences of which every word that has a label is right; the word at `i` is predicted at `i - shift`."""

    def score(model, examples) -> float:
        labels = examples["labels"]
        logits = model(**examples).logits[:, -labels.shape[1] :]  # the picture of some models stands before them
        said = logits[:, : labels.shape[1] - shift].argmax(-1)
        labels = labels[:, shift:]
        return share(((said == labels) | (labels == -100)).all(1))

    return score


def combinations(rng, letters: int, length: int):
    """All sequences of `length` out of so many letters, in any order."""
    return rng.permutation(np.array(list(itertools.product(range(letters), repeat=length))))


def cross_entropy(model, examples):
    return F.cross_entropy(model(examples["pixel_values"]), examples["labels"])


def right(model, examples) -> float:
    return share(model(examples["pixel_values"]).argmax(1) == examples["labels"])


def digits(size: int, own: bool = False, count: int = 5):
    """Which digit is it, 0 to 4, say? scikit-learn's, enlarged from 8² to size²."""

    def task(rng):
        from sklearn.datasets import load_digits

        data = load_digits()
        images = data.images[data.target < count].repeat(size // 8, 1).repeat(size // 8, 2) / 8 - 1
        images = torch.from_numpy(images.astype("float32"))[:, None].expand(-1, 3, -1, -1)
        labels = torch.from_numpy(data.target[data.target < count].astype("int64"))
        examples = {"pixel_values": images, "labels": labels}
        return Task(*parted(examples, rng, 150), *((own_loss, classes) if own else (cross_entropy, right)))

    return task


def square(rng, size: int, count: int) -> tuple:
    """Noise with one bright square in each picture: (pictures, boxes as left, top, right, bottom)."""
    pictures = 0.3 * rng.random((count, 3, size, size))
    sides = rng.integers(size // 4, size // 2, count)
    corners = (rng.random((count, 2)) * (size - sides[:, None])).astype(int)
    boxes = np.concatenate([corners, corners + sides[:, None]], 1)
    for picture, (left, top, right, bottom) in zip(pictures, boxes):
        picture[:, top:bottom, left:right] += 0.7
    return torch.from_numpy(pictures.astype("float32")), torch.from_numpy(boxes.astype("float32"))


def overlap(ours, theirs) -> float:
    """The mean intersection over union of boxes, pair by pair."""
    sides = (torch.minimum(ours[:, 2:], theirs[:, 2:]) - torch.maximum(ours[:, :2], theirs[:, :2])).clamp(min=0)
    area = lambda boxes: (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return (sides.prod(1) / (area(ours) + area(theirs) - sides.prod(1))).mean().item()


def find_by_queries(rng):
    """DETR's boxes: middle and sides, as shares of the picture."""
    pictures, boxes = square(rng, 64, 600)

    def loss(model, examples):
        box = examples["boxes"] / 64
        box = torch.cat([(box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]], 1)
        labels = [{"class_labels": torch.tensor([1]), "boxes": b[None]} for b in box]
        return model(examples["pictures"], labels=labels).loss

    def score(model, examples):
        found = model(examples["pictures"])
        best = found.logits.softmax(-1)[..., 1].argmax(1)
        middle, sides = found.pred_boxes[torch.arange(len(best)), best].split(2, -1)
        return overlap(64 * torch.cat([middle - sides / 2, middle + sides / 2], 1), examples["boxes"])

    return Task(*parted({"pictures": pictures, "boxes": boxes}, rng, 60), loss, score)


def find_by_regions(rng):
    """Mask R-CNN's boxes and masks; the score is the overlap of the best mask with the square."""
    pictures, boxes = square(rng, 80, 200)

    def inside(box):
        mask = torch.zeros(80, 80, dtype=torch.uint8)
        left, top, right, bottom = box.int().tolist()
        mask[top:bottom, left:right] = 1
        return mask

    def loss(model, examples):
        targets = [
            {"boxes": box[None], "labels": torch.tensor([1]), "masks": inside(box)[None]} for box in examples["boxes"]
        ]
        return sum(model(list(examples["pictures"]), targets).values())

    def score(model, examples):
        total = 0.0
        for found, box in zip(model(list(examples["pictures"])), examples["boxes"]):
            ours = found["masks"][:1, 0] > 0.5  # the best comes first
            theirs = inside(box)[None].bool()
            total += ((ours & theirs).sum() / (ours | theirs).sum()).item() if len(ours) else 0.0
        return total / len(examples["boxes"])

    return Task(*parted({"pictures": pictures, "boxes": boxes}, rng, 40), loss, score)


def marker(rng):
    """Which of three words stands somewhere among others?"""
    ids, labels = rng.integers(10, 96, (800, 10)), rng.integers(0, 3, 800)
    ids[np.arange(800), rng.integers(0, 10, 800)] = 4 + labels
    examples = {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}
    return Task(*parted(examples, rng, 200), own_loss, classes)


def masked(rng):
    """Four words come twice, and one is masked the second time."""
    ids = torch.from_numpy(np.tile(combinations(rng, 8, 4)[:1200] + 10, 2))
    rows, places = torch.arange(1200), torch.from_numpy(rng.integers(4, 8, 1200))
    labels = torch.full_like(ids, -100)
    labels[rows, places] = ids[rows, places]
    ids[rows, places] = 4
    return Task(*parted({"input_ids": ids, "labels": labels}, rng, 200), own_loss, words(0))


def repeated(rng):
    """Three times the same four words: the second and third time they are known."""
    ids = torch.from_numpy(np.tile(combinations(rng, 8, 4) + 10, 3))
    labels = torch.where(torch.arange(12) < 4, -100, ids)
    return Task(*parted({"input_ids": ids, "labels": labels}, rng, 200), own_loss, words(1))


def reversed_letters(rng):
    letters = torch.from_numpy(combinations(rng, 8, 4) + 10)
    ids = F.pad(F.pad(letters, (1, 0), value=4), (0, 1), value=5)
    return Task(*parted({"input_ids": ids, "labels": letters.flip(1)}, rng, 200), own_loss, words(0))


def tones(letters, noise: float, rng):
    """A fifth of a second of sound: a tone for each letter, with silence between them."""
    time = np.arange(3000 // letters.shape[1])
    waves = np.sin(2 * np.pi * (0.02 * 2 ** letters[..., None] * time + rng.random((*letters.shape, 1))))
    sound = (waves * (time < 0.75 * len(time))).reshape(len(letters), -1)
    return torch.from_numpy((sound + noise * rng.standard_normal(sound.shape)).astype("float32"))


def dictation(rng):
    """Three tones, three letters; which tone is where, CTC has to find."""
    letters = combinations(rng, 4, 3).repeat(4, 0)
    examples = {"input_values": tones(letters, 0.1, rng), "labels": torch.from_numpy(letters + 5)}

    def score(model, some):
        said = model(some["input_values"]).logits.argmax(-1).tolist()
        said = [[word for word, _ in itertools.groupby(row) if word != model.config.pad_token_id] for row in said]
        return float(np.mean([ours == theirs for ours, theirs in zip(said, some["labels"].tolist())]))

    return Task(some(examples, slice(64, None)), some(examples, slice(0, 64)), own_loss, score)


def pitch(rng):
    letters = rng.integers(0, 4, 400)
    examples = {"input_values": tones(letters[:, None], 0.3, rng), "labels": torch.from_numpy(letters)}
    return Task(*parted(examples, rng, 100), own_loss, classes)


def spectrogram(rng):
    """Four tones of fifteen frames each in a spectrogram of eight bands."""
    letters = combinations(rng, 4, 4)
    bands = np.eye(4)[letters].repeat(15, 1).repeat(2, 2).transpose(0, 2, 1)
    sound = torch.from_numpy((bands + 0.2 * rng.standard_normal(bands.shape)).astype("float32"))
    examples = {"input_features": sound, "labels": torch.from_numpy(letters + 10)}
    return Task(*parted(examples, rng, 64), own_loss, words(0))


def quarters(rng) -> tuple:
    """(pictures of four coloured quarters, a word for each quarter with its colour): all 256."""
    colours = combinations(rng, 4, 4)
    pictures = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])[colours].transpose(0, 2, 1).reshape(-1, 3, 2, 2)
    pictures = pictures.repeat(16, 2).repeat(16, 3) + 0.2 * rng.standard_normal((len(colours), 3, 32, 32))
    return torch.from_numpy(pictures.astype("float32")), torch.from_numpy(colours + 10 + 4 * np.arange(4))


def matching(*after):
    """Which of 64 sentences tells of this picture? A sentence ends with the words `after`."""

    def task(rng):
        pictures, said = quarters(rng)
        ids = torch.cat([said, torch.tensor([after] * len(said), dtype=torch.long).reshape(len(said), -1)], 1)

        def score(model, examples):
            return share(model(**examples).logits_per_image.argmax(1) == torch.arange(len(examples["input_ids"])))

        examples = {"input_ids": ids, "pixel_values": pictures}
        return Task(*parted(examples, rng, 64), lambda model, some: model(**some, return_loss=True).loss, score)

    return task


def describing(pictures_before: int = 0, several: bool = False):
    """Say the colours of the picture, from one quarter to the next."""

    def task(rng):
        pictures, said = quarters(rng)
        before = torch.tensor([[98] * pictures_before + [1]] * len(said))
        ids = torch.cat([before, said], 1)
        labels = torch.cat([torch.full_like(before, -100), said], 1)
        examples = {"input_ids": ids, "pixel_values": pictures[:, None] if several else pictures, "labels": labels}
        if several:
            examples["image_attention_mask"] = torch.ones(*ids.shape, 1, dtype=torch.long)
        return Task(*parted(examples, rng, 64), own_loss, words(1))

    return task


# Cases


def detr():
    """With boxes found on 64 places, not on 4, and a backbone that learns; transformers freezes it as if pretrained."""
    import transformers as T

    config = small("transformers", "detr")().config
    config.backbone_config = T.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], out_features=["stage2"]
    )
    config.init_std = 0.1
    model = T.DetrForObjectDetection(config)
    model.model.unfreeze_backbone()
    return model


def of(name: str, kind: str = "", **options):
    return small("transformers", name, kind, **options)


MELTED = {"freeze_text_layers": False, "freeze_vision_layers": False, "freeze_lm_head": False}
CLASSES = {"num_labels": 4, "apply_spec_augment": False}
UNMASKED = {"masked_spec_embed": "nothing is masked here"}
# With the usual initial weights of 0.02, which suit hundreds of columns, attention over 32 takes long to find places; so
# does Flamingo's with gates that start shut, and behind its resampler.
CASES = {
    "timm/resnet": Case(small("timm", "resnet"), digits(32), 60, 1e-2, 0.8),
    "timm/densenet": Case(small("timm", "densenet"), digits(32), 60, 1e-2, 0.8),
    "timm/mobilenetv2": Case(small("timm", "mobilenetv2"), digits(32, count=3), 60, 1e-2, 0.7),
    "timm/efficientnet": Case(small("timm", "efficientnet"), digits(32), 50, 3e-3, 0.8),
    "timm/convnext": Case(small("timm", "convnext"), digits(32), 80, 3e-3, 0.8),
    "transformers/swin": Case(
        of("swin", num_labels=3, initializer_range=0.1, drop_path_rate=0.0), digits(32, True, 3), 100, 1e-2, 0.7
    ),
    "transformers/vit": Case(of("vit", num_labels=5, initializer_range=0.1), digits(32, True), 150, 5e-3, 0.7),
    "torchvision/mask_rcnn": Case(
        lambda: small("torchvision", "mask_rcnn")().detector, find_by_regions, 90, 3e-3, 0.5, batch=4
    ),
    "transformers/detr": Case(
        detr, find_by_queries, 150, 3e-3, 0.4, {r"decoder.layers.0.self_attn.v_proj.weight": "queries start at zero"}
    ),
    "transformers/bert_to_classify": Case(of("bert_to_classify"), marker, 100, 3e-3, 0.9),
    "transformers/roberta": Case(of("roberta", initializer_range=0.1), masked, 150, 1e-2, 0.9),
    "transformers/gpt2": Case(of("gpt2", initializer_range=0.1), repeated, 100, 1e-2, 0.9),
    "transformers/llama": Case(of("llama", initializer_range=0.1), repeated, 100, 1e-2, 0.9),
    "transformers/bart": Case(of("bart", init_std=0.1), reversed_letters, 200, 5e-3, 0.9),
    "transformers/t5": Case(of("t5", dropout_rate=0.0), reversed_letters, 300, 1e-2, 0.8),
    "transformers/wav2vec2_ctc": Case(
        of("wav2vec2_ctc", apply_spec_augment=False), dictation, 300, 5e-3, 0.8, UNMASKED
    ),
    "transformers/hubert": Case(of("hubert", "HubertForSequenceClassification", **CLASSES), pitch, 60, 3e-3, 0.9, UNMASKED),
    "transformers/wavlm": Case(of("wavlm", "WavLMForSequenceClassification", **CLASSES), pitch, 60, 3e-3, 0.9, UNMASKED),
    "transformers/whisper": Case(
        of("whisper"), spectrogram, 150, 3e-3, 0.9, {"encoder.embed_positions": "a table of sines, which is given"}
    ),
    "transformers/clip": Case(of("clip"), matching(97), 200, 3e-3, 0.6),
    "transformers/align": Case(
        of("align", temperature_init_value=0.1), matching(), 80, 5e-3, 0.6, {"text_model.pooler": "it asks the first word"}
    ),
    "transformers/blip": Case(of("blip"), describing(), 200, 3e-3, 0.9),
    "transformers/llava": Case(
        of("llava", vision_feature_layer=-1), describing(16), 150, 3e-3, 0.9,
        {"vision_tower.post_layernorm": "the places of the picture are taken before it"},
    ),
    "transformers/flamingo": Case(
        of("flamingo", use_resampler=False, initializer_range=0.1, alpha_initializer="ones", **MELTED),
        describing(several=True), 200, 3e-3, 0.9,
        {"vision_model.post_layernorm": "the places of the picture are taken before it"},
    ),
}  # fmt: skip


def told_apart(task: Task) -> None:
    """No held-out input is among those of training."""
    inputs = next(iter(task.training))
    seen = {row.numpy().tobytes() for row in task.training[inputs]}
    assert not any(row.numpy().tobytes() in seen for row in task.held_out[inputs])


def learned(case: Case, seed: int = 0) -> tuple:
    """(score on held-out examples, names of all parameters, of those that did not move)."""
    rng = np.random.default_rng(seed)
    task = case.task(rng)
    told_apart(task)
    torch.manual_seed(seed)
    model = case.model().train()
    parameters = dict(model.named_parameters())
    before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    reached = set()
    optimizer = torch.optim.AdamW([p for p in parameters.values() if p.requires_grad], case.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, case.rate, case.steps)
    count = len(next(iter(task.training.values())))
    for _ in range(case.steps):
        rows = torch.from_numpy(rng.choice(count, min(case.batch, count), replace=False))
        optimizer.zero_grad()
        loss = task.loss(model, some(task.training, rows))
        loss.backward()
        for name, parameter in parameters.items():
            if name not in reached and parameter.grad is not None and parameter.grad.any():
                reached.add(name)
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        schedule.step()
    still = [name for name, p in parameters.items() if name not in reached or torch.equal(p, before[name])]
    with torch.no_grad():
        return task.score(model.eval(), task.held_out), list(parameters), still


def main(*names: str) -> int:
    torch.set_num_threads(1)
    failed = False
    for name in names or CASES:
        case, start = CASES[name], time.process_time()
        score, parameters, still = learned(case)
        wrong = [p for p in still if not any(re.search(pattern, p) for pattern in case.still)]
        failed |= score < case.bar or bool(wrong)
        moved = f"{len(parameters) - len(still)}/{len(parameters)} moved"
        seconds = time.process_time() - start
        print(f"{name:30} {score:.3f} bar {case.bar} {moved:14} {seconds:.1f} s", *wrong, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
