"""The router over the real store: decisions made once and kept, queues counted, waits ended once, everything explained."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import ids
from core.domain import Audience, Contact, Destination, EventKind, HandoffReason, Head, InboundEvent, Owner, Role
from core.handoff.routes import HandoffSettings
from core.hours import HoursAsWritten
from core.ledger import CommitDraft, CommitKind, MessageDraft
from core.notices import DEFAULT_NOTICES, Notices
from core.ownership import decide
from core.ports.helpdesk import Urgency
from core.ports.store import TenantStore
from core.staffing import Asked
from gateway.queueing import QueueSweep
from gateway.store.embedded.sqlite import SqliteStore
from handoff.bridge.ports import Routed
from handoff.explaining import explain
from handoff.queueing import Waits
from handoff.router import MOST_AHEAD, Router

TENANT = "acme"
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ASKED = Asked(reason=HandoffReason.ASKED)
DAYS = {"open": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-17:00")}
TEAMS: Mapping[str, Any] = {"support": {}, "night": {"hours": {"open": {"mon": "20:00-24:00"}}}}


class Observer:
    """What the process's signals do for the waits."""

    def __init__(self, waits: Waits) -> None:
        self.waits = waits

    def committed(self, tenant: str, commit: Any) -> None:
        self.waits.committed(tenant, commit)

    def settled(self, *told: object) -> None:
        """Deliveries are not looked at here."""


@dataclass(kw_only=True)
class World:
    """A store whose clock is set by hand."""

    store: SqliteStore
    waits: Waits = field(default_factory=Waits)
    now: datetime = MONDAY

    @property
    def tenant(self) -> TenantStore:
        return self.store.for_tenant(TENANT)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def router(self, *, hours: Mapping[str, Any] | None = None, **block: Any) -> Router:
        return Router(
            store=self.tenant,
            settings=msgspec.convert(block, HandoffSettings),
            hours=None if hours is None else msgspec.convert(hours, HoursAsWritten).to_hours(),
            channel_kind=lambda account: "web",
            clock=lambda: self.now,
            waits=self.waits,
        )

    def event(self, thread: str, kind: EventKind, key: str, **fields: Any) -> InboundEvent:
        values: dict[str, Any] = {
            "tenant": TENANT, "account": "acme-web", "conv": ids.conversation_id(TENANT, "acme-web", thread),
            "dedupe_key": key, "kind": kind, "contact": Contact(id=thread), "provider_at": self.now,
            "received_at": self.now,
        }  # fmt: skip
        return InboundEvent(**{**values, **fields})

    async def control(self, thread: str, kind: EventKind, **fields: Any) -> Head:
        event = self.event(thread, kind, ids.new_id("k"), **fields)
        if await self.tenant.head(event.conv) is None:
            await self.tenant.accept([self.event(thread, EventKind.MESSAGE, "first", text="Hello")])
        appended = await self.tenant.append(
            event.conv, nonce=event.id, event=event, build=lambda head: decide(head, event, notices=Notices())
        )
        assert appended.commit is not None
        return appended.commit.head

    async def queued(self, thread: str) -> Head:
        return await self.control(thread, EventKind.HANDOFF_REQUESTED)

    async def head(self, thread: str) -> Head:
        head = await self.tenant.head(ids.conversation_id(TENANT, "acme-web", thread))
        assert head is not None
        return head

    async def said(self, thread: str) -> list[str]:
        head = await self.head(thread)
        return [
            m.text for m in await self.tenant.transcript(head.conv, audience=Audience.DESK) if m.role is Role.SYSTEM
        ]

    def sweep(self, router: Router) -> QueueSweep:
        return QueueSweep(routers=lambda: {TENANT: router}, notices=lambda tenant: Notices())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(store=SqliteStore(tmp_path / "ledger.sqlite3", clock=lambda: made.now))
    made.store.observer = Observer(made.waits)
    await made.store.start()
    yield made
    await made.store.stop()


async def test_a_route_is_decided_once_and_stands_when_the_table_changes(world: World) -> None:
    head = await world.queued("a")
    rule = {"name": "all", "then": {"team": "support", "tags": ["t"], "skills": ["german"], "fields": {"f": "v"}}}
    before = world.router(teams={"support": {"name": "Customer Support"}}, routing={"rules": [rule]})
    routed = await before.route(head)
    assert routed == Routed(
        team="Customer Support", tags=("t", "skill_german"), fields={"f": "v"}, reasons=("rule “all”: always",)
    )
    after = world.router(teams={"support": {"name": "Customer Support"}})
    assert await after.route(head) == routed


async def test_many_who_ask_at_once_hear_the_same(world: World) -> None:
    head = await world.queued("a")
    routers = [world.router(routing={"rules": [{"name": f"r{n}", "then": {"tags": [f"t{n}"]}}]}) for n in range(8)]
    found = await asyncio.gather(*(router.route(head) for router in routers))
    assert len({routed.tags for routed in found}) == 1


