"""A class with judged files made by hand, and a reader of HTML, for test_feedback.py and test_report.py."""

import json
from html.parser import HTMLParser

from grading.course import Class
from grading.submission import reference

LESSON = "08_convolution"
POINTS = reference(LESSON).points
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


class Page(HTMLParser):
    """A page as a browser reads it; fails where an element is not closed in its turn, or one stands that may not."""

    ALONE = {"meta"}
    FORBIDDEN = {"script", "img", "iframe", "object", "embed", "link", "form", "base", "svg"}

    def __init__(self, html: str):
        super().__init__()
        self.html, self.open, self.words, self.links, self.ids = html, [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag not in self.FORBIDDEN
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag == "div":
            self.words.append(" ")
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag not in ("a", "b", "bdi", "code", "i", "span"):
            self.words.append(" ")

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())
