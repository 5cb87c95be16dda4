"""What no single tool can see: names that stand twice, permissions nobody has, and what is allowed but probably not meant.

Works on the plain values, like ``config.references``, which asks it once per tenant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from config.problems import Loc, Report, did_you_mean, hints, label, listed
from config.tools import KINDS
from config.yaml_tree import Tree

LEVELS: Final = ("anonymous", "identified", "verified")
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
NESTED: Final = {"openapi": "operations", "mcp": "tools"}
"""Kinds whose entries hold several tools, by name, under this key."""

ADDRESSES: Final = ("url", "base_url", "document_url")
IDENTITY: Final = re.compile(
    r"(customer|user|account|contact|client|member|subscriber|tenant)[_.-]?(id|no|number|account|ref)?\Z|e?[_-]?mail([_-]?address)?\Z"
    r"|(mobile|phone|telephone)[_-]?(no|number)?\Z",
    re.IGNORECASE,
)
"""Arguments that say who somebody is; whoever chooses them chooses whose data is touched."""

Named = tuple[str, Loc, dict[str, Any]]


def check_tools(loc: Loc, tenant: dict[str, Any], tree: Tree, report: Report) -> None:
    """Everything about the tools of the tenant at ``loc``."""
    named = list(_named(loc, tenant))
    _unique(named, tree, report)
    _granted(loc, tenant, named, tree, report)
    _encrypted(loc, tenant, tree, report)
    for _, place, policy in named:
        _chosen_identity(place, policy, tree, report)


def _entries(loc: Loc, tenant: dict[str, Any]) -> Iterator[tuple[Loc, dict[str, Any]]]:
    tools = tenant.get("tools")
    for index, entry in enumerate(tools if isinstance(tools, list) else ()):
        if isinstance(entry, dict) and entry.get("kind") in KINDS:
            yield (*loc, "tools", index), entry


def _named(loc: Loc, tenant: dict[str, Any]) -> Iterator[Named]:
    """Every tool: its name, where the name stands, and its policy."""
    for place, entry in _entries(loc, tenant):
        inside = NESTED.get(entry["kind"])
        several = entry.get(inside) if inside else None
        if inside and isinstance(several, dict):
            for name, policy in several.items():
                yield str(name), (*place, inside, name), policy if isinstance(policy, dict) else {}
        elif isinstance(entry.get("name"), str):
            yield entry["name"], (*place, "name"), entry


def _unique(named: list[Named], tree: Tree, report: Report) -> None:
    first: dict[str, Loc] = {}
    for name, place, _ in named:
        if name in first:
            line = tree.key_place(first[name]).line
            what = f"the tool `{report.clean(name)}` stands twice"
            report.add(tree.key_place(place), what, f"give it a name of its own; the first is on line {line}")
        first.setdefault(name, place)


def _granted(loc: Loc, tenant: dict[str, Any], named: list[Named], tree: Tree, report: Report) -> None:
    """A scope that no level has makes the tool dead."""
    grants = tenant.get("tool_scopes")
    by_level = grants if isinstance(grants, dict) else {}
    held = _held(by_level)
    for name, place, policy in named:
        scopes = policy.get("scopes")
        if not isinstance(scopes, list):
            continue
        base = place[:-1] if place[-1] == "name" else place
        for index, scope in enumerate(scopes):
            if isinstance(scope, str) and scope not in held:
                hint = hints(did_you_mean(scope, sorted(held)), "grant it in `tool_scopes`")
                what = f"nobody is granted the scope `{report.clean(scope)}`, so `{report.clean(name)}` can never be called"
                report.add(tree.value_place((*base, "scopes", index)), what, hint, severity="warning")
    _unneeded((*loc, "tool_scopes"), by_level, named, tree, report)


def _unneeded(loc: Loc, by_level: dict[str, Any], named: list[Named], tree: Tree, report: Report) -> None:
    asked = {scope for _, _, policy in named if isinstance(policy.get("scopes"), list) for scope in policy["scopes"]}
    for level, granted in by_level.items():
        for index, scope in enumerate(granted if isinstance(granted, list) else ()):
            if isinstance(scope, str) and scope not in asked:
                known = sorted(item for item in asked if isinstance(item, str))
                hint = hints(did_you_mean(scope, known), f"tools ask for: {listed(known)}" if known else "remove it")
                what = f"no tool asks for the scope `{report.clean(scope)}`"
                report.add(tree.value_place((*loc, level, index)), what, hint, severity="warning")


def _held(by_level: dict[str, Any]) -> set[str]:
    lists = (by_level.get(level) for level in LEVELS)
    return {scope for granted in lists if isinstance(granted, list) for scope in granted if isinstance(scope, str)}


def _encrypted(loc: Loc, tenant: dict[str, Any], tree: Tree, report: Report) -> None:
    for place, entry in _entries(loc, tenant):
        for key in ADDRESSES:
            if _is_open(entry.get(key)):
                what = f"`{label((*place, key))}` is not encrypted: keys and customers' data can be read on the way"
                report.add(tree.value_place((*place, key)), what, "use https://", severity="warning")


def _is_open(address: Any) -> bool:
    if not isinstance(address, str) or not address.lower().startswith("http://"):
        return False
    try:
        return urlsplit(address).hostname not in LOOPBACK
    except ValueError:
        return False


def _chosen_identity(place: Loc, policy: dict[str, Any], tree: Tree, report: Report) -> None:
    """An identity that the model may choose is an invitation to ask for somebody else's."""
    schema = policy.get("parameters")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name in properties if isinstance(properties, dict) else ():
        if IDENTITY.match(str(name)):
            at = (*place[:-1], "parameters", "properties", name)
            what = f"the model may choose `{report.clean(str(name))}`, and with it whose data the tool touches"
            hint = f"take it out and write `bound: {{{name}: customer_account}}`"
            report.add(tree.key_place(at), what, hint, severity="warning")


def tool_names(loc: Loc, tenant: dict[str, Any]) -> frozenset[str]:
    """The names of the tenant's tools, for whoever refers to them."""
    return frozenset(name for name, _, _ in _named(loc, tenant))
