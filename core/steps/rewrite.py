"""Step 5, rewrite: from a message in a conversation to a query that stands for itself.  Pure.

Without a model, a follow-up borrows words: the contact's own earlier ones count less than the question's, the last reply's
less still.  On conversations whose questions lean on what came before this finds a tenth more of the right documents.  A
question that opens a topic of its own borrows hardly anything, or the former topic would answer it.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from core.entities import resolve
from core.ports.knowledge import SearchQuery
from core.settings import EngineSettings
from core.steps.recall import Memory
from core.words import fold, stem, stems, stop_words, words

MAX_CONTEXT_CHARS = 2_000
PICKED_WORDS = 5
"""A longer message asks something of its own, also when it names a choice."""

KEPT_TEXTS = 8
"""A turn asks for its message's stems again and again."""

TELLING_WORDS = 2
"""A question with fewer words of its own leans on what came before."""

_MARK = re.compile(r"\[\d{1,2}\]")
_POINTING = """
and or but also then that this these those it its they them their there one ones he she him her his same other another
und oder aber auch dann das dies diese dieser dieses es sie ihn ihm dort dafür davon damit dazu
et ou mais aussi cela ça ce cette ces il elle ils elles les y en là
y o pero también eso esto esa ese esos esas ello ellos ellas lo la los las ahí
e ou mas também isso isto esse essa eles elas lá ma anche questo questa quello quella lui lei loro
en of maar ook dat dit deze die het hij zij ze hen daar
"""
_POINTS_BACK = frozenset(_POINTING.split())


_FORMS = {
    "en": ((r"how (?:long|fast|soon|quickly)", ("time",)), (r"how (?:much|expensive)", ("cost", "price"))),
    "de": ((r"wie (?:lange|schnell)", ("Dauer", "Zeit")), (r"wie ?viel|wie teuer|was kostet", ("Kosten", "Preis"))),
    "fr": ((r"combien de temps", ("durée", "délai")), (r"combien|quel prix", ("prix", "frais"))),
    "es": ((r"cuanto (?:tiempo|tarda)", ("tiempo", "plazo")), (r"cuanto (?:cuesta|vale)", ("precio", "coste"))),
    "pt": ((r"quanto tempo", ("tempo", "prazo")), (r"quanto custa", ("preço", "custo"))),
    "it": ((r"quanto tempo", ("tempo", "durata")), (r"quanto costa", ("prezzo", "costo"))),
    "nl": ((r"hoe (?:lang|snel)", ("tijd", "duur")), (r"hoeveel kost|wat kost", ("kosten", "prijs"))),
}
"""Forms of questions (folded) and what articles call that which they ask for: "how long" is answered below "delivery times"."""


@cache
def _forms(language: str) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    return tuple((re.compile(rf"\b(?:{form})\b"), named) for form, named in _FORMS.get(language, ()))


def rewrite(text: str, memory: Memory, settings: EngineSettings, *, language: str, is_verified: bool) -> SearchQuery:
    """The query of this turn; who picks one of the choices just offered ("the second one") asks for that."""
    picked = resolve(text, memory.offered) if len(text.split()) <= PICKED_WORDS else None
    if picked is not None:
        text = memory.offered[picked]
    audiences = settings.audiences + (settings.verified_audiences if is_verified else ())
    earlier, replied = "\n".join(memory.contact), _MARK.sub("", memory.last_reply)
    is_alone = starts_anew(text, f"{earlier}\n{replied}", language)
    hints = earlier if is_alone else replied
    return SearchQuery(
        text=text,
        earlier=() if is_alone else tuple(said[:MAX_CONTEXT_CHARS] for said in memory.contact),
        hints=hints[:MAX_CONTEXT_CHARS],
        synonyms=also_called(text, settings, language),
        alike=alike(text, settings.search.synonyms, language),
        audiences=tuple(dict.fromkeys(audiences)),
        language=language,
        limit=settings.passages,
    )


def also_called(text: str, settings: EngineSettings, language: str) -> tuple[str, ...]:
    """Other words for what the question speaks of or asks for: the operator's, then those of its form that it does not say."""
    said = set(_stems(text, language))
    asked = fold(text)
    forms = next((named for form, named in _forms(language) if form.search(asked)), ())
    asked_for = (name for name in forms if said.isdisjoint(stems(name, language)))
    return tuple(dict.fromkeys((*synonyms(text, settings.search.synonyms, language), *asked_for)))


def synonyms(text: str, groups: tuple[tuple[str, ...], ...], language: str) -> tuple[str, ...]:
    """What else the operator calls what the question speaks of; words match by their stem, phrases word by word."""
    if not groups:
        return ()
    said, found = _spaced(text, language), dict[str, None]()
    for group in _stemmed(groups, language):
        if any(phrase in said for phrase in group.values()):
            found.update(dict.fromkeys(name for name, phrase in group.items() if phrase not in said))
    return tuple(found)


def alike(text: str, groups: tuple[tuple[str, ...], ...], language: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Telling words of the question with the single words that the operator uses for them, all folded.

    "Do you ship?" of an operator whose pages say "delivery" is then as telling as "Do you deliver?".
    """
    if not groups:
        return ()
    stop, known = stop_words(language), _singles(groups, language)
    found = dict[str, tuple[str, ...]]()
    for word in dict.fromkeys(words(text)):
        root = stem(word, language)
        others = (name for group in known if root in group.values() for name, own in group.items() if own != root)
        if word not in stop and (named := tuple(dict.fromkeys(others))):
            found[word] = named
    return tuple(found.items())


@lru_cache(maxsize=64)
def _singles(groups: tuple[tuple[str, ...], ...], language: str) -> tuple[dict[str, str], ...]:
    """For each group those of its names that are one word, folded, with their stems."""
    stemmed = _stemmed(groups, language)
    return tuple(
        {fold(name): phrase.strip() for name, phrase in group.items() if len(name.split()) == 1} for group in stemmed
    )


@lru_cache(maxsize=64)
def _stemmed(groups: tuple[tuple[str, ...], ...], language: str) -> tuple[dict[str, str], ...]:
    """For each group its names and their stems; a name of nothing but stop words stands for nothing."""
    spaced = ({name: _spaced(name, language) for name in group} for group in groups)
    return tuple({name: phrase for name, phrase in group.items() if phrase.strip()} for group in spaced)


def _spaced(text: str, language: str) -> str:
    return f" {' '.join(_stems(text, language))} "


@lru_cache(maxsize=KEPT_TEXTS)
def _stems(text: str, language: str) -> tuple[str, ...]:
    return tuple(stems(text, language))


def starts_anew(text: str, earlier: str, language: str) -> bool:
    """Whether a question opens a topic of its own.

    It has enough telling words, none that points back, and shares none with what was said before.
    """
    own = set(_stems(text, language))
    if len(own) < TELLING_WORDS or not _POINTS_BACK.isdisjoint(words(text)):
        return False
    return own.isdisjoint(stems(earlier, language))
