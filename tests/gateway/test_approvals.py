"""An agent's /approve runs the call that waits for it, once, and what came of it stands in the note."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from core import ids
from core.conversing.abilities import Abilities
from core.domain import Audience, Contact, Owner
from core.notices import Notices
from core.ports.tools import Confirmation, Tool
from core.replay import RecordedKnowledge
from core.settings import EngineSettings
from core.tools.firewall import Firewall
from core.turn import TurnEngine
from gateway.approvals import Approvals
from handoff.service import HandoffService
from tests.core.conversing.world import Shop, ToldModels, abilities, calls
from tests.gateway.stage import START, ScriptedEngine, Stage, conv_of, running

REFUND = calls(("initiate_refund", {"order_id": "1007", "amount": 20}))


@dataclass
class Case:
    stage: Stage
    shop: Shop
    service: HandoffService

    async def note(self, text: str, key: str = "n1") -> str:
        done = await self.service.note(conv_of("t1"), agent="Sam", text=text, key=key)
        return done.messages[-1].text

    async def number(self) -> str:
        notes = [text for text in await self.stage.texts(audience=Audience.DESK) if "/approve" in text]
        return notes[0].rpartition(" ")[2]


@asynccontextmanager
async def waiting(folder: Path) -> AsyncIterator[Case]:
    """A refund that waits for an agent."""
    shop = Shop({"lookup_order": "{}", "initiate_refund": '{"refund_id": "rf_1"}'})
    has = abilities(ToldModels({"answer": [REFUND]}), shop=shop)
    spec = replace(has.tools["initiate_refund"].spec, confirmation=Confirmation.AGENT)
    tools = {spec.name: Tool(spec=spec, runner=has.tools[spec.name].runner)}
    engine = TurnEngine(EngineSettings(), RecordedKnowledge(None), clock=lambda: START)
    async with running(folder, engine=cast(ScriptedEngine, engine)) as stage:
        firewall = Firewall(tools, claims=stage.tenant, clock=lambda: START)
        equipped: Abilities = replace(has, tools=tools, firewall=firewall)
        engine.equip(equipped)
        service = HandoffService(stage.tenant, notices=Notices(), hours=None, clock=lambda: START, new_id=ids.new_id)
        service.commands = Approvals(store=stage.tenant, abilities=lambda: engine.abilities)
        event = stage.event("Please refund 20 for order 1007")
        known = Contact(id="t1", verified=True, customer_account="c_1")
        await stage.inbox.accept("acme", [replace(event, contact=known)])
        await stage.settled()
        yield Case(stage, shop, service)


async def test_the_case_waits_at_the_desk_and_runs_once_when_approved(tmp_path: Path) -> None:
    async with waiting(tmp_path) as case:
        head = await case.stage.tenant.head(conv_of("t1"))
        assert head is not None and head.owner is Owner.QUEUE and not case.shop.done
        number = await case.number()
        told = await case.note(f"/approve {number}")
        assert "Approved by Sam: done" in told and "rf_1" in told
        again = await case.note(f"/approve {number}", key="n2")
        assert "Approved by Sam: done" in again
        assert [name for name, _, _ in case.shop.done] == ["initiate_refund"]


async def test_nothing_of_it_reaches_the_contact(tmp_path: Path) -> None:
    async with waiting(tmp_path) as case:
        number = await case.number()
        await case.note(f"/approve {number}")
        seen = "\n".join(await case.stage.texts())
        assert number not in seen and "/approve" not in seen and "rf_1" not in seen


@pytest.mark.parametrize("command", ["/approve 0000", "/deny 0000"])
async def test_a_wrong_number_does_nothing(tmp_path: Path, command: str) -> None:
    async with waiting(tmp_path) as case:
        assert "Nothing here waits" in await case.note(command) and not case.shop.done


async def test_deny_does_nothing_and_says_so(tmp_path: Path) -> None:
    async with waiting(tmp_path) as case:
        assert "Denied by Sam" in await case.note(f"/deny {await case.number()}") and not case.shop.done


async def test_an_ordinary_note_stays_as_it_is(tmp_path: Path) -> None:
    async with waiting(tmp_path) as case:
        assert await case.note("Please /approve 1234 when you can") == "Please /approve 1234 when you can"


async def test_the_contact_cannot_approve_for_an_agent(tmp_path: Path) -> None:
    async with waiting(tmp_path) as case:
        number = await case.number()
        for words in (f"yes {number}", f"/approve {number}"):
            await case.stage.say(words)
            await case.stage.settled()
        assert not case.shop.done
