"""What a record shows of tool calls: bound identities and personal data never, everything else as it was."""

from __future__ import annotations

from typing import Any

from gateway.cli import redacting
from tests.core.conversing.world import Shop, shop_tools

BOUND = redacting.bound_of(shop_tools(Shop({})))
INTENT = {"tool": "lookup_order", "key": "k1", "arguments": {"order_id": "7", "customer_account": "c_9"}}


def steps(*calls: dict[str, Any], **tape: dict[str, Any]) -> dict[str, Any]:
    return {"tools": {"calls": list(calls)}, "tape": {name.replace("__", "."): body for name, body in tape.items()}}


def shown(of: dict[str, Any]) -> list[dict[str, Any] | None]:
    return [given for _, given in redacting.called(of, BOUND)]


def test_a_call_that_ran_is_found_by_its_key() -> None:
    done = {"step": 1, "tool": "lookup_order", "outcome": "done", "key": "k1", "text": "{}"}
    assert shown(steps(done, tool__1__intent=INTENT)) == [{"order_id": "7", "customer_account": "(bound)"}]


def test_a_confirmed_call_too_though_it_has_no_step_of_its_own() -> None:
    done = {"step": 0, "tool": "lookup_order", "outcome": "done", "key": "k1", "text": "{}"}
    assert shown(steps(done, confirmed__4821__intent=INTENT)) == [{"order_id": "7", "customer_account": "(bound)"}]


def test_a_call_that_waits_holds_its_own() -> None:
    waiting = {"step": 1, "tool": "lookup_order", "outcome": "waiting", "pending": INTENT}
    assert shown(steps(waiting)) == [{"order_id": "7", "customer_account": "(bound)"}]


def test_a_refused_call_shows_what_the_model_wished_for() -> None:
    denied = {"step": 1, "tool": "lookup_order", "outcome": "denied", "reason": "not_allowed", "detail": ""}
    wished = [
        {"id": "a", "name": "no_answer", "arguments": "{}"},
        {"id": "b", "name": "lookup_order", "arguments": '{"order_id": "8", "Customer-ID": "c_1"}'},
    ]
    assert shown(steps(denied, model__answer__1={"tool_calls": wished})) == [
        {"order_id": "8", "Customer-ID": "(bound)"}
    ]


def test_half_a_wish_and_a_wish_of_another_tool_show_nothing() -> None:
    denied = {"step": 1, "tool": "lookup_order", "outcome": "denied", "reason": "bad_arguments", "detail": ""}
    for wish in ({"name": "lookup_order", "arguments": '{"order'}, {"name": "other", "arguments": "{}"}):
        assert shown(steps(denied, model__answer__1={"tool_calls": [wish]})) == [None]


def test_personal_data_is_struck_out_at_any_depth() -> None:
    given = {"note": "mail kim@x.example", "items": [{"email": "kim@x.example", "count": 2}, "call +49 151 23456789"]}
    assert redacting.arguments("gone_tool", given, BOUND) == {
        "note": "mail [email]",
        "items": [{"email": "(bound)", "count": 2}, "call [phone]"],
    }


def test_a_whole_record_is_redacted_wherever_a_call_stands() -> None:
    record = {"given": {"state": {"pending": INTENT}}, "steps": {"tape": {"tool.1.intent": INTENT}}, "n": [INTENT, 1]}
    assert "c_9" not in str(redacting.record(record, BOUND))
    assert str(redacting.record(record, BOUND)).count("(bound)") == 3


def test_long_words_are_cut_and_on_one_line() -> None:
    assert redacting.short("a\n b") == "a b"
    assert len(redacting.short("word " * 200)) == redacting.SHOWN_CHARS
