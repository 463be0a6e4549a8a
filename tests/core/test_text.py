"""Lesson 10: tokenizers that lose nothing, byte-pair encoding against the slow definition, saving, windows."""

import json
import random
import unicodedata
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import tinytorch
from tinytorch import text
from tinytorch.text import BPETokenizer, ByteTokenizer, CharTokenizer, TextDataset, Tokenizer
from tinytorch.utils.data import DataLoader

SENTENCES = [
    "All human beings are born free and equal in dignity and rights.",
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι.",
    "Все люди рождаются свободными и равными в своем достоинстве и правах.",
    "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق.",
    "सभी मनुष्यों को गौरव और अधिकारों के मामले में समानता प्राप्त है।",
    "人人生而自由，在尊严和权利上一律平等。",
    "모든 인간은 태어날 때부터 자유로우며",
    "e\u0301 \u200d \ufeff \u2028 \x00 \x85 \r\n\t \U0001f469\u200d\U0001f52c \U0010ffff ①²Ⅷ _a_1_ ''",
]
CORPUS = "low lower lowest new newer newest wide wider widest, aaa aaaa aaaaa! " * 3 + "\n".join(SENTENCES)
SPECIAL = ["<|end|>", "<|début|>"]
BPE = BPETokenizer().train(CORPUS, 400, SPECIAL)
unicode_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
pieced_text = st.text("ab \n1_.é漢", max_size=40)
small_words = st.dictionaries(st.text("abé ", max_size=9), st.integers(1, 4), max_size=5)
tokenizers = pytest.mark.parametrize(
    "tokenizer", [ByteTokenizer(), BPETokenizer(), BPE], ids=["bytes", "untrained", "BPE"]
)


# the slow definition: a character of a string stands for an id, and Python counts and replaces


def naive_merges(pieces, number):
    words, merges = [(piece.encode().decode("latin-1"), n) for piece, n in pieces.items()], []
    while len(merges) < number:
        pairs = {a + b for word, _ in words for a, b in pairwise(word)}
        ranked = sorted((-sum(n * word.count(pair) for word, n in words), pair) for pair in pairs)
        if not ranked or ranked[0][0] > -2:
            break
        best = ranked[0][1]
        words = [(word.replace(best, chr(256 + len(merges))), n) for word, n in words]
        merges.append(tuple(map(ord, best)))
    return merges


def naive_encode(piece, merges):
    word = piece.encode().decode("latin-1")
    for new, pair in enumerate(merges, 256):
        word = word.replace("".join(map(chr, pair)), chr(new))
    return [ord(x) for x in word]


# round trips


@tokenizers
@given(source=unicode_text | pieced_text)
@example(source="")
@example(source="a" * 1000 + "   \n" * 100 + "漢" * 99)
def test_round_trip(tokenizer, source):
    ids = tokenizer.encode(source)
    assert tokenizer.decode(ids) == source
    assert type(ids) is list and all(type(i) is int and 0 <= i < tokenizer.vocab_size for i in ids)
    assert tokenizer.decode(tinytorch.tensor(ids, dtype=tinytorch.int64)) == source
    assert len(ids) <= len(source.encode())


@given(st.text(max_size=40))
def test_character_round_trip_with_anything(source):
    """Surrogates too: for a CharTokenizer they are characters like others."""
    tokenizer = CharTokenizer(source)
    ids = tokenizer.encode(source)
    assert tokenizer.decode(ids) == source and tokenizer.characters == sorted(set(source))
    assert set(ids) == set(range(tokenizer.vocab_size)) and len(tokenizer) == tokenizer.vocab_size
    assert [tokenizer.characters[i] for i in ids] == list(source)


@tokenizers
@pytest.mark.parametrize("source", SENTENCES)
def test_other_languages(tokenizer, source):
    for form in ("NFC", "NFD"):  # nothing is normalised: what comes back is the same code points
        written = unicodedata.normalize(form, source)
        assert tokenizer.decode(tokenizer.encode(written)) == written


