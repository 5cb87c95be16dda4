"""Does the contact ask who answers here and what it can do?  Pure.

"Who are you?", "am I talking to a human?", "what can you do?", and "help", which asks for nothing yet.  Only messages that ask
nothing else: every word has its place in one language's pattern.  A demand for a person is never one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from core import late
from core.spelling import Slips
from core.steps.about.dutch import NL
from core.steps.about.english import EN
from core.steps.about.french import FR
from core.steps.about.german import DE
from core.steps.about.italian import IT
from core.steps.about.portuguese import PT
from core.steps.about.spanish import ES
from core.steps.about.tongue import Tongue
from core.words import fold, listed

MAX_CHARS: Final = 200
MAX_WORDS: Final = 24
"""More words than that tell a story; "hi, sorry to ask, but are you a real person or a bot?" has a dozen."""

TONGUES: Final[Mapping[str, Tongue]] = {"en": EN, "de": DE, "fr": FR, "es": ES, "pt": PT, "it": IT, "nl": NL}

_WORD = re.compile(r"[^\W_]+")
_SLIPS = listed(
    "human person robot machine computer chatbot automated actual artificial talking speaking chatting question questions "
    "exactly subjects topics introduce capabilities assist "
    "mensch menschen maschine roboter sprechen spreche funktioniert helfen konnen kannst brauche hilfe "
    "humain personne parle aider pouvez besoin fonctionne "
    "persona maquina hablando quien puedes ayudar ayuda necesito funciona "
    "pessoa falando ajudar preciso parlando operatore aiutare aiuto bisogno "
    "persoon medewerker praten spreek helpen nodig"
)
_NOT_SLIPS = listed("humano humana humans konnten")
_MEANT = Slips(_SLIPS, kept=_NOT_SLIPS | {word for known in TONGUES.values() for word in _WORD.findall(known.words())})
"""Words that are recognised one slip of the finger away; whatever a phrase is written with is none."""


_PATTERNS: Final = {name: late.pattern(known.pattern()) for name, known in TONGUES.items()}


def asked_in(text: str, *, is_opening: bool = True) -> tuple[str, ...]:
    """The languages in which the message asks this and nothing else; none: it asks something else, too, or nothing.

    ``is_opening``: nothing was asked before, so "how does this work?" and "can you help me?" have nothing else to refer to.
    """
    if len(text) > MAX_CHARS:
        return ()
    return _asked(text, is_opening or text.lstrip().startswith("/"))  # "/help" is a command, whenever it comes


@lru_cache(maxsize=64)
def _asked(text: str, is_opening: bool) -> tuple[str, ...]:
    said = [_MEANT(word) for word in _WORD.findall(fold(text))]
    if not said or len(said) > MAX_WORDS:
        return ()
    line = " ".join(said) + " "
    found = ((name, known.fullmatch(line)) for name, known in _PATTERNS.items())
    return tuple(name for name, match in found if match and (is_opening or match["opening"] is None))
