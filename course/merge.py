"""A newer version of a notebook around what a learner wrote in theirs: cell by cell, and nothing is lost."""

import itertools
from collections.abc import Callable, Collection
from hashlib import sha256

from course.notebook import EXPORTED, Cell, parsed

YOURS = "**You had changed this cell, and so has the course. Yours was:**"
NEWER = "**Your solution stands above. The course has changed what it gives around it; that is now:**"


def merged(
    old: dict, new: dict, known: Collection[str], today: Callable[[Cell], str] = lambda cell: cell.source
) -> dict:
    """The `new` notebook with what a learner wrote in the `old` one: their solutions, and what they added between the
    given cells. Where they and the course changed a cell, one stands and the other is quoted below it.

    `known` are the digests of what the course gave before; `today` gives a cell of theirs under today's names.
    """
    places = {key(cell): place for place, cell in enumerate(parsed(new).cells)}
    todays = ["".join(cell["source"]) for cell in new["cells"]]
    added, seen, at = {}, set(), -1
    for cell, raw in zip(parsed(old).cells, old["cells"], strict=True):
        again, at = key(cell) in seen, places.get(key(cell), at)
        seen.add(key(cell))
        if digest(cell.source) in known and not again:
            if cell.source == todays[at] and cell.is_code and key(cell) in places:
                keep_outputs(new["cells"][at], raw)
            continue
        if key(cell) not in places or again:  # theirs, or a copy that they made
            added.setdefault(at, []).append(raw | {"source": today(cell)})
            continue
        changed = digest(EXPORTED.sub("#| export", todays[at])) not in known
        if cell.exercise or not (changed or cell.checks):
            new["cells"][at]["source"] = marked_as(todays[at], today(cell))
            if cell.is_code:
                keep_outputs(new["cells"][at], raw)
        if (changed or cell.checks) and today(cell) != todays[at]:
            quoted = quote(NEWER, todays[at]) if cell.exercise else quote(YOURS, cell.source)
            added.setdefault(at, []).append(quoted)
    cells = added.get(-1, [])
    for place, cell in enumerate(new["cells"]):
        cells += [cell, *added.get(place, [])]
    return new | {"cells": with_ids(cells)}


def key(cell: Cell) -> str:
    """What a cell is in each version of its notebook."""
    return cell.nbgrader.get("grade_id") or cell.id


def digest(source: str) -> str:
    return sha256(source.encode()).hexdigest()[:8]


def keep_outputs(cell: dict, raw: dict):
    if cell["cell_type"] == raw["cell_type"] == "code":
        cell |= {name: raw[name] for name in ("outputs", "execution_count") if name in raw}


def marked_as(todays: str, source: str) -> str:
    """`source` exported to where the course exports this cell today."""
    mark = EXPORTED.search(todays)
    return EXPORTED.sub(mark[0], source, count=1) if mark else source


def quote(text: str, source: str) -> dict:
    fence = "```" if "```" not in source else "``````"
    return {
        "cell_type": "markdown",
        "id": "quoted",
        "metadata": {},
        "source": f"{text}\n\n{fence}python\n{source}\n{fence}",
    }


def with_ids(cells: list[dict]) -> list[dict]:
    """Each cell with an id of its own, as a notebook must have them."""
    used = {cell.get("id") for cell in cells}
    there = set()
    for cell in cells:
        name = cell.get("id") or "added"
        if name in there:
            name = next(new for number in itertools.count(2) if (new := f"{name}-{number}") not in used)
            used.add(name)
        cell["id"] = name
        there.add(name)
    return cells