@tokenizers
@given(ids=st.lists(st.integers(0, 255), max_size=20))
def test_any_ids_decode(tokenizer, ids):
    assert tokenizer.decode(ids) == bytes(ids).decode("utf-8", errors="replace")


@given(st.lists(st.integers(0, BPE.vocab_size - 1), max_size=20))
def test_any_tokens_decode_by_their_joined_bytes(ids):
    assert BPE.decode(ids) == b"".join(BPE.tokens[i] for i in ids).decode("utf-8", errors="replace")


# errors


def test_unknown_characters_are_named():
    tokenizer = CharTokenizer("hello world")
    with pytest.raises(ValueError, match=r"'W' at position 6 .* vocabulary of 8 characters"):
        tokenizer.encode("hello World!")
    assert CharTokenizer("").encode("") == [] and CharTokenizer("").decode([]) == ""
    with pytest.raises(ValueError, match="'a' at position 0"):
        CharTokenizer("").encode("a")


@tokenizers
@pytest.mark.parametrize(("source", "position"), [("\ud800", 0), ("ab é\udfff", 4), ("\ude00\ud83d", 0)])
def test_half_surrogates_are_refused(tokenizer, source, position):
    with pytest.raises(ValueError, match=rf"\\ud.* at position {position} is half of a surrogate pair"):
        tokenizer.encode(source)


def test_half_surrogates_in_training():
    with pytest.raises(ValueError, match="position 12 is half of a surrogate"):
        BPETokenizer().train("a few words \ud800", 300)


@pytest.mark.parametrize("tokenizer", [ByteTokenizer(), BPE, CharTokenizer("abc")], ids=["bytes", "BPE", "characters"])
def test_arguments_of_other_kinds(tokenizer):
    for wrong in (b"abc", None, ["abc"], 7):
        with pytest.raises(TypeError, match="expected one str, got"):
            tokenizer.encode(wrong)
    for wrong in (None, 3, "abc", [1.0], [None], [[1, 2]], tinytorch.tensor([1.0]), tinytorch.tensor([[1]])):
        with pytest.raises(TypeError, match="expected one sequence of whole numbers"):
            tokenizer.decode(wrong)
    for wrong in ([0, -1], [0, tokenizer.vocab_size]):
        with pytest.raises(ValueError, match=rf"id {wrong[1]} at position 1 .* 0 to {tokenizer.vocab_size - 1}"):
            tokenizer.decode(wrong)


def test_the_base_class_says_what_is_missing():
    for call in (lambda t: t.encode("a"), lambda t: t.decode([1])):
        with pytest.raises(NotImplementedError, match="Tokenizer has no"):
            call(Tokenizer())


# the steps of byte-pair encoding


@given(st.text("abc", max_size=15))
@example("aaa")
@example("aaaaaab")
def test_counting_and_merging_leave_overlaps_out(word):
    ids = list(word.encode())
    assert dict(text.count_pairs(ids)) == {pair: bytes(ids).count(bytes(pair)) for pair in pairwise(ids)}
    for pair in [*pairwise(ids), (97, 98)]:
        before = list(ids)
        merged = text.merge_pair(ids, pair, 9)
        assert merged == list(bytes(ids).replace(bytes(pair), b"\t")) and ids == before
        assert len(merged) == len(ids) - text.count_pairs(ids)[pair], "the count is what a merge saves"


def test_ties_go_to_the_smallest_pair():
    assert text.best_pair(Counter({(9, 1): 3, (2, 300): 3, (2, 7): 3, (1, 1): 2})) == (2, 7)
    assert text.best_pair(Counter({(1, 2): 1, (3, 4): 0})) is None and text.best_pair(Counter()) is None
    texts = ["ab cd ef", "ef cd ab", "cd ab ef"]
    merges = [list(text.learn_merges(text.IndexedWords(Counter(dict.fromkeys(t.split(), 2))), 9)) for t in texts]
    assert merges[0] == merges[1] == merges[2] == [(97, 98), (99, 100), (101, 102)]


