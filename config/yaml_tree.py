"""YAML text → plain values with the place of every key and value.  Bounded, and never raises on what a file may hold.

Values are read by the YAML 1.2 core rules, as editors do: ``no`` and ``09:00`` are texts, only ``true`` and ``false`` are
booleans.  Tags and merge keys are refused, aliases are followed within bounds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.problems import TOP, Loc, Place, Report, label

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 40
MAX_VALUES: Final = 50_000
"""Values after aliases are followed; thousands of tenants fit, an alias bomb does not."""

NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
INT = re.compile(r"[-+]?[0-9]{1,18}\Z")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?\Z")

MENDS: Final = (
    ("found character '\\t'", "a tab stands where spaces are needed", "indent with spaces, two per level"),
    ("found undefined alias", "an alias (`*name`) that no anchor (`&name`) defines", "a text that starts with `*` needs quotes"),
    ("found duplicate anchor", "an anchor (`&name`) is defined twice", "a text that starts with `&` needs quotes"),
    ("expected a single document", "a second document starts here", "keep one document; remove the `---`"),
    ("mapping values are not allowed", "a `:` stands where it cannot", "check the indentation, or put the text in quotes"),
    ("expected <block end>", "the indentation does not fit the lines above", "align this line with its neighbours"),
    ("could not find expected ':'", "a key without its `:`", "write `key: value`, and check the indentation"),
    ("unknown escape character", "a `\\` that starts no escape in double quotes", "write `\\\\`, or use single quotes"),
    ("while scanning a quoted scalar", "a quoted text does not end", "add the closing quote"),
    ("while scanning a simple key", "a key without its `:`", "write `key: value`, and check the indentation"),
    ("while parsing a flow mapping", "a `{` is not closed, or a `,` is missing", "close it with `}`"),
    ("while parsing a flow sequence", "a `[` is not closed, or a `,` is missing", "close it with `]`"),
    ("that cannot start any token", "a text starts with a character that means something in YAML", "put the text in quotes"),
)  # fmt: skip
"""Part of PyYAML's words → ours.  Its own are not shown: they may quote the value."""


@dataclass(slots=True)
class Tree:
    """The values of a file and where they stand: ``keys`` has the place of each key, ``values`` of each value."""

    data: Any = None
    keys: dict[Loc, Place] = field(default_factory=dict)
    values: dict[Loc, Place] = field(default_factory=dict)

    def key_place(self, loc: Loc) -> Place:
        """Where the key (or the list item) at ``loc`` stands; the nearest known parent when it is not there."""
        while loc and loc not in self.keys:
            loc = loc[:-1]
        return self.keys.get(loc, TOP)

    def value_place(self, loc: Loc) -> Place:
        """Where the value at ``loc`` starts."""
        return self.values.get(loc) or self.key_place(loc)

    def at(self, loc: Loc) -> Any:
        """The value at ``loc``; None when there is none."""
        value = self.data
        for part in loc:
            match value, part:
                case dict(), str() if part in value:
                    value = value[part]
                case list(), int() if 0 <= part < len(value):
                    value = value[part]
                case _:
                    return None
        return value


class _TooDeep(yaml.MarkedYAMLError):
    """The nesting is deeper than any configuration needs."""


class _TooLong(yaml.MarkedYAMLError):
    """More keys and values than any configuration needs."""


