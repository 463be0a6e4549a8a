"""What is kept of a notebook's outputs: text and pictures, up to a size."""

import base64
import json

from nbformat.v4 import new_output

IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}  # and how they begin


def cap(cell, limit: int) -> int:
    """Rebuild the outputs of the cell from what is kept of them; returns how many bytes that is."""
    kept, size = [], 0
    for output in map(harmless_output, cell.outputs):
        size_of_this = len(json.dumps(output))
        if size + size_of_this > limit and output.output_type == "stream":
            output.text = output.text[: max(0, (limit - size) // 6)]  # a character is up to six bytes of JSON
            size_of_this = len(json.dumps(output))
        if size + size_of_this > limit:
            kept.append(new_output("stream", name="stderr", text="Here is more output than is kept.\n"))
            break
        kept.append(output)
        size += size_of_this
    cell.outputs = kept
    cell.execution_count = cell.execution_count if type(cell.execution_count) is int else None
    return size


def harmless_output(output):
    """The output with nothing in it but text and pictures, of the types that a notebook must have."""
    if output.output_type == "stream":
        name = "stderr" if output.name == "stderr" else "stdout"
        return new_output("stream", name=name, text=writable_text(output.text))
    if output.output_type == "error":
        lines = output.traceback if isinstance(output.traceback, list) else [output.traceback]
        return new_output(
            "error",
            ename=writable_text(output.ename),
            evalue=writable_text(output.evalue),
            traceback=[*map(writable_text, lines)],
        )
    data = output.data if isinstance(output.data, dict) else {}
    kept = {kind: data[kind] for kind in IMAGES if is_image(kind, data.get(kind))}
    return new_output("display_data", data=kept | {"text/plain": writable_text(data.get("text/plain", ""))})


def writable_text(value) -> str:
    """A string that can be written to a file."""
    value = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return value.encode(errors="replace").decode()


def is_image(kind: str, data) -> bool:
    try:
        return base64.b64decode(data.replace("\n", ""), validate=True).startswith(IMAGES[kind])
    except (AttributeError, ValueError):
        return False
