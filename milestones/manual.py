"""Python's own reference manual, character by character: the text that the language models learn."""

from tinytorch.text import CharTokenizer


def text():
    """(what is learned from, what is held out): the last tenth of the reference texts that come with Python."""
    from pydoc_data.topics import topics

    whole = "\n".join(topics[name] for name in sorted(topics))
    return whole[: len(whole) * 9 // 10], whole[len(whole) * 9 // 10 :]


def tokenizer():
    return CharTokenizer("".join(text()))
