"""What people say to support when they are fed up or glad, in seven languages, folded."""

from __future__ import annotations

from core import late
from core.words import listed

NEGATIVE = {
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
POSITIVE = listed(
    "great awesome excellent amazing perfect love loved wonderful fantastic happy helpful brilliant good nice best "
    "pleased thanks thank "
    "super toll prima perfekt ausgezeichnet danke wunderbar zufrieden parfait genial excellente merveilleux merci "
    "content perfecto "
    "excelente genial gracias encantado contento perfetto ottimo grazie fantastico felice obrigado obrigada otimo "
    "maravilhoso feliz "
    "geweldig fijn bedankt tevreden blij"
)
WEIGHTS = {word: -weight for weight, lexicon in NEGATIVE.items() for word in lexicon} | dict.fromkeys(POSITIVE, 1)
NEGATIONS = listed(
    "not no never isn't wasn't aren't don't didn't doesn't hardly nicht kein keine nie pas jamais no nunca non mai "
    "nao niet geen nooit"
)
PHRASES = late.pattern(
    r"\b(?=\w)(?:(?:did|does)(?: not|n'?t) (?:help|answer|solve|work at all)|not (?:what i asked|helpful|good enough|"
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
