"""Solutions of lesson 10."""

from solutions.solution import Solutions

solutions = Solutions("10_tokenization")
wrong, right = solutions.wrong, solutions.right

wrong(
    "char-tokenizer",
    "unknown ones are left out",
    (
        "        for position, character in enumerate(text):",
        "        text = [c for c in text if c in self.ids]\n        for position, character in enumerate(text):",
    ),
)
wrong("char-tokenizer", "a KeyError says nothing of the position", ("if character not in self.ids:", "if False:"))
wrong(
    "char-tokenizer",
    "ids from 1 on",
    ("return [self.ids[character] for", "return [self.ids[character] + 1 for"),
    ("self.characters[i] for i", "self.characters[i - 1] for i"),
)
wrong("char-tokenizer", "in the order of the text", ("sorted(set(checked_text(text)))", "list(dict.fromkeys(text))"))

wrong(
    "char-tokenizer",
    "without the white space around",
    ("return [self.ids[character] for character in text]", "return [self.ids[c] for c in text.strip()]"),
)

wrong("byte-tokenizer", "code points", ("list(utf8(text))", "[min(ord(c), 255) for c in text]"))
wrong("byte-tokenizer", "byte by byte", ('bytes(ids).decode("utf-8", errors="replace")', '"".join(map(chr, ids))'))
wrong("byte-tokenizer", "nonsense vanishes", ('errors="replace"', 'errors="ignore"'))
wrong(
    "byte-tokenizer",
    "half a pair is encoded anyway",
    ("list(utf8(text))", 'list(text.encode("utf-8", "surrogatepass"))'),
)

wrong("count-pairs", "overlaps counted twice", ("if pair == counted:", "if False:"))
wrong("count-pairs", "every second of a run forgotten", ("            counted = None\n", "            pass\n"))
wrong("count-pairs", "the last pair forgotten", ("pairwise(ids)", "pairwise(ids[:-1])"))
wrong("count-pairs", "order does not matter", ("counts[pair] += 1", "counts[tuple(sorted(pair))] += 1"))

wrong("merge-pair", "moves on by one", ("i += 2", "i += 1"))
wrong("merge-pair", "the last id is lost", ("while i < len(ids)", "while i < len(ids) - 1"))
wrong("merge-pair", "changes the list", ("    return merged", "    ids[:] = merged\n    return merged"))
wrong("merge-pair", "looks behind the end", (" and i + 1 < len(ids)", ""))
wrong(
    "merge-pair",
    "from right to left",
    ("    merged, i = [], 0\n", "    ids, (second, first), merged, i = ids[::-1], pair, [], 0\n"),
    ("    return merged", "    return merged[::-1]"),
)

wrong("learn-merges", "counts of the beginning", ("        words.merge(pair, new)\n", ""))
wrong("learn-merges", "ids from 257 on", ("merges[pair] = new", "merges[pair] = new + 1"))
wrong(
    "learn-merges",
    "learns by heart",
    (
        "        if pair is None:\n",
        "        pair = pair or max(words.counts, default=None)\n        if pair is None:\n",
    ),
)
wrong("learn-merges", "does not stop", ("        if pair is None:\n            break\n", ""))
wrong(
    "learn-merges",
    "the rarest of the largest",
    (
        "best_pair(words.counts)",
        "max((p for p in words.counts if words.counts[p] > 1), key=lambda p: (words.counts[p], p), default=None)",
    ),
)

wrong("indexed-words", "times forgotten", ("sign * n * self.times[i]", "sign * n"))
wrong("indexed-words", "old pairs stay", ("            self.tally(i, -1)\n", ""))
wrong(
    "indexed-words",
    "new pairs are not indexed",
    (
        "            self.tally(i, 1)\n",
        "            where, self.where = self.where, defaultdict(set)\n            self.tally(i, 1)\n            self.where = where\n",
    ),
)
wrong(
    "indexed-words",
    "counts anew",
    (
        "        for i in self.where.pop(pair, set()):\n            self.tally(i, -1)\n            self.words[i] = merge_pair(self.words[i], pair, new)\n            self.tally(i, 1)\n",
        "        Words.merge(self, pair, new)\n",
    ),
)
wrong(
    "indexed-words",
    "an overlap counts twice",
    ("count_pairs(self.words[i]).items()", "Counter(pairwise(self.words[i])).items()"),
)

