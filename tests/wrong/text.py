"""Wrong implementations of lesson 10: see wrong/__init__.py."""

from collections import Counter
from itertools import pairwise

from tinytorch import text
from wrong.tools import replace, wrong


@wrong("test_text.py::test_counting_and_merging_leave_overlaps_out")
def pairs_that_overlap_counted_twice():
    """aaa holds aa two times."""
    replace(text.count_pairs, lambda ids: Counter(pairwise(ids)))


@wrong("test_text.py::test_training_as_by_definition")
def pieces_that_all_count_once():
    """Training forgets how often each piece occurs."""
    right = text.Words.__init__

    def __init__(self, pieces):
        right(self, dict.fromkeys(pieces, 1))

    text.Words.__init__ = __init__


@wrong("test_text.py::test_counting_and_merging_leave_overlaps_out")
def merge_that_reads_an_id_twice():
    """After a merge it goes on one id further, not two."""

    def merge_pair(ids, pair, new):
        at = {i for i, found in enumerate(pairwise(ids)) if found == tuple(pair)}
        return [new if i in at else x for i, x in enumerate(ids) if i in at or i - 1 not in at]

    replace(text.merge_pair, merge_pair)


@wrong("test_text.py::test_ties_go_to_the_smallest_pair")
def ties_that_go_to_whoever_comes_first():
    replace(text.best_pair, lambda counts: max(counts, key=counts.get, default=None))


@wrong("test_text.py::test_encoding_applies_merges_in_the_order_learned", "test_text.py::test_the_order_matters")
def merges_applied_from_left_to_right():
    def apply_merges(ids, merges):
        ids = list(ids)
        while found := [pair for pair in pairwise(ids) if pair in merges]:
            ids = text.merge_pair(ids, found[0], merges[found[0]])
        return ids

    replace(text.apply_merges, apply_merges)


@wrong("test_text.py::test_encoding_applies_merges_in_the_order_learned", "test_text.py::test_the_order_matters")
def merges_applied_last_learned_first():
    def apply_merges(ids, merges):
        ids = list(ids)
        while found := [pair for pair in pairwise(ids) if pair in merges]:
            pair = max(found, key=merges.get)
            ids = text.merge_pair(ids, pair, merges[pair])
        return ids

    replace(text.apply_merges, apply_merges)


@wrong("test_text.py::test_round_trip[BPE]", "test_text.py::test_other_languages")
def tokens_decoded_one_by_one():
    """A character whose bytes lie in two tokens is lost."""
    replace(text.decode_tokens, lambda ids, table: "".join(table[i].decode("utf-8", errors="replace") for i in ids))


@wrong("test_text.py::test_round_trip[bytes]", "test_text.py::test_any_ids_decode")
def bytes_decoded_as_code_points():
    text.ByteTokenizer.decode = lambda self, ids: "".join(map(chr, text.checked_ids(ids, 256)))


@wrong("test_text.py::test_pieces_lose_nothing")
def pieces_without_the_white_space_around_them():
    replace(text.split_text, lambda source: text.re.findall(r" ?\w+| ?[^\w\s]+", source))


@wrong("test_text.py::test_the_index_counts_what_is_there")
def index_that_forgets_to_take_old_pairs_away():
    def merge(self, pair, new):
        for i in self.where.pop(pair, set()):
            self.words[i] = text.merge_pair(self.words[i], pair, new)
            self.tally(i, 1)

    text.IndexedWords.merge = merge


@wrong("test_text.py::test_unknown_characters_are_named")
def unknown_characters_dropped():
    text.CharTokenizer.encode = lambda self, source: [self.ids[c] for c in source if c in self.ids]


@wrong("test_text.py::test_windows")
def targets_that_are_not_moved_on():
    def __getitem__(self, index):
        window = self.ids[index : index + self.block_size]
        return window, window

    text.TextDataset.__getitem__ = __getitem__


@wrong("test_text.py::test_windows")
def one_window_too_few():
    text.TextDataset.__len__ = lambda self: len(self.ids) - self.block_size - 1