@given(small_words, st.integers(0, 12))
def test_training_as_by_definition(pieces, number):
    expected = naive_merges(pieces, number)
    for words in (text.Words, text.IndexedWords):
        learned = text.learn_merges(words(Counter(pieces)), number)
        assert list(learned) == expected and list(learned.values()) == list(range(256, 256 + len(expected)))


@given(small_words)
def test_the_index_counts_what_is_there(pieces):
    fast, slow = text.IndexedWords(Counter(pieces)), text.Words(Counter(pieces))
    for new in range(256, 264):
        assert +fast.counts == +slow.counts and fast.words == slow.words
        pair = text.best_pair(slow.counts)
        if pair is None:
            return
        fast.merge(pair, new)
        slow.merge(pair, new)


@st.composite
def merge_lists(draw):
    """Merges that no text need have taught: any two ids that are there, in any order."""
    merges, known = [], [97, 98, 99]
    for i, j in draw(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=9)):
        pair = known[i % len(known)], known[j % len(known)]
        if pair not in merges:
            known.append(256 + len(merges))
            merges.append(pair)
    return merges


@given(st.builds(naive_merges, small_words, st.just(12)) | merge_lists(), pieced_text | st.text("abc", max_size=12))
@example([(98, 99), (97, 98)], "abc")
def test_encoding_applies_merges_in_the_order_learned(merges, source):
    tokenizer = BPETokenizer(merges)
    expected = [i for piece in text.split_text(source) for i in naive_encode(piece, merges)]
    assert tokenizer.encode(source) == expected == tokenizer.encode(source), "the second time from the cache"


def test_the_order_matters():
    a, b, c = b"abc"
    assert BPETokenizer([(b, c), (a, b)]).encode("abc") == [a, 256]
    assert BPETokenizer([(a, b), (b, c)]).encode("abc") == [256, c]
    assert BPETokenizer([(a, a), (256, 256)]).encode("aaaaaaa") == [257, 256, a]


def test_the_whole_trainer_as_by_definition():
    expected = naive_merges(Counter(text.split_text(CORPUS)), 400 - 256 - 2)
    assert list(BPE.merges) == expected and list(BPE.merges.values()) == list(range(256, 256 + len(expected)))
    assert BPE.tokens[:256] == [bytes([i]) for i in range(256)]
    for (first, second), new in BPE.merges.items():
        assert BPE.tokens[new] == BPE.tokens[first] + BPE.tokens[second]


@given(unicode_text | pieced_text)
@example(" " * 200 + "a")
@example("_" * 100 + "1" * 100)
def test_pieces_lose_nothing(source):
    pieces = text.split_text(source)
    assert "".join(pieces) == source and all(0 < len(piece) <= 41 for piece in pieces)


def test_pieces():
    assert text.split_text("for x_1  in (naïve 1024):\n\n    go") == [
        *("for", " x", "_", "1", " ", " in", " (", "naïve", " 102", "4", "):", "\n\n   ", " go"),
    ]


def test_vocabulary_sizes():
    tokenizer = BPETokenizer()
    assert tokenizer.train(CORPUS, 300) is tokenizer and tokenizer.vocab_size == len(tokenizer) == 300
    assert tokenizer.train("abcab", 300).vocab_size == 257, "no second pair occurs twice; training begins anew"
    assert tokenizer.encode("ab") == [256], "nothing of the old cache is left"
    assert tokenizer.train("", 300).vocab_size == tokenizer.train(CORPUS, 256).vocab_size == 256
    prefix = BPETokenizer(list(BPE.merges)[:20])
    assert list(prefix.merges) == list(BPETokenizer().train(CORPUS, 276).merges)
    for size, special in [(255, ()), (257, SPECIAL)]:
        with pytest.raises(ValueError, match=f"vocab_size {size} is too small"):
            tokenizer.train(CORPUS, size, special)
    with pytest.raises(TypeError):
        tokenizer.train(CORPUS, 300.5)
    with pytest.raises(TypeError, match="expected one str"):
        tokenizer.train([CORPUS], 300)


