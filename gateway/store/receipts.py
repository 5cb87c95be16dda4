"""What vendors report about sent messages, as one rule for every store: reports only ever move a message forward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from core.domain import DeliveryState

FORWARD: Final = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)


def parts(vendor_ref: str | None) -> tuple[str, ...]:
    """The vendor's ids in a stored ``vendor_ref``."""
    return tuple((vendor_ref or "").split())


def reported(settled: DeliveryState, reports: Sequence[Iterable[DeliveryState]]) -> DeliveryState:
    """The state of a settled message, given the reports on each of its parts.

    A message is as far as the part that is least far; one part that was refused after sending refuses it, unless that
    part was reported as delivered as well.
    """
    if settled is not DeliveryState.SENT or not reports:
        return settled
    states = [_part(list(part)) for part in reports]
    if DeliveryState.REJECTED in states:
        return DeliveryState.REJECTED
    return min(states, key=FORWARD.index)


def _part(reports: list[DeliveryState]) -> DeliveryState:
    furthest = max((state for state in reports if state in FORWARD), key=FORWARD.index, default=DeliveryState.SENT)
    is_refused = DeliveryState.REJECTED in reports and furthest is DeliveryState.SENT
    return DeliveryState.REJECTED if is_refused else furthest