async def test_what_turns_understood_and_the_contact_wrote_is_asked_about(world: World) -> None:
    head = await world.control("a", EventKind.AGENT_NOTED, agent="Sam", text="x", contact=None)
    trace = msgspec.json.encode(
        {"steps": {"understand": {"categories": ["wholesale"], "entities": [{"kind": "order_number", "text": "LK-1"}]}}}
    )

    def turn(newest: Head) -> CommitDraft:
        said = MessageDraft(role=Role.CONTACT, text="I need bulk prices", turn_id="t_1")
        return CommitDraft(kind=CommitKind.TURN, head=newest, messages=(said,), turn_id="t_1", trace=trace)

    await world.tenant.append(head.conv, nonce="t", build=turn)
    head = await world.queued("a")
    when = {"category": ["wholesale"], "entity": ["order_number"], "keyword": ["bulk"], "reason": ["asked"]}
    router = world.router(
        teams={"sales": {}}, routing={"rules": [{"name": "w", "when": when, "then": {"team": "sales"}}]}
    )
    assert (await router.route(head)).team == "sales"


async def test_the_turn_that_hands_over_is_known_before_it_is_committed(world: World) -> None:
    head = await world.control("a", EventKind.AGENT_NOTED, agent="Sam", text="x", contact=None)
    when = {"category": ["wholesale"]}
    rules = [{"name": "w", "when": when, "then": {"team": "night"}}]
    router = world.router(teams=TEAMS, routing={"rules": rules, "default_team": "support"}, hours=DAYS)
    trace = msgspec.json.encode({"steps": {"understand": {"categories": ["wholesale"]}}})
    to_night = await router.for_handoff(head, Asked(reason=HandoffReason.POLICY, trace=trace))
    assert not to_night.is_open
    assert to_night.opens_at == MONDAY.replace(hour=20)
    assert (await router.for_handoff(head, ASKED)).is_open


async def test_the_desk_is_open_while_any_of_its_teams_is(world: World) -> None:
    router = world.router(teams=TEAMS, hours=DAYS)
    open_at = {}
    for hour in (8, 12, 18, 21):
        world.now = MONDAY.replace(hour=hour)
        open_at[hour] = router.is_open()
    assert open_at == {8: False, 12: True, 18: False, 21: True}


async def test_the_place_in_the_queue_counts_who_waits_for_the_same_team(world: World) -> None:
    mine = await world.control("me", EventKind.AGENT_NOTED, agent="Sam", text="x", contact=None)
    plain = world.router()
    assert (await plain.for_handoff(mine, ASKED)).ahead == 0
    heads = [await world.queued(thread) for thread in ("a", "b", "c")]
    await world.control("c", EventKind.AGENT_CLAIMED, agent="Sam", contact=None)
    assert (await plain.for_handoff(mine, ASKED)).ahead == 2
    rules = [{"name": "b", "when": {"keyword": ["nothing"]}, "then": {"team": "night"}}]
    teams = world.router(teams={"support": {}, "other": {}}, routing={"rules": rules, "default_team": "support"})
    assert (await teams.for_handoff(mine, ASKED)).ahead is None, "not all of them are routed yet"
    await teams.route(heads[0])
    await world.router(teams={"other": {}}, routing={"default_team": "other"}).route(heads[1])
    assert (await teams.for_handoff(mine, ASKED)).ahead == 1
    quiet = world.router(queue={"tell_position": False})
    assert (await quiet.for_handoff(mine, ASKED)).ahead is None


async def test_a_long_queue_is_not_counted(world: World) -> None:
    mine = await world.control("me", EventKind.AGENT_NOTED, agent="Sam", text="x", contact=None)
    for number in range(MOST_AHEAD + 1):
        await world.queued(f"t{number}")
    assert (await world.router().for_handoff(mine, ASKED)).ahead is None


async def test_the_wait_is_what_the_last_ones_waited_and_only_lately(world: World) -> None:
    router = world.router()
    for minutes in (2, 4, 30):
        thread = f"w{minutes}"
        await world.queued(thread)
        world.later(minutes=minutes)
        await world.control(thread, EventKind.AGENT_CLAIMED, agent="Sam", contact=None)
    mine = await world.queued("me")
    await world.queued("other")
    told = await router.for_handoff(mine, ASKED)
    assert (told.ahead, told.wait) == (1, timedelta(minutes=4))
    world.later(minutes=50)
    assert (await router.for_handoff(mine, ASKED)).wait is None, "of three waits two are older than an hour"
    assert (await world.router(queue={"tell_wait": False}).for_handoff(mine, ASKED)).wait is None


async def test_a_night_is_no_wait(world: World) -> None:
    world.now = MONDAY.replace(hour=18)
    for number in range(3):
        await world.queued(f"w{number}")
    world.now = MONDAY.replace(day=24, hour=9, minute=5)
    for number in range(3):
        await world.control(f"w{number}", EventKind.AGENT_CLAIMED, agent="Sam", contact=None)
    mine = await world.queued("me")
    await world.queued("other")
    assert (await world.router(hours=DAYS).for_handoff(mine, ASKED)).wait is None