@pytest.mark.parametrize(
    "merges", [[(1, 256)], [(-1, 2)], [(1, 2), (1, 2)], [(1,)], [(1, 2, 3)], [(1.0, 2)], [("a", "b")], [7]]
)
def test_wrong_merges(merges):
    with pytest.raises((ValueError, TypeError)):
        BPETokenizer(merges)


def test_special_tokens():
    assert BPE.special == {name: BPE.vocab_size - 2 + i for i, name in enumerate(SPECIAL)}
    ids = BPE.encode("<|end|> is a name")
    assert max(ids) < BPE.special["<|end|>"], "a text cannot spell a special token"
    assert BPE.decode([*ids, BPE.special["<|début|>"]]) == "<|end|> is a name<|début|>"
    for wrong in ("<|end|>", ["a", "a"], [""], [3]):
        with pytest.raises(ValueError, match="different names"):
            BPETokenizer(special=wrong)


def test_large_texts_come_back():
    import pydoc_data.topics

    source = "\n".join(pydoc_data.topics.topics.values())
    tokenizer = BPETokenizer().train(source, 556)
    assert tokenizer.vocab_size == 556
    assert tokenizer.decode(tokenizer.encode(source)) == source
    long = "a" * 300_000 + "漢" * 100_000 + " " * 300_000
    assert tokenizer.decode(tokenizer.encode(long)) == long


# saving


