"""What becomes of a wish to call a tool, and the JSON form in which journals and claims keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from core.ports.tools import Confirmation


class Reason(StrEnum):
    """Why a call was denied."""

    UNKNOWN_TOOL = "unknown_tool"
    TOO_MANY_STEPS = "too_many_steps"
    BAD_ARGUMENTS = "bad_arguments"
    NEEDS_VERIFICATION = "needs_verification"
    NOT_ALLOWED = "not_allowed"
    OVER_LIMIT = "over_limit"
    DAY_LIMIT = "day_limit"
    UNSETTLED = "unsettled"
    ALREADY_ASKING = "already_asking"
    EXPIRED = "expired"
    IDENTITY_CHANGED = "identity_changed"
    NEEDS_AGENT = "needs_agent"
    NEEDS_CONTACT = "needs_contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCall:
    """A call that waits for a yes; kept in ``TurnResult.state["pending"]``.

    ``arguments`` are whole, bound ones included; ``key`` is the idempotency key the call will run under, ``nonce`` the four
    digits that a yes must name.  ``question`` is what is asked, in Markdown with the arguments escaped.
    """

    tool: str
    arguments: Mapping[str, Any]
    key: str
    nonce: str
    question: str
    by: Confirmation
    asked_at: datetime
    expires_at: datetime

    def to_state(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "tool": self.tool,
            "arguments": dict(self.arguments),
            "key": self.key,
            "nonce": self.nonce,
            "question": self.question,
            "by": self.by.value,
            "asked_at": self.asked_at.astimezone(UTC).isoformat(),
            "expires_at": self.expires_at.astimezone(UTC).isoformat(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> PendingCall:
        """From its JSON form; ``ValueError`` for anything else."""
        try:
            return cls(
                tool=str(state["tool"]),
                arguments=dict(state["arguments"]),
                key=str(state["key"]),
                nonce=str(state["nonce"]),
                question=str(state["question"]),
                by=Confirmation(state["by"]),
                asked_at=datetime.fromisoformat(state["asked_at"]),
                expires_at=datetime.fromisoformat(state["expires_at"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("not the state of a pending call") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It ran; ``text`` is the tool's untrusted answer.  ``is_repeat``: an earlier call gave it, nothing ran again."""

    state: ClassVar[str] = "done"
    tool: str
    key: str
    text: str
    is_cut: bool = False
    is_repeat: bool = False
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The firewall refused and nothing ran; ``detail`` tells the model what to mend, in English and without its values."""

    state: ClassVar[str] = "denied"
    tool: str
    reason: Reason
    detail: str
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The tool did not do it; ``is_certain`` False: nobody knows whether it happened, and it must not be tried again."""

    state: ClassVar[str] = "failed"
    tool: str
    key: str
    is_certain: bool
    detail: str
    is_repeat: bool = False
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """It may run once the contact or an agent agrees."""

    state: ClassVar[str] = "waiting"
    pending: PendingCall
    dropped: tuple[str, ...] = ()

    @property
    def tool(self) -> str:
        """The tool that waits."""
        return self.pending.tool


ToolOutcome = Done | Denied | Failed | Waiting


def to_body(outcome: ToolOutcome) -> dict[str, Any]:
    """The JSON form of an outcome."""
    body: dict[str, Any] = {"outcome": outcome.state, "tool": outcome.tool, "dropped": list(outcome.dropped)}
    match outcome:
        case Done():
            return body | {
                "key": outcome.key,
                "text": outcome.text,
                "is_cut": outcome.is_cut,
                "is_repeat": outcome.is_repeat,
            }
        case Denied():
            return body | {"reason": outcome.reason.value, "detail": outcome.detail}
        case Failed():
            return body | {
                "key": outcome.key,
                "is_certain": outcome.is_certain,
                "detail": outcome.detail,
                "is_repeat": outcome.is_repeat,
            }
        case Waiting():
            return body | {"pending": outcome.pending.to_state()}


def from_body(body: Mapping[str, Any]) -> ToolOutcome:
    """An outcome from its JSON form; ``ValueError`` for anything else."""
    dropped = tuple(body.get("dropped", ()))
    match body["outcome"]:
        case "done":
            return Done(
                tool=body["tool"],
                key=body["key"],
                text=body["text"],
                is_cut=body["is_cut"],
                is_repeat=body["is_repeat"],
                dropped=dropped,
            )
        case "denied":
            return Denied(tool=body["tool"], reason=Reason(body["reason"]), detail=body["detail"], dropped=dropped)
        case "failed":
            return Failed(
                tool=body["tool"],
                key=body["key"],
                is_certain=body["is_certain"],
                detail=body["detail"],
                is_repeat=body["is_repeat"],
                dropped=dropped,
            )
        case "waiting":
            return Waiting(pending=PendingCall.from_state(body["pending"]), dropped=dropped)
        case other:
            raise ValueError(f"not an outcome: {other!r:.40}")
