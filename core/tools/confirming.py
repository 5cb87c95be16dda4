"""Two-phase commit with the contact: how a call is asked for, and how the answer is read.  Pure.

A yes counts only with the question's own number, so that a yes to something else, an old one, or one that a stranger talked the
contact into never runs a call.  What is read here moves nothing by itself: ``Firewall.confirm`` checks everything again.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from core import ids
from core.ports.tools import Confirmation, ToolSpec
from core.tools.outcomes import PendingCall
from core.tools.wording import TEXTS, sentence
from core.words import fold, listed

CONFIRM_LIFETIME: Final = timedelta(minutes=10)
APPROVAL_LIFETIME: Final = timedelta(hours=24)
"""Agents are asked at a desk, perhaps overnight."""

MAX_VALUE = 120
MAX_QUESTION = 700
MAX_HEARD = 120
"""A yes is short; longer messages say something else."""

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SPECIAL = re.compile(r"([\\`*_\[\]{}<>!&#|~@:/=+^$\"])")
_LIST_MARK = re.compile(r"^(\d+)([.)])|^(-)")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")

_YES = listed(
    "yes yeah yep yup y ok okay sure ja jawohl jo oui ouais si sim confirm confirmed confirmo confirma confirme confirmer "
    "conferma confermo bestatige bestatigen bestatigt bevestig bevestigen"
)
_NO = listed(
    "no nope n nein ne non nao nee cancel stop don dont not never nicht abbrechen stopp stornieren annuler annule annulez "
    "pas cancelar cancela cancelo cancele annulla annullare annulli annuleren annuleer niet jamais nunca mai nooit"
)
_FILLER = listed(
    "please pls do it go ahead thanks thank you i t want that this the is fine correct right machen mach es bitte das "
    "danke gern gerne faites le fais s il vous plait merci d accord bien sur hagalo hazlo por favor gracias claro "
    "faca isso obrigado obrigada favor certo procedi proceda per piacere grazie va bene doe het graag alstublieft dank u je mind"
)


@dataclass(frozen=True, slots=True)
class Agreed:
    """A yes with the right number."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A plain no."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Meant as an answer, but not one that may run anything: ask again, with the number."""


@dataclass(frozen=True, slots=True)
class Elsewise:
    """Something else; the question stays open until it expires."""


Heard = Agreed | Refused | Unclear | Elsewise


def nonce_of(key: str) -> str:
    """The four digits of a call, the same whenever they are asked for; none begins with 0, which people leave out."""
    return str(1_000 + int(ids.digest("nonce", key), 16) % 9_000)


def lifetime(by: Confirmation) -> timedelta:
    """How long a question stays open."""
    return APPROVAL_LIFETIME if by is Confirmation.AGENT else CONFIRM_LIFETIME


def question(spec: ToolSpec, arguments: Mapping[str, Any], language: str) -> str:
    """What is asked: the operator's sentence, or the tool's name with all it was given; values are escaped and bounded."""
    if spec.confirm:
        asked = _PLACE.sub(lambda found: _shown(arguments.get(found.group(1), "")), spec.confirm)
    else:
        given = [
            f"{_plain(name.replace('_', ' '))}: {_shown(value)}"
            for name, value in arguments.items()
            if name not in spec.bound
        ]
        named = _plain(spec.name.replace("_", " ")) + (f" ({', '.join(given)})" if given else "")
        asked = sentence("ask", language, what=named)
    return asked if len(asked) <= MAX_QUESTION else asked[: MAX_QUESTION - 1].rstrip("\\ ") + "…"


def choices(pending: PendingCall, language: str) -> tuple[str, ...]:
    """The buttons of a question to the contact; none for one to an agent."""
    if pending.by is not Confirmation.CUSTOMER:
        return ()
    return (sentence("yes", language, nonce=pending.nonce), sentence("no", language))


def prompt(pending: PendingCall, language: str, *, has_buttons: bool, is_again: bool = False) -> str:
    """The whole message that asks the contact; ``is_again`` after an unclear answer."""
    if pending.by is not Confirmation.CUSTOMER:
        return sentence("agent_asked", language)
    how = sentence("press" if has_buttons else "reply", language, nonce=pending.nonce)
    if has_buttons and not is_again:
        return pending.question
    return "\n\n".join([*([sentence("again", language)] if is_again else []), pending.question, how])


def heard(text: str, pending: PendingCall) -> Heard:
    """What the contact's next message says to a question, in any of the languages."""
    if pending.by is not Confirmation.CUSTOMER or len(text) > MAX_HEARD:
        return Elsewise()
    if _is_choice(text, pending):
        return Agreed()
    tokens = _TOKEN.findall(fold(unicodedata.normalize("NFKC", text)))
    numbers = [token for token in tokens if token[0].isdigit()]
    words = [token for token in tokens if not token[0].isdigit()]
    if any(word not in _YES and word not in _NO and word not in _FILLER for word in words):
        return Elsewise()
    is_yes, is_no = any(word in _YES for word in words), any(word in _NO for word in words)
    if is_yes and not is_no and numbers == [pending.nonce] and not _has_stray_marks(text):
        return Agreed()
    if is_no and not is_yes and (not numbers or numbers == [pending.nonce]):
        return Refused()
    return Unclear() if is_yes or is_no or pending.nonce in numbers else Elsewise()


def _is_choice(text: str, pending: PendingCall) -> bool:
    said = " ".join(fold(text).split())
    return any(said == fold(words["yes"].replace("{nonce}", pending.nonce)) for words in TEXTS.values())


def _has_stray_marks(text: str) -> bool:
    """A question ("yes 4821?") and signs that make another number ("-4821", "4821.50", "48%") are no agreement."""
    return re.search(r"\?|[-+/]\d|[€$£]\s*\d|\d[.,:/-]\d|\d\s*[%€$£]", text) is not None


def _shown(value: Any) -> str:
    """A value as plain text inside Markdown: one line, bounded, nothing in it acts as markup or becomes a link."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = ", ".join(value)
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    plain = _plain(str(value))
    return plain if plain else "–"


def _plain(text: str) -> str:
    cut = text[: MAX_VALUE * 4]
    visible = "".join(" " if ch.isspace() else ch for ch in cut if ch.isspace() or unicodedata.category(ch)[0] != "C")
    line = " ".join(visible.split())
    line = line if len(line) <= MAX_VALUE else line[: MAX_VALUE - 1] + "…"
    return _LIST_MARK.sub(
        lambda m: f"\\{m.group(3)}" if m.group(3) else f"{m.group(1)}\\{m.group(2)}", _SPECIAL.sub(r"\\\1", line)
    )
