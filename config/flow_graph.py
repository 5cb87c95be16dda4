"""A flow's plain values as a graph: steps, where each leads, what each fills and reads.

Reads whatever a file holds: a part of the wrong sort is left out, since the models report it, and ``is_whole`` then tells that
nothing can be said about ways through the flow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from config.flows import KINDS, PLACE, RESERVED
from config.problems import Loc

WAITS: Final = frozenset(("ask", "confirm", "call"))
"""Kinds at which a flow stops until something comes from outside."""

ENDS: Final = frozenset(("hand_over", "end"))
LATER: Final = {"call": ("done", "denied", "failed"), "confirm": ("yes", "no"), "branch": ("otherwise",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """A way out of a step: the place of its name in the file, the step it names, and the slot filled on this way."""

    loc: Loc
    target: str
    fills: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A place that a step reads; ``is_needed`` is false where a branch asks whether it exists."""

    loc: Loc
    place: str
    is_needed: bool = True

    @property
    def root(self) -> str:
        """The slot, or the name of the result."""
        return self.place.partition(".")[0]


@dataclass(slots=True)
class Node:
    """One step."""

    name: str
    loc: Loc
    kind: str = ""
    block: dict[str, Any] = field(default_factory=dict)
    exits: list[Exit] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    texts: list[tuple[Loc, Any]] = field(default_factory=list)
    is_whole: bool = True


def nodes(flow: dict[str, Any], loc: Loc) -> dict[str, Node]:
    """The steps of a flow, in the order of the file."""
    steps = flow.get("steps")
    if not isinstance(steps, dict):
        return {}
    names = [name for name in steps if isinstance(name, str)]
    following = dict(zip(names, [*names[1:], ""], strict=False))
    return {name: _node(name, steps[name], (*loc, "steps", name), following[name]) for name in names}


def _node(name: str, step: Any, loc: Loc, following: str) -> Node:
    node = Node(name=name, loc=loc)
    kinds = [kind for kind in KINDS if isinstance(step, dict) and isinstance(step.get(kind), dict)]
    if len(kinds) != 1:
        node.is_whole = False
        return node
    node.kind, node.block, node.loc = kinds[0], step[kinds[0]], (*loc, kinds[0])
    _exits(node, following)
    _texts(node)
    node.uses = list(_uses(node))
    return node


def _exits(node: Node, following: str) -> None:
    block = node.block
    if node.kind in ("ask", "say"):
        _exit(node, ("then",), block.get("then") or following, _name(block.get("slot")))
    elif node.kind == "call":
        routes = block.get("on")
        for outcome in LATER["call"]:
            target = routes.get(outcome) if isinstance(routes, dict) else None
            _exit(node, ("on", outcome), target, _name(block.get("into")) if outcome == "done" else None)
    elif node.kind in LATER:
        for index, case in _cases(node):
            told = case.get("on")
            root = told.partition(".")[0] if isinstance(told, str) and case.get("exists") is True else None
            _exit(node, ("cases", index, "then"), case.get("then"), root)
        for key in LATER[node.kind]:
            _exit(node, (key,), block.get(key), None)


def _exit(node: Node, path: Loc, target: Any, fills: str | None) -> None:
    if isinstance(target, str) and target:
        node.exits.append(Exit(loc=(*node.loc, *path), target=target, fills=fills))
    else:
        node.is_whole = False


def _cases(node: Node) -> Iterator[tuple[int, dict[str, Any]]]:
    cases = node.block.get("cases")
    for index, case in enumerate(cases if isinstance(cases, list) else ()):
        if isinstance(case, dict):
            yield index, case


def cases(node: Node) -> Iterator[tuple[Loc, dict[str, Any]]]:
    """The cases of a branch, with their places."""
    for index, case in _cases(node) if node.kind == "branch" else ():
        yield (*node.loc, "cases", index), case


def _texts(node: Node) -> None:
    """Everything the step says to the contact, by language or for all."""
    block, loc = node.block, node.loc
    for key in ("question", "text", "say"):
        if key in block:
            node.texts.append(((*loc, key), block[key]))
    choices = block.get("choices")
    for name, labels in choices.items() if isinstance(choices, dict) else ():
        node.texts.append(((*loc, "choices", name), labels))
    valid = block.get("validate")
    if isinstance(valid, dict) and "error" in valid:
        node.texts.append(((*loc, "validate", "error"), valid["error"]))


def _uses(node: Node) -> Iterator[Use]:
    for loc, text in node.texts:
        yield from _places(text, loc)
    if node.kind == "call":
        yield from _places(node.block.get("arguments"), (*node.loc, "arguments"))
    if node.kind == "hand_over":
        yield from _places(node.block.get("detail"), (*node.loc, "detail"))
    for loc, case in cases(node):
        told = case.get("on")
        if isinstance(told, str) and told not in RESERVED:
            yield Use(loc=(*loc, "on"), place=told, is_needed=case.get("exists") is None)


def _places(value: Any, loc: Loc) -> Iterator[Use]:
    if isinstance(value, str):
        yield from (Use(loc=loc, place=found[1]) for found in PLACE.finditer(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*loc, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, (*loc, index))


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def reached(graph: dict[str, Node], start: str) -> set[str]:
    """The steps some way from ``start`` leads to, itself included."""
    seen, todo = {start}, [start]
    while todo:
        for way in graph[todo.pop()].exits:
            if way.target in graph and way.target not in seen:
                seen.add(way.target)
                todo.append(way.target)
    return seen


def ending(graph: dict[str, Node]) -> set[str]:
    """The steps from which some way ends."""
    good = {name for name, node in graph.items() if node.kind in ENDS}
    while True:
        more = {n for n, node in graph.items() if n not in good and any(way.target in good for way in node.exits)}
        if not more:
            return good
        good |= more


def certain(graph: dict[str, Node], start: str) -> dict[str, frozenset[str]]:
    """For each step reached: the slots that are filled by then whichever way was taken."""
    known = {start: frozenset[str]()}
    todo = [start]
    while todo:
        name = todo.pop()
        for way in graph[name].exits:
            if way.target not in graph:
                continue
            arriving = known[name] | ({way.fills} if way.fills else frozenset())
            now = known[way.target] & arriving if way.target in known else arriving
            if known.get(way.target) != now:
                known[way.target] = now
                todo.append(way.target)
    return known


def silent_circle(graph: dict[str, Node]) -> str | None:
    """A step of a circle on which nothing is ever asked or called."""
    quiet = {name: node for name, node in graph.items() if node.kind and node.kind not in WAITS}
    for name in quiet:
        todo, seen = [name], set[str]()
        while todo:
            onward = {way.target for way in quiet[todo.pop()].exits if way.target in quiet} - seen
            seen |= onward
            todo += onward
        if name in seen:
            return name
    return None
