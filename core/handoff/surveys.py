"""The question at the end of a case, by the kind of survey and the language.  Pure.

Both surveys are answered 1 to 5, the best last, as channels draw it; effort is asked so that 5 is "very easy".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.handoff.assisting import Survey
from core.notices import DEFAULT_NOTICES, Notices

NOTICE: Final = "resolved"

EFFORT: Final[Mapping[str, str]] = {
    "en": "This conversation is marked as resolved. How easy was it to get help? 1 is very hard, 5 very easy.",
    "de": "Dieses Gespräch ist als gelöst markiert. Wie leicht war es, Hilfe zu bekommen? 1 ist sehr schwer, 5 sehr leicht.",
    "fr": "Cette conversation est close. A-t-il été facile d'obtenir de l'aide ? 1 : très difficile, 5 : très facile.",
    "es": "Esta conversación está resuelta. ¿Fue fácil obtener ayuda? 1 es muy difícil, 5 muy fácil.",
    "pt": "Esta conversa está resolvida. Foi fácil obter ajuda? 1 é muito difícil, 5 muito fácil.",
    "it": "Questa conversazione è risolta. È stato facile ricevere aiuto? 1 è molto difficile, 5 molto facile.",
    "nl": "Dit gesprek is opgelost. Hoe makkelijk was het om hulp te krijgen? 1 is heel moeilijk, 5 heel makkelijk.",
}
CLOSED: Final[Mapping[str, str]] = {
    "en": "This conversation is marked as resolved. Write again whenever you need us.",
    "de": "Dieses Gespräch ist als gelöst markiert. Schreiben Sie einfach wieder, wenn Sie uns brauchen.",
    "fr": "Cette conversation est close. Écrivez-nous à nouveau si vous avez besoin de nous.",
    "es": "Esta conversación está resuelta. Escríbanos de nuevo cuando nos necesite.",
    "pt": "Esta conversa está resolvida. Escreva-nos de novo quando precisar.",
    "it": "Questa conversazione è risolta. Ci scriva di nuovo quando ha bisogno di noi.",
    "nl": "Dit gesprek is opgelost. Schrijf ons gerust weer als u ons nodig heeft.",
}


def surveyed(notices: Notices, survey: Survey) -> Notices:
    """The notices with this survey's question, or with none; an operator's own wording of ``resolved`` stays."""
    notices = replace(notices, asks=survey is not Survey.NONE)
    texts = {Survey.CES: EFFORT, Survey.NONE: CLOSED}.get(survey)
    if texts is None:
        return notices
    own = notices.default.get(NOTICE, DEFAULT_NOTICES[NOTICE])
    if own != DEFAULT_NOTICES[NOTICE]:
        return notices
    languages = {*texts, *notices.by_language}
    by_language = {
        language: {**({NOTICE: texts[language]} if language in texts else {}), **notices.by_language.get(language, {})}
        for language in languages
    }
    return replace(notices, default={**notices.default, NOTICE: texts["en"]}, by_language=by_language)
