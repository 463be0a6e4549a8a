"""Probes of lesson 10."""

import re
from collections import Counter
from itertools import pairwise, product

import numpy as np

from .harness import Probes

probe = Probes()
LETTERS = [(32, 127), (0xA1, 0x180), (0x400, 0x500), (0x4E00, 0x9FA0), (0x1F600, 0x1F650)]  # of 1 to 4 bytes


def text_of(rng, length):
    """Letters of many languages."""
    chosen = (LETTERS[which] for which in rng.integers(len(LETTERS), size=length))
    return "".join(chr(rng.integers(*between)) for between in chosen)


def word_of(rng, letters, least, most):
    return "".join(rng.choice(list(letters), rng.integers(least, most)))


def pieces_of(rng, number, letters="abc", least=1, most=10):
    return Counter({word_of(rng, letters, least, most): int(rng.integers(1, 6)) for _ in range(number)})


def what_it_says(call, *named):
    """Those of `named` that stand in the message of the ValueError, as they are and not as a part of a longer word."""
    try:
        call()
    except ValueError as error:
        return " ".join(name for name in named if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", str(error)))
    return "no ValueError"


def rows(counts):
    """The pairs that there are, sorted, with their counts."""
    return sorted([*pair, n] for pair, n in counts.items() if n)


def one_by_one(rng, length):
    """Ids of which no two neighbours are equal."""
    return (np.cumsum(rng.integers(1, 4, length)) % 5 + 254).tolist()


def in_runs(rng, length):
    """Ids of which many neighbours are equal."""
    return np.repeat(one_by_one(rng, length), rng.choice([1, 3, 4, 5], length)).tolist()


def merges_of(rng, letters, number):
    """Random merges {pair: new id}, half of them of the letters, the others of those."""
    pairs = list(product(sorted(set(letters.encode())), repeat=2))
    chosen = [pairs[i] for i in rng.permutation(len(pairs))[: number // 2]]
    pairs = list(product(range(256, 256 + number // 2), repeat=2))
    chosen += [pairs[i] for i in rng.permutation(len(pairs))[: number // 2]]
    return {pair: new for new, pair in enumerate(chosen, 256)}


@probe(
    "char-tokenizer",
    hint="An id is a character's place in self.characters; the first character that has none is named in a ValueError, "
    "with its position.",
)
def char_tokenizer(tt, lesson, rng):
    vocabulary = text_of(rng, 40) + " "
    known = sorted(set(vocabulary))
    text, ids = f" {word_of(rng, vocabulary, 50, 60)} ", rng.integers(len(known), size=(2, 15)).tolist()
    position, unknown = int(rng.integers(5, 50)), chr(rng.integers(0x3B1, 0x3CA))
    strange = text[:position] + unknown + text[position:] + "\u0416\u03a9"

    def tokenizer():
        return lesson.CharTokenizer(vocabulary)

    return {
        "encode/text": lambda: (tokenizer().encode(text), len(tokenizer().encode(""))),
        "decode/list": lambda: (tokenizer().decode(ids[0]), tokenizer().decode([])),
        "decode/tensor": lambda: tokenizer().decode(tt.tensor(ids[1])),
        "unknown/message": lambda: what_it_says(lambda: tokenizer().encode(strange), str(position), repr(unknown)),
    }


@probe(
    "byte-tokenizer",
    hint="The ids are the bytes of utf8(text), not code points; on the way back join all bytes first, then decode "
    'once, with errors="replace".',
)
def byte_tokenizer(tt, lesson, rng):
    text, other = text_of(rng, 20), text_of(rng, 20)
    position, stray = int(rng.integers(5, 15)), int(rng.integers(0x80, 0xC0))
    nonsense = [*text.encode(), stray, *b"a", 0xC3, *b"b", *other.encode(), 0xFF]
    half = text[:position] + "\ud83d" + text[position:]
    return {
        "encode/text": lambda: (lesson.ByteTokenizer().encode(text), len(lesson.ByteTokenizer().encode(""))),
        "encode/half a pair": lambda: what_it_says(lambda: lesson.ByteTokenizer().encode(half), str(position)),
        "decode/list": lambda: lesson.ByteTokenizer().decode(list(other.encode())),
        "decode/tensor": lambda: lesson.ByteTokenizer().decode(tt.tensor(list(other.encode()))),
        "no UTF-8/text": lambda: lesson.ByteTokenizer().decode(nonsense),
    }


@probe(
    "count-pairs",
    hint="A pair that shares an id with the same pair just before it, if that was counted, cannot be merged: it does "
    "not count.",
)
def count_pairs(tt, lesson, rng):
    def counted(ids):
        return rows(lesson.count_pairs(ids)), list(ids)

    apart, runs = one_by_one(rng, 60), in_runs(rng, 30)
    return {
        "neighbours/list": lambda: counted(apart),
        "neighbours/tuple": lambda: counted(tuple(apart[:20])),
        "overlaps/runs": lambda: counted(runs),
        "overlaps/one id": lambda: counted(runs[:1] * len(apart[: runs[0] % 5 + 4])),
    }


@probe(
    "merge-pair",
    hint="After a merge go on behind both of its ids; the last id has no neighbour, but stays; the list that was "
    "handed in is not changed.",
)
def merge_pair(tt, lesson, rng):
    found = {}
    for part, ids in (("neighbours", one_by_one(rng, 40)), ("overlaps", in_runs(rng, 20))):
        equal = [i for i in range(len(ids) - 1) if part == "neighbours" or ids[i] == ids[i + 1]]
        for number, at in enumerate(rng.choice(equal, 5)):
            pair, new = tuple(ids[at : at + 2]), int(rng.integers(300, 999))
            given = ids + [pair[0]] * (number % 2)  # half a pair at the end
            found[f"{part}/{number}"] = lambda ids=given, pair=pair, new=new: (lesson.merge_pair(ids, pair, new), ids)
    return found


@probe(
    "learn-merges",
    hint="Each turn asks best_pair for the counts as they are now, stops at None, merges, and notes the new id, from "
    "256 on.",
)
def learn_merges(tt, lesson, rng):
    found = {}
    for part, number in (("merges", 3), ("merges", 7), ("until no pair is left", 1000)):
        pieces = pieces_of(rng, 6 if number > 7 else 12, "ab\u00e9 ", 3)
        pieces["".join(rng.permutation(list("uvwxyz")))] = 1  # its pairs do not occur twice
        found[f"{part}/{number}"] = lambda pieces=pieces, number=number: [
            [*pair, new] for pair, new in lesson.learn_merges(lesson.Words(pieces), number).items()
        ]
    return found


class Noting(list):
    """A list that notes which of its entries are read."""

    def __init__(self, entries):
        super().__init__(entries)
        self.read = set()

    def __getitem__(self, at):
        self.read.update(np.atleast_1d(np.arange(len(self))[at]).tolist())
        return super().__getitem__(at)

    def __iter__(self):
        self.read.update(range(len(self)))
        return super().__iter__()


@probe(
    "indexed-words",
    hint="A word counts times[i] times; its old pairs are taken away before it is merged and the new ones added after; "
    "only the words of where[pair] are visited.",
)
def indexed_words(tt, lesson, rng):
    pieces, chosen = pieces_of(rng, 12), []
    pieces["".join(letter * n for letter, n in zip("abc", rng.integers(3, 6, 3), strict=True))] = 2
    words = ["".join(map(chr, piece.encode())) for piece in pieces]
    for new in range(256, 262):
        long = [word for word in words if len(word) > 1]
        word = long[rng.integers(len(long))]
        at = rng.integers(len(word) - 1)
        chosen.append(((ord(word[at]), ord(word[at + 1])), new))
        words = [each.replace(word[at : at + 2], chr(new)) for each in words]

    def merged(number):
        indexed = lesson.IndexedWords(pieces)
        for pair, new in chosen[:number]:
            indexed.merge(pair, new)
        return rows(indexed.counts), [i for ids in indexed.words for i in (*ids, -1)]

    many = pieces_of(rng, 40, "abcde", 3, 6)
    pair = tuple(list(many)[rng.integers(len(many))].encode()[:2])

    def visited():
        indexed = lesson.IndexedWords(many)
        indexed.words = words = Noting(indexed.words)
        indexed.merge(pair, 300)
        return sorted(words.read)

    return {
        "counts/at first": lambda: merged(0),
        "merges/one": lambda: merged(1),
        "merges/several": lambda: merged(len(chosen)),
        "visits only words with the pair/words": visited,
    }


@probe(
    "apply-merges",
    hint="Of the pairs that are there, the one with the smallest new id comes first, wherever it stands; stop when "
    "none is left.",
)
def apply_merges(tt, lesson, rng):
    found = {}
    for number in range(4):
        merges, word = merges_of(rng, "abc", 16), word_of(rng, "abcd", 30, 40).encode()
        repeated = b"".join(bytes([letter]) * n for letter, n in zip(word, rng.integers(1, 7, len(word)), strict=True))
        same = {(97, 97): 256} | {(new, new): new + 1 for new in range(256, 258)}
        pair = {tuple(word[:2]): int(rng.integers(300, 999))}
        found[f"repeats/pair {number}"] = lambda ids=word[:2], merges=pair: lesson.apply_merges(ids, merges)
        found[f"order/{number}"] = lambda ids=list(word), merges=merges: (lesson.apply_merges(ids, merges), ids)
        found[f"repeats/{number}"] = lambda ids=repeated, merges=same: lesson.apply_merges(ids, merges)
        found[f"order/short {number}"] = lambda ids=word[: number % 3], merges=merges: len(
            lesson.apply_merges(ids, merges)
        )
    return found


@probe(
    "token-bytes",
    hint="A merge stands for the bytes of its two parts, which may be merges too; for the text join the bytes of all "
    'ids first, then decode once, with errors="replace".',
)
def token_bytes(tt, lesson, rng):
    merges, text = merges_of(rng, text_of(rng, 5), 20), text_of(rng, 40).encode()
    cuts = [0, *np.cumsum(rng.integers(1, 6, len(text) // 5)).tolist(), len(text)]
    parts = [text[a:b] for a, b in pairwise(cuts)]
    table, ids = [bytes([i]) for i in range(256)] + parts, list(range(256, 256 + len(parts)))
    stray = [*ids[:4], 0xFF, *ids[4:], int(rng.integers(0x80, 0xC0)), 97, 0xC3]

    def made():
        table = lesson.token_bytes(merges)
        return [len(part) for part in table], list(b"".join(table))

    return {
        "table/bytes": made,
        "text/ids": lambda: lesson.decode_tokens(ids, table),
        "no UTF-8/ids": lambda: lesson.decode_tokens(stray, table),
    }


@probe(
    "text-dataset",
    hint="The targets are the inputs moved on by one, so a window needs an id behind it: n ids have n - block_size of "
    "them.",
)
def text_dataset(tt, lesson, rng):
    found = {}
    for number in range(3):
        ids, size = rng.integers(1000, size=rng.integers(30, 200)).tolist(), int(rng.integers(2, 12))
        given = (list, tuple, tt.tensor)[number](ids)
        at = [0, *rng.integers(len(ids) - size, size=3).tolist(), len(ids) - size - 1]

        def samples(given=given, size=size, at=at):
            windows = lesson.TextDataset(given, size)
            found = [windows[i] for i in at]
            kinds = [isinstance(part, tt.Tensor) and part.dtype is tt.int64 for sample in found for part in sample]
            return tuple(found), kinds, [isinstance(sample, tuple) for sample in found]

        def whole(given=given, size=size):
            windows = lesson.TextDataset(given, size)
            return len(windows), windows[-1], windows[-len(windows)]

        found |= {f"samples/{number}": samples, f"how many/{number}": whole}
    return found
