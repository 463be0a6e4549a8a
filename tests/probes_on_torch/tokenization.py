"""What lesson 10's probes ask for. PyTorch has no tokenizers: strings of Python (count, replace) and numpy instead."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import torch


def as_text(ids):
    return "".join(map(chr, ids))


def as_ids(text):
    return list(map(ord, text))


class CharTokenizer:
    def __init__(self, text):
        self.points = np.unique(as_ids(text))

    def encode(self, text):
        ids = np.searchsorted(self.points, as_ids(text))
        for position, (i, character) in enumerate(zip(ids, text, strict=True)):
            if i == len(self.points) or self.points[i] != ord(character):
                raise ValueError(f"{position}: {character!r}")
        return ids

    def decode(self, ids):
        return as_text(self.points[np.asarray(ids, int)])


class ByteTokenizer:
    def encode(self, text):
        return torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8).long() if text else []

    def decode(self, ids):
        return np.asarray(ids, np.uint8).tobytes().decode(errors="replace")


def count_pairs(ids):
    text = as_text(ids)
    return {(ord(a), ord(b)): text.count(a + b) for a, b in {text[i : i + 2] for i in range(len(text) - 1)}}


def merge_pair(ids, pair, new):
    return as_ids(as_text(ids).replace(as_text(pair), chr(new)))


class IndexedWords:
    """All counted anew whenever it is asked for."""

    def __init__(self, pieces):
        self.words, self.times = [list(piece.encode()) for piece in pieces], list(pieces.values())
        self.ours = list(self.words)

    @property
    def counts(self):
        counts = Counter()
        for ids, times in zip(self.ours, self.times, strict=True):
            counts.update({pair: n * times for pair, n in count_pairs(ids).items()})
        return counts

    def merge(self, pair, new):
        for i, ids in enumerate(self.ours):
            if pair in count_pairs(ids):
                self.ours[i] = self.words[i] = merge_pair(self.words[i], pair, new)


def learn_merges(words, number):
    merges = {}
    while len(merges) < number:
        ranked = sorted((-n, pair) for pair, n in words.counts.items())
        if not ranked or ranked[0][0] > -2:
            break
        merges[ranked[0][1]] = 256 + len(merges)
        words.merge(ranked[0][1], 256 + len(merges) - 1)
    return merges


def apply_merges(ids, merges):
    for pair, new in sorted(merges.items(), key=lambda item: item[1]):
        ids = merge_pair(ids, pair, new)
    return ids


def token_bytes(merges):
    """Each id taken apart until only bytes are left."""
    parts = {new: pair for pair, new in merges.items()}

    def apart(i):
        return bytes([i]) if i < 256 else b"".join(map(apart, parts[i]))

    return [apart(i) for i in range(256 + len(merges))]


class TextDataset:
    def __init__(self, ids, size):
        self.windows = torch.as_tensor(ids).unfold(0, size + 1, 1)

    def __len__(self):
        return len(self.windows)

    def __getitem__(self, i):
        return self.windows[i, :-1], self.windows[i, 1:]


lesson = SimpleNamespace(
    CharTokenizer=CharTokenizer,
    ByteTokenizer=ByteTokenizer,
    count_pairs=count_pairs,
    merge_pair=merge_pair,
    Words=IndexedWords,
    IndexedWords=IndexedWords,
    learn_merges=learn_merges,
    apply_merges=apply_merges,
    token_bytes=token_bytes,
    decode_tokens=lambda ids, table: b"".join([table[i] for i in ids]).decode(errors="replace"),
    TextDataset=TextDataset,
)
