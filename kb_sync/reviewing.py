"""What the front matter of a draft article says of its review."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DRAFT: Final = "draft"
REJECTED: Final = "rejected"


def is_reviewed(meta: Mapping[str, str]) -> bool:
    """Whether somebody has read the draft and said that it may be answered from."""
    return meta.get("reviewed", "").strip().lower() == "true"


def state_of(meta: Mapping[str, str]) -> str:
    """``draft``, ``rejected``, or what else somebody wrote."""
    return meta.get("status", "").strip().lower()
