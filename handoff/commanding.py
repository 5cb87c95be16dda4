"""Commands that agents write into private notes: how they read, and what they are called.  Pure.

Desks ask ``is_command`` before they relay a public reply too: "/send 1" typed into the wrong box is never the customer's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

VERBS: Final = ("send", "ask", "draft", "translate", "tr", "bot", "approve", "deny", "help")
"""Every word that is a command; ``gateway.commands`` carries them out."""

_COMMAND: Final = re.compile(
    r"\s*\\?/(?P<verb>[A-Za-z][\w-]{0,30})(?:[ \t\u00a0]+(?P<rest>.*?)|\s*(?P<below>\n.*?))?\s*", re.DOTALL
)
"""A path ("/var/log") and a fraction are no commands; a helpdesk's editor may escape the slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A note that reads like a command: its verb in lower case, and all the words after it."""

    verb: str
    words: str

    @property
    def is_known(self) -> bool:
        """Whether there is such a command."""
        return self.verb in VERBS


def spoken(text: str) -> Spoken | None:
    """A note as a command; None when it does not begin like one."""
    found = _COMMAND.fullmatch(text)
    if found is None:
        return None
    return Spoken(verb=found["verb"].lower(), words=(found["rest"] or found["below"] or "").strip())


def is_command(text: str) -> bool:
    """Whether a text is a command of ours, or one letter away from one: then it is never said to a customer."""
    said = spoken(text)
    return said is not None and (said.is_known or meant(said.verb) is not None)


def meant(verb: str, verbs: Iterable[str] = VERBS) -> str | None:
    """The command that a mistyped one probably is."""
    near = get_close_matches(verb, list(verbs), n=1, cutoff=0.7)
    return near[0] if near else None
