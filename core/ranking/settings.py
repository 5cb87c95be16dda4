"""What a tenant may set about confidence; ``config.confidence`` mirrors it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WRONG_ANSWERS_AT_MOST = 0.19
"""The target at which the shipped calibration declines about one in twelve of the answerable dev questions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSettings:
    """From which confidence on the passages are answered from.

    ``wrong_answers_at_most`` is the share (0-1) of given answers that may be wrong, judged by questions like those the
    calibration was made on: wrong is an answer that cites no document that answers, also where there is none.  ``categories`` are
    targets of their own for documents of a category.  ``calibration`` is a file that ``frontdesk eval calibrate`` wrote; None:
    the shipped one.
    """

    wrong_answers_at_most: float = WRONG_ANSWERS_AT_MOST
    categories: Mapping[str, float] = field(default_factory=dict)
    calibration: str | None = None
