"""Reads a notebook that a student handed in, and that nobody trusts, within limits.

Of its cells only the type, the source and the mark (nbgrader's grade_id) are taken over. Its outputs, metadata, points
and checks are never looked at. rebuild.py puts the cells into the lesson's release.
"""

import json
from dataclasses import dataclass

from grading import GradingError
from grading.archives import NOTEBOOK, readable

BRACKETS = 500_000  # each could be an object, which takes far more memory than the text of it
CELLS = 2000
CELL = 200_000  # characters of one cell
SOURCES = 2_000_000  # characters of all cells
CELL_TYPES = {"code": "code", "markdown": "markdown", "heading": "markdown", "raw": "raw"}  # headings: nbformat 3


@dataclass(frozen=True)
class SubmittedCell:
    """All that is taken over of a cell. `id` is nbformat's own: it only tells which given cell this was."""

    kind: str
    source: str
    grade_id: str | None = None
    id: str | None = None


def read_submission(raw: bytes) -> tuple[list[SubmittedCell], list[str]]:
    """The cells of a notebook file, and what was odd about it. GradingError if it is no notebook, or beyond the limits.

    Takes nbformat 4 and, from old tools, 3; a file that says another version, or none, is read by what it holds.
    """
    if len(raw) > NOTEBOOK:
        raise GradingError(f"it is larger than {NOTEBOOK // 2**20} MB: to be handed in with its outputs cleared")
    if raw.count(b"{") + raw.count(b"[") > BRACKETS:
        raise GradingError(f"it has more than {BRACKETS:,} brackets: to be handed in with its outputs cleared")
    twice = []

    def pairs_to_dict(pairs):
        found = dict(pairs)
        if len(found) < len(pairs) and not twice:
            twice.append("its JSON says a thing twice: the last counts")
        return found

    try:
        text = raw.decode(json.detect_encoding(raw))
        nb = json.loads(text, object_pairs_hook=pairs_to_dict)
    except (ValueError, RecursionError) as error:  # no JSON, not in UTF-8, nested too deeply, numbers without end
        raise GradingError(f"it is no notebook ({readable(type(error).__name__)}: {readable(error)})") from None
    cells, notes = cells_in(nb)
    return cells, twice + notes


def plain_cells(nb: dict) -> list[SubmittedCell]:
    """The cells of a notebook that is parsed already."""
    return cells_in(nb)[0]


def cells_in(nb) -> tuple[list[SubmittedCell], list[str]]:
    found = listed(nb, "cells")
    if not found:  # nbformat 3 kept them in worksheets
        found = [cell for sheet in listed(nb, "worksheets")[:CELLS] for cell in listed(sheet, "cells")[:CELLS]]
    if not found:
        raise GradingError("it is no notebook: it has no cells")
    if len(found) > CELLS:
        raise GradingError(f"it has {len(found)} cells, more than {CELLS}")
    plain = [cell for cell in map(plain_cell, found) if cell]
    if any(len(cell.source) > CELL for cell in plain) or sum(len(cell.source) for cell in plain) > SOURCES:
        raise GradingError(f"it has more source than {CELL:,} characters in a cell, or {SOURCES:,} in all")
    odd = len(found) - len(plain)
    return plain, [f"{odd} of its cells are malformed and were left out"] * bool(odd)


def listed(holder, key: str) -> list:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def plain_cell(cell) -> SubmittedCell | None:
    """None if it is malformed."""
    if not isinstance(cell, dict) or not isinstance(kind := cell.get("cell_type"), str) or kind not in CELL_TYPES:
        return None
    text = cell.get("source", cell.get("input"))  # nbformat 3 calls that of a code cell its input
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        return None
    text = text.encode("utf-8", "replace").decode().replace("\r\n", "\n")  # half a surrogate pair cannot be written
    mark = cell.get("metadata")
    for key in ("nbgrader", "grade_id"):
        mark = mark.get(key) if isinstance(mark, dict) else None
    return SubmittedCell(CELL_TYPES[kind], text, short(mark), short(cell.get("id")))


def short(value) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 100 else None
