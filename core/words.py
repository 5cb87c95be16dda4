"""Words of seven languages: folding, splitting, stems, stop words and sentences.  Pure; shared by the steps and the index."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import snowballstemmer


def listed(words_with_spaces: str) -> frozenset[str]:
    """A lexicon as people read it: words with spaces between."""
    return frozenset(words_with_spaces.split())


STEMMERS = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "pt": "portuguese",
    "it": "italian",
    "nl": "dutch",
}

_STOP_TEXT = {
    "en": (
        "a an the of to in on at for and or is are was were be been being it its it's i my me mine we our us you "
        "your yours "
        "this that these those with as by from can can't cannot could do does did don't doesn't didn't doing done "
        "how what when "
        "where which who whom whose why have has had haven't hasn't having no not but if so then than there their "
        "them they he "
        "she his her will won't would wouldn't should am any all some get got im i'm ive i've i'd i'll dont cant "
        "into about out "
        "up just like also please hi hello hey thanks thank want need know tell help let's lets there's what's "
        "that's isn't "
        "aren't wasn't now one ones anyone someone something anything"
    ),
    "de": (
        "der die das den dem des ein eine einen einem einer eines und oder ist sind war waren sein bin bist ich du "
        "er sie es wir "
        "ihr mich mir dich dir uns euch mein meine meinen meinem meiner dein deine ihre ihren ihrem unser unsere auf "
        "in im an am "
        "zu zum zur von vom für mit bei aus nach über unter um als wie was wann wo wer wen wem warum wieso welche "
        "welcher "
        "welches welchen kann können könnte muss müssen soll sollen will wollen darf habe hat haben hatte nicht kein "
        "keine "
        "keinen aber wenn dann so auch nur noch man bitte hallo danke es gibt gibt wird werden wurde dass möchte "
        "brauche"
    ),
    "fr": (
        "le la les l un une des du de d et ou est sont était être suis es je j tu il elle on nous vous ils elles me "
        "m te t se s "
        "mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces dans en sur sous à au aux "
        "pour par avec "
        "sans chez que qu qui quoi quel quelle quels quelles quand où comment pourquoi combien peux peut pouvez puis "
        "dois doit "
        "faut ai as a avons avez ont ne n pas plus mais si alors aussi bonjour merci svp plaît voudrais veux y"
    ),
    "es": (
        "el la los las un una unos unas de del al y o u es son era ser soy estar está están yo tú él ella nosotros "
        "ustedes ellos "
        "me te se nos le les lo mi mis tu tus su sus nuestro nuestra en sobre a para por con sin que qué quien quién "
        "cual cuál "
        "cuáles cuando cuándo donde dónde como cómo por qué cuánto cuánta puedo puede pueden debo debe hay he ha han "
        "no pero si sí "
        "también ya hola gracias favor quiero quisiera necesito"
    ),
    "pt": (
        "o a os as um uma uns umas de do da dos das em no na nos nas e ou é são era ser sou está estão eu tu ele ela "
        "nós vocês "
        "você eles me te se lhe meu minha meus minhas seu sua seus suas nosso nossa para por pelo pela com sem que "
        "quem qual "
        "quais quando onde como porque quanto posso pode podem devo deve há não mas se também já olá obrigado "
        "obrigada favor "
        "quero preciso ao à"
    ),
    "it": (
        "il lo la i gli le un uno una di del della dei delle dello a al alla ai alle da dal dalla in nel nella con "
        "su sul sulla "
        "per tra fra e o è sono era essere io tu lui lei noi voi loro mi ti si ci vi mio mia miei mie tuo tua suo "
        "sua nostro "
        "nostra che chi cosa quale quali quando dove come perché quanto posso può possono devo deve c'è ho ha hanno "
        "non ma se "
        "anche già ciao grazie favore vorrei voglio bisogno"
    ),
    "nl": (
        "de het een en of is zijn was waren ben bent ik jij je u hij zij ze wij we jullie mij me mijn jouw uw zijn "
        "haar ons onze "
        "hun in op aan te ten ter van voor met bij uit naar over onder om als dan dat die dit deze wat wanneer waar "
        "wie waarom "
        "hoe welke kan kunnen kunt moet moeten wil willen mag heb heeft hebben had niet geen maar ook nog er hallo "
        "dank bedankt "
        "alstublieft graag worden wordt"
    ),
}

KEPT_STEMS = 32_768
"""Of a language; they are let go together, since to know the oldest would cost each look more than a new stem now and then."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_APART = "".join(chr(code).lower() if chr(code).isalnum() or chr(code) == "'" else " " for code in range(128))
"""ASCII, folded, with spaces for all that is in no word."""

