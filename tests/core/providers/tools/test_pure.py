"""Places, projections and pages: for any input whatever, an argument stays in its place and an answer within its bounds."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ToolFailed
from core.providers.tools import answers, templates
from core.providers.tools.projection import Projection
from core.providers.tools.sending import merged

texts = st.text(max_size=30) | st.sampled_from(["../x", "%2e%2e", "a/b", "\r\nX: 1", "..", "a?b#c", "%", "+", "\ud800"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_a_path_argument_never_changes_the_address(value: str) -> None:
    try:
        made = templates.url("https://shop.example/orders/{order_id}/items", {"order_id": value})
    except ToolFailed as error:
        assert error.is_certain
        return
    seen = httpx.URL(made)
    assert (seen.scheme, seen.host, seen.query, seen.fragment) == ("https", "shop.example", b"", "")
    parts = seen.raw_path.decode().split("/")
    assert parts[:2] == ["", "orders"]
    assert parts[3:] == ["items"]
    assert unquote(parts[2]) == value.encode(errors="replace").decode()
    assert unquote(unquote(parts[2])) not in (".", "..")


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), texts, max_size=3))
def test_a_query_argument_never_adds_a_key(arguments: dict[str, str]) -> None:
    pairs = templates.query({"x": "{a}", "y": "n-{b}", "z": "{c}"}, arguments)
    made = templates.with_query("https://shop.example/?fixed=1", pairs)
    seen = parse_qsl(urlsplit(made).query, keep_blank_values=True)
    wanted = [("fixed", "1")] + [
        (key, prefix + arguments[name].encode(errors="replace").decode())
        for key, prefix, name in (("x", "", "a"), ("y", "n-", "b"), ("z", "", "c"))
        if name in arguments
    ]
    assert seen == wanted


@settings(max_examples=300, deadline=None)
@given(texts)
def test_a_header_argument_stays_on_its_line(value: str) -> None:
    try:
        made = templates.headers({"X-Note": "n {a}"}, {"a": value})["X-Note"]
    except ToolFailed as error:
        assert error.is_certain
        return
    assert made.isascii()
    assert made.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("ab"), json_values, max_size=2))
def test_a_body_keeps_its_shape(arguments: dict[str, Any]) -> None:
    made = templates.body({"one": {"two": "{a}", "three": 3}, "text": "fixed", "list": ["{b}"]}, arguments)
    assert set(made) == {"one", "text", "list"}
    assert made["one"].get("two") == arguments.get("a")
    assert (made["one"]["three"], made["text"]) == (3, "fixed")
    assert made["list"] == [value for value in [arguments.get("b")] if value is not None]


@settings(max_examples=200, deadline=None)
@given(json_values, st.lists(st.sampled_from(["a", "a.b", "/a/0", "*.c", "b.*", "c.a.b"]), max_size=3))
def test_a_projection_only_takes_away(value: Any, paths: list[str]) -> None:
    projection = Projection.parse(tuple(paths))
    made = projection.of(value)
    if not paths:
        assert made == value
    assert len(json.dumps(made)) <= max(2, len(json.dumps(value)))
    if isinstance(made, dict) and isinstance(value, dict) and paths:
        firsts = {path.strip("/").replace("/", ".").split(".")[0] for path in paths}
        assert "*" in firsts or set(made) <= firsts


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        (("order.id",), {"order": {"id": 7}}),
        (("/order/items/1/name",), {"order": {"items": [{"name": "desk"}]}}),
        (("order.items.name",), {"order": {"items": [{"name": "lamp"}, {"name": "desk"}]}}),
        (("order.items.*.price",), {"order": {"items": [{"price": 1}, {"price": 2}]}}),
        (("order.items.0", "order.items.price"), {"order": {"items": [{"name": "lamp", "price": 1}, {"price": 2}]}}),
        (("a~b", "/sl~1ash"), {"a~b": 1, "sl/ash": 2}),
        (("none.at.all",), {}),
        (("order",), {"order": {"id": 7, "items": [{"name": "lamp", "price": 1}, {"name": "desk", "price": 2}]}}),
    ],
)
def test_paths(paths: tuple[str, ...], kept: Any) -> None:
    items = [{"name": "lamp", "price": 1}, {"name": "desk", "price": 2}]
    value = {"order": {"id": 7, "items": items}, "a~b": 1, "sl/ash": 2, "secret": "x"}
    assert Projection.parse(paths).of(value) == kept


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.integers(1, 120))
def test_what_is_kept_is_bounded_and_visible(text: str, chars: int) -> None:
    out = answers.bounded(text, max(2, chars))
    assert len(out.text) <= max(2, chars)
    assert not set(out.text) & set("\x00\x07\x1b\u202e\u200b\u2066\U000e0041")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="<>/scripthead!-&;\"'= x", max_size=200))
def test_any_page_becomes_bounded_text(html: str) -> None:
    assert len(answers.page_text(html * 20)) <= answers.PAGE_CHARS + 2


def test_the_last_header_of_a_name_wins() -> None:
    assert merged({"x-key": "theirs", "A": "1"}, {"X-Key": "ours"}) == {"X-Key": "ours", "A": "1"}
