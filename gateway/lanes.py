"""Lanes: one conversation's unread messages become turns, in order; other conversations run beside it.

A lane opens a turn, runs the engine, and commits what came out.  A control that changes the owner meanwhile does not wait
for it: the turn is muted at once and its reply becomes a private draft.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from time import perf_counter, time_ns
from typing import Any

import msgspec
import structlog

from core.conversing.remembering import disarmed
from core.domain import Audience, DeliveryState, HandoffReason, Head, Message, Owner, Visibility
from core.errors import StoreUnavailable
from core.ledger import Commit, CommitDraft, CommitKind, OpenTurn
from core.notices import Notices
from core.ports.channel import Channel
from core.ports.engine import Engine, TurnInput, TurnResult
from core.ports.store import Store, TenantStore
from core.settle import settle_dead, settle_turn, turn_head
from core.staffing import OPEN, Always, Asked, Staff, Staffing
from gateway import metrics, turn_metrics, walking
from gateway.crashpoints import crash
from gateway.listening import Listening
from gateway.media import Media
from gateway.pacing import Turnstile
from gateway.speaking import TurnSink, typing
from gateway.tracing import Tracing
from gateway.turn_journal import TurnJournal, keep_state, kept_state
from gateway.turn_times import times_of
from gateway.workers import KeyedWorkers

log = structlog.get_logger(__name__)

LaneKey = tuple[str, str]
MAX_ATTEMPTS = 3
RETRY_S = 0.2
STORE_RETRY_S = 1.0
TURN_LIMIT_S = 60.0
PARALLEL = 256
"""Turns at work at once.  One that waits for a model costs next to nothing, and holds its place for seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneTenant:
    """What the lanes of a tenant need.

    ``history`` is how many earlier messages a turn sees; ``staff`` are the people it hands over to; ``listening`` hears voice
    notes, where a model can.
    """

    engine: Engine
    notices: Notices
    history: int
    staff: Staff = field(default_factory=Always)
    listening: Listening | None = None


async def _staffing(lane: LaneTenant, turn: OpenTurn, result: TurnResult) -> Staffing:
    """How the people stand whom a turn's result asks for; nobody is asked when it asks for none."""
    if result.handoff is None:
        return OPEN
    head = turn_head(turn.head)
    told = replace(head, language=result.language or head.language, sentiment=result.sentiment or head.sentiment)
    return await lane.staff.for_handoff(
        told, Asked(reason=result.handoff.reason, text=_words(turn), trace=result.trace)
    )


def _words(turn: OpenTurn) -> str:
    return "\n".join(event.text for event in turn.events if event.text)


NOT_SAID = frozenset((DeliveryState.DRAFT, DeliveryState.REJECTED, DeliveryState.PARKED))


def _was_said(message: Message) -> bool:
    """Whether the contact has seen it or is about to: not a note, a draft, or what could not be delivered."""
    return message.visibility is Visibility.CONTACT and message.delivery not in NOT_SAID


@dataclass(slots=True)
class Running:
    """A turn at work: what it shows, and the task to cancel when the contact stops it."""

    sink: TurnSink
    work: asyncio.Future[tuple[OpenTurn, TurnResult]]
    is_stopped: bool = False


STOPPED = TurnResult(
    reply=None,
    handoff=None,
    is_resolved_step=True,
    language=None,
    sentiment=None,
    trace=msgspec.json.encode({"stopped": True}),
)


