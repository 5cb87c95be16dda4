"""How the contact sounds, by a small lexicon of support talk.  Pure.

A problem is not anger: "my order is broken" is what support is for.  What counts is what people say when they are fed up or glad.
"""

from __future__ import annotations

import re

from core.settings import Sentiment
from core.words import fold, listed, words

_NEGATIVE = {
    2: listed(
        "terrible horrible awful worst disgusting disgrace disgraceful unacceptable ridiculous pathetic useless scam "
        "scammers ripoff "
        "furious angry fuming outraged outrageous livid crap bullshit shit fuck fucking fucked idiots idiot stupid "
        "garbage rubbish joke "
        "hate hated appalling shameful incompetent thieves frechheit unverschamt unverschamtheit katastrophe "
        "schrecklich furchtbar "
        "scheisse scheiss mist wutend sauer betrug abzocke inakzeptabel unfassbar nul honte scandaleux scandale "
        "inacceptable arnaque "
        "merde furieux furieuse lamentable inutile pesimo horribile vergogna vergognoso inaccettabile truffa "
        "verguenza inaceptable estafa "
        "mierda inutil pessimo ridiculo vergonha absurdo golpe schandalig waardeloos belachelijk onacceptabel "
        "oplichting"
    ),
    1: listed(
        "frustrated frustrating annoyed annoying disappointed disappointing disappointment upset unhappy bad poor "
        "unhelpful wasted wasting "
        "nonsense sick tired complaint complain enttauscht enttauschend argerlich nervt genervt schlecht unzufrieden "
        "decu decue decevant "
        "enerve enervant mecontent insatisfait frustrado frustrada molesto decepcionado decepcionada malo mala mal "
        "delusa deluso "
        "arrabbiato scontento pessima chateado irritado decepcionante slecht teleurgesteld boos ontevreden"
    ),
}
_POSITIVE = listed(
    "great awesome excellent amazing perfect love loved wonderful fantastic happy helpful brilliant good nice best "
    "pleased thanks thank "
    "super toll prima perfekt ausgezeichnet danke wunderbar zufrieden parfait genial excellente merveilleux merci "
    "content perfecto "
    "excelente genial gracias encantado contento perfetto ottimo grazie fantastico felice obrigado obrigada otimo "
    "maravilhoso feliz "
    "geweldig fijn bedankt tevreden blij"
)
_WEIGHTS = {word: -weight for weight, lexicon in _NEGATIVE.items() for word in lexicon} | dict.fromkeys(_POSITIVE, 1)
_NEGATIONS = listed(
    "not no never isn't wasn't aren't don't didn't doesn't hardly nicht kein keine nie pas jamais no nunca non mai "
    "nao niet geen nooit"
)
_PHRASES = re.compile(
    r"\b(?:(?:did|does)(?: not|n'?t) (?:help|answer|solve|work at all)|not (?:what i asked|helpful|good enough|"
    r"acceptable)|"
    r"(?:waste|wasting) (?:of )?(?:my )?time|fed up|sick of|had enough|for the (?:third|fourth|fifth|tenth) time|how "
    r"many times|"
    r"(?:still|again) no (?:reply|response|answer)|nobody (?:helps|answers|cares)|no one (?:helps|answers|cares)|"
    r"makes no sense|"
    r"so (?:annoying|frustrating)|you are no help|you're no help|what a joke|hilft (?:mir )?nicht|reicht mir|zum "
    r"(?:dritten|vierten) mal|"
    r"keine hilfe|ras le bol|marre|ca n'aide pas|perte de temps|no (?:me )?(?:ayuda|sirve)|perdida de tiempo|nao "
    r"(?:ajuda|ajudou)|"
    r"non (?:aiuta|serve a)|helpt niet)\b"
)
_SHOUTING = re.compile(r"[!?]{3,}")
NEGATIVE_AT, POSITIVE_AT = -1.5, 1.0


def score(text: str) -> float:
    """Below zero: fed up; above: glad.  Negation turns praise into a complaint, but a complaint only into nothing."""
    said = words(text)
    total = 0.0
    for at, word in enumerate(said):
        weight = float(_WEIGHTS.get(word, 0))
        is_negated = any(before in _NEGATIONS for before in said[max(0, at - 3) : at])
        total += (-1.0 if weight > 0 else 0.0) if is_negated and weight else weight
    total -= 2.0 * len(_PHRASES.findall(fold(text)))
    if _SHOUTING.search(text) and total < 0:
        total -= 0.5
    return total - (0.5 if _is_shouted(text) else 0.0)


def _is_shouted(text: str) -> bool:
    letters = [ch for ch in text if ch.isalpha()]
    return len(letters) >= 20 and sum(ch.isupper() for ch in letters) > 0.7 * len(letters)


def sentiment(text: str) -> Sentiment:
    """The label of ``score``."""
    total = score(text[:4_000])
    if total <= NEGATIVE_AT:
        return Sentiment.NEGATIVE
    return Sentiment.POSITIVE if total >= POSITIVE_AT else Sentiment.NEUTRAL
