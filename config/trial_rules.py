"""What no single experiment or rollout can see: two that want the same setting, channels and accounts that do not exist.

Works on the plain values, like ``config.references``, which asks it once per tenant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Any

from config.problems import Loc, Report, did_you_mean, hints, listed
from config.yaml_tree import Tree


@dataclass(frozen=True, slots=True)
class _Trial:
    """An experiment's block, and where each setting stands that one of its variants has of its own."""

    loc: Loc
    block: dict[str, Any]
    settings: dict[str, Loc]


def check_trials(loc: Loc, tenant: dict[str, Any], tree: Tree, report: Report) -> None:
    """Everything about the experiments and the rollout of the tenant at ``loc``."""
    trials = [_Trial(place, block, dict(_settings(place, block))) for place, block in _blocks(loc, tenant)]
    _unique(trials, tree, report)
    for one, other in combinations(trials, 2):
        if _may_meet(one.block, other.block):
            _overlap(one, other, tree, report)
    _rollout_accounts(loc, tenant, tree, report)
    for place, segment in _segments(loc, tenant, trials):
        _channels(place, segment, tenant, tree, report)


def _blocks(loc: Loc, tenant: dict[str, Any]) -> Iterator[tuple[Loc, dict[str, Any]]]:
    listed_ = tenant.get("experiments")
    for index, block in enumerate(listed_ if isinstance(listed_, list) else ()):
        if isinstance(block, dict):
            yield (*loc, "experiments", index), block


def _settings(loc: Loc, block: dict[str, Any]) -> Iterator[tuple[str, Loc]]:
    for name, variant in _mapping(block.get("variants")).items():
        if isinstance(name, str):
            overrides = _mapping(_mapping(variant).get("overrides"))
            yield from _leaves(overrides, (*loc, "variants", name, "overrides"))


def _leaves(values: dict[str, Any], loc: Loc, above: str = "") -> Iterator[tuple[str, Loc]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*loc, name), f"{above}{name}.")
        else:
            yield f"{above}{name}", (*loc, name)


def _unique(trials: list[_Trial], tree: Tree, report: Report) -> None:
    first: dict[str, Loc] = {}
    for trial in trials:
        name = trial.block.get("id")
        if not isinstance(name, str):
            continue
        if name in first:
            line = tree.value_place(first[name]).line
            what = f"the experiment `{report.clean(name)}` stands twice"
            report.add(
                tree.value_place((*trial.loc, "id")), what, f"give it an id of its own; the first is on line {line}"
            )
        first.setdefault(name, (*trial.loc, "id"))


def _may_meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a conversation may take part in both: neither their days nor their segments tell them apart."""
    return not (_ends_before(one, other) or _ends_before(other, one) or _is_apart(one, other))


def _ends_before(one: dict[str, Any], other: dict[str, Any]) -> bool:
    end, start = _day(one.get("ends_on")), _day(other.get("starts_on"))
    return end is not None and start is not None and end < start


def _day(value: Any) -> date | None:
    """A day as YAML reads it, or in quotes."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    ours, theirs = _mapping(one.get("segment")), _mapping(other.get("segment"))
    if [ours.get("verified"), theirs.get("verified")] in ([True, False], [False, True]):
        return True
    return any(_are_disjoint(ours.get(key), theirs.get(key)) for key in ("languages", "channels", "customer_accounts"))


def _are_disjoint(one: Any, other: Any) -> bool:
    """Whether both are given and have nothing in common; a contact has one language, channel and customer account."""
    given = [value for value in (one, other) if isinstance(value, list) and value]
    return len(given) == 2 and not any(item in given[1] for item in given[0])


def _overlap(one: _Trial, other: _Trial, tree: Tree, report: Report) -> None:
    for path, place in other.settings.items():
        if path in one.settings:
            line = tree.key_place(one.settings[path]).line
            names = report.clean(f"`{other.block.get('id')}` and `{one.block.get('id')}`")
            what = f"the experiments {names} both set `{report.clean(path)}` for the same conversations"
            mend = f"the other stands on line {line}: make it one experiment, or give them other days or segments"
            report.add(tree.key_place(place), what, mend)


def _rollout_accounts(loc: Loc, tenant: dict[str, Any], tree: Tree, report: Report) -> None:
    accounts = [name for name in _of_accounts(tenant, "id") if isinstance(name, str)]
    for name in _mapping(_mapping(tenant.get("rollout")).get("by_account")):
        if isinstance(name, str) and name not in accounts:
            mend = hints(did_you_mean(name, accounts), f"accounts are: {listed(accounts)}" if accounts else "")
            what = f"the account `{report.clean(name)}` does not exist in this tenant"
            report.add(tree.key_place((*loc, "rollout", "by_account", name)), what, mend)


def _segments(loc: Loc, tenant: dict[str, Any], trials: list[_Trial]) -> Iterator[tuple[Loc, dict[str, Any]]]:
    """Every segment of the tenant and its place."""
    rollout = _mapping(tenant.get("rollout"))
    places = [((*loc, "rollout", "default"), rollout.get("default"))]
    for name, block in _mapping(rollout.get("by_account")).items():
        places.append(((*loc, "rollout", "by_account", name), block))
    places += [(trial.loc, trial.block) for trial in trials]
    for place, block in places:
        yield (*place, "segment"), _mapping(_mapping(block).get("segment"))


def _channels(loc: Loc, segment: dict[str, Any], tenant: dict[str, Any], tree: Tree, report: Report) -> None:
    known = sorted({name for name in _of_accounts(tenant, "channel") if isinstance(name, str)})
    wanted = segment.get("channels")
    for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
        if isinstance(name, str) and name not in known:
            mend = hints(did_you_mean(name, known), f"channels are: {listed(known)}" if known else "")
            what = f"no account of this tenant is on the channel `{report.clean(name)}`"
            report.add(tree.value_place((*loc, "channels", index)), what, mend)


def _of_accounts(tenant: dict[str, Any], key: str) -> Iterator[Any]:
    accounts = tenant.get("accounts")
    for account in accounts if isinstance(accounts, list) else ():
        if isinstance(account, dict):
            yield account.get(key)


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
