"""How the phrases of a language are written down, and what several languages share.

A line is an alternative of a pattern over folded words with single spaces between and no marks: "qu'est-ce que" is
"qu est ce que".  ``<name>`` stands for a part of that name; a line that ends with a backslash goes on in the next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_GOES_ON = re.compile(r"\\\n *")
_PART = re.compile(r"<(\w+)>")

MAX_QUESTIONS: Final = 3
"""In one message; the bound keeps an endless "help please help please" as cheap as any text."""

HELLO = r"""
hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening|day)|hallo|moin|servus|guten (?:tag|morgen|abend)
hoi|goede(?:morgen|middag|navond|ndag)|bonjour|bonsoir|salut|coucou|hola|buenas|buenos dias|buenas (?:tardes|noches)
ola|oi|bom dia|boa (?:tarde|noite)|ciao|salve|buongiorno|buonasera
ok|okay|sorry|pardon|thanks|danke|merci|gracias|grazie|obrigad[oa]|bedankt|ai|bot
"""


class Tongue(NamedTuple):
    """One language's phrases; ``parts`` are what they are made of, each may use those before it.

    ``around`` may stand before, between and after; ``questions`` are about the assistant whenever they stand alone; ``openings``
    only at the beginning of a conversation: after a question of the contact's own, "how does this work?" is about that.
    """

    parts: Mapping[str, str]
    around: str
    questions: str
    openings: str

    def pattern(self) -> str:
        """The pattern of a whole message, each word with a space behind it; the group ``opening`` is set where one is in it."""
        parts: dict[str, str] = {}
        for name, written in self.parts.items():
            parts[name] = _alternatives(written, parts)
        around = _alternatives(HELLO + self.around, parts)
        asked = f"(?:{_alternatives(self.questions, parts)}|(?P<opening>{_alternatives(self.openings, parts)}))"
        return rf"(?:{around} )*(?:{asked} (?:{around} )*){{1,{MAX_QUESTIONS}}}"

    def words(self) -> str:
        """All that is written, for whoever looks for its words."""
        return _GOES_ON.sub("", " ".join((*self.parts.values(), self.around, self.questions, self.openings)))


def _alternatives(written: str, parts: Mapping[str, str]) -> str:
    lines = "|".join(line.strip() for line in _GOES_ON.sub("", written).strip().splitlines())
    return f"(?:{_PART.sub(lambda found: parts[found[1]], lines)})"
