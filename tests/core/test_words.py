"""Words: the quick stemmer gives what the plain one gives, since stems stand in indexes and in learned weights."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings import EngineSettings
from core.texts import text
from core.words import STEMMERS, sentences, stem, stop_words, words

SAID = ("found", "no_answer", "clarify", "clarify_open", "offer", "sorry", "attachment", "outage", "unfinished")
TRICKY = words(
    "generously happiness relational dying lies news outing inning skies ugly early exceeding Häuser größten verkäuflichen "
    "continuellement majestueux chantâmes habitaciones cuchillos bebêssemos quiméricas abbandonata pronunciamento "
    "lichamelijkheden opglimpende ijskast"
)


@pytest.mark.parametrize("language", STEMMERS)
def test_stems_are_those_of_the_plain_algorithm(language: str) -> None:
    name = STEMMERS[language]
    plain = getattr(import_module(f"snowballstemmer.{name}_stemmer"), f"{name.capitalize()}Stemmer")()
    said = [word for key in SAID for word in words(text(key, language=language, overrides=EngineSettings().texts))]
    every = {word.split("'", maxsplit=1)[0] for word in (*said, *TRICKY, *stop_words(language))}
    assert len(every) > 100
    assert {word: stem(word, language) for word in every} == {word: plain.stemWord(word) for word in every}


@given(st.text(alphabet="aZé9_'’-. \n\t\x1f", max_size=30))
def test_ascii_is_split_like_any_other_text(written: str) -> None:
    plain = re.findall(r"[^\W_]+(?:'[^\W_]+)*", written.casefold().replace("é", "e").replace("’", "'"))
    assert words(written) == plain


@given(st.text(alphabet='aB .!?…。)"\n', max_size=30))
def test_a_sentence_ends_where_its_last_mark_stands_before_a_space(written: str) -> None:
    mark = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]")
    told = list(sentences(written))
    assert "".join("".join(told).split()) == "".join(written.split())
    ends = {m.end() for m in mark.finditer(written)}
    at = 0
    for sentence in told[:-1]:
        at = written.index(sentence, at) + len(sentence)
        assert at in ends
