"""The plan of the course, read from plan.toml: which lessons there are, what each needs, exports and unlocks."""

import difflib
import itertools
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from course.whose import CourseError

INSIDE = Path(__file__).with_name("repository")  # of an installed wheel: setup.py
ROOT = INSIDE if INSIDE.exists() else Path(__file__).parents[1]  # the repository; its tinytorch is the reference


def file_of(module: str) -> str:
    """`nn.losses` lies in nn/losses.py."""
    return f"{module.replace('.', '/')}.py"


@dataclass(frozen=True)
class Companion:
    """A given notebook beside a lesson; `needs` are lessons that it wants beyond what its own lesson needs.

    `exports` are the modules that its notebook writes, that of its `#| default_exp` first.
    """

    lesson: str
    exports: tuple[str, ...]
    required: bool  # some lesson imports it
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As "01_tensor_creation": its lesson, and the first file that it exports."""
        return f"{self.lesson}_{self.exports[0].split('.')[-1]}"

    @property
    def files(self) -> list[str]:
        return [file_of(module) for module in self.exports]


@dataclass(frozen=True)
class Lesson:
    """`name` as "08_convolution"; `needs` as the plan has it, without what those lessons need in turn.

    `exports` are the modules that its notebook writes, that of its `#| default_exp` first.
    """

    name: str
    needs: tuple[str, ...]
    exports: tuple[str, ...]
    companions: tuple[Companion, ...]

    @property
    def number(self) -> int:
        return int(self.name.partition("_")[0])

    @property
    def files(self) -> list[str]:
        return [file_of(module) for module in self.exports]

    @property
    def modules(self) -> tuple[str, ...]:
        """What the lesson and its companions export."""
        return (*self.exports, *(module for companion in self.companions for module in companion.exports))


@dataclass(frozen=True)
class Plan:
    """`lessons` and `milestones` by name, in the order of the course; `root` is the repository of it."""

    root: Path
    lessons: dict[str, Lesson]
    milestones: dict[str, tuple[str, ...]]

    def needed(self, *names: str) -> list[str]:
        """The lessons `names` and all that they need, directly or not, in the order of the course."""
        found, waiting = set(), list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.lessons[name].needs
        return [name for name in self.lessons if name in found]

    def before(self, name: str) -> list[str]:
        """The lessons that must be there before the lesson or companion `name` is begun, in the order of the course."""
        if companion := self.companion(name):
            return self.needed(companion.lesson, *companion.needs)
        name = self.named(name)
        return [each for each in self.needed(name) if each != name]

    def named(self, text: str) -> str:
        """The lesson that is meant by "8", "08", "convolution" or "08_convolution"."""
        text = text.strip().lower().removesuffix(".ipynb")
        words = {word: name for name in self.lessons for word in (name, name.partition("_")[2])}
        numbers = {str(lesson.number): name for name, lesson in self.lessons.items()}
        if found := words.get(text) or numbers.get(text.lstrip("0")):
            return found
        close = dict.fromkeys(words[word] for word in difflib.get_close_matches(text, words, n=3, cutoff=0.5))
        meant = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(self.lessons)}"
        raise CourseError(f"there is no lesson {text[:60]!r}: {meant}")

    def after(self, name: str) -> str | None:
        """The lesson that follows `name` in the course."""
        return dict(itertools.pairwise(self.lessons)).get(name)

    def trainable(self, lessons: set[str]) -> list[str]:
        """The milestones that can be trained where `lessons` are there."""
        return [name for name, needs in self.milestones.items() if lessons.issuperset(self.needed(*needs))]

    def companion(self, name: str) -> Companion | None:
        """The companion called `name`, as "01_tensor_creation"; None if there is none."""
        return self._companions.get(name)

    @property
    def companions(self) -> list[Companion]:
        return list(self._companions.values())

    @cached_property
    def _companions(self) -> dict[str, Companion]:
        return {each.name: each for lesson in self.lessons.values() for each in lesson.companions}

    @property
    def modules(self) -> dict[str, str]:
        """The lesson that builds each module of tinytorch, itself or by a companion: {"nn.conv": "08_convolution"}."""
        return {module: name for name, lesson in self.lessons.items() for module in lesson.modules}

    def ready(self, lessons: set[str]) -> list[Companion]:
        """The companions that can be written where `lessons` are there."""
        return [each for each in self.companions if lessons.issuperset({each.lesson, *each.needs})]

    def place(self, name: str) -> str:
        """Where the lesson or companion `name` lies in a workspace."""
        return f"given/{name}.ipynb" if self.companion(name) else f"{name}.ipynb"

    def exports(self, name: str) -> tuple[str, ...]:
        """The modules that the notebook of the lesson or companion `name` writes."""
        companion = self.companion(name)
        return (companion or self.lessons[name]).exports

    def notebook(self, name: str) -> Path:
        """Where the lesson or companion `name` lies in the repository."""
        companion = self.companion(name)
        return self.root / "modules" / (companion.lesson if companion else name) / f"{name}.ipynb"

    @cached_property
    def notebooks(self) -> list[Path]:
        """All notebooks of the course, each lesson before its companions."""
        names = [(lesson.name, *(each.name for each in lesson.companions)) for lesson in self.lessons.values()]
        return [self.notebook(name) for both in names for name in both]


@cache
def plan(root: Path = ROOT) -> Plan:
    """The plan in `root`/course/plan.toml."""
    table = tomllib.loads((root / "course" / "plan.toml").read_text(encoding="utf-8"))
    milestones = {name: tuple(needs) for name, needs in table.pop("milestones", {}).items()}
    return Plan(root, {name: lesson(name, **entry) for name, entry in table.items()}, milestones)


def lesson(name: str, needs: list, exports: str | list, required=(), breadth=()) -> Lesson:
    """A table of plan.toml as a Lesson."""
    companions = [companion(name, entry, entries is required) for entries in (required, breadth) for entry in entries]
    return Lesson(name, tuple(needs), modules(exports), tuple(companions))


def companion(lesson: str, entry: str | list | dict, required: bool) -> Companion:
    """An entry of `required` or `breadth`: a module, a list of them, or {exports = either, needs = lessons}."""
    entry = entry if isinstance(entry, dict) else {"exports": entry}
    return Companion(lesson, modules(entry["exports"]), required, tuple(entry.get("needs", ())))


def modules(exports: str | list) -> tuple[str, ...]:
    """What a notebook exports: one module, or several."""
    return (exports,) if isinstance(exports, str) else tuple(exports)
