"""YAML as a person writes it, with the line of everything in it, so that a mistake can be shown where it was made.

Every plain word is text: `no`, `02:30` and `1e3` stay what was written (YAML 1.1 would make other things of them), and
whoever takes a value knows its type. What could mean more than it shows is refused: aliases, tags, a name twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
MOST_MISTAKES = 200
DEPTH = 24
"""How deep a document may be nested; a declaration needs half of it."""
_NO_TEXT = re.compile(r"[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML refuses (1.2.2, section 5.1), but an escape like `\\0` or `\\uD800` writes: it cannot be stored or shown."""


@dataclass(frozen=True, order=True)
class Mistake:
    """What is wrong in `line` (from 1), where in the document, and in words what is wrong, why, and what instead."""

    line: int
    where: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where + ': ' if self.where else ''}{self.text}"


@dataclass
class Document:
    """What was read: `data` of dicts, lists and text, `lines` of each path in it, and what is wrong by itself."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    alone: set[Path] = field(default_factory=set)  # where one thing stands for a list of one

    def line(self, path: Path) -> int:
        """The line of what is at `path`, or of the nearest thing around it."""
        path = self._written(path)
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def wrong(self, path: Path, text: str) -> Mistake:
        """A mistake in what is at `path`."""
        return Mistake(self.line(path), words(self._written(path)), text)

    def _written(self, path: Path) -> Path:
        """The path as it is in the text: without the number of what stands alone."""
        return next((path[:end] + path[end + 1 :] for end in range(len(path)) if path[:end] in self.alone), path)


def words(path: Path) -> str:
    """A path as people read it: `roles.controller.machines[2].hostname`, counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class _Reader(yaml.SafeLoader):
    """Composes nodes, and counts how deep it is."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _at(event, "an alias (*) is not taken; write out what it stands for")
        if getattr(event, "tag", None) not in (None, "!"):
            raise _at(event, f"a tag ({event.tag}) is not taken; leave it out")
        bad = _NO_TEXT.search(event.value) if isinstance(event, yaml.ScalarEvent) else None
        if bad:
            raise _at(event, f"the character {bad[0]!r} can be in no text here; take it out")
        if self.depth >= DEPTH:
            raise _at(event, f"it is nested more than {DEPTH} deep")
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _at(event: Any, text: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=text, problem_mark=event.start_mark)


def _walk(node: yaml.Node, path: Path, into: Document) -> Any:
    into.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, into)
    if isinstance(node, yaml.SequenceNode):
        return [_walk(item, (*path, number), into) for number, item in enumerate(node.value)]
    return node.value


def _mapping(node: yaml.MappingNode, path: Path, into: Document) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            into.mistakes.append(Mistake(line, words(path), "a name must be one word, not a list or another mapping"))
            continue
        name = str(key.value)
        if name in data or (*path, name) in into.lines:
            first = into.lines[(*path, name)]
            into.mistakes.append(Mistake(line, words((*path, name)), f"is there already, in line {first}; leave one out"))
            continue
        into.lines[(*path, name)] = line
        if isinstance(value, yaml.ScalarNode) and value.value == "" and value.style is None:
            into.mistakes.append(
                Mistake(line, words((*path, name)), "has nothing behind it; give a value, or leave the line out")
            )
            continue
        data[name] = _walk(value, (*path, name), into)
    return data


def read(text: str) -> Document:
    """The document in `text`; what cannot be read at all has one mistake and no data."""
    found = Document()
    try:
        reader = _Reader(text)
        node = reader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found.mistakes.append(
            Mistake(mark.line + 1 if mark else 1, "", " ".join(filter(None, (error.context, error.problem))))
        )
        return found
    except (ValueError, OverflowError):  # of chr(), for an escape like \UFFFFFFFF
        found.mistakes.append(Mistake(reader.line + 1, "", "an escape (\\U) names no character; write the character itself"))
        return found
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        found.mistakes.append(Mistake(line, "", f"the character {chr(error.character)!r} cannot be in YAML; take it out"))
        return found
    if node is None:
        found.mistakes.append(Mistake(1, "", "the document is empty; begin it with `cluster: NAME`"))
        return found
    found.data = _walk(node, (), found)
    return found