async def test_the_agent_of_last_time_is_asked_for_again_while_they_are_there(world: World) -> None:
    await world.control("a", EventKind.AGENT_REPLIED, agent="Sam", text="Hello", contact=None)
    await world.control("a", EventKind.AGENT_RESOLVED, agent="Sam", contact=None)
    head = await world.queued("a")
    sticky: dict[str, Any] = {"routing": {"sticky": {"enabled": True, "days": 30}}}
    assert (await world.router().foresee(head)).assignee is None
    assert (await world.router(**sticky).foresee(head)).assignee == "Sam"
    assert (await world.router(**sticky, hours={"open": {"sun": "09:00-10:00"}}).foresee(head)).assignee is None
    world.later(days=31)
    assert (await world.router(**sticky).foresee(head)).assignee is None
    rules = {"rules": [{"name": "a", "then": {"assignee": "Robin"}}], "sticky": {"enabled": True}}
    assert (await world.router(routing=rules).foresee(head)).assignee == "Robin"


QUEUE: Mapping[str, Any] = {"timeout_minutes": 10, "then_team": "second", "then_urgency": "urgent"}
TWO_TEAMS: Mapping[str, Any] = {"teams": {"first": {}, "second": {}}, "routing": {"default_team": "first"}}


async def test_a_wait_that_is_too_long_is_ended_once_and_routed_anew(world: World) -> None:
    router = world.router(**TWO_TEAMS, queue=QUEUE)
    head = await world.queued("a")
    assert (await router.route(head)).team == "first"
    world.later(minutes=9)
    assert await world.sweep(router).sweep() == 0
    world.later(minutes=1)
    ended = await asyncio.gather(*(world.sweep(world.router(**TWO_TEAMS, queue=QUEUE)).sweep() for _ in range(4)))
    assert sum(ended) == 1
    after = await world.head("a")
    assert after.owner is Owner.QUEUE
    assert (await world.said("a"))[-1] == DEFAULT_NOTICES["rerouted"]
    routed = await router.route(after)
    assert (routed.team, routed.urgency) == ("second", Urgency.URGENT)
    assert "time-out 1 in the queue, after 10 minutes" in routed.reasons
    assert (await router.route(head)).team == "first"
    claimed = await world.tenant.next_delivery(after.conv, Destination.DESK, "w")
    assert claimed is not None
    assert claimed.signal == "opened"


async def test_at_most_so_many_times(world: World) -> None:
    router = world.router(queue={"timeout_minutes": 10, "max_times": 2})
    await world.queued("a")
    ended = []
    for _ in range(4):
        world.later(minutes=10)
        ended.append(await world.sweep(router).sweep())
    assert ended == [1, 1, 0, 0]
    assert (await world.said("a"))[-2:] == [DEFAULT_NOTICES["still_waiting"]] * 2


async def test_no_wait_ends_while_nobody_is_there_and_the_night_does_not_count(world: World) -> None:
    router = world.router(queue={"timeout_minutes": 10}, hours=DAYS)
    world.now = MONDAY.replace(hour=16, minute=55)
    await world.queued("a")
    found = {}
    for day, hour, minute in ((23, 23, 0), (24, 9, 5), (24, 9, 10)):
        world.now = MONDAY.replace(day=day, hour=hour, minute=minute)
        found[hour, minute] = await world.sweep(router).sweep()
    assert found == {(23, 0): 0, (9, 5): 0, (9, 10): 1}


async def test_an_agent_who_takes_it_ends_the_waiting(world: World) -> None:
    router = world.router(queue={"timeout_minutes": 10})
    head = await world.queued("a")
    world.later(minutes=11)
    event = await router.timed_out(head)
    assert event is not None
    await world.control("a", EventKind.AGENT_CLAIMED, agent="Sam", contact=None)
    assert await world.sweep(router).sweep() == 0
    await world.tenant.append(
        head.conv, nonce="late", event=event, build=lambda newest: decide(newest, event, notices=Notices())
    )
    assert DEFAULT_NOTICES["still_waiting"] not in await world.said("a")


async def test_a_time_out_survives_a_restart(world: World) -> None:
    await world.queued("a")
    world.later(minutes=30)
    await world.store.stop()
    await world.store.start()
    assert await world.sweep(world.router(queue={"timeout_minutes": 10})).sweep() == 1


async def test_an_explanation_has_every_round_and_the_hours(world: World) -> None:
    router = world.router(**TWO_TEAMS, queue=QUEUE, hours=DAYS)
    head = await world.queued("a")
    foreseen = await explain(router, head)
    assert foreseen.foreseen is not None
    assert foreseen.foreseen.team == "first"
    await router.route(head)
    world.later(minutes=10)
    await world.sweep(router).sweep()
    after = await world.head("a")
    await router.route(after)
    found = await explain(router, after)
    assert [(r.round, r.recorded.team) for r in found.routed] == [(0, "first"), (1, "second")]
    assert found.foreseen is None
    assert [happened.text for happened in found.happened][-1] == DEFAULT_NOTICES["rerouted"]
    assert {name: staffing.is_open for name, staffing in found.staffing.items()} == {
        "": True,
        "first": True,
        "second": True,
    }
