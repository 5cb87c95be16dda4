"""Words as numbers: each word one number, whoever asks, and its stem leads to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ports.knowledge import Passage, SearchQuery
from core.ranking.features import measured
from core.ranking.numbering import FULL, LONG, Vocabularies, Vocabulary, split
from core.words import fold, stem
from tests.core.ranking.found import PUMP_TERMS, passage

TEXT = "Filters: clean the FILTER of the XR-200, then größere Filtern."


def told(vocabulary: Vocabulary, numbers: np.ndarray[tuple[int], np.dtype[np.int32]]) -> list[str]:
    by_number = {number: word for word, number in vocabulary.items()}
    return [by_number[number] for number in numbers.tolist()]


def test_a_text_is_its_words_in_order_and_a_title_those_that_tell() -> None:
    vocabulary = Vocabulary()
    assert told(vocabulary, vocabulary.text(TEXT)) == split(TEXT)
    assert told(vocabulary, vocabulary.telling("How to clean a pump 5", "en")) == ["clean", "pump", "5"]
    assert len(vocabulary.text("")) == len(vocabulary.telling("the", "en")) == 0


@given(texts=st.lists(st.text(max_size=40) | st.sampled_from([TEXT, "übergroße Äpfel", "été", "filters"]), max_size=6))
def test_a_stem_leads_to_all_its_words_also_those_that_come_later(texts: list[str]) -> None:
    vocabulary = Vocabulary()
    for language in ("en", "de", "en"):
        for text in texts:
            for number, word in zip(vocabulary.text(text).tolist(), split(text), strict=True):
                assert vocabulary[word] == number
                wanted = stem(fold(word), language)
                if wanted[:2] == word[:2] or not word.isascii():
                    assert number in vocabulary.of_stem(wanted, language)
                assert vocabulary.is_long()[number] == (len(word) >= LONG)


def test_what_is_not_asked_for_is_not_named() -> None:
    vocabulary = Vocabulary()
    vocabulary.text("filters filtering final")
    assert sorted(told(vocabulary, np.array(vocabulary.of_stem("filter", "en"), np.int32))) == ["filtering", "filters"]
    assert vocabulary.of_stem("pump", "en") == []


def test_threads_that_meet_the_same_new_words_give_them_one_number() -> None:
    vocabulary = Vocabulary()
    texts = [" ".join(f"word{(start + n) % 3_000}" for n in range(1_000)) for start in range(0, 3_000, 100)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(vocabulary.text, texts * 3))
    assert sorted(vocabulary.values()) == list(range(3_000))
    assert all(told(vocabulary, numbers) == split(text) for numbers, text in zip(found, texts * 3, strict=True))
    assert sorted(number for n in range(3_000) for number in vocabulary.of_stem(f"word{n}", "en")) == list(range(3_000))


def test_a_full_vocabulary_stays_readable_and_the_next_question_begins_a_new_one() -> None:
    vocabularies = Vocabularies()
    first = vocabularies.newest()
    first.text(TEXT)
    assert vocabularies.newest() is first
    numbers = first.text(" ".join(f"word{n}" for n in range(FULL + 5)))
    assert len(first.is_long()) > numbers.max() and not first.is_long()[numbers[:10]].any()
    assert first.is_long()[numbers[-1]]
    assert vocabularies.newest() is not first
    assert told(first, first.text(TEXT)) == split(TEXT)


@pytest.mark.parametrize("language", ["en", "de", "xx", None])
def test_what_was_read_before_changes_no_feature(language: str | None) -> None:
    """The same numbers from a vocabulary that knows the words and from one that meets them in another order."""
    passages: list[Passage] = [
        passage("a", TEXT, 9.0, title="Clean the filter"),
        passage("b", "Die Filter reinigen Sie größer.", 8.0, title="Übergröße"),
        passage("c", "Nothing of it.", 7.0),
    ]
    query = SearchQuery(text="How do I clean the filters?", earlier=("Größe of the pump",), language=language)
    before = measured(query, passages, PUMP_TERMS)
    measured(query, [passage("x", f"pump{n} reinigung filtering", 1.0) for n in range(30)], PUMP_TERMS)
    assert np.array_equal(measured(query, passages, PUMP_TERMS), before)
    turned = measured(query, passages[::-1], PUMP_TERMS)[::-1]
    assert np.allclose(turned, before, atol=1e-12)