wrong(
    "apply-merges",
    "from left to right",
    (
        'min(pairwise(ids), key=lambda pair: merges.get(pair, float("inf")))',
        "next((pair for pair in pairwise(ids) if pair in merges), None)",
    ),
)
wrong(
    "apply-merges",
    "last learned first",
    (
        'min(pairwise(ids), key=lambda pair: merges.get(pair, float("inf")))',
        "max(pairwise(ids), key=lambda pair: merges.get(pair, 0))",
    ),
)
wrong("apply-merges", "two ids stay", ("while len(ids) > 1:", "while len(ids) > 2:"))
wrong(
    "apply-merges",
    "once only",
    ("        ids = merge_pair(ids, pair, merges[pair])\n", "        return merge_pair(ids, pair, merges[pair])\n"),
)

wrong("token-bytes", "parts turned around", ("table[first] + table[second]", "table[second] + table[first]"))
wrong(
    "token-bytes",
    "piece by piece",
    (
        'b"".join(table[i] for i in ids).decode("utf-8", errors="replace")',
        '"".join(table[i].decode("utf-8", errors="replace") for i in ids)',
    ),
)
wrong("token-bytes", "parts are bytes", ("table[first] + table[second]", "bytes([first % 256, second % 256])"))
wrong("token-bytes", "errors are raised", (', errors="replace"', ""))

wrong("text-dataset", "one window too many", ("- self.block_size\n", "- self.block_size + 1\n"))
wrong(
    "text-dataset",
    "windows side by side",
    ("        window =", "        index *= self.block_size\n        window ="),
)
wrong("text-dataset", "targets are the inputs", ("window[1:]", "window[:-1]"))
wrong(
    "text-dataset",
    "the last window forgotten",
    ("len(self.ids) - self.block_size\n", "len(self.ids) - self.block_size - 1\n"),
)
wrong("text-dataset", "targets only of the last id", ("window[1:]", "window[-1:]"))

right(
    "char-tokenizer",
    "by position",
    (
        """        for position, character in enumerate(text):
            if character not in self.ids:
""",
        """        if unknown := set(text) - set(self.characters):
            position = min(text.index(character) for character in unknown)
            for character in text[position]:
""",
    ),
    ("return [self.ids[character] for character in text]", "return list(map(self.characters.index, text))"),
)
right(
    "byte-tokenizer",
    "bytearray",
    ("list(utf8(text))", "[*bytearray(utf8(text))]"),
    ("bytes(ids).decode(", "str(bytearray(ids), "),
    ('"utf-8", errors', 'encoding="utf-8", errors'),
)
right(
    "count-pairs",
    "run by run",
    """def count_pairs(ids):
    counts = Counter()
    for (value, length), following in zip(runs := list(runs_of(ids)), [*runs[1:], None]):
        if length > 1:
            counts[value, value] += length // 2
        if following:
            counts[value, following[0]] += 1
    return counts
""",
    added="""def runs_of(ids):
    from itertools import groupby
    for value, group in groupby(ids):
        yield value, len(list(group))
""",
)
right(
    "merge-pair",
    "looking back",
    """def merge_pair(ids, pair, new):
    out = []
    open_place = False  # may the last one still be merged?
    for i in ids:
        if open_place and (out[-1], i) == tuple(pair):
            out[-1], open_place = new, False
        else:
            out.append(i)
            open_place = True
    return out
""",
)
right(
    "learn-merges",
    "while",
    """def learn_merges(words, number):
    merges = {}
    while len(merges) < number and (pair := best_pair(words.counts)):
        merges[pair] = 256 + len(merges)
        words.merge(pair, merges[pair])
    return merges
""",
)
right(
    "indexed-words",
    "differences of counts",
    (
        "            self.counts[pair] += sign * n * self.times[i]\n            if sign > 0:\n                self.where[pair].add(i)\n",
        "            self.counts.update({pair: sign * n * self.times[i]})\n            (self.where[pair].add if sign == 1 else self.where[pair].discard)(i)\n",
    ),
    ("self.where.pop(pair, set())", "sorted(self.where[pair])"),
)
right(
    "apply-merges",
    "one merge after the other",
    """def apply_merges(ids, merges):
    ids = list(ids)
    for pair in sorted(merges, key=merges.get):
        if pair in zip(ids, ids[1:]):
            ids = merge_pair(ids, pair, merges[pair])
    return ids
""",
)
right(
    "token-bytes",
    "bytearrays",
    ("table.append(table[first] + table[second])", 'table += [b"".join([table[first], table[second]])]'),
    ('b"".join(table[i] for i in ids).decode(', "bytes(byte for i in ids for byte in table[i]).decode("),
)
right(
    "text-dataset",
    "two slices",
    (
        "        window = self.ids[index : index + self.block_size + 1]\n        return window[:-1], window[1:]",
        "        end = index + self.block_size\n        return self.ids[index:end], self.ids[index + 1 : end + 1].clone()",
    ),
)
