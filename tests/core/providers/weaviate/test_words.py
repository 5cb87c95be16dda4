"""Names, tokens, counts and scores: the pure half of the index on Weaviate."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from core.ports.knowledge import SearchQuery
from core.providers.embedded import EmbeddedEngine
from core.providers.embedded.questions import languages_of
from core.providers.embedded.terms import Terms, taken_apart
from core.providers.weaviate.names import alias_of, collection_of, prefix_of, shelf_of
from core.providers.weaviate.scoring import Scoring, asked
from core.providers.weaviate.tokens import MARKS, Tokens, tokens_of
from core.providers.weaviate.vocabulary import PIECE_BYTES, Counts, Words, pieces, whole
from tests.contracts.index_contract import CHUNKS, IN_LANGUAGES, make_chunk

ALL = (*CHUNKS, *IN_LANGUAGES)
TENANTS = ("a", "A", "a ", "a_b", "ab", "a/../b", "a\n", "Ä", "live", "x" * 300, "x" * 301, '"', "🙂", "a:b", "\ud800")


def counted(*chunks: Tokens) -> Counts:
    counts = Counts()
    for chunk in chunks:
        counts.add(chunk)
    return counts


@pytest.fixture(scope="module")
def words() -> Words:
    return Words(counted(*map(tokens_of, ALL)).packed(), len(ALL))


def terms_of(words: Words, text: str, language: str = "en") -> Terms:
    query = SearchQuery(text=text, language=language)
    return taken_apart(query, languages_of(query, {"en": 9, "de": 1, "fr": 1}), words)


def test_no_two_tenants_or_generations_share_a_name() -> None:
    names = [collection_of(tenant, generation) for tenant in TENANTS for generation in TENANTS]
    names += map(alias_of, TENANTS)
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9_]{1,230}", name) for name in names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", shelf_of(tenant)) for tenant in TENANTS)


def test_a_tenants_collections_are_told_from_anothers_by_how_they_begin() -> None:
    for tenant in TENANTS:
        others = [collection_of(other, "g1") for other in TENANTS if other != tenant]
        assert collection_of(tenant, "g1").startswith(prefix_of(tenant))
        assert not any(name.startswith(prefix_of(tenant)) for name in others)


def test_every_language_has_a_mark_of_its_own() -> None:
    assert len(set(MARKS.values())) == len(MARKS) and MARKS["en"] == ""


def test_tokens() -> None:
    chunk = make_chunk("x", "Größere Pumpen TM-200/b", title="Über", language="de-AT")
    found = tokens_of(chunk)
    assert found.language == "de" and found.title.split()[0] == "d:uber" and found.codes == "tm-200/b"
    assert found.body.split()[:5] == ["d:gross", "d:pump", "d:tm", "d:200", "d:b"]
    assert found.body.split()[5:] == ["d:gross", "d:gross", "d:uber", "d:uber"], "as people type them"
    assert tokens_of(replace(chunk, language=None, text="Pumps", title="", heading="")).body == "pump"


def test_counts_are_those_of_the_text_index(words: Words, tmp_path: Path) -> None:
    """Tantivy's, which the weights of words are computed from in the embedded engine."""
    engine = EmbeddedEngine()
    engine.build(tmp_path, "g1", ALL)
    known = engine.open(tmp_path, "g1")._vocabulary
    for language, stem in (("en", "pump"), ("en", "word"), ("de", "tag"), ("fr", "rembours"), ("en", "nowher")):
        for field in ("body", "title"):
            assert words.held(language, stem, field) == known.held(language, stem, field), (language, stem, field)
    for prefix in ("pu", "wo", "di"):
        assert words.with_prefix("en", prefix) == sorted(known.with_prefix("en", prefix)) != []
    assert words.weight(3) == known.weight(3) and words.is_small and words.held_token("sql-0911", "codes") == 1


def test_what_is_taken_off_is_gone_without_a_trace() -> None:
    every = [tokens_of(chunk) for chunk in ALL]
    counts = counted(*every)
    for one in every[3:]:
        counts.remove(one)
    assert counts.packed() == counted(*every[:3]).packed()
    again = Counts.of(Words(counts.packed(), 3), counts.languages)
    again.add(every[3])
    assert again.packed() == counted(*every[:4]).packed()


def test_pieces() -> None:
    packed = bytes(range(256)) * 5_000
    cut = pieces(packed)
    assert len(cut) == -(-len(packed) // PIECE_BYTES) > 1 and whole(cut) == packed and pieces(b"") == []


@pytest.mark.parametrize("damage", [lambda it: it[:-9], lambda it: b"", lambda it: b"\0" + it[1:]])
def test_a_damaged_vocabulary_is_noticed(damage: object) -> None:
    packed = counted(*map(tokens_of, ALL)).packed()
    with pytest.raises(ValueError):
        Words(damage(packed), len(ALL))  # type: ignore[operator]


def test_what_is_asked_are_known_tokens_and_nothing_else(words: Words) -> None:
    """Whatever was typed, the search engine is given words that stand in the generation, so none can be its syntax."""
    held = {token for chunk in ALL for text in vars_of(tokens_of(chunk)) for token in text.split()}
    for text in (
        'pump" OR audience:staff',
        "title^9 roses*",
        "sql-0911 pump",
        "{pump} (return) -roses ~compost",
        "\0pump",
    ):
        sent = asked(terms_of(words, text), words)
        assert sent and set(sent.split()) <= held, text
    assert asked(terms_of(words, "zz-99 qwx"), words) == ""
    assert asked(terms_of(words, "sql-0911"), words).split().count("sql-0911") > 1


def vars_of(tokens: Tokens) -> tuple[str, str, str]:
    return tokens.title, tokens.body, tokens.codes


@pytest.mark.parametrize(
    "text", ["return goods", "pump jammed", "version 8.5.5.9", "sql-0911", "identical words compost", "roses sun rain"]
)
def test_scores_are_those_of_the_embedded_index(words: Words, tmp_path: Path, text: str) -> None:
    """But for lengths, which tantivy keeps in a byte; these are short enough for it to be exact."""
    engine = EmbeddedEngine()
    engine.build(tmp_path, "g1", ALL)
    query = SearchQuery(text=text, audiences=("public", "staff"))
    scoring = Scoring(terms_of(words, text), words, len(ALL))
    passages = engine.open(tmp_path, "g1").search(query).passages
    assert passages
    for passage in passages:
        title, body, codes = vars_of(tokens_of(passage.chunk))
        score = scoring.of({"title": title, "body": body, "codes": codes})
        assert score == pytest.approx(passage.features["bm25"], rel=1e-3), passage.chunk.id


def test_a_chunk_without_a_word_of_the_question_scores_nothing(words: Words) -> None:
    assert Scoring(terms_of(words, "pump"), words, len(ALL)).of({"body": "rose grow", "title": ""}) == 0.0
