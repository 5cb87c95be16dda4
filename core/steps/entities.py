"""Facts an agent looks for first: order numbers, e-mail addresses, amounts, dates.  Simple robust rules.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARS = 4_000
MAX_ENTITIES = 20

_MONTH = (
    r"(?:jan(?:uary|uar|vier|eiro)?|feb(?:ruary|ruar)?|mar(?:ch|s|zo|t)?|mär(?:z)?|apr(?:il)?|may|mai|mei|jun[ei]?|"
    r"juin|jul[iy]?|juillet|aug(?:ust)?|"
    r"sep(?:t(?:ember)?)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)"
)
_NUMBER = r"\d{1,3}(?:[.,'\u202f ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_CURRENCY = r"(?:[$€£¥]|US\$|CHF|EUR|USD|GBP|SEK|NOK|DKK|PLN|BRL|euros?|dollars?|pounds?|francs?)"
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")),
    ("url", re.compile(r"https?://[^\s<>\"')\]]{3,500}", re.IGNORECASE)),
    (
        "date",
        re.compile(
            rf"\b(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}}|\d{{2}})|\d{{1,2}}(?:st|nd|rd|th|"
            rf"\.)?\s(?:of\s|de\s)?{_MONTH}\b\.?(?:,?\s\d{{4}})?"
            rf"|{_MONTH}\.?\s\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s\d{{4}})?)",
            re.IGNORECASE,
        ),
    ),
    ("amount", re.compile(rf"(?:{_CURRENCY}\s?(?:{_NUMBER})|\b(?:{_NUMBER})\s?{_CURRENCY})(?!\w)", re.IGNORECASE)),
    (
        "order",
        re.compile(
            r"\b(?:order|bestell\w*|auftrag\w*|commande|pedido|encomenda|ordine|bestelling|invoice|rechnung\w*|"
            r"facture|factura|fattura|"
            r"ticket|tracking|case|reference|ref|booking|buchung\w*)\b[\s:.#]*(?:number|no|nr|nummer|num[eé]ro|n°|id|"
            r"code)?[\s:.#]*(?:is\s|ist\s|est\s)?"
            r"#?(?P<id>[A-Z]{0,6}[-_]?\d[\dA-Z-]{2,24})\b",
            re.IGNORECASE,
        ),
    ),
    ("order", re.compile(r"(?<![\w&])#(?P<id>[A-Z]{0,4}-?\d[\dA-Z-]{2,24})\b", re.IGNORECASE)),
    ("order", re.compile(r"\b(?P<id>[A-Z]{2,5}-\d{4,12})\b")),
)


@dataclass(frozen=True, slots=True)
class Entity:
    """One fact as written; ``kind`` is order, email, amount, date or url."""

    kind: str
    text: str


def entities(text: str) -> tuple[Entity, ...]:
    """The facts of a message, in order, each once."""
    found = sorted(_found(text[:MAX_CHARS]), key=lambda hit: hit[0])
    return tuple(dict.fromkeys(entity for _, entity in found))[:MAX_ENTITIES]


def _found(text: str) -> Iterator[tuple[int, Entity]]:
    """Earlier patterns win where two would share words."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in _PATTERNS:
        for hit in pattern.finditer(text):
            group = "id" if "id" in pattern.groupindex else 0
            start, end = hit.span(group)
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            yield start, Entity(kind, hit.group(group).rstrip(".,;"))
