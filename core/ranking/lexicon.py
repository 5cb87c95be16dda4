"""Question words of seven languages, folded, by the kind of fact they ask for; the first kind that fits counts."""

from __future__ import annotations

import re
from typing import Final

KINDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            "amount",
            r"\bhow (?:much|many|expensive)\b|\b(?:price|prices|fee|fees|salary|wage|costs?|free|paid|pay for|percentage)\b"
            r"|\b(?:wieviele?|wie viele?|kostet|kosten|preis|combien|coute|prix|cuant[oa]s?|cuesta|precio|quant[oaie]|custa|preco"
            r"|costa|prezzo|hoeveel|kost|prijs)\b",
        ),
        (
            "time",
            r"\bhow (?:long|soon|often|old)\b|\bwhat (?:time|date|day|year|month)\b"
            r"|\bwhen (?:is|are|was|were|do|does|did|will|can)\b"
            r"|\b(?:wann|wie lange|wie oft|quand|cuando|quando|wanneer)\b",
        ),
        ("person", r"\b(?:who|whom|wer|wem|quien|qui est|chi e|wie is)\b"),
        ("place", r"\b(?:where|woher|wohin|wo (?:ist|sind|kann|finde)|donde|onde|dove|waar)\b"),
        ("reason", r"\b(?:why|how come|warum|wieso|weshalb|pourquoi|por que|perche|waarom)\b"),
        (
            "steps",
            r"\bhow (?:do|can|to|should|could|would|does)\b|\bsteps?\b"
            r"|\b(?:wie (?:kann|mache|bekomme)|comment|como|come|hoe)\b",
        ),
        (
            "whether",
            r"(?:^|[.!?,;]\s*|\bplease )(?:is|are|was|were|can|could|do|does|did|will|would|should|has|have|may"
            r"|kann|ist|sind|habt|gibt|est-ce|puis-je|puedo|posso|kan|is)\b",
        ),
    )
)
"""A kind's name (``checking.Asked``) and what tells it."""
