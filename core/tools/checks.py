"""What the contact may do with a tool: authority, and the bound of a single call.  Pure; each check gives a denial or None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.ports.tools import Confirmation, SideEffect, ToolSpec, Verification
from core.tools.outcomes import Denied, Reason
from core.tools.session import Session, reaches


def authority(spec: ToolSpec, session: Session) -> Denied | None:
    """Verification level and scopes, as they are now."""
    if not reaches(session.level, Verification(spec.verification)):
        return _denied(spec, Reason.NEEDS_VERIFICATION, f"the contact must be {spec.verification} for this tool")
    missing = set(spec.scopes) - session.granted()
    if not missing:
        return None
    if missing <= session.granted(Verification.VERIFIED):
        return _denied(spec, Reason.NEEDS_VERIFICATION, "the contact must be better known for this tool")
    return _denied(spec, Reason.NOT_ALLOWED, "the contact has no permission for this tool")


def is_offered(spec: ToolSpec, session: Session) -> bool:
    """Whether a model hears of the tool: also when the contact would have to sign in first, so that it can say so."""
    return set(spec.scopes) <= session.granted(Verification.VERIFIED)


def amount(spec: ToolSpec, arguments: Mapping[str, Any]) -> Decimal | Denied:
    """The amount that limits count (0 where none is counted): a finite positive number within the limit of one call."""
    limits = spec.limits
    if limits.amount is None:
        if limits.per_call is None and limits.per_day is None:
            return Decimal(0)
        return _denied(spec, Reason.NOT_ALLOWED, "the tool's limits name no amount; its operator has to mend that")
    given = arguments.get(limits.amount)
    if not isinstance(given, int | float) or isinstance(given, bool) or not math.isfinite(given) or given <= 0:
        return _denied(spec, Reason.BAD_ARGUMENTS, f"{limits.amount}: must be a positive number")
    asked = Decimal(str(given))
    if limits.per_call is not None and asked > Decimal(str(limits.per_call)):
        return _denied(spec, Reason.OVER_LIMIT, f"{limits.amount}: more than {limits.per_call} is not allowed here")
    return asked


def who_agrees(spec: ToolSpec, session: Session) -> Confirmation:
    """Who must agree: after untrusted text nothing but reading runs on the model's word alone."""
    declared = Confirmation(spec.confirmation)
    if declared is Confirmation.NONE and session.untrusted and spec.side_effect is not SideEffect.READ:
        return Confirmation.CUSTOMER
    return declared


def _denied(spec: ToolSpec, reason: Reason, detail: str) -> Denied:
    return Denied(tool=spec.name, reason=reason, detail=detail)
