"""Named places at which a test may kill the process.  Off unless ``FRONTDESK_CRASH_AT`` is set.

``FRONTDESK_CRASH_AT=commit.before:3`` ends the process with SIGKILL at the third pass of that point.
"""

from __future__ import annotations

import os
import signal
from typing import Final

POINTS: Final = (
    "accept.before", "accept.after", "claim.before", "claim.after", "turn.before", "turn.after",
    "commit.before", "commit.after", "send.before", "send.after", "settle.before", "settle.after",
)  # fmt: skip
"""The walk of every message."""

MODEL_POINTS: Final = ("tool.intent", "tool.result", "stream.shown")
"""Only in turns with tools and previews; each is passed twice, before and after a write: of a tool's decision, of its result,
and between a preview's row and the contact's eyes."""

_name, _, _count = os.environ.get("FRONTDESK_CRASH_AT", "").partition(":")
_left = int(_count or 1)

if _name and _name not in (*POINTS, *MODEL_POINTS):
    known = ", ".join((*POINTS, *MODEL_POINTS))
    raise SystemExit(f"FRONTDESK_CRASH_AT names no crash point: {_name!r}; known: {known}")


def crash(point: str) -> None:
    """Die here, if a test asked for it."""
    if point != _name:
        return
    global _left  # noqa: PLW0603  one process, one countdown
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