class _Composer(yaml.SafeLoader):
    """PyYAML's composer with bounds on depth and length, so that no input can exhaust the stack or the patience."""

    depth = 0
    count = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Compose one node and its children."""
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH or self.count > 2 * MAX_VALUES:
            error = _TooDeep if self.depth > MAX_DEPTH else _TooLong
            here = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # not in the stubs
            raise error(problem="over a bound", problem_mark=here)
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def parse(raw: bytes, report: Report) -> Tree | None:
    """The tree of a file, or None when nothing of it can be read; problems go to ``report``."""
    text = _decode(raw, report)
    if text is None:
        return None
    root = _compose(text, report)
    if root is None:
        return None
    tree = Tree()
    try:
        tree.data = _Reader(tree, report).read(root, ())
    except _TooMany:
        hint = f"at most {MAX_VALUES} values are read; look for aliases inside aliases"
        report.add(_place(root.start_mark), "aliases blow the file up beyond all measure", hint)
        return None
    if not isinstance(tree.data, dict):
        report.add(_place(root.start_mark), "the file is not a list of `key: value` lines", "start with `version: 1`")
        return None
    return tree


def _decode(raw: bytes, report: Report) -> str | None:
    if len(raw) > MAX_BYTES:
        report.add(TOP, f"the file is larger than {MAX_BYTES} bytes", "no configuration needs that")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        place = Place(before.count(b"\n") + 1, column)
        report.add(place, "a byte that is not UTF-8", "save the file in the encoding UTF-8")
        return None


def _compose(text: str, report: Report) -> Node | None:
    try:
        # The loader only composes nodes here; no object is ever constructed from a tag.
        composer = _Composer(text)
        try:
            root = composer.get_single_node()
        finally:
            composer.dispose()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
        report.add(place, "a control character that YAML does not allow", "delete it")
    except yaml.MarkedYAMLError as error:
        _explain(error, report)
    else:
        if root is None:
            report.add(TOP, "the file is empty", "see the examples folder for a smallest file")
        return root
    return None


def _explain(error: yaml.MarkedYAMLError, report: Report) -> None:
    is_open_quote = "quoted scalar" in (error.context or "") and "end of stream" in (error.problem or "")
    mark = (error.context_mark if is_open_quote else None) or error.problem_mark or error.context_mark
    place = _place(mark) if mark else TOP
    if isinstance(error, _TooDeep):
        report.add(place, f"values are nested more than {MAX_DEPTH} deep", "nothing in this file needs that")
        return
    if isinstance(error, _TooLong):
        report.add(
            place, f"more than {MAX_VALUES} keys and values", "split the tenants over several files and processes"
        )
        return
    said = f"{error.context or ''} {error.problem or ''}"
    for part, what, hint in MENDS:
        if part in said:
            report.add(place, f"not valid YAML: {what}", hint)
            return
    report.add(place, "not valid YAML", "check the indentation and the quotes of this line and the one above")


def _place(mark: Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


class _TooMany(Exception):
    """More values than ``MAX_VALUES``."""


class _Reader:
    """Follows the nodes, aliases included, into plain values."""

    def __init__(self, tree: Tree, report: Report) -> None:
        self._tree = tree
        self._report = report
        self._count = 0
        self._open: set[int] = set()

    def read(self, node: Node, loc: Loc) -> Any:
        """The value of ``node``; a problem leaves None and spoils the place."""
        self._count += 1
        if self._count > MAX_VALUES:
            raise _TooMany
        place = _place(node.start_mark)
        self._tree.values[loc] = place
        self._tree.keys.setdefault(loc, place)
        if id(node) in self._open or len(loc) > MAX_DEPTH:
            self._refuse(place, loc, "an alias that holds itself", "write the values out")
            return None
        self._open.add(id(node))
        try:
            return self._value(node, loc)
        finally:
            self._open.discard(id(node))

    def _value(self, node: Node, loc: Loc) -> Any:
        if _is_tagged(node):
            place = self._tree.values[loc]
            self._refuse(place, loc, "YAML tags (`!name`) are not read", "a text that starts with `!` needs quotes")
            return None
        if isinstance(node, ScalarNode):
            return scalar(node.value, is_plain=node.style is None)
        if isinstance(node, SequenceNode):
            return [self.read(item, (*loc, index)) for index, item in enumerate(node.value)]
        return self._mapping(node, loc) if isinstance(node, MappingNode) else None

    def _mapping(self, node: MappingNode, loc: Loc) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, values, loc)
            if key is not None:
                self._tree.keys[(*loc, key)] = _place(key_node.start_mark)
                values[key] = self.read(value_node, (*loc, key))
        return values

    def _key(self, node: Node, values: dict[str, Any], loc: Loc) -> str | None:
        """The key as it is written, or None when it cannot be used."""
        place = _place(node.start_mark)
        if not isinstance(node, ScalarNode) or _is_tagged(node):
            self._report.add(place, f"a key in {label(loc)} is not a plain word", "write `key: value`")
            return None
        key = str(node.value)
        if key == "<<" and node.style is None:
            self._report.add(
                place, "merge keys (`<<`) are not read", "use an alias for the whole block, or write it out"
            )
            return None
        if key in values:
            first = self._tree.keys[(*loc, key)].line
            self._report.add(place, f"the key `{key}` stands twice", f"keep one of them; the first is on line {first}")
            return None
        return key

    def _refuse(self, place: Place, loc: Loc, what: str, hint: str) -> None:
        self._report.add(place, what, hint)
        self._report.spoil(loc)


_PLAIN_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "null", "bool", "int", "float", "timestamp", "merge", "value")
)


def _is_tagged(node: Node) -> bool:
    """Whether the file names a tag; PyYAML leaves the resolved one on nodes without."""
    if isinstance(node, MappingNode):
        return str(node.tag) != "tag:yaml.org,2002:map"
    if isinstance(node, SequenceNode):
        return str(node.tag) != "tag:yaml.org,2002:seq"
    return node.tag not in _PLAIN_TAGS


def scalar(text: str, *, is_plain: bool) -> Any:
    """A scalar by the YAML 1.2 core rules; quoted and block texts stay texts."""
    if not is_plain:
        return text
    if NULL.match(text):
        return None
    if BOOL.match(text):
        return text.lower() == "true"
    if INT.match(text):
        return int(text)
    if FLOAT.match(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text