_ABBREVIATIONS = listed(
    "e.g i.e etc vs no nr approx ca dr mr mrs ms st inc ltd co corp fig min max tel z.b u.a d.h usw bzw evtl ggf "
    "p.ex env sr sra "
    "a.m p.m resp incl excl"
)
_SENTENCE_END = re.compile(r"[.!?…。！？](?:(?<=[。！？])|[.!?…]*[\"'”’)\]]*(?=\s))")
"""Begins with its set of marks, so that the search passes over all else at once."""


def fold(text: str) -> str:
    """Lower case without accents and with plain apostrophes: "Übergrößé’s" → "ubergrosse's"."""
    if text.isascii():
        return text.lower()
    return without_marks(unicodedata.normalize("NFKD", text.replace("’", "'").casefold()))


def without_marks(spread: str) -> str:
    """A decomposed text without its combining marks; most have a sign or a dash that is not ASCII, and no mark at all."""
    marks = [ord(ch) for ch in set(spread) if unicodedata.combining(ch)]
    return spread.translate(dict.fromkeys(marks)) if marks else spread


def words(text: str) -> list[str]:
    """The words of a text, folded, in order; "don't" is one word, "e-mail" two."""
    if not text.isascii():
        return _WORD.findall(fold(text))
    apart = text.translate(_APART)
    return _WORD.findall(apart) if "'" in apart else apart.split()


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words that tell nothing, folded; those of English for an unknown language."""
    listed = _STOP_TEXT.get(language, _STOP_TEXT["en"])
    return frozenset(word for known in listed.split() for word in (fold(known), *words(known)))


class _Stems(dict[str, str]):
    """Word → stem, for the words of one language that were asked for; a plain dict, which a hit only reads."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __missing__(self, word: str) -> str:
        if len(self) >= KEPT_STEMS:
            self.clear()
        made = self[word] = str(_stemmer(self._name).stemWord(word.split("'", maxsplit=1)[0]))
        return made


_STEMS = {name: _Stems(name) for name in STEMMERS.values()}


def stem(word: str, language: str = "en") -> str:
    """The stem of a folded word."""
    return _STEMS[STEMMERS.get(language, "english")][word]


def stems_of(said: Iterable[str], language: str) -> Iterator[str]:
    """The stems of folded words, in order."""
    return map(_STEMS[STEMMERS.get(language, "english")].__getitem__, said)


_PER_THREAD = threading.local()  # a stemmer keeps its cursor in itself


def _stemmer(name: str) -> snowballstemmer.Stemmer:
    made: dict[str, snowballstemmer.Stemmer] = _PER_THREAD.__dict__
    if name not in made:
        import snowballstemmer  # noqa: PLC0415  in C where PyStemmer is installed, as our lock has it: 2 µs a word, not 40

        made[name] = snowballstemmer.stemmer(name)
    return made[name]


def stems(text: str, language: str = "en") -> list[str]:
    """The stems of a text's telling words, in order."""
    stop = stop_words(language)
    return list(stems_of([word for word in words(text) if word not in stop], language))


def sentences(text: str) -> Iterator[str]:
    """Split running text into sentences; keeps "e.g.", "3.5", "No. 7" and "https://a.b/c" whole."""
    start = 0
    for end in _SENTENCE_END.finditer(text):
        if _is_abbreviation(text, start, end):
            continue
        sentence = text[start : end.end()].strip()
        if sentence:
            yield sentence
        start = end.end()
    rest = text[start:].strip()
    if rest:
        yield rest


def _is_abbreviation(text: str, start: int, end: re.Match[str]) -> bool:
    if end.group()[0] != "." or end.group() == "...":
        return False
    before = text[start : end.start()].rsplit(None, 1)
    last = before[-1].lower().lstrip("(\"'") if before else ""
    following = text[end.end() : end.end() + 3].lstrip()
    return last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha()) or (bool(following) and following[0].islower())