class Lanes:
    """The lanes of one process; ``holder`` names it in the ledger."""

    def __init__(
        self,
        store: Store,
        *,
        tenants: Callable[[], Mapping[str, LaneTenant]],
        channels: Callable[[], Mapping[str, Channel]],
        holder: str,
        clock: Callable[[], datetime],
        media: Media | None = None,
        parallel: int = PARALLEL,
    ) -> None:
        self._media = media
        self._store = store
        self._tenants = tenants
        self._channels = channels
        self.holder = holder
        self._clock = clock
        self.tracing = Tracing()
        self._speaking: dict[LaneKey, Running] = {}
        self._turnstile = Turnstile()
        self._workers: KeyedWorkers[LaneKey] = KeyedWorkers("lane", self._run_lane, parallel=parallel)

    def wake(self, tenant: str, conv: str, *, delay_s: float = 0.0) -> None:
        """Unread messages may be waiting; ``delay_s`` lets a burst of short messages become one turn."""
        self._workers.wake((tenant, conv), delay_s=delay_s)

    def remind(self, tenant: str, conv: str) -> None:
        """As ``wake``, but a debounce or a retry that is set stands."""
        self._workers.remind((tenant, conv))

    @property
    def waiting_count(self) -> int:
        """Conversations that wait for a lane."""
        return self._workers.waiting_count

    def hold(self) -> None:
        """Open no further turns until ``release``."""
        self._workers.hold()

    def release(self) -> None:
        """Open turns again."""
        self._workers.release()

    def committed(self, tenant: str, commit: Commit) -> None:
        """A commit is durable: a control may change who speaks."""
        if commit.kind is CommitKind.CONTROL:
            head = commit.head
            self.overtaken(tenant, commit.conv, commit.seq, owner=head.owner, owner_epoch=head.owner_epoch)

    def overtaken(self, tenant: str, conv: str, seq: int, *, owner: Owner, owner_epoch: int) -> None:
        """Control ``seq``, of any replica and heard however late, left it like this: mute a turn of before and another epoch."""
        running = self._speaking.get((tenant, conv))
        if running is None or running.sink.head.seq >= seq:
            return
        # A turn that reopens a resolved conversation and a person who takes it grow the epoch to the same number.
        if owner is not Owner.BOT or owner_epoch != running.sink.epoch:
            running.sink.mute()

    def stop_turn(self, tenant: str, conv: str, *, before: int | None = None) -> None:
        """The contact wants no answer to what they asked: end the turn that runs; what they saw of it stays.

        A turn that was opened after commit ``before`` answers something newer, and goes on.
        """
        running = self._speaking.get((tenant, conv))
        if running is not None and (before is None or running.sink.head.seq < before):
            running.is_stopped = True
            running.sink.mute()
            running.work.cancel()

    async def start(self) -> None:
        """Start the lanes."""
        await self._workers.start()

    async def stop(self, *, drain_s: float) -> None:
        """Finish the turns that run; safe twice."""
        await self._workers.stop(drain_s=drain_s)

    async def _run_lane(self, key: LaneKey) -> None:
        tenant, conv = key
        store = self._store.for_tenant(tenant)
        try:
            while True:
                crash("claim.before")
                turn = await store.open_turn(conv, self.holder)
                crash("claim.after")
                if turn is None:
                    return
                self._opened(turn)
                if not await self._run_turn(key, store, turn):
                    self._workers.wake(key, delay_s=RETRY_S * 2**turn.attempt)
                    return
        except StoreUnavailable:
            log.warning("lane_waits_for_store", tenant=tenant, conv=conv)
            self._workers.wake(key, delay_s=STORE_RETRY_S)
        finally:
            walking.leave()

    def _opened(self, turn: OpenTurn) -> None:
        """What follows is about this turn; its messages have waited until now."""
        walking.enter(turn.events[0].id, turn.head.conv, turn.turn_id)
        if turn.attempt == 1:
            waited = self._clock() - min(event.received_at for event in turn.events)
            metrics.LANE_WAIT_SECONDS.of().observe(waited.total_seconds())

    async def _run_turn(self, key: LaneKey, store: TenantStore, turn: OpenTurn) -> bool:
        """True when the turn is committed (or no longer ours), False when it should be tried again."""
        lane = self._tenants()[key[0]]
        if turn.attempt > MAX_ATTEMPTS:
            await self._bury(lane, store, turn)
            return True
        channel = self._channels().get(turn.head.account)
        sink = TurnSink(store, channel, turn)
        sink.on_stopped = partial(self.stop_turn, *key)
        started, began_ns = perf_counter(), time_ns()
        try:
            crash("turn.before")
            await sink.resume()
            turn, result = await self._spoken(
                key, channel, turn, sink, self._answered(lane, store, channel, turn, sink)
            )
            crash("turn.after")
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("turn_failed", tenant=key[0], conv=turn.head.conv, turn=turn.turn_id, attempt=turn.attempt)
            metrics.TURNS.labels(outcome="failed").inc()
            why = type(error).__name__
            self.tracing.turned(key[0], turn, outcome="failed", began_ns=began_ns, ended_ns=time_ns(), error=why)
            return False
        answered_ns = time_ns()
        commit = await self._commit(lane, store, turn, result, sink.shown)
        times = times_of(result.trace)
        turn_metrics.count(key[0], result.tally, times)
        self.tracing.turned(
            key[0],
            turn,
            outcome="lost_lane" if commit is None else "committed",
            began_ns=began_ns,
            answered_ns=answered_ns,
            ended_ns=time_ns(),
            times=times,
        )
        if commit is not None and any(message.interrupted for message in commit.messages):
            await sink.end()
        metrics.TURN_SECONDS.observe(perf_counter() - started)
        return True

    async def _spoken(
        self,
        key: LaneKey,
        channel: Channel | None,
        turn: OpenTurn,
        sink: TurnSink,
        work: Coroutine[Any, Any, tuple[OpenTurn, TurnResult]],
    ) -> tuple[OpenTurn, TurnResult]:
        """Run the engine where a control can reach it, and leave no preview call behind."""
        running = Running(sink, asyncio.ensure_future(work))
        self._speaking[key] = running
        try:
            async with typing(channel, sink.head):
                return await running.work
        except asyncio.CancelledError:
            if not running.is_stopped:
                running.work.cancel()
                raise
            return turn, STOPPED
        finally:
            del self._speaking[key]
            await sink.close()

    async def _answered(
        self, lane: LaneTenant, store: TenantStore, channel: Channel | None, turn: OpenTurn, sink: TurnSink
    ) -> tuple[OpenTurn, TurnResult]:
        """Fetch the contact's files, then run the engine over the messages as they stand with them."""
        if self._media is not None:
            turn = replace(turn, events=await self._media.gather(channel, store.tenant, turn.events))
        if lane.listening is not None:
            turn = replace(turn, events=await lane.listening.heard(turn))
        return turn, await self._engine_result(lane, store, turn, sink)

    async def _engine_result(self, lane: LaneTenant, store: TenantStore, turn: OpenTurn, sink: TurnSink) -> TurnResult:
        head = turn_head(turn.head)
        history = await store.tail(head.conv, audience=Audience.DESK, limit=3 * lane.history) if head.seq else ()
        asked = TurnInput(
            turn_id=turn.turn_id,
            head=head,
            events=turn.events,
            history=tuple(m for m in history if m.episode == head.episode and _was_said(m))[-lane.history :],
            attempt=turn.attempt,
            state=disarmed(await kept_state(store, head.state_ref), epoch=head.owner_epoch),
            shown=sink.shown,
        )
        await self._turnstile.enter()
        async with asyncio.timeout(TURN_LIMIT_S):
            return await lane.engine.run(asked, TurnJournal(store, turn.turn_id, attempt=turn.attempt), sink)

    async def _commit(
        self, lane: LaneTenant, store: TenantStore, turn: OpenTurn, result: TurnResult, shown: str
    ) -> Commit | None:
        if turn.attempt > 1 and not shown:
            earlier = await store.preview(turn.turn_id)
            shown = earlier.shown if earlier is not None else ""
        now, staffing = self._clock(), await _staffing(lane, turn, result)
        state_ref = await keep_state(store, turn, result.state, now=now)

        def build(head: Head) -> CommitDraft | None:
            return settle_turn(
                head,
                turn,
                result,
                notices=lane.notices,
                now=now,
                staffing=staffing,
                shown=shown,
                state_ref=state_ref,
            )

        crash("commit.before")
        appended = await store.append(turn.head.conv, nonce=turn.turn_id, build=build)
        crash("commit.after")
        metrics.TURNS.labels(outcome="lost_lane" if appended.commit is None else "committed").inc()
        return appended.commit

    async def _bury(self, lane: LaneTenant, store: TenantStore, turn: OpenTurn) -> None:
        """Three attempts failed: dead-letter the messages and tell a person."""
        began_ns = time_ns()
        now, asked = self._clock(), Asked(reason=HandoffReason.DEAD_LETTER, text=_words(turn))
        staffing = await lane.staff.for_handoff(turn_head(turn.head), asked)
        trace = msgspec.json.encode({"dead_letter": True, "attempts": turn.attempt - 1})

        def build(head: Head) -> CommitDraft | None:
            return settle_dead(head, turn, notices=lane.notices, now=now, staffing=staffing, trace=trace)

        log.error("turn_dead_lettered", tenant=store.tenant, conv=turn.head.conv, turn=turn.turn_id)
        await store.append(turn.head.conv, nonce=turn.turn_id, build=build)
        metrics.TURNS.labels(outcome="dead_letter").inc()
        ended_ns = time_ns()
        self.tracing.turned(store.tenant, turn, outcome="dead_letter", began_ns=began_ns, ended_ns=ended_ns)
