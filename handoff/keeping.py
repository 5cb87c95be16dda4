"""Words that were made once and must read the same at every attempt: a model's brief, a translation.

They are rows in the journal of the turn that they are about, where retention and erasure reach what holds customers' words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from core.ports.store import TenantStore


async def once(store: TenantStore, turn_id: str | None, name: str, make: Callable[[], Awaitable[str]]) -> str:
    """The words kept under a turn and a name; made and kept when there are none.  Without a turn they are made each time.

    Of two that make them at once, the first stands for both.
    """
    if turn_id is None:
        return await make()
    known = await _kept(store, turn_id, name)
    if known is not None:
        return known
    words = await make()
    if await store.record_step(turn_id, name, words.encode()):
        return words
    return await _kept(store, turn_id, name) or words


async def _kept(store: TenantStore, turn_id: str, name: str) -> str | None:
    return next((step.body.decode() for step in await store.steps(turn_id) if step.name == name), None)
