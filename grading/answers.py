"""What comes out of a sandbox: the frames that runner.py writes, read with limits and believed in nothing."""

import io
import json
import math
import re
from dataclasses import dataclass, field

import numpy as np

from grading.sandbox import MB

DTYPES = {"float32", "float64", "int64", "int32", "uint8", "bool"}
HEADER = 8192  # bytes of one line of JSON
ANSWER = 8 * MB  # bytes of one array
FRAMES = 50_000  # of one sandbox: each takes memory here
TRIED = 100  # things that one sandbox tried: what is beyond is not kept
OTHER = re.compile(r"(?:u?int|float|complex|<U|\|S)\d{1,5}|object")  # other dtypes that an answer is told to have


@dataclass
class Answers:
    """What came out of one sandbox: arrays by (exercise, part), errors, and what the student's code tried."""

    arrays: dict = field(default_factory=dict)  # (exercise, part) -> {name: array}
    errors: dict = field(default_factory=dict)  # (exercise, part or None) -> sentence
    tried: list = field(default_factory=list)
    stopped: str | None = None


def read_answers(raw: bytes, exercises: set[str]) -> Answers:
    """The frames of runner.py, as far as they are well formed; the first bad one ends the reading."""
    found, stream, frames = Answers(), io.BytesIO(raw), 0
    while line := stream.readline(HEADER):
        try:
            frames = size_within(frames + 1, FRAMES)
            header = json.loads(line)
            data = stream.read(size_within(header["bytes"], ANSWER))
            if "tried" in header:
                told = f"{header['tried']!s:.60} {header['what']!s:.200}"
                found.tried += [told] * (len(found.tried) < TRIED)
            elif "error" in header:
                key = str(header.get("exercise")), header.get("part")
                found.errors.setdefault(key, sentence_of(header))
            elif header.get("exercise") in exercises:
                array = plain_array(header, data)
                found.arrays.setdefault((header["exercise"], header["part"]), {}).setdefault(header["name"], array)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            found.tried.append("answers that are no answers")
            break
    return found


def sentence_of(header: dict) -> str:
    """An error of the student's code as one sentence, with the line of their cell."""
    sentence = f"{header['error']!s:.80}: {header['message']!s:.1000}"
    if "cell" not in header:
        return sentence
    return f"{sentence} (cell {header['cell']!s:.60}, line {header['line']!s:.6}: `{str(header['code']).strip():.200}`)"


def size_within(number, limit: int) -> int:
    if type(number) is not int or not 0 <= number <= limit:
        raise ValueError("a size beyond the limit")
    return number


def plain_array(header: dict, data: bytes):
    """The array that a frame describes, or the sentence that says why it is none."""
    if header["dtype"] not in DTYPES:
        known = OTHER.fullmatch(header["dtype"])  # a free text could tell what the run alone sees
        return f"an array of dtype {header['dtype']}" if known else "an array of another dtype"
    dtype, shape = np.dtype(header["dtype"]), tuple(size_within(size, ANSWER) for size in header["shape"])
    size_within(math.prod(size or 1 for size in shape), ANSWER)  # beside a 0, sizes of any length could tell it too
    if len(shape) > 32 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError("a shape that does not fit the bytes")
    return np.frombuffer(data, dtype).reshape(shape)
