"""What no single model can see: duplicate ids, names that lead nowhere, ports, paths, rules that never match.

Works on the plain values, so that these mistakes are found beside all others, however broken the rest is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config import shape
from config.ability_rules import check_abilities, check_models
from config.addresses import EMBEDDED
from config.engine import shipped
from config.handoff import check_handoff
from config.problems import Loc, Report, did_you_mean, hints, label, listed
from config.rules import contradiction, covers
from config.shape import Shape, Types
from config.yaml_tree import Tree
from core.intents import builtin as intents

DISPENSABLE: Final = frozenset(("embedder", "cross_encoder"))
"""Blocks whose folder may be missing: search goes on by words, and a warning of their own says so."""

EVERYWHERE: Final = frozenset(("0.0.0.0", "::", ""))  # noqa: S104  compared with, not listened on

Blocks = Iterator[tuple[Loc, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class References:
    """Checks ``data``, the filled-in values of ``tree``; every method adds its problems to ``report``."""

    data: Any
    tree: Tree
    shape: Shape
    report: Report

    def check(self, root: Types) -> None:
        """All checks."""
        tenants = tuple(self._blocks(("tenants",)))
        self._unique("person", self._blocks(("people",)))
        self._unique("tenant", iter(tenants))
        self._unique("account", (entry for loc, _ in tenants for entry in self._blocks((*loc, "accounts"))))
        for loc, _ in tenants:
            self._unique("source", self._blocks((*loc, "knowledge", "sources")))
            self._chunk((*loc, "knowledge", "chunk"))
            self._rules((*loc, "engine"))
            check_abilities(loc, self._get(loc), self.tree, self.report)
            self._handoff(loc)
        check_models(("models",), self._get(("models",)), self.tree, self.report)
        self._people([t["id"] for _, t in tenants if isinstance(t.get("id"), str)])
        self._ports()
        self._data_dir()
        self._replicas()
        self._paths(self.data, root, ())
        self._what_is_missing(tenants)

    def _get(self, loc: Loc) -> Any:
        value = self.data
        for part in loc:
            if isinstance(part, str) and isinstance(value, dict):
                value = value.get(part)
            elif isinstance(part, int) and isinstance(value, list):
                value = value[part]
            else:
                return None
        return value

    def _blocks(self, loc: Loc) -> Blocks:
        """The entries of a list that are blocks."""
        entries = self._get(loc)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield (*loc, index), entry

    def _unique(self, noun: str, blocks: Blocks) -> None:
        first: dict[str, Loc] = {}
        for loc, block in blocks:
            name = block.get("id")
            if not isinstance(name, str):
                continue
            if name in first:
                line = self.tree.value_place((*first[name], "id")).line
                self._add(
                    (*loc, "id"),
                    f"the {noun} `{self.report.clean(name)}` stands twice",
                    f"give it an id of its own; the first is on line {line}",
                )
            first.setdefault(name, loc)

    def _people(self, tenants: list[str]) -> None:
        for loc, person in self._blocks(("people",)):
            theirs = person.get("tenants")
            for index, name in enumerate(theirs if isinstance(theirs, list) else ()):
                if isinstance(name, str) and name not in tenants:
                    guess = did_you_mean(name, tenants)
                    mend = hints(guess, f"tenants are: {listed(tenants)}" if tenants else "there is no tenant")
                    self._add((*loc, "tenants", index), f"the tenant `{self.report.clean(name)}` does not exist", mend)

    def _chunk(self, loc: Loc) -> None:
        tokens, overlap = self._get((*loc, "tokens")), self._get((*loc, "overlap"))
        tokens = 500 if tokens is None else tokens
        overlap = 60 if overlap is None else overlap
        if type(tokens) is int and type(overlap) is int and overlap >= tokens > 0:
            at = "overlap" if self._get((*loc, "overlap")) is not None else "tokens"
            self._add(
                (*loc, at),
                f"`overlap` ({overlap}) is not less than `tokens` ({tokens})",
                "a tenth of `tokens` is usual",
            )

    def _ports(self) -> None:
        public, internal = ("server", "public"), ("server", "internal")
        ports = _number(self._get((*public, "port")), 8080), _number(self._get((*internal, "port")), 8081)
        hosts = {str(self._get((*side, "host")) or "127.0.0.1") for side in (public, internal)}
        if ports[0] == ports[1] != 0 and (len(hosts) == 1 or hosts & EVERYWHERE):
            side = internal if self._get((*internal, "port")) is not None else public
            self._add(
                (*side, "port"), f"both listeners want port {ports[0]}", "give the internal one a port of its own"
            )

    def _data_dir(self) -> None:
        """The nearest existing parent must be a folder, else it can never be made."""
        value = self._get(("data_dir",))
        if not isinstance(value, str) or self.report.is_spoilt(("data_dir",)):
            return
        try:
            there = next(path for path in (Path(value), *Path(value).parents) if path.exists())
            usable = there.is_dir()
        except (OSError, ValueError, StopIteration):
            usable = False
        if not usable:
            self._add(("data_dir",), "`data_dir` cannot be a folder: a file is in its way", "name another folder")

    def _replicas(self) -> None:
        """Several processes answer one visitor, so they sign with one key."""
        store = self._get(("store",))
        is_shared = isinstance(store, str) and store != EMBEDDED and not self.report.is_spoilt(("store",))
        if is_shared and self._get(("server", "session_secret")) is None:
            self._add(
                ("store",),
                "replicas on one store need one key for their visitors' sessions",
                "set `server.session_secret`: ${SESSION_SECRET}, 32 bytes or more, the same for all",
            )

    def _paths(self, value: Any, types: Types, loc: Loc) -> None:
        """Files and folders named in plug blocks must exist."""
        if isinstance(value, dict):
            for key, inner in value.items():
                self._paths(inner, self.shape.child(types, value, key), (*loc, key))
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                self._paths(inner, self.shape.child(types, value, index), (*loc, index))
        elif (
            isinstance(value, str)
            and shape.is_path(types)
            and loc[:1] == ("tenants",)
            and not DISPENSABLE.intersection(map(str, loc))
            and not self.report.is_spoilt(loc)
        ):
            self._exists(value, loc)

    def _exists(self, value: str, loc: Loc) -> None:
        try:
            is_there = Path(value).exists()
        except (OSError, ValueError):
            is_there = False
        if not is_there:
            self._add(
                loc, f"`{label(loc)}` names a path that does not exist", "relative paths start at this file's folder"
            )
            self.report.spoil(loc)

    def _rules(self, loc: Loc) -> None:
        given = self._get((*loc, "categories"))
        categories = {*shipped()["categories"], *(given if isinstance(given, dict) else ())}
        earlier: list[tuple[int, Mapping[str, Any]]] = []
        for place, rule in self._blocks((*loc, "rules")):
            when = rule.get("when") or {}
            if not isinstance(when, dict):
                continue
            self._named((*place, "when", "category"), categories, "category", "categories")
            self._named((*place, "when", "intent"), self._intents(loc[:-1]), "intent", "intents")
            self._reachable(place, when, earlier)
            earlier.append((self.tree.key_place(place).line, when))

    def _handoff(self, loc: Loc) -> None:
        given = self._get((*loc, "engine", "categories"))
        known = {*shipped()["categories"], *(given if isinstance(given, dict) else ())}
        check_handoff(
            (*loc, "handoff"),
            self._get((*loc, "handoff")),
            self.tree,
            self.report,
            categories=known,
            intents=self._intents(loc),
        )

    def _intents(self, tenant: Loc) -> set[str]:
        block = self._get((*tenant, "intents"))
        given = block.get("own") if isinstance(block, dict) else None
        return {*intents.names(), *(given if isinstance(given, dict) else ())}

    def _named(self, loc: Loc, known: set[str], noun: str, nouns: str) -> None:
        names = self._get(loc)
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name not in known:
                mend = hints(did_you_mean(name, sorted(known)), f"{nouns} are: {listed(sorted(known))}")
                self._add((*loc, index), f"the {noun} `{self.report.clean(name)}` does not exist", mend)

    def _reachable(self, loc: Loc, when: Mapping[str, Any], earlier: list[tuple[int, Mapping[str, Any]]]) -> None:
        if contradiction(when):
            self._warn(loc, "this rule never matches: its confidence bounds exclude each other", "widen or remove it")
        for line, other in earlier:
            if covers(other, when):
                always = "always matches" if not other else "matches whenever this one does"
                self._warn(
                    loc, f"this rule is never reached: the one on line {line} {always}", "move it up, or remove it"
                )
                return

    def _what_is_missing(self, tenants: tuple[tuple[Loc, dict[str, Any]], ...]) -> None:
        if tenants and not self._get(("people",)):
            self._warn(
                ("tenants",), "nobody can log in to answer: `people` is empty", "add people, with the role agent"
            )
        for loc, tenant in tenants:
            # What stands there may be anything, and hold secrets, as long as it is no text.
            name = self.report.clean(tenant["id"]) if isinstance(tenant.get("id"), str) else label(loc)
            if not tenant.get("accounts"):
                self._warn(
                    loc, f"tenant `{name}` has no account: nobody can write to it", "add `accounts:` with a web account"
                )
            if not self._get((*loc, "knowledge", "sources")):
                self._warn(loc, f"tenant `{name}` has no knowledge: people get every question", "add a source")

    def _add(self, loc: Loc, what: str, hint: str) -> None:
        if not self.report.is_spoilt(loc):
            self.report.add(self.tree.value_place(loc), what, hint)

    def _warn(self, loc: Loc, what: str, hint: str) -> None:
        self.report.add(self.tree.key_place(loc), what, hint, severity="warning")


def _number(value: Any, default: int) -> int:
    """A port as written, also when it came from the environment; what is no number is another check's business."""
    if value is None:
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        return -1 - default
