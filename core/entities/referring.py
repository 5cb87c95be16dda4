"""What a message refers to without naming it: one of the things just offered, or what was named before.  Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core.entities.entity import KINDS, Entity
from core.words import fold, listed, words

REACH: Final = 8
"""So many earlier messages of the contact are looked at; what was named before them is no longer meant."""

CARRIED: Final = frozenset(("order", "tracking", "product"))
"""Built-in kinds that stay meant; a tenant's own kinds do, too.  Dates, amounts and numbers belong to their own message."""

_ORDINALS: Final = (
    "first 1st erste ersten erster erstes premier premiere primero primera primer primeiro primeira primo prima eerste",
    "second 2nd zweite zweiten zweiter zweites deuxieme seconde segundo segunda secondo seconda tweede",
    "third 3rd dritte dritten dritter drittes troisieme tercero tercera tercer terceiro terceira terzo terza derde",
    "fourth 4th vierte vierten vierter viertes quatrieme cuarto cuarta quarto quarta vierde",
    "fifth 5th funfte funften funfter funftes cinquieme quinto quinta vijfde",
    "sixth 6th sechste sechsten sechster sechstes sixieme sexto sexta sesto sesta zesde",
    "seventh 7th siebte siebten septieme septimo septima setimo setima settimo settima zevende",
    "eighth 8th achte achten huitieme octavo octava oitavo oitava ottavo ottava achtste",
    "ninth 9th neunte neunten neuvieme noveno novena nono nona negende",
    "tenth 10th zehnte zehnten dixieme decimo decima tiende",
)
_PLACE: Final = {word: at for at, line in enumerate(_ORDINALS) for word in line.split()}
_LAST: Final = listed("last latter letzte letzten letzter letztes dernier derniere ultimo ultima laatste")
_COUNTS: Final = {word: at for at, word in enumerate(words("one two three four five six seven eight nine ten"))}
_NUMBERED = re.compile(
    r"(?:\b(?:number|option|no\.?|nr\.?|nummer|choice|item|numero|opcion|opcao|opzione|optie)\s?|#)(?P<n>\d{1,2}|[a-z]+)\b"
)
_BARE = re.compile(r"\W*(?P<n>\d{1,2})\W*(?:please|bitte|pls|thanks)?\W*")
_SEVERAL = re.compile(
    r"\b(?:first|last|ersten|letzten|premiers|primeros|ultimos)\s(?:two|three|four|few|couple|zwei|drei|deux|trois|dos|tres|\d)\b|"
    r"\b(?:both|neither|none|not|all of|either|keine?r?|beide|weder|ni|ninguno|aucun)\b"
)
_FROM_END = re.compile(r"\b(?:second|2nd)\s(?:to\s)?last\b|\bvorletzte[nrs]?\b|\bavant-dernier\b|\bpenultim[oa]\b")
_AMBIGUOUS_TIME = re.compile(
    r"\b(?:last|first|letzte\w*)\s(?:time|week|month|year|night|order|mal|woche)\b|\bat (?:first|last)\b"
)
_ONE_OF = listed(
    "the a one ones please i i'd i'll want take like would choose pick prefer go with it is it's its that that's option number "
    "yes ok okay und der die das den nehme ich bitte le la el los les un une je prends opcion quiero o quero il lo vorrei de het "
    "ik wil me give show tell more about of them those these item choice then for mean meant thanks thank you let's lets"
)


def resolve(text: str, offered: Sequence[str]) -> int | None:
    """Which of the things offered a message means, from 0; None when it says none, several, or something to be judged.

    Understood are places ("the second one", "the last", "number 3", "2"), and the name of exactly one of them.  "The cheaper one"
    needs knowledge of the things, and is None.
    """
    low = fold(text).strip()
    if not offered or _SEVERAL.search(low):
        return None
    place = _place(low, len(offered))
    if place is None:
        place = _named(low, offered)
    return place if place is not None and 0 <= place < len(offered) else None


def _place(low: str, size: int) -> int | None:
    if _FROM_END.search(low):
        return size - 2
    bare = _BARE.fullmatch(low)
    if bare:
        return int(bare["n"]) - 1
    for m in _NUMBERED.finditer(low):
        if m["n"].isdigit() or m["n"] in _COUNTS:
            return int(m["n"]) - 1 if m["n"].isdigit() else _COUNTS[m["n"]]
    told = re.findall(r"[a-z0-9']+", _AMBIGUOUS_TIME.sub(" ", low))
    places = {_PLACE[word] for word in told if word in _PLACE}
    if "former" in told:
        places.add(0)
    is_last = not _LAST.isdisjoint(told)
    others = [word for word in told if word not in _ONE_OF and word not in _PLACE and word not in _LAST]
    if len(others) > 3 or len(places) + is_last != 1:
        return _COUNTS[told[0]] if len(told) == 1 and told[0] in _COUNTS else None
    return size - 1 if is_last else places.pop()


def _named(low: str, offered: Sequence[str]) -> int | None:
    """The one whose words are all said, or whose own words alone are."""
    said = frozenset(words(low))
    names = [frozenset(words(name)) for name in offered]
    whole = [at for at, name in enumerate(names) if name and name <= said]
    if len(whole) > 1:
        longest = max(whole, key=lambda at: len(names[at]))
        whole = [longest] if all(names[at] < names[longest] for at in whole if at != longest) else []
    if whole:
        return whole[0]
    own = [at for at, name in enumerate(names) if (name - _common(names, at) - _ONE_OF) & said]
    return own[0] if len(own) == 1 else None


def _common(names: Sequence[frozenset[str]], at: int) -> frozenset[str]:
    """Words of the other names."""
    return frozenset().union(*(name for other, name in enumerate(names) if other != at))


def carried(now: Sequence[Entity], earlier: Sequence[Sequence[Entity]]) -> tuple[Entity, ...]:
    """The entities of a message, and those of earlier ones (oldest first, one sequence a message) that are still meant.

    Of each kind that stays meant, and of which this message names none, the ones of the last message that named any.
    """
    known = {entity.kind for entity in now}
    kept: list[Entity] = []
    for message in reversed(earlier[-REACH:]):
        found = [entity for entity in message if entity.kind not in known and _stays(entity.kind)]
        kept += [replace(entity, start=-1, end=-1, carried=True) for entity in found]
        known |= {entity.kind for entity in found}
    return (*now, *dict.fromkeys(kept))


def _stays(kind: str) -> bool:
    return kind in CARRIED or kind not in KINDS
