"""What the guard found wrong with a sentence.  Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_DETAIL = 120
MAX_FINDINGS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a sentence was held back or changed: ``rule`` is a short constant, ``detail`` the offending piece, bounded."""

    rule: str
    detail: str


def finding(rule: str, detail: str) -> Finding:
    """A finding whose detail is cut to a length that fits a trace."""
    return Finding(rule, detail if len(detail) <= MAX_DETAIL else detail[: MAX_DETAIL - 1] + "…")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a sentence of this turn may stand on.

    ``sources`` maps citation numbers to the text of their chunk (``source_text`` makes it), ``tools`` the marks "T1", "T2" …
    to tool results.  ``said`` is what the contact wrote; ``own`` are our trusted words: names of the company, the assistant
    and the contact, texts an operator allowed.
    """

    sources: Mapping[int, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    own: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The verdict on one sentence.

    ``text`` is how it may be shown (redacted, rewritten, without tool marks); "" when nothing of it may be.  ``hands_over``
    tells that a policy rule wants a person.
    """

    text: str
    findings: tuple[Finding, ...]
    is_released: bool
    hands_over: bool = False
