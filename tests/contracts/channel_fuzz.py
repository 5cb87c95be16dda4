"""Bodies nobody meant: rubbish, and a vendor's payload with something in it replaced, repeated or gone."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hypothesis import strategies as st

from tests.contracts.channel_descriptor import Fixture

ODD_TEXTS = st.sampled_from(
    (
        "",
        " ",
        "\u0000",
        "\u202e",
        "null",
        "true",
        "-1",
        "1e999",
        "9" * 30,
        "https://[",
        "a" * 9_000,
        "<@U1>",
        "٣",
        "\ufffe",
    )
)
ODD_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    ODD_TEXTS,
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just([None]),
    st.just({"id": None}),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    ODD_VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
RUBBISH: st.SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.text(max_size=8), ODD_TEXTS, max_size=4).map(lambda value: urlencode(value).encode()),
    st.just(b"[" * 5_000),
    st.just(b'{"a":' * 5_000),
    st.just(b"\xff\xfe{}"),
)
"""Bodies in which nothing stands that could be anybody's words."""


def is_form(fixture: Fixture) -> bool:
    """Is the body a form (else it is JSON)."""
    return "form" in "".join(value for name, value in fixture.headers.items() if name.lower() == "content-type")


PLAIN_VALUES: tuple[Any, ...] = (None, "", " ", 0, -1, 2**63, True, [], {}, "x", "٣")


def single_changes(body: bytes, *, form: bool) -> Iterator[bytes]:
    """The payload with each of its nodes gone, and replaced by each plain value, one at a time."""
    if form:
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        for at, (name, _) in enumerate(pairs):
            yield urlencode(pairs[:at] + pairs[at + 1 :]).encode()
            for value in PLAIN_VALUES:
                yield urlencode([*pairs[:at], (name, value), *pairs[at + 1 :]]).encode()
        return
    tree = json.loads(body)
    for holder, key in places_in(tree):
        before = holder[key]
        for value in PLAIN_VALUES:
            holder[key] = value
            yield json.dumps(tree).encode()
        if isinstance(holder, dict):
            kept = dict(holder)
            del holder[key]
            yield json.dumps(tree).encode()
            holder.clear()
            holder.update(kept)
        holder[key] = before


@st.composite
def mutants(draw: st.DrawFn, body: bytes, *, form: bool) -> bytes:
    """The payload with one to three changes."""
    times = draw(st.integers(1, 3))
    if form:
        return _form(draw, body, times)
    tree = json.loads(body)
    for _ in range(times):
        tree = _changed(draw, tree)
    return json.dumps(tree).encode()


def _form(draw: st.DrawFn, body: bytes, times: int) -> bytes:
    pairs = parse_qsl(body.decode(), keep_blank_values=True)
    for _ in range(times):
        if not pairs:
            break
        at = draw(st.integers(0, len(pairs) - 1))
        name, value = pairs[at]
        what = draw(st.sampled_from(("drop", "repeat", "value", "inside")))
        if what == "drop":
            del pairs[at]
        elif what == "repeat":
            pairs.append((name, draw(ODD_TEXTS)))
        elif what == "inside" and value.startswith("{"):
            pairs[at] = (name, json.dumps(_changed(draw, json.loads(value))))
        else:
            pairs[at] = (name, draw(ODD_TEXTS))
    return urlencode(pairs).encode()


def _changed(draw: st.DrawFn, tree: Any) -> Any:
    """One node gone, replaced, wrapped or doubled."""
    tree = copy.deepcopy(tree)
    places = places_in(tree)
    if not places:
        return draw(ODD_VALUES)
    holder, key = places[draw(st.integers(0, len(places) - 1))]
    what = draw(st.sampled_from(("drop", "value", "value", "wrap", "double")))
    if what == "drop":
        del holder[key]
    elif what == "wrap":
        holder[key] = [holder[key]]
    elif what == "double" and isinstance(holder[key], list):
        holder[key] = holder[key] * 2
    else:
        holder[key] = draw(ODD_VALUES)
    return tree


def places_in(tree: Any) -> list[tuple[Any, Any]]:
    """Every node as (holder, key), outer ones first."""
    places: list[tuple[Any, Any]] = []
    waiting = [tree]
    for node in waiting:
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            places.append((node, key))
            waiting.append(node[key])
    return places
