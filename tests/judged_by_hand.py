"""A class with judged files made by hand, for test_feedback.py and test_report.py."""

import json

from grading.classroom import Class
from grading.lesson import load_lesson

LESSON = "08_convolution"
POINTS = load_lesson(LESSON).points
OF = sum(POINTS.values())
# what students make up: markup, quotes, control characters, turned text, half surrogates, formulas, paths, sheer length
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)> ' onload='x",
    "{{ 7 * 7 }}{% raise %}",
    "\u202egnp.exe\u2066 \u200f",
    "\x1b[31m\x00\x07\r",
    "\ud800 half",
    "</code></pre></style></body>",
    "A" * 100_000,
    "/home/teacher/class/gradebook.db",
    '=HYPERLINK("//evil")',
]


def part(name, right=True, message="", got="", expected="", index=""):
    return locals()


def verdict(exercise, parts=None, hint=""):
    parts, of = parts or [part("one")], POINTS[exercise]
    points = round(of * sum(each["right"] for each in parts) / len(parts), 2)
    return {"exercise": exercise, "points": points, "of": of, "hint": hint, "parts": parts}


def hand_in(course: Class, student: str, wrong=None, **more):
    """Write the judged file of `student`, whose parts of the exercises in `wrong` are as given there."""
    verdicts = [verdict(exercise, (wrong or {}).get(exercise)) for exercise in POINTS]
    record = {
        "lesson": LESSON, "student": student, "sha256": "0" * 64, "seed": 1, "sandboxed": True,
        "graded_at": "2026-11-21T16:40:00+00:00", "seconds": 3.25, "points": sum(each["points"] for each in verdicts),
        "of": OF, "verdicts": verdicts, "tried": [], "intake": [],
    }  # fmt: skip
    file = course.judged / LESSON / f"{student}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record | more))
    return record | more
