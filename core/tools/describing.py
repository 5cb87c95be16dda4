"""What a model is told about an outcome, and what the contact may honestly be told.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from core.ports.tools import Confirmation
from core.tools.outcomes import Denied, Done, Failed, Reason, ToolOutcome, Waiting
from core.tools.wording import sentence

_SENTENCES: Final = {
    Reason.UNKNOWN_TOOL: "denied",
    Reason.TOO_MANY_STEPS: "denied",
    Reason.BAD_ARGUMENTS: "denied",
    Reason.NEEDS_VERIFICATION: "verify",
    Reason.NOT_ALLOWED: "denied",
    Reason.OVER_LIMIT: "limit",
    Reason.DAY_LIMIT: "limit",
    Reason.UNSETTLED: "unknown",
    Reason.ALREADY_ASKING: "asking",
    Reason.EXPIRED: "expired",
    Reason.IDENTITY_CHANGED: "changed",
    Reason.NEEDS_AGENT: "agent_asked",
    Reason.NEEDS_CONTACT: "denied",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """``model`` goes into the next prompt, fenced by the caller; ``contact`` may be said as it is ("" after success)."""

    model: str
    contact: str


def describe(outcome: ToolOutcome, language: str) -> Description:
    """An outcome in words."""
    match outcome:
        case Done():
            again = (
                "Already done in this turn; this is the same result, not a second one.\n" if outcome.is_repeat else ""
            )
            cut = "\n(cut: the result was longer)" if outcome.is_cut else ""
            return Description(model=f"{again}{outcome.text}{cut}", contact="")
        case Denied():
            told = f"Denied ({outcome.reason}), nothing was done: {outcome.detail}"
            return Description(model=told, contact=sentence(_SENTENCES[outcome.reason], language))
        case Failed(is_certain=True):
            told = f"Failed, nothing was done: {outcome.detail}"
            return Description(model=told, contact=sentence("failed", language))
        case Failed():
            told = f"Outcome unknown, it may have been done; do not call it again: {outcome.detail}"
            return Description(model=told, contact=sentence("unknown", language))
        case Waiting():
            whom = "an agent" if outcome.pending.by is Confirmation.AGENT else "the contact"
            told = (
                f"Not done yet: {whom} has been asked to confirm. Do not say that it is done and do not call it again."
            )
            contact = (
                sentence("agent_asked", language)
                if outcome.pending.by is Confirmation.AGENT
                else outcome.pending.question
            )
            return Description(model=told, contact=contact)
        case _:
            assert_never(outcome)
