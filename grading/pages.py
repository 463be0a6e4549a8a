"""The templates of the pages, and what makes text harmless that students or their code made."""

import re
import unicodedata
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

PATH = re.compile(r"(?<![\w/.])/(?:[\w.+-]+/)+[\w.+-]*")
LONGEST_TEXT = 700


def jinja_environment(finalize) -> jinja2.Environment:
    """Templates in which every value is escaped, after `finalize` made its text harmless: none can be forgotten."""

    def final(value):
        return finalize(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=final,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["points"] = lambda number: f"{round(number, 2):g}"
    found.filters["code"] = lambda text: Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
    return found


def shown(text: str) -> str:
    """Text that students made, as it may stand on a page: cut, and with what cannot be seen made visible.

    Control characters, the ones that turn the direction of writing around (all of Unicode's category C), and half
    surrogates, which no file can hold, appear as their escapes.
    """
    text = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]} ..."
    seen = (
        char if char in "\n\t" or unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode()
        for char in text
    )
    return "".join(seen)


def without_paths(text: str) -> str:
    """Where a file lies on the machine that graded is nobody's business."""
    return PATH.sub("(a path)", text)
