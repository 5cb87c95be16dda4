"""What is wrong with flows beyond one block: names that lead nowhere, ways that never end, slots read before they are filled.

Pure, over the plain values of one tenant's ``flows``; places are relative to that list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from config.flow_graph import Node, Use, cases, certain, ending, nodes, reached, silent_circle
from config.flows import NUMBERS, RESERVED, Level
from config.problems import Loc, Report, Severity, did_you_mean, hints, listed
from config.yaml_tree import Tree

ORDERED = (*NUMBERS, "date")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowProblem:
    """One mistake; ``loc`` starts with the index of the flow."""

    loc: Loc
    what: str
    hint: str
    severity: Severity = "error"


def problems(flows: Any, tool_names: Collection[str], languages: Collection[str] = ()) -> tuple[FlowProblem, ...]:
    """Every mistake that lies between blocks.

    ``tool_names`` are the tenant's tools, ``languages`` those it names in its engine block (none: texts are not asked for).
    """
    listing = [
        (index, flow) for index, flow in enumerate(flows if isinstance(flows, list) else ()) if isinstance(flow, dict)
    ]
    found: list[FlowProblem] = []
    for index, flow in listing:
        graph = nodes(flow, (index,))
        found += _starts(flow, (index,))
        found += _names(graph, tool_names)
        found += _slots(graph)
        found += _comparisons(graph, languages)
        found += _texts(graph, languages)
        if graph and all(node.is_whole for node in graph.values()):
            found += _ways(graph, (index,))
    return (*found, *_twice(listing))


def check_flows(loc: Loc, tenant: dict[str, Any], tool_names: Collection[str], tree: Tree, report: Report) -> None:
    """The same for the flows of the tenant at ``loc``, into the report of the file."""
    engine = tenant.get("engine")
    named = engine.get("languages") if isinstance(engine, dict) else None
    languages = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    for problem in problems(tenant.get("flows"), tool_names, languages):
        at = (*loc, "flows", *problem.loc)
        if report.is_spoilt(at):
            continue
        place = tree.value_place(at) if problem.severity == "error" else tree.key_place(at)
        report.add(place, report.clean(problem.what), report.clean(problem.hint), severity=problem.severity)


def _starts(flow: dict[str, Any], loc: Loc) -> Iterator[FlowProblem]:
    start = flow.get("start")
    given = [start.get(key) for key in ("phrases", "patterns", "intent")] if isinstance(start, dict) else []
    if not any(given) and not flow.get("buttons"):
        yield _warning(loc, "nothing starts this flow", "give it `buttons`, or `start: {phrases: …}`")


def _names(graph: dict[str, Node], tool_names: Collection[str]) -> Iterator[FlowProblem]:
    """Steps and tools that do not exist."""
    last = next(reversed(graph.values()), None)
    if last is not None and last.kind in ("ask", "say") and not last.block.get("then"):
        yield _error(last.loc, f"the last step `{last.name}` leads nowhere", "add `then:`, or an `end` step below it")
    for node in graph.values():
        for way in node.exits:
            if way.target not in graph:
                mend = hints(did_you_mean(way.target, graph), f"steps are: {listed(graph)}")
                yield _error(way.loc, f"the step `{way.target}` does not exist", mend)
        tool = node.block.get("tool")
        if isinstance(tool, str) and tool not in tool_names:
            known = f"tools are: {listed(sorted(tool_names))}" if tool_names else "there are no tools"
            mend = hints(did_you_mean(tool, tool_names), known)
            yield _error((*node.loc, "tool"), f"the tool `{tool}` does not exist", mend)


def _slots(graph: dict[str, Node]) -> Iterator[FlowProblem]:
    """Places that name nothing, and one name for two things."""
    types = _types(graph)
    results = {n.block["into"] for n in graph.values() if n.kind == "call" and isinstance(n.block.get("into"), str)}
    for node in graph.values():
        slot, kind = node.block.get("slot"), node.block.get("type", "text")
        if node.kind == "ask" and isinstance(slot, str) and types.get(slot) != kind:
            yield _error(
                (*node.loc, "type"), f"`{slot}` is asked for with another type before", "use one type, or two slots"
            )
        into = node.block.get("into")
        if node.kind == "call" and isinstance(into, str) and into in types:
            yield _error((*node.loc, "into"), f"`{into}` is a slot already", "give the result a name of its own")
        for use in node.uses:
            yield from _place(use, set(types), results)


def _place(use: Use, slots: set[str], results: set[Any]) -> Iterator[FlowProblem]:
    if use.root not in slots | results:
        known = sorted(slots | results)
        mend = hints(
            did_you_mean(use.root, known), f"slots and results are: {listed(known)}" if known else "ask for it"
        )
        yield _error(use.loc, f"`{use.place}` names nothing that this flow fills", mend)
    elif use.root in slots and "." in use.place:
        yield _error(use.loc, f"`{use.root}` is a slot and has no parts", f"write `{use.root}`")
    elif use.root in results and "." not in use.place and use.is_needed:
        yield _error(use.loc, f"`{use.root}` is a whole result", f"name a part of it, like `{use.root}.status`")


def _types(graph: dict[str, Node]) -> dict[str, str]:
    """The type of each slot where it is asked for first."""
    types: dict[str, str] = {}
    for node in graph.values():
        slot, kind = node.block.get("slot"), node.block.get("type", "text")
        if node.kind == "ask" and isinstance(slot, str) and isinstance(kind, str):
            types.setdefault(slot, kind)
    return types


def _comparisons(graph: dict[str, Node], languages: Collection[str]) -> Iterator[FlowProblem]:
    """Comparisons that can never hold."""
    types = _types(graph)
    values: dict[str, set[str]] = {"verification": set(get_args(Level)), "hours": {"open", "closed"}}
    if languages:
        values["language"] = set(languages)
    for slot, kind in types.items():
        if kind == "choice":
            asked = (node.block.get("choices") for node in graph.values() if node.block.get("slot") == slot)
            values[slot] = {key for choices in asked if isinstance(choices, dict) for key in choices}
    for node in graph.values():
        for loc, case in cases(node):
            name = case.get("on")
            if isinstance(name, str):
                yield from _known_values(loc, case, name, values.get(name))
                yield from _order(loc, case, name, types)


def _known_values(loc: Loc, case: dict[str, Any], name: str, known: set[str] | None) -> Iterator[FlowProblem]:
    if known is None:
        return
    among = case.get("in")
    told = [((*loc, "equals"), case.get("equals"))]
    told += [((*loc, "in", index), value) for index, value in enumerate(among if isinstance(among, list) else ())]
    for place, value in told:
        if isinstance(value, str) and value.lower() not in known:
            mend = hints(did_you_mean(value, known), f"it is one of: {listed(sorted(known))}")
            yield _error(place, f"`{name}` is never `{value}`", mend)


def _order(loc: Loc, case: dict[str, Any], name: str, types: dict[str, str]) -> Iterator[FlowProblem]:
    has_order = "." in name or name == "verification" or types.get(name, "number") in ORDERED
    for key in ("at_least", "below"):
        bound = case.get(key)
        if bound is None:
            continue
        if not has_order or name in ("language", "hours"):
            yield _error((*loc, key), f"`{name}` has no order", "compare it with `equals`, `in` or `matches`")
        elif name == "verification" and bound not in get_args(Level):
            mend = hints(did_you_mean(str(bound), get_args(Level)), f"levels are: {listed(get_args(Level))}")
            yield _error((*loc, key), "this is no level of verification", mend)
        elif types.get(name) in NUMBERS and isinstance(bound, str):
            yield _error((*loc, key), f"`{name}` is a number, and this is none", "write a number")


def _texts(graph: dict[str, Node], languages: Collection[str]) -> Iterator[FlowProblem]:
    """One warning per language, at the first text that lacks it."""
    for language in languages:
        lacking = [
            loc
            for node in graph.values()
            for loc, text in node.texts
            if isinstance(text, dict) and text and language not in text and "any" not in text
        ]
        if lacking:
            count = f"{len(lacking)} texts of this flow have" if len(lacking) > 1 else "this text has"
            yield _warning(lacking[0], f"{count} no `{language}`", "another language is said instead; add it, or `any`")


def _ways(graph: dict[str, Node], loc: Loc) -> Iterator[FlowProblem]:
    first = next(iter(graph))
    if any(way.target not in graph for node in graph.values() for way in node.exits):
        return
    there, good = reached(graph, first), ending(graph)
    for name, node in graph.items():
        if name not in there:
            yield _warning(
                node.loc[:-1], f"the step `{name}` is never reached", "lead to it from another step, or remove it"
            )
        elif name not in good:
            yield _error(
                node.loc[:-1], f"from the step `{name}` the flow can never end", "lead to an `end` or `hand_over` step"
            )
    circle = silent_circle(graph)
    if circle is not None:
        mend = "put an `ask` or `confirm` step into the circle"
        yield _error((*loc, "steps", circle), f"the step `{circle}` comes back to itself without asking anything", mend)
    filled = certain(graph, first)
    for name in there:
        for use in graph[name].uses:
            if (
                use.is_needed
                and use.root not in filled[name]
                and use.root not in RESERVED
                and _is_known(graph, use.root)
            ):
                mend = "ask for it on every way to this step, or branch on `exists` before"
                yield _error(use.loc, f"`{use.root}` may not be filled yet when the step `{name}` comes", mend)


def _is_known(graph: dict[str, Node], root: str) -> bool:
    """What names nothing at all was reported already."""
    return any(way.fills == root for node in graph.values() for way in node.exits if node.kind != "branch")


def _twice(listing: list[tuple[int, dict[str, Any]]]) -> Iterator[FlowProblem]:
    """Ids, and what starts two flows."""
    ids: set[str] = set()
    starts: dict[tuple[str, str], str] = {}
    for index, flow in listing:
        name = flow.get("id")
        if isinstance(name, str) and name in ids:
            yield _error((index, "id"), f"the flow `{name}` stands twice", "give it an id of its own")
        ids.add(str(name))
        for loc, sort, said in _said(flow, (index,)):
            other = starts.setdefault((sort, said), str(name))
            if other != str(name):
                mend = "the first one wins; choose other words"
                yield _warning(loc, f"this {sort} starts the flow `{other}` too", mend)


def _said(flow: dict[str, Any], loc: Loc) -> Iterator[tuple[Loc, str, str]]:
    start = flow.get("start")
    given = (
        ("phrase", start.get("phrases") if isinstance(start, dict) else None, (*loc, "start", "phrases")),
        ("button", flow.get("buttons"), (*loc, "buttons")),
    )
    for sort, block, place in given:
        by_language = block if isinstance(block, dict) else {"": block}
        for language, texts in by_language.items():
            for index, text in enumerate(texts if isinstance(texts, list) else ()):
                if isinstance(text, str):
                    yield (
                        (*place, language, index) if language else (*place, index),
                        sort,
                        " ".join(text.lower().split()),
                    )


def _error(loc: Loc, what: str, hint: str) -> FlowProblem:
    return FlowProblem(loc=loc, what=what, hint=hint)


def _warning(loc: Loc, what: str, hint: str) -> FlowProblem:
    return FlowProblem(loc=loc, what=what, hint=hint, severity="warning")
