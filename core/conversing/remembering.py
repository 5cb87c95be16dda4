"""What the engine keeps from one turn to the next: a call that waits for a yes, a running flow, a summary.  Pure.

It is JSON of its own making, read back with suspicion: what does not fit any more is forgotten, never an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from core.domain import Message, Role
from core.flows.state import FlowState
from core.tools.outcomes import PendingCall

MAX_SUMMARY_CHARS: Final = 1_500
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """``summary`` covers the conversation up to commit ``summed_to``; the others belong to one episode only."""

    pending: PendingCall | None = None
    flow: FlowState | None = None
    summary: str = ""
    summed_to: int = 0


def kept_of(state: Mapping[str, Any], *, episode: int) -> Kept:
    """Read it back; what waited in an earlier episode waits no more."""
    is_same = state.get("episode") == episode
    summary, summed_to = state.get("summary"), state.get("summed_to")
    return Kept(
        pending=_read(PendingCall.from_state, state.get("pending")) if is_same else None,
        flow=_read(FlowState.from_state, state.get("flow")) if is_same else None,
        summary=summary[:MAX_SUMMARY_CHARS] if isinstance(summary, str) else "",
        summed_to=summed_to if isinstance(summed_to, int) else 0,
    )


def _read(read: Callable[[Mapping[str, Any]], T | None], value: object) -> T | None:
    """What a room kept, read by that room; None for whatever it cannot read."""
    if not isinstance(value, Mapping):
        return None
    try:
        return read(value)
    except (KeyError, TypeError, ValueError):
        return None


def disarmed(state: Mapping[str, Any], *, epoch: int) -> Mapping[str, Any]:
    """What still holds under an owner's epoch: after people had the conversation, no flow goes on and no call waits for a yes."""
    if state.get("epoch", epoch) == epoch:
        return state
    return {name: value for name, value in state.items() if name not in ("flow", "pending")}


def state_of(kept: Kept, *, episode: int, epoch: int) -> dict[str, Any]:
    """What to keep under an owner's ``epoch``; empty when there is nothing."""
    state: dict[str, Any] = {}
    if kept.pending is not None:
        state["pending"] = dict(kept.pending.to_state())
    if kept.flow is not None:
        state["flow"] = dict(kept.flow.to_state())
    if kept.summary:
        state["summary"], state["summed_to"] = kept.summary, kept.summed_to
    return {"episode": episode, "epoch": epoch, **state} if state else {}


def leaving(history: Sequence[Message], kept: Kept, *, limit: int, at_once: int) -> tuple[Message, ...]:
    """The messages that should be summed up now: the older half of a full window, not summed up before."""
    if not at_once or len(history) < limit:
        return ()
    older = tuple(m for m in history[: max(at_once, 1)] if m.seq > kept.summed_to)
    return older if len(older) >= max(at_once // 2, 1) else ()


def as_lines(messages: Sequence[Message]) -> str:
    """Messages as plain lines, the contact's and ours told apart."""
    return "\n".join(f"{'contact' if m.role is Role.CONTACT else 'us'}: {m.text[:600]}" for m in messages if m.text)
