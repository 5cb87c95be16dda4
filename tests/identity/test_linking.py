"""Links between two chats: made by proof, confirmed by a code that travels back, undone by the contact or an agent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.domain import Contact
from core.errors import StoreUnavailable
from core.identity import MAX_TRIES, LinkKind, Proof, customer_fact, identity_of
from core.inbound import LinkProof
from tests.identity.world import FragileStore, Town

WEB, TEL = "shop-web", "shop-tel"
ADA, TG = "v_ada", "telegram:1"


async def test_a_token_and_its_code_make_two_chats_one_contact(here: Town) -> None:
    await here.says(WEB, ADA, "hello")
    token = await here.minted()
    event = here.event(TEL, TG, "/start")
    assert not await here.identity.prove(here.channels[TEL], LinkProof(event=event, token=token))
    assert await here.partners(WEB, ADA) == []
    code = await here.code_shown(TEL, TG)
    assert not any(code[:3] in text for text in await here.heard_by(WEB, ADA))
    assert "Your link was opened in a Telegram chat" in (await here.heard_by(WEB, ADA))[-1]
    assert not await here.says(WEB, ADA, code)
    assert await here.partners(WEB, ADA) == [f"{TEL}|{TG}"]
    assert await here.partners(TEL, TG) == [f"{WEB}|{ADA}"]
    assert "connected with your Telegram chat" in (await here.heard_by(WEB, ADA))[-1]
    assert "connected with your web chat" in (await here.heard_by(TEL, TG))[-1]


async def test_a_code_brought_by_the_call_is_told_in_the_chat_as_well(here: Town) -> None:
    await here.says(WEB, ADA, "hello")
    await here.says(TEL, TG, await here.minted())
    code = await here.code_shown(TEL, TG)
    for _ in range(2):
        done = await here.identity.confirm("acme", identity_of(WEB, Contact(id=ADA)), code)
        assert done is not None
        await here.identity.tell_linked("acme", done)
    told = [text for text in await here.heard_by(WEB, ADA) if "is now connected" in text]
    assert len(told) == 1


async def test_a_visitor_who_has_said_nothing_yet_can_link_too(here: Town) -> None:
    await here.says(TEL, TG, await here.minted())
    done = await here.identity.confirm("acme", identity_of(WEB, Contact(id=ADA)), await here.code_shown(TEL, TG))
    assert done is not None
    assert await here.partners(TEL, TG) == [f"{WEB}|{ADA}"]


async def test_a_token_is_good_once(here: Town) -> None:
    token = await here.minted()
    await here.says(TEL, TG, token)
    assert not await here.says(TEL, "telegram:666", token)
    assert "run out or was used" in (await here.heard_by(TEL, "telegram:666"))[-1]
    await here.says(WEB, ADA, await here.code_shown(TEL, TG))
    assert await here.partners(WEB, ADA) == [f"{TEL}|{TG}"]
    assert not await here.says(TEL, TG, token)
    assert "run out or was used" in (await here.heard_by(TEL, TG))[-1]


async def test_a_redelivered_event_is_the_same_event(here: Town) -> None:
    event = here.event(TEL, TG, await here.minted())
    for _ in range(3):
        assert not await here.arrives(event)
    assert len(await here.heard_by(TEL, TG)) == 1
    confirming = here.event(WEB, ADA, await here.code_shown(TEL, TG))
    for _ in range(3):
        assert not await here.arrives(confirming)
    assert not await here.arrives(event)
    assert len(await here.heard_by(TEL, TG)) == 2
    assert len(await here.heard_by(WEB, ADA)) == 1
    kinds = [record.kind for record in await here.store.for_tenant("acme").links(identity_of(WEB, Contact(id=ADA)))]
    assert kinds == ["asked", "tried", "linked"]


async def test_a_token_runs_out_after_a_quarter_of_an_hour(here: Town) -> None:
    token = await here.minted()
    here.clock.now += timedelta(minutes=15)
    assert not await here.says(TEL, TG, token)
    assert "run out" in (await here.heard_by(TEL, TG))[-1]


async def test_a_code_runs_out_after_ten_minutes(here: Town) -> None:
    await here.says(TEL, TG, await here.minted())
    code = await here.code_shown(TEL, TG)
    here.clock.now += timedelta(minutes=10)
    assert await here.says(WEB, ADA, code)
    assert await here.partners(WEB, ADA) == []


async def test_a_changed_token_is_refused_and_uses_nothing_up(here: Town) -> None:
    token = await here.minted()
    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:26] + "A" * 21):
        assert not await here.says(TEL, "telegram:666", forged)
        assert "run out or was used" in (await here.heard_by(TEL, "telegram:666"))[-1]
    assert not await here.says(TEL, TG, token)
    assert len(await here.code_shown(TEL, TG)) == 6


async def test_a_token_of_another_company_is_worth_nothing(here: Town) -> None:
    token = await here.minted()
    assert not await here.says("rival-tel", TG, token)
    assert "run out" in (await here.heard_by("rival-tel", TG))[-1]
    assert await here.store.for_tenant("rival").links(identity_of(WEB, Contact(id=ADA))) == ()
    assert not await here.says(TEL, TG, token)
    assert len(await here.code_shown(TEL, TG)) == 6


async def test_a_victim_who_opens_an_attackers_link_loses_nothing(here: Town) -> None:
    """The attacker sees neither the code nor the victim; guessing ends after a few tries, also for the right code."""
    await here.says(TEL, TG, "my order 7 is late")
    await here.answers(TEL, TG, "It arrives on Friday.")
    await here.says(TEL, TG, await here.minted(WEB, "v_attacker"))
    code = await here.code_shown(TEL, TG)
    wrong = [f"{(int(code) + 1 + n) % 1_000_000:06d}" for n in range(MAX_TRIES)]
    for guess in wrong:
        assert await here.says(WEB, "v_attacker", guess)
    assert await here.says(WEB, "v_attacker", code)
    assert await here.partners(WEB, "v_attacker") == []
    assert await here.partners(TEL, TG) == []
    said = " ".join(await here.heard_by(WEB, "v_attacker"))
    assert "Friday" not in said
    assert TG not in said


async def test_guesses_that_come_at_once_are_counted_one_by_one(here: Town) -> None:
    """The right code counts only when it is among the first few, in the order in which the tries were written."""
    await here.says(TEL, TG, await here.minted())
    code = int(await here.code_shown(TEL, TG))
    identity = identity_of(WEB, Contact(id=ADA))
    guesses = [f"{(code + 9 - n) % 1_000_000:06d}" for n in range(12)]
    calls = [here.identity.confirm("acme", identity, guess, attempt=f"g{n}") for n, guess in enumerate(guesses)]
    found = await asyncio.gather(*calls)
    tries = [r.ask for r in await here.store.for_tenant("acme").links(identity) if r.kind is LinkKind.TRIED]
    assert (found[9] is not None) is (tries.index("g9") < MAX_TRIES)
    assert [done for n, done in enumerate(found) if n != 9] == [None] * 11


async def test_the_last_try_may_still_be_the_right_one(here: Town) -> None:
    await here.says(TEL, TG, await here.minted())
    code = int(await here.code_shown(TEL, TG))
    for n in range(MAX_TRIES - 1):
        assert await here.says(WEB, ADA, f"{(code + 1 + n) % 1_000_000:06d}")
    assert not await here.says(WEB, ADA, f"{code:06d}")
    assert await here.partners(WEB, ADA) == [f"{TEL}|{TG}"]


async def test_a_link_shows_neither_chat_what_was_said_in_the_other(here: Town) -> None:
    await here.says(TEL, TG, "my order 7 is late")
    await here.answers(TEL, TG, "It arrives on Friday.")
    await here.link()
    texts = [message.text for message in await here.log(WEB, ADA)]
    assert not [text for text in texts if "Friday" in text or "order 7" in text]
    assert (await here.head(WEB, ADA)).contact == Contact(id=ADA)


async def test_links_are_not_answered_in_rooms(here: Town) -> None:
    token = await here.minted()
    assert not await here.says(TEL, TG, token, thread={"room": 9})
    assert (await here.heard_by(TEL, TG))[-1] == "Links work only in a private chat with me."
    assert not await here.says(TEL, TG, token)
    assert len(await here.code_shown(TEL, TG)) == 6


async def test_a_token_opened_where_it_was_made_connects_nothing(here: Town) -> None:
    token = await here.minted()
    assert not await here.says(WEB, ADA, token)
    assert "two different chats" in (await here.heard_by(WEB, ADA))[-1]
    assert not [message for message in await here.log(WEB, ADA) if token in message.text]
    assert not await here.says(TEL, TG, token)
    assert len(await here.code_shown(TEL, TG)) == 6


@pytest.mark.parametrize("text", ["123456", "stop link", "hello", "fdl_nothing", "/start order_17"])
async def test_words_that_are_about_no_link_are_answered_as_any_other(here: Town, text: str) -> None:
    assert await here.says(TEL, TG, text)
    event = here.event(TEL, TG, text)
    assert await here.identity.prove(here.channels[TEL], LinkProof(event=event, token="order_17"))


async def test_the_contact_undoes_a_link_and_no_message_is_lost(here: Town) -> None:
    await here.link()
    before = await here.log(TEL, TG)
    stop = here.event(TEL, TG, "Stop link")
    for _ in range(2):
        assert not await here.arrives(stop)
    assert await here.partners(WEB, ADA) == []
    assert await here.partners(TEL, TG) == []
    after = await here.log(TEL, TG)
    assert after[: len(before)] == before
    assert [m.text for m in after[len(before) :]][:2] == [
        "Stop link",
        "This chat is no longer connected with your other chats.",
    ]
    assert len([m for m in after if "no longer connected" in m.text]) == 1
    await here.link()
    assert await here.partners(WEB, ADA) == [f"{TEL}|{TG}"]


async def test_an_agent_undoes_a_link_and_the_contact_is_told(here: Town) -> None:
    await here.link()
    identity = identity_of(TEL, Contact(id=TG))
    assert await here.identity.unlink("acme", identity, by="Sam")
    assert not await here.identity.unlink("acme", identity, by="Sam")
    assert await here.partners(WEB, ADA) == []
    assert (await here.heard_by(TEL, TG))[-1] == "This chat is no longer connected with your other chats."
    assert (await here.notes(TEL, TG))[-1].startswith("Sam disconnected this chat")


async def test_undoing_closes_open_asks(here: Town) -> None:
    await here.says(TEL, TG, await here.minted())
    code = await here.code_shown(TEL, TG)
    assert await here.identity.unlink("acme", identity_of(WEB, Contact(id=ADA)), by="contact")
    assert await here.says(WEB, ADA, code)
    assert await here.partners(WEB, ADA) == []


async def test_one_contact_may_have_several_chats_and_one_that_moves_leaves(here: Town) -> None:
    await here.link()
    await here.link("shop-wa", "whatsapp:+491")
    assert await here.partners(WEB, ADA) == [f"{TEL}|{TG}", "shop-wa|whatsapp:+491"]
    assert await here.partners(TEL, TG) == ["shop-wa|whatsapp:+491", f"{WEB}|{ADA}"]
    await here.says(WEB, "v_bob", "hi")
    await here.link("shop-slack", "slack:T:U", visitor="v_bob")
    await here.link(visitor="v_bob")
    assert await here.partners(WEB, ADA) == ["shop-wa|whatsapp:+491"]
    assert await here.partners(WEB, "v_bob") == ["shop-slack|slack:T:U", f"{TEL}|{TG}"]


async def test_a_verified_phone_links_by_itself_until_it_is_taken_out(here: Town) -> None:
    phone = "whatsapp:+4915112345678"
    for account in ("shop-wa", "shop-wa2", "shop-wa"):
        await here.says(account, phone, "hello")
        await here.identity.vouch(here.channels[account], await here.head(account, phone))
    assert await here.partners("shop-wa", phone) == [f"shop-wa2|{phone}"]
    await here.says("shop-wa2", phone, "STOP LINK")
    await here.identity.vouch(here.channels["shop-wa2"], await here.head("shop-wa2", phone))
    assert await here.partners("shop-wa", phone) == []


async def test_a_fact_never_takes_an_identity_from_where_a_token_put_it(here: Town) -> None:
    phone = "whatsapp:+4915112345678"
    await here.link("shop-wa", phone)
    await here.identity.vouch(here.channels["shop-wa"], await here.head("shop-wa", phone))
    assert await here.partners("shop-wa", phone) == [f"{WEB}|{ADA}"]


async def test_a_customer_is_one_contact_on_all_pages_of_the_company(here: Town) -> None:
    fact = customer_fact("shop", "customer-7")
    for contact in ("v_ada", "user:customer-7"):
        await here.says(WEB, contact, "hello")
        await here.answers(WEB, contact)
        await here.identity.vouch(here.channels[WEB], await here.head(WEB, contact), facts=(fact,))
    assert await here.partners(WEB, "v_ada") == [f"{WEB}|user:customer-7"]
    together = await here.identity.together("acme", identity_of(WEB, Contact(id="v_ada")))
    assert together.standing.proof is Proof.CUSTOMER
    assert [head.conv for member in together.others for head in member.heads] == [here.conv(WEB, "user:customer-7")]


async def test_tenants_never_meet(here: Town) -> None:
    await here.link()
    assert await here.partners(TEL, TG, tenant="rival") == []
    await here.says("rival-tel", TG, "hello")
    await here.identity.vouch(here.channels[TEL], await here.head("rival-tel", TG))
    assert await here.store.for_tenant("acme").linked("p_any") == ()
    assert await here.store.for_tenant("rival").links(identity_of("rival-tel", Contact(id=TG))) == ()


async def _arrives_despite(here: Town, event: Any, *, dies_at: int, after: bool) -> bool:
    """Deliver through a store that dies at one write, then again as the vendor does; False when it never died."""
    fragile = FragileStore(here.store, dies_at=dies_at, after=after)
    try:
        await here.arrives(event, identity=here.identity_on(fragile))  # type: ignore[arg-type]  # a store that dies
    except StoreUnavailable:
        assert not await here.arrives(event)
    return fragile.has_died


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
async def test_a_link_comes_to_the_same_end_whichever_write_a_crash_falls_on(here: Town, after: bool) -> None:
    deaths, dies_at = 0, 0
    while True:
        dies_at += 1
        web, tel = f"v_{dies_at}", f"telegram:{dies_at}"
        await here.says(WEB, web, "hello")
        asked = here.event(TEL, tel, await here.minted(WEB, web))
        died = await _arrives_despite(here, asked, dies_at=dies_at, after=after)
        confirming = here.event(WEB, web, await here.code_shown(TEL, tel))
        died = await _arrives_despite(here, confirming, dies_at=dies_at, after=after) or died
        assert await here.partners(WEB, web) == [f"{TEL}|{tel}"]
        assert await here.partners(TEL, tel) == [f"{WEB}|{web}"]
        assert len([t for t in await here.heard_by(TEL, tel) if "is now connected" in t]) == 1
        assert len([t for t in await here.heard_by(WEB, web) if "is now connected" in t]) == 1
        assert len([t for t in await here.heard_by(TEL, tel) if "type this code" in t]) == 1
        deaths += died
        if not died:
            break
    assert deaths >= 4


async def test_an_event_without_a_contact_is_left_alone(here: Town) -> None:
    event = replace(here.event(TEL, TG, "123456"), contact=None)
    assert await here.identity.heard(here.channels[TEL], event)
