"""The Journal port of one turn, and what the engine keeps from one turn to the next.

What is kept is a row of the journal: it holds customers' words, so it must stand where retention and erasure reach it, not in
a commit.  The head only names the row.  Retention takes the journals of old turns; what a conversation that goes on still needs
is therefore written again by its later turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from core.ledger import OpenTurn
from core.ports.store import Step, TenantStore
from gateway.crashpoints import crash

log = structlog.get_logger(__name__)

STATE: Final = "state"
MAX_STATE_BYTES: Final = 65_536
"""What an engine keeps is small; more than this is a defect, and is not kept."""

RENEWED_AFTER: Final = timedelta(days=7)
"""Half of what retention keeps, and far more than a call waits for its yes: the key of a call that waits names its journal."""


class TurnJournal:
    """Durable steps of one turn.

    What an earlier attempt recorded is read once; a first attempt has nothing to read.
    """

    def __init__(self, store: TenantStore, turn_id: str, *, attempt: int = 2) -> None:
        self._store = store
        self._turn_id = turn_id
        self._known: dict[str, bytes] | None = {} if attempt == 1 else None

    async def record(self, step: str, body: Mapping[str, Any]) -> None:
        """Make a step durable; the first record of a step stays."""
        encoded = msgspec.json.encode(body)
        point = f"tool.{step.rpartition('.')[2]}"
        crash(point)
        is_first = await self._store.record_step(self._turn_id, step, encoded)
        crash(point)
        if not is_first:
            self._known = None  # another holder's record stands: read what there is
        elif self._known is not None:
            self._known.setdefault(step, encoded)

    async def recorded(self, step: str) -> Mapping[str, Any] | None:
        """What was recorded for a step, by this attempt or an earlier one."""
        if self._known is None:
            self._known = {known.name: known.body for known in await self._store.steps(self._turn_id)}
        body = self._known.get(step)
        return None if body is None else _decoded(body)


def _decoded(body: bytes) -> Mapping[str, Any]:
    decoded: Mapping[str, Any] = msgspec.json.decode(body)
    return decoded


async def kept_state(store: TenantStore, ref: str) -> Mapping[str, Any]:
    """What the engine kept under ``Head.state_ref``; nothing when it is gone (retention) or was never kept."""
    kept = await _row(store, ref)
    return {} if kept is None else _decoded(kept.body)


async def _row(store: TenantStore, ref: str) -> Step | None:
    turn_id, _, name = ref.rpartition(":")
    steps = await store.steps(turn_id) if turn_id else ()
    return next((step for step in steps if step.name == name), None)


async def keep_state(
    store: TenantStore, turn: OpenTurn, state: Mapping[str, Any] | None, *, now: datetime
) -> str | None:
    """Keep what a turn wants kept, before its commit names it; None when nothing changes.

    Each attempt has a row of its own, since the first record of a row stays and a later attempt may end otherwise.
    """
    if state is None:
        kept = await _row(store, turn.head.state_ref)
        is_old = kept is not None and now - kept.recorded_at > RENEWED_AFTER
        return await _keep(store, turn, kept.body) if kept is not None and is_old else None
    body = msgspec.json.encode(state)
    if len(body) > MAX_STATE_BYTES:
        log.error("state_too_large", turn=turn.turn_id, bytes=len(body))
        return ""
    return await _keep(store, turn, body) if state else ""


async def _keep(store: TenantStore, turn: OpenTurn, body: bytes) -> str:
    name = f"{STATE}.{turn.attempt}"
    await store.record_step(turn.turn_id, name, body)
    return f"{turn.turn_id}:{name}"
