"""Greetings, thanks and goodbyes: messages that ask for nothing; and those that ask who answers here.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.settings import Smalltalk
from core.steps.about import asked_in
from core.words import listed, words

MAX_WORDS = 8
MAX_CHARS = 120

_NAME = r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ'’-]+"
_NAMED = re.compile(rf"[\s,]+{_NAME}(?:\s+{_NAME})?[\s.!]*$")
"""Whom it is said to: "Thank you, Sam!", "Bye Ana Lopez"."""

_GREETING = listed(
    "hi hello hey hiya heya howdy greetings yo hallo moin servus bonjour bonsoir salut hola ola oi ciao salve "
    "buongiorno buonasera hoi "
    "goedemorgen goedemiddag goedenavond goedendag "
    "start"  # the button that opens a Telegram bot says "/start"
)
_THANKS = listed(
    "thanks thank thx ty cheers danke dankeschon vielen merci gracias obrigado obrigada grazie bedankt dankjewel "
    "dank perfect great "
    "awesome super prima parfait perfecto perfeito perfetto"
)
_THANKS_CORE = listed(
    "thanks thank thx ty cheers danke dankeschon merci gracias obrigado obrigada grazie bedankt dankjewel dank"
)
_GOODBYE = listed("bye goodbye cya tschuss tschuess revoir adios tchau arrivederci doei ciao wiedersehen bientot luego")
_FILLER = listed(
    "good morning afternoon evening day guten morgen tag abend bom dia boa tarde noite buenos dias buenas tardes "
    "noches there all "
    "everyone team you so much very a lot again for your the help that was it is all helpful nice have one see later "
    "and ok okay "
    "fine yes no works worked now got vielmals sehr auf schon beaucoup tres bien muchas muito molte mille au a hasta "
    "la how are going "
    "doing wie gehts geht es dir ihnen comment ca va que tal como esta com vai bit bot friend sir madam hartelijk "
    "het er u je wel "
    "schonen noch einen eine bonne journee excellent great awesome super prima perfect parfait perfecto fur ihre "
    "deine hilfe pour "
    "votre aide por su ayuda"
)


def smalltalk(text: str, earlier: Sequence[str] = ()) -> Smalltalk | None:
    """The kind, when the message is nothing else: "hi, where is my order?" is a question.

    After a question of their own (``earlier`` are the contact's messages before this one, oldest first) "can you help me?" and
    "how does this work?" are about that, and not about the assistant.
    """
    kind = _courtesy(text)
    if kind is not None or not asked_in(text):
        return kind
    is_about = bool(asked_in(text, is_opening=False)) or all(smalltalk(said) is not None for said in earlier)
    return Smalltalk.ABOUT if is_about else None


def _courtesy(text: str) -> Smalltalk | None:
    kind = _kind(words(text))
    if kind is not None or len(text) > MAX_CHARS or _NAMED.search(text) is None:
        return kind
    kind = _kind(words(_NAMED.sub("", text)))
    return None if kind is Smalltalk.GREETING else kind  # "Hello, Returns" asks for something


def _kind(said: list[str]) -> Smalltalk | None:
    if not said or len(said) > MAX_WORDS:
        return None
    if any(w not in _FILLER and w not in _GREETING and w not in _THANKS and w not in _GOODBYE for w in said):
        return None
    if any(word in _THANKS_CORE for word in said):
        return Smalltalk.THANKS
    if any(word in _GOODBYE for word in said) and said[0] != "ciao":
        return Smalltalk.GOODBYE
    if any(word in _GREETING for word in said) or said[0] in ("good", "guten", "bom", "boa", "buenos", "buenas"):
        return Smalltalk.GREETING
    return Smalltalk.THANKS if any(word in _THANKS for word in said) else None
