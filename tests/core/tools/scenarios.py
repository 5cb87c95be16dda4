"""What the firewall promises, one story each.  Every story is also told to deliberately broken firewalls (test_mutants)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from core.ports.tools import Confirmation, SideEffect, ToolLimits, Verification
from tests.core.tools.world import (
    ANNA,
    BERT,
    SMS,
    STRANGER,
    WHATSAPP,
    Desk,
    House,
    Journal,
    wish,
)

Story = Callable[[House], Coroutine[Any, Any, None]]
STORIES: dict[str, Story] = {}


def story(told: Story) -> Story:
    STORIES[told.__name__] = told
    return told


REFUND = {"order_id": "1001", "amount": 60}
ADDRESS = {"order_id": "1001", "address": {"street": "Elm 4", "city": "Bath"}}


async def asked(desk: Desk, amount: float = 60, *, turn: str = "turn", step: int = 1, **changes: Any) -> Any:
    """A refund that waits for its yes."""
    session = desk.session(turn_id=turn, **changes)
    outcome = await desk.call("initiate_refund", REFUND | {"amount": amount}, session=session, step=step)
    assert outcome.state == "waiting", outcome
    return outcome.pending


@story
async def a_read_runs_for_its_owner(house: House) -> None:
    desk = Desk(house)
    outcome = await desk.call("lookup_order", {"order_id": "1001"})
    assert outcome.state == "done"
    assert desk.world.recorded("turn", "tool.1.intent")["arguments"] == {"order_id": "1001", "customer_account": "c_1"}
    assert desk.world.recorded("turn", "tool.1.result")["text"] == outcome.text


@story
async def identity_is_never_the_models(house: House) -> None:
    desk = Desk(house)
    for step, lie in enumerate(("customer_account", "Customer-Account", "CUSTOMER_ID", "e_mail", "tenantId"), 1):
        session = desk.session(turn_id=f"t{step}")
        outcome = await desk.call("lookup_order", {"order_id": "1001", lie: "c_2"}, session=session)
        assert outcome.state == "done", lie
        assert outcome.dropped == (lie,)
        given = desk.world.recorded(f"t{step}", "tool.1.intent")["arguments"]
        assert given == {"order_id": "1001", "customer_account": "c_1"}
    outcome = await desk.call("lookup_order", {"order_id": "2001", "customer_account": "c_2"})
    assert outcome.state == "failed"


@story
async def identity_hidden_deeper_is_dropped_too(house: House) -> None:
    desk = Desk(house)
    nested = ADDRESS | {"address": {"street": "Elm 4", "user_id": "c_2"}}
    outcome = await desk.call("update_address", nested)
    assert outcome.state == "done"
    assert desk.world.effects[0].arguments["address"] == {"street": "Elm 4"}


@story
async def a_claimed_identity_is_none(house: House) -> None:
    desk = Desk(house)
    for contact in (STRANGER, WHATSAPP, replace(ANNA, customer_account=None)):
        outcome = await desk.call("lookup_order", {"order_id": "1001"}, session=desk.session(contact))
        assert outcome.state == "denied"
        assert outcome.reason == "needs_verification"
    loose = desk.with_spec("lookup_order", verification=Verification.ANONYMOUS, scopes=())
    outcome = await loose.call("lookup_order", {"order_id": "1001"}, session=desk.session(STRANGER, turn_id="t2"))
    assert outcome.reason == "needs_verification"
    assert desk.world.calls == []


@story
async def levels_and_scopes_hold(house: House) -> None:
    desk = Desk(house)
    for contact, reason in ((SMS, "needs_verification"), (STRANGER, "needs_verification")):
        outcome = await desk.call("request_callback", {}, session=desk.session(contact))
        assert outcome.state == "denied"
        assert outcome.reason == reason
        desk.world.journals.clear()
    unbound = desk.with_spec("request_callback", bound={})
    outcome = await unbound.call("request_callback", {}, session=desk.session(SMS, turn_id="sms"))
    assert outcome.reason == "needs_verification"
    outcome = await desk.call("request_callback", {}, session=desk.session(WHATSAPP))
    assert outcome.state == "done"
    assert desk.world.effects[0].arguments == {"phone": "+447700900123"}
    outcome = await desk.call("audit", {}, session=desk.session(turn_id="t2"))
    assert outcome.reason == "not_allowed"
    weak = desk.with_spec("search_catalogue", scopes=("orders",))
    outcome = await weak.call("search_catalogue", {}, session=desk.session(STRANGER, turn_id="t3"))
    assert outcome.reason == "needs_verification"
    strict = desk.with_spec("search_catalogue", verification=Verification.VERIFIED)
    outcome = await strict.call("search_catalogue", {}, session=desk.session(WHATSAPP, turn_id="t4"))
    assert outcome.reason == "needs_verification"


@story
async def arguments_fit_the_schema_or_nothing_runs(house: House) -> None:
    desk = Desk(house)
    bad: list[Any] = [
        {"order_id": "10011"},
        {"order_id": 1001},
        {},
        {"order_id": "1001", "extra": 1},
        "[]",
        "{",
        '{"order_id": "1001", "order_id": "1002"}',
        '{"order_id": "\\u0000100"}',
        '{"order_id": "\\ud800"}',
        '{"x": ' + "[" * 9_000,
        '{"order_id": "' + "1" * 20_000 + '"}',
    ]
    for number, arguments in enumerate(bad):
        outcome = await desk.call("lookup_order", arguments, session=desk.session(turn_id=f"t{number}"))
        assert outcome.state == "denied", arguments
        assert outcome.reason == "bad_arguments"
    nested = ADDRESS | {"address": {"street": "Elm 4", "admin": True}}
    outcome = await desk.call("update_address", nested)
    assert outcome.state == "denied"
    assert desk.world.calls == []


@story
async def unknown_tools_and_sixth_steps_are_refused(house: House) -> None:
    desk = Desk(house)
    assert (await desk.call("drop_tables", {})).reason == "unknown_tool"
    for step in (0, 6, -1):
        assert (await desk.call("search_catalogue", {}, step=step)).reason == "too_many_steps"
    assert (await desk.call("search_catalogue", {}, step=5)).state == "done"


@story
async def an_amount_is_a_positive_number_within_the_limit(house: House) -> None:
    desk = Desk(house)
    refused: list[Any] = ["100", True, 0, -5, "1e3", None, [5], 100.01, 1e300]
    for number, amount in enumerate(refused):
        outcome = await desk.call(
            "initiate_refund", REFUND | {"amount": amount}, session=desk.session(turn_id=f"t{number}")
        )
        assert outcome.state == "denied", amount
        assert outcome.reason in ("bad_arguments", "over_limit")
    for raw in ('{"order_id": "1001", "amount": NaN}', '{"order_id": "1001", "amount": 1e999}'):
        assert (await desk.call("initiate_refund", raw, session=desk.session(turn_id=raw))).state == "denied"
    loose = desk.with_spec("give_credit", parameters={"type": "object", "properties": {"amount": {}}})
    for number, amount in enumerate((True, "5", -5, None)):
        outcome = await loose.call("give_credit", {"amount": amount}, session=desk.session(turn_id=f"l{number}"))
        assert outcome.state == "denied", amount
    assert (await loose.call("give_credit", {}, session=desk.session(turn_id="l9"))).state == "denied"
    assert (await asked(desk, 100, turn="exact")).arguments["amount"] == 100
    assert desk.world.effects == []


@story
async def a_tool_whose_limit_names_no_amount_does_not_run(house: House) -> None:
    desk = Desk(house).with_spec("give_credit", limits=ToolLimits(per_call=20))
    assert (await desk.call("give_credit", {"amount": 5})).reason == "not_allowed"


@story
async def a_day_has_its_limit(house: House) -> None:
    desk = Desk(house)
    for turn, amount, state in (("a", 20, "done"), ("b", 10, "done"), ("c", 0.01, "denied")):
        outcome = await desk.call("give_credit", {"amount": amount}, session=desk.session(turn_id=turn))
        assert outcome.state == state, (turn, outcome)
    outcome = await desk.call("give_credit", {"amount": 20}, session=desk.session(BERT, turn_id="d"))
    assert outcome.state == "done"
    other = replace(ANNA, id="contact:anna-on-telegram")
    outcome = await desk.call("give_credit", {"amount": 5}, session=desk.session(other, turn_id="e", conv="other"))
    assert outcome.reason == "day_limit"
    desk.world.wait(days=1)
    outcome = await desk.call("give_credit", {"amount": 20}, session=desk.session(turn_id="f"))
    assert outcome.state == "done"


@story
async def a_day_has_so_many_calls(house: House) -> None:
    desk = Desk(house)
    states = [
        (await desk.call("give_credit", {"amount": 1}, session=desk.session(turn_id=f"t{number}"))).state
        for number in range(4)
    ]
    assert states == ["done", "done", "done", "denied"]


@story
async def decimals_do_not_drift(house: House) -> None:
    limits = ToolLimits(amount="amount", per_call=1, per_day=0.3)
    desk = Desk(house).with_spec("give_credit", limits=limits)
    states = [
        (await desk.call("give_credit", {"amount": 0.1}, session=desk.session(turn_id=f"t{number}"))).state
        for number in range(4)
    ]
    assert states == ["done", "done", "done", "denied"]


@story
async def a_refund_waits_for_its_yes(house: House) -> None:
    desk = Desk(house)
    pending = await asked(desk)
    assert desk.world.calls == []
    assert pending.nonce in house.confirming.choices(pending, "en")[0]
    outcome = await desk.confirm(pending)
    assert outcome.state == "done"
    assert [effect.arguments["amount"] for effect in desk.world.effects] == [60]
    assert desk.world.effects[0].key == pending.key


@story
async def a_yes_twice_runs_once(house: House) -> None:
    desk = Desk(house)
    pending = await asked(desk)
    first = await desk.confirm(pending)
    again = await desk.confirm(pending)
    later = await desk.confirm(pending, session=desk.session(turn_id="turn3"))
    assert first == again
    assert (later.state, later.text, later.is_repeat) == ("done", first.text, True)
    assert len(desk.world.calls) == len(desk.world.effects) == 1


@story
async def a_late_yes_does_nothing(house: House) -> None:
    desk = Desk(house)
    pending = await asked(desk)
    desk.world.wait(minutes=10)
    assert (await desk.confirm(pending)).reason == "expired"
    assert desk.world.calls == []


@story
async def a_yes_of_somebody_else_does_nothing(house: House) -> None:
    desk = Desk(house)
    pending = await asked(desk)
    outcome = await desk.confirm(pending, session=desk.session(BERT, turn_id="a"))
    assert outcome.reason == "identity_changed"
    outcome = await desk.confirm(pending, session=desk.session(STRANGER, turn_id="b"))
    assert outcome.reason == "needs_verification"
    outcome = await desk.confirm(pending, session=desk.session(turn_id="c", scopes={}))
    assert outcome.reason == "not_allowed"
    lower = desk.with_spec("initiate_refund", limits=ToolLimits(amount="amount", per_call=50))
    assert (await lower.confirm(pending, session=desk.session(turn_id="d"))).reason == "over_limit"
    changed = desk.with_spec("initiate_refund", parameters={"type": "object", "properties": {"order_id": {}}})
    assert (await changed.confirm(pending, session=desk.session(turn_id="e"))).reason == "bad_arguments"
    stricter = desk.with_spec("initiate_refund", confirmation=Confirmation.AGENT)
    assert (await stricter.confirm(pending, session=desk.session(turn_id="f"))).reason == "needs_agent"
    gone = replace(desk, specs=())
    assert (await gone.confirm(pending, session=desk.session(turn_id="g"))).reason == "unknown_tool"
    assert desk.world.calls == []


@story
async def confirmed_calls_share_the_days_limit(house: House) -> None:
    desk = Desk(house)
    first, second = await asked(desk, 100, turn="a"), await asked(desk, 60, turn="b")
    assert (await desk.confirm(first, session=desk.session(turn_id="c"))).state == "done"
    assert (await desk.confirm(second, session=desk.session(turn_id="d"))).reason == "day_limit"
    outcome = await desk.call("initiate_refund", REFUND, session=desk.session(turn_id="e"))
    assert outcome.reason == "day_limit"
    assert len(desk.world.effects) == 1


@story
async def an_agent_approves_what_needs_one(house: House) -> None:
    desk = Desk(house)
    pending = (await desk.call("close_account", {})).pending
    assert pending.by is Confirmation.AGENT
    assert house.confirming.choices(pending, "en") == ()
    assert (await desk.confirm(pending)).reason == "needs_agent"
    outcome = await desk.confirm(pending, session=desk.session(turn_id="t3"), approved_by="kim")
    assert outcome.state == "done"
    assert desk.world.recorded("t3", f"confirmed.{pending.nonce}.intent")["approved_by"] == "kim"
    mine = await asked(desk, turn="t4")
    outcome = await desk.confirm(mine, session=desk.session(turn_id="t5"), approved_by="kim")
    assert outcome.reason == "needs_contact"


@story
async def after_untrusted_text_only_reading_runs_unasked(house: House) -> None:
    desk = Desk(house)
    session = desk.session(untrusted=True)
    assert (await desk.call("lookup_order", {"order_id": "1001"}, session=session)).state == "done"
    waiting = await desk.call("update_address", ADDRESS, session=session, step=2)
    assert waiting.state == "waiting"
    assert waiting.pending.by is Confirmation.CUSTOMER
    assert desk.world.effects == []
    assert (await desk.confirm(waiting.pending)).state == "done"


@story
async def one_question_at_a_time(house: House) -> None:
    desk = Desk(house)
    first = await desk.call("initiate_refund", REFUND)
    same = await desk.call("initiate_refund", {"amount": 60.0, "order_id": "1001"}, step=2)
    assert same.pending == first.pending
    other = await desk.call("initiate_refund", REFUND | {"amount": 61}, step=3)
    assert other.reason == "already_asking"


@story
async def only_a_yes_with_the_number_agrees(house: House) -> None:
    hear = house.confirming.heard
    pending = await asked(Desk(house))
    nonce = pending.nonce
    wrong = str(int(nonce) % 9_000 + 1_000)
    wrong = wrong if wrong != nonce else "1234"
    for said in (f"yes {nonce}", f"JA {nonce}", f"Oui, {nonce} !", f"sí {nonce} por favor", *_buttons(house, pending)):
        assert type(hear(said, pending)).__name__ == "Agreed", said
    for said in ("yes", f"yes {wrong}", nonce, f"yes {nonce} {wrong}", f"yes no {nonce}", f"yes {nonce}?", "ok", "Ja!"):
        assert type(hear(said, pending)).__name__ == "Unclear", said
    for said in (
        "no",
        "Nein danke",
        "non merci",
        "NO",
        "não",
        f"no {nonce}",
        "I don't want this",
        "stop",
        "never mind",
    ):
        assert type(hear(said, pending)).__name__ == "Refused", said
    for said in (f"yes {nonce} but make it 90", "where is my order?", f"is {nonce} the code of Bob", "", "yes " * 90):
        assert type(hear(said, pending)).__name__ == "Elsewise", said


def _buttons(house: House, pending: Any) -> list[str]:
    return [house.confirming.choices(pending, language)[0] for language in ("en", "de", "fr", "es", "pt", "it", "nl")]


@story
async def offers_hide_what_is_bound_and_what_nobody_may(house: House) -> None:
    desk = Desk(house)
    parameters = desk.specs[0].parameters
    sloppy = {
        **parameters,
        "properties": {**parameters["properties"], "customer_account": {"type": "string"}},
        "required": ["order_id", "customer_account"],
    }
    desk = desk.with_spec("lookup_order", parameters=sloppy)
    offers = {spec.name: spec for spec in desk.firewall().offers(desk.session(STRANGER))}
    assert "audit" not in offers
    assert set(offers["lookup_order"].parameters["properties"]) == {"order_id"}
    outcome = await desk.call("lookup_order", {"order_id": "1001", "customer_account": "c_2"})
    assert outcome.state == "done"
    assert desk.world.recorded("turn", "tool.1.intent")["arguments"]["customer_account"] == "c_1"


@story
async def denials_are_settled_too(house: House) -> None:
    desk = Desk(house)
    first = await desk.call("give_credit", {"amount": 500})
    assert first.reason == "over_limit"
    journal = Journal(desk.world, "turn")
    again = await desk.firewall().call(wish("give_credit", {"amount": 5}), desk.session(), journal, step=1)
    assert again == first
    assert desk.world.effects == []


@story
async def reading_tools_with_a_limit_count_their_calls(house: House) -> None:
    limits = ToolLimits(calls_per_day=1)
    desk = Desk(house).with_spec("search_catalogue", limits=limits, side_effect=SideEffect.READ)
    assert (await desk.call("search_catalogue", {})).state == "done"
    assert (await desk.call("search_catalogue", {}, session=desk.session(turn_id="b"))).reason == "day_limit"