@pytest.mark.parametrize(
    "tokenizer",
    [ByteTokenizer(), BPE, BPETokenizer(), CharTokenizer(CORPUS), CharTokenizer(""), CharTokenizer("\ud83d\ude00")],
)
def test_save_and_load(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.json"
    for target in (path, str(path)):  # the second time over the first
        tokenizer.save(target)
    assert [file.name for file in tmp_path.iterdir()] == ["tokenizer.json"]
    json.loads(path.read_text(encoding="ascii"))
    for kind in (Tokenizer, type(tokenizer)):
        again = kind.load(path)
        assert type(again) is type(tokenizer) and again.vocab_size == tokenizer.vocab_size
        assert again.state() == tokenizer.state()
    if tokenizer is not BPE:
        return
    assert again.special == BPE.special and list(again.merges.items()) == list(BPE.merges.items())
    assert all(again.encode(source) == BPE.encode(source) for source in SENTENCES)


@given(st.text(max_size=10))
@settings(max_examples=10)
def test_characters_survive_json(tmp_path_factory, characters):
    path = tmp_path_factory.mktemp("characters") / "t.json"
    CharTokenizer(characters).save(path)
    assert CharTokenizer.load(path).characters == sorted(set(characters))


def test_saving_never_replaces_another_file(tmp_path):
    path = tmp_path / "notes.json"
    for content in ("my notes", '{"a": 1}', "[1]", ""):
        path.write_text(content)
        with pytest.raises(FileExistsError, match="is no saved tokenizer"):
            BPE.save(path)
        assert path.read_text() == content
    with pytest.raises(FileExistsError):
        BPE.save(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.json"]


BAD = {
    "no JSON": ["", "hello", "[" * 100_000, '{"tokenizer": '],
    "holds no tokenizer": ["{}", "[]", "3", '"CharTokenizer"', '{"tokenizer": "os.system"}', '{"tokenizer": ["x"]}'],
    "damaged CharTokenizer": [
        '{"tokenizer": "CharTokenizer"}',
        '{"tokenizer": "CharTokenizer", "characters": "abc"}',
        '{"tokenizer": "CharTokenizer", "characters": ["b", "a"]}',
        '{"tokenizer": "CharTokenizer", "characters": ["a", "a"]}',
        '{"tokenizer": "CharTokenizer", "characters": ["a", "bc"]}',
        '{"tokenizer": "CharTokenizer", "characters": [1]}',
        '{"tokenizer": "CharTokenizer", "characters": null}',
        '{"tokenizer": "CharTokenizer", "characters": ["a"], "more": 1}',
    ],
    "damaged ByteTokenizer": ['{"tokenizer": "ByteTokenizer", "merges": []}'],
    "damaged BPETokenizer": [
        '{"tokenizer": "BPETokenizer", "merges": [[97, 400]], "special": []}',
        '{"tokenizer": "BPETokenizer", "merges": [[97]]}',
        '{"tokenizer": "BPETokenizer", "merges": [[97, 98.0]]}',
        '{"tokenizer": "BPETokenizer", "merges": [[97, 98], [97, 98]]}',
        '{"tokenizer": "BPETokenizer", "merges": 3}',
        '{"tokenizer": "BPETokenizer", "merges": null}',
        '{"tokenizer": "BPETokenizer", "special": "abc"}',
        '{"tokenizer": "BPETokenizer", "special": null}',
        '{"tokenizer": "BPETokenizer", "special": [["a"]]}',
        '{"tokenizer": "BPETokenizer", "special": ["\\ud800"]}',
        '{"tokenizer": "BPETokenizer", "other": []}',
    ],
}


@pytest.mark.parametrize(("message", "content"), [(m, c) for m, contents in BAD.items() for c in contents])
def test_bad_files_say_what_is_wrong(tmp_path, message, content):
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        Tokenizer.load(path)
    assert str(path) in str(caught.value)


def test_other_files(tmp_path):
    (tmp_path / "binary").write_bytes(b"\x80\x04\x95\xff")
    with pytest.raises(ValueError, match="no JSON"):
        Tokenizer.load(tmp_path / "binary")
    with pytest.raises(FileNotFoundError):
        Tokenizer.load(tmp_path / "missing.json")
    CharTokenizer("abc").save(tmp_path / "c.json")
    with pytest.raises(ValueError, match="holds a CharTokenizer, expected a BPETokenizer"):
        BPETokenizer.load(tmp_path / "c.json")
    BPE.save(tmp_path / "c.json")
    assert Tokenizer.load(tmp_path / "c.json").state() == BPE.state(), "a tokenizer may replace another one"


# windows for predicting what comes next


@given(st.integers(1, 12), st.integers(0, 12))
def test_windows(block_size, more):
    ids = [random.Random(block_size).randrange(1000) for _ in range(block_size + 1 + more)]
    for data in (TextDataset(ids, block_size), TextDataset(tinytorch.tensor(ids, dtype=tinytorch.int32), block_size)):
        assert len(data) == more + 1
        for i, (x, y) in enumerate(data):
            assert x.tolist() == ids[i : i + block_size] and y.tolist() == ids[i + 1 : i + 1 + block_size]
            assert x.dtype is y.dtype is tinytorch.int64 and x.shape == y.shape == (block_size,)
        assert [part.tolist() for part in data[-1]] == [ids[-block_size - 1 : -1], ids[-block_size:]]
        for index in (more + 1, -more - 2):
            with pytest.raises(IndexError, match=f"sample {index} of {more + 1}"):
                data[index]


def test_windows_in_a_loader():
    data = TextDataset(CharTokenizer("abc").encode("abcabcab"), 3)
    x, y = next(iter(DataLoader(data, batch_size=5)))
    assert x.shape == y.shape == (5, 3) and x[:, 1:].tolist() == y[:, :-1].tolist()
    assert sorted(i for batch in DataLoader(data, batch_size=2, shuffle=True) for i in batch[0][:, 0].tolist()) == [
        0,
        0,
        1,
        1,
        2,
    ]


def test_wrong_windows():
    for ids, size, error, message in [
        ([1, 2, 3], 3, ValueError, "at least 4 ids, got 3"),
        ([], 1, ValueError, "at least 2 ids, got 0"),
        ([1, 2, 3], 0, ValueError, "at least 1, got 0"),
        ([1, 2, 3], -1, ValueError, "at least 1, got -1"),
        ([1.0, 2.0, 3.0], 2, TypeError, "whole numbers"),
        ([[1, 2], [3, 4]], 2, TypeError, r"\(2, 2\)"),
        ([1, 2, 3], 1.5, TypeError, "integer"),
        ([True, False], 1, TypeError, "whole numbers"),
    ]:
        with pytest.raises(error, match=message):
            TextDataset(ids, size)
