"""The desk's API: every control over HTTP, and what the contact sees of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.domain import Audience, Destination, MessageKind, Owner, Visibility
from tests.http.desk_world import Browser, Contact, DeskWorld, seated

SECRET = "the customer must never read this"
XSS = "<img src=x onerror=alert(1)><script>alert(2)</script>[click](javascript:alert(3)) \"'&"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[DeskWorld]:
    async with seated(tmp_path) as made:
        yield made


@pytest.fixture
async def sam(desk: DeskWorld) -> AsyncIterator[Browser]:
    async with await desk.enter("sam") as browser:
        yield browser


@pytest.fixture
async def contact(desk: DeskWorld) -> Contact:
    """Somebody who asked a question and then for a person."""
    made = await desk.contact()
    await made.ask("How long may I return a pump?")
    await made.ask_person()
    return made


def texts(messages: Any) -> list[str]:
    return [message["text"] for message in messages]


async def test_the_whole_story(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    (waiting,) = (await sam.get("/queue"))["items"]
    assert (waiting["conv"], waiting["owner"], waiting["reason"]) == (contact.conv, "queue", "asked")
    assert (await sam.act(contact.conv, "claim"))["conversation"]["agent"] == "Sam Rivers"
    assert (await sam.get("/queue"))["items"] == []
    await sam.act(contact.conv, "reply", text="Thirty days, **Maria**.")
    await sam.act(contact.conv, "resolve")
    shown = texts((await contact.log())["messages"])
    assert "Sam Rivers has joined the conversation." in shown
    assert "Thirty days, Maria." in shown
    resolved = await sam.get("/conversations", filter="resolved")
    assert [item["conv"] for item in resolved["items"]] == [contact.conv]


async def test_a_case_holds_all_that_an_agent_must_know(sam: Browser, contact: Contact) -> None:
    case = await sam.case(contact.conv)
    assert case["brief"]["wants"] == ["How long may I return a pump?"]
    assert case["brief"]["tried"] == ["Answered from “Returns”"]
    assert [c["title"] for c in case["brief"]["cited"]] == ["Returns"]
    assert [m["role"] for m in case["messages"]] == ["contact", "bot", "system"]
    assert [m["delivery"] for m in case["messages"]] == [None, "sent", "sent"]
    assert case["snippets"] == [{"title": "Greeting", "text": "Hello, this is Sam Rivers."}]


async def test_feedback_is_shown_with_its_message(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    reply = (await contact.log())["messages"][1]
    body = {"message_id": reply["id"], "rating": "down", "comment": "wrong pump"}
    await desk.world.call("POST", "/v1/web/feedback", token=contact.token, json=body, status=204)
    case = await sam.case(contact.conv)
    assert [m["feedback"] for m in case["messages"]] == [None, 1, None]
    assert [(f["rating"], f["text"]) for f in case["feedback"]] == [(1, "wrong pump")]


async def test_an_internal_note_never_leaves(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    await sam.act(contact.conv, "claim")
    await sam.act(contact.conv, "note", text=SECRET)
    await sam.act(contact.conv, "reply", text="Visible")
    note = next(m for m in (await sam.case(contact.conv))["messages"] if m["text"] == SECRET)
    assert (note["kind"], note["visibility"], note["delivery"]) == ("note", "internal", None)
    assert all(m.visibility is Visibility.CONTACT for m in await desk.seen_by_contact(contact.conv))
    assert SECRET not in str(await desk.seen_by_contact(contact.conv))
    assert SECRET not in str(await contact.log())
    assert await desk.store.next_delivery(contact.conv, Destination.CHANNEL, "test") is None
    async with desk.world.stream(contact.token, after="0.0") as stream:
        seen = await stream.until("message.created", text="Visible")
    assert SECRET not in str(seen)


async def test_a_draft_never_leaves_until_it_is_approved(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    await sam.act(contact.conv, "claim")
    await contact.ask("Also opened ones?")
    case = await sam.case(contact.conv)
    (suggestion,) = case["suggestions"]
    assert suggestion["source"] == "You asked: Also opened ones? You have **30 days**."
    assert suggestion["source"] not in texts((await contact.log())["messages"])
    drafts = [m for m in case["messages"] if m["kind"] == MessageKind.DRAFT]
    assert [m["visibility"] for m in drafts] == ["internal"]
    for _ in range(2):
        done = await sam.act(contact.conv, "reply", text=suggestion["source"], key="draft.1")
    assert done["duplicate"] is True
    assert (await sam.case(contact.conv))["suggestions"] == []
    shown = [m for m in await desk.seen_by_contact(contact.conv) if m.author == "Sam Rivers"]
    assert [m.text for m in shown] == [suggestion["source"]]


async def test_give_back_and_the_bot_answers_again(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    await sam.act(contact.conv, "claim")
    relayed = await contact.ask("Is anybody there?")
    assert relayed[-1].data["relayed"] is True
    await sam.act(contact.conv, "give_back")
    answered = await contact.ask("And now?")
    assert (answered[-1].data["relayed"], answered[-1].data["owner"]) == (False, "bot")
    assert "You asked: And now? You have 30 days [1]." in texts((await contact.log())["messages"])


@pytest.mark.parametrize(("action", "text"), [("claim", None), ("reply", "Hi"), ("note", "Hm"), ("give_back", None)])
async def test_the_same_key_happens_once(sam: Browser, contact: Contact, action: str, text: str | None) -> None:
    body: dict[str, Any] = {"key": "once", **({"text": text} if text else {})}
    answers = await asyncio.gather(*(sam.act(contact.conv, action, **body) for _ in range(4)))
    assert sorted(answer["duplicate"] for answer in answers) == [False, True, True, True]
    assert len({answer["conversation"]["seq"] for answer in answers}) == 1


async def test_a_race_for_one_case_has_one_winner_and_a_clear_answer(
    desk: DeskWorld, sam: Browser, contact: Contact
) -> None:
    async with await desk.enter("ana") as ana:
        path = f"/desk/api/conversations/{contact.conv}/claim"
        params = {"tenant": "demo"}
        answers = await asyncio.gather(
            *(who.send("POST", path, params=params, json={"key": f"k{n}"}) for n in range(4) for who in (sam, ana))
        )
    winner = (await desk.head(contact.conv)).agent
    for number, answer in enumerate(answers):
        name = "Sam Rivers" if number % 2 == 0 else "Ana Ruiz"
        assert answer.status == (200 if name == winner else 409)
        if name != winner:
            assert (answer.body["code"], answer.body["detail"]) == (
                "case_taken", f"{winner} is already looking after this conversation.",
            )  # fmt: skip


async def test_taking_over_is_said_aloud(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    async with await desk.enter("ana") as ana:
        await ana.act(contact.conv, "claim")
        for action, body in (("reply", {"text": "Hi"}), ("resolve", {}), ("give_back", {}), ("claim", {})):
            await sam.act(contact.conv, action, status=409, **body)
        await sam.act(contact.conv, "claim", takeover=True)
    assert (await desk.head(contact.conv)).agent == "Sam Rivers"
    mine = await sam.get("/conversations", filter="mine")
    assert [item["conv"] for item in mine["items"]] == [contact.conv]


async def test_lists(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    other = await desk.contact()
    await other.ask("Only the bot")

    async def listed(which: str) -> set[str]:
        return {item["conv"] for item in (await sam.get("/conversations", filter=which))["items"]}

    assert await listed("queue") == await listed("open") == {contact.conv}
    assert await listed("all") == {contact.conv, other.conv}
    await sam.act(contact.conv, "claim")
    assert await listed("mine") == await listed("open") == {contact.conv}
    assert await listed("queue") == await listed("resolved") == set()
    counts = (await sam.get("/queue"))["counts"]
    assert counts == {"bot": 1, "queue": 0, "human": 1, "none": 0}


async def test_the_urgent_come_first(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    from core.domain import HandoffReason
    from core.ports.engine import HandoffRequest, ReplySink, TurnInput, TurnResult
    from tests.web.world import result

    async def urgent(turn: TurnInput, sink: ReplySink) -> TurnResult:
        return result(handoff=HandoffRequest(reason=HandoffReason.HIGH_STAKES, detail="A lawyer is named."))

    desk.world.engine.script = urgent
    later = await desk.contact()
    await later.ask("I call my lawyer")
    items = (await sam.get("/queue"))["items"]
    assert [item["conv"] for item in items] == [later.conv, contact.conv]
    assert [item["priority"] for item in items] == ["urgent", "normal"]


async def test_a_foreign_tenant_and_its_conversations_are_unknown(
    desk: DeskWorld, sam: Browser, contact: Contact
) -> None:
    theirs = await desk.contact("other-web")
    await theirs.ask("Secret of another company")
    case = f"/conversations/{theirs.conv}"
    await sam.get("/queue", status=404, tenant="other")
    await sam.get("/queue", status=404, tenant="nothing")
    await sam.get(case, status=404)
    await sam.get(case, status=404, tenant="other")
    await sam.get(f"{case}/earlier", status=404, before="9.0")
    await sam.get("/stream", status=404, tenant="other")
    for action, body in (("claim", {}), ("reply", {"text": "x"}), ("note", {"text": "x"}), ("give_back", {})):
        await sam.act(theirs.conv, action, status=404, **body)
        await sam.act(theirs.conv, action, status=404, tenant="other", **body)
    await sam.act(theirs.conv, "typing", status=404, active=True)
    head = await desk.world.services.tenants["other"].store.head(theirs.conv)
    assert head is not None
    assert head.owner is Owner.BOT
    async with await desk.enter("far") as far:
        await far.get(f"/conversations/{contact.conv}", status=404, tenant="other")
        await far.get(f"/conversations/{contact.conv}", status=404)
        assert (await far.get(case, tenant=None))["conversation"]["conv"] == theirs.conv


async def test_tenants_of_a_person(desk: DeskWorld, sam: Browser) -> None:
    assert [t["id"] for t in (await sam.get("/me", tenant=None))["tenants"]] == ["demo"]
    async with await desk.enter("ana") as ana:
        assert {t["id"] for t in (await ana.get("/me", tenant=None))["tenants"]} == {"demo", "other"}
        refused = await ana.get("/queue", status=422, tenant=None)
        assert refused["field"] == "tenant"


async def test_an_admin_who_is_no_agent_reads_and_does_not_act(desk: DeskWorld, contact: Contact) -> None:
    async with await desk.enter("kim") as kim:
        assert (await kim.case(contact.conv))["conversation"]["owner"] == "queue"
        for action, body in (("claim", {}), ("reply", {"text": "x"}), ("note", {"text": "x"}), ("resolve", {})):
            refused = await kim.act(contact.conv, action, status=403, **body)
            assert refused["code"] == "role_missing"
        await kim.act(contact.conv, "typing", status=403, active=True)
    assert (await desk.head(contact.conv)).owner is Owner.QUEUE


@pytest.mark.parametrize("text", [XSS, "a\x00b\u200bc", "\u202eevil", "| a |\n|---|\n| b |"])
async def test_hostile_text_arrives_as_text(sam: Browser, desk: DeskWorld, text: str) -> None:
    contact = await desk.contact()
    await contact.ask(f"Hello {text}")
    await contact.ask_person()
    await sam.act(contact.conv, "reply", text=text)
    case = await sam.case(contact.conv)
    for message in case["messages"]:
        for href in hrefs(message["blocks"]):
            assert href.startswith(("http:", "https:", "mailto:", "tel:"))
        assert "\x00" not in message["text"]


def hrefs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["href"]] if "href" in node else []
        return own + [href for value in node.values() for href in hrefs(value)]
    return [href for value in node for href in hrefs(value)] if isinstance(node, list) else []


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("reply", {"text": ""}, "/text"),
        ("reply", {"text": "\u200b\u200b"}, "/text"),
        ("reply", {"text": "x" * 10_001}, "/text"),
        ("reply", {}, "/text"),
        ("note", {"text": 7}, "/text"),
        ("claim", {"key": "not a key!"}, "/key"),
        ("claim", {"surprise": 1}, "/surprise"),
        ("typing", {"active": "yes"}, "/active"),
    ],
)
async def test_wrong_fields_are_named(
    sam: Browser, contact: Contact, action: str, body: dict[str, Any], field: str
) -> None:
    refused = await sam.act(contact.conv, action, status=422, **body)
    assert refused["field"] == field


async def test_wrong_questions_are_named(sam: Browser, contact: Contact) -> None:
    assert (await sam.get("/conversations", status=422, filter="new"))["field"] == "filter"
    assert (await sam.get("/conversations", status=422, before="yesterday"))["field"] == "before"
    assert (await sam.get("/conversations", status=422, before="2026-01-01T00:00:00"))["field"] == "before"
    assert (await sam.get(f"/conversations/{contact.conv}/earlier", status=422))["field"] == "before"


async def test_long_conversations_are_paged(desk: DeskWorld, sam: Browser, contact: Contact) -> None:
    for number in range(310):
        await desk.world.tenant.handoff.note(contact.conv, agent="Sam Rivers", text=f"note {number}", key=str(number))
    case = await sam.case(contact.conv)
    assert (len(case["messages"]), case["has_earlier"]) == (300, True)
    first = case["messages"][0]["position"]
    page = await sam.get(f"/conversations/{contact.conv}/earlier", before=first)
    assert page["has_earlier"] is False
    whole = texts(page["messages"]) + texts(case["messages"])
    stored = await desk.store.transcript(contact.conv, audience=Audience.DESK, limit=1000)
    assert len(whole) == len(stored) == 313
    assert whole[3:] == [f"note {number}" for number in range(310)]
