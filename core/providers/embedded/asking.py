"""Terms as a tantivy query: built, never parsed, so nothing a contact writes is query syntax."""

from __future__ import annotations

from collections.abc import Iterator

import tantivy

from core.providers.embedded.terms import LanguageTerms, Terms, Vocabulary

TITLE_BOOST, CODE_BOOST, PHRASE_BOOST = 0.7, 1.5, 0.3
"""Weights beside the body's 1; the heading path counts as part of the title.  Recall on the dev suites is flat around them."""

_FIELDS = (("body", 1.0), ("title", TITLE_BOOST))


def words_asked(
    terms: Terms, known: Vocabulary, schema: tantivy.Schema, condition: tantivy.Query | None
) -> tantivy.Query:
    """Any of the words and codes, and the condition if there is one.

    Nothing but terms under one roof: tantivy adds them up fastest so.  Every chunk that holds one of them is scored: its Python
    binding gathers in a way that skips nothing, so the frequent words are what a search costs.
    """
    should = [query for part in terms.by_language for query in _words(part, known, schema)]
    return _under(condition, [*should, *_codes(terms, schema)])


def phrases_asked(
    terms: Terms, known: Vocabulary, schema: tantivy.Schema, condition: tantivy.Query | None
) -> tantivy.Query | None:
    """Any of the phrases, and the condition if there is one; None when there are no phrases."""
    should = [query for part in terms.by_language for query in _phrases(part, known, schema)]
    return _under(condition, should) if should else None


def _under(condition: tantivy.Query | None, should: list[tantivy.Query]) -> tantivy.Query:
    wanted = tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in should])
    if condition is None:
        return wanted
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), (tantivy.Occur.Must, condition)])


def _words(terms: LanguageTerms, known: Vocabulary, schema: tantivy.Schema) -> Iterator[tantivy.Query]:
    for stem, weight in terms.weights.items():
        for field, boost in _FIELDS:
            if not known.held(terms.language, stem, field):
                continue
            term = tantivy.Query.term_query(schema, f"{field}_{terms.language}", stem, "freq")
            yield tantivy.Query.boost_query(term, weight * boost)


def _phrases(terms: LanguageTerms, known: Vocabulary, schema: tantivy.Schema) -> Iterator[tantivy.Query]:
    for pair in terms.pairs:
        for field, boost in _FIELDS:
            if not all(known.held(terms.language, stem, field) for stem in pair):
                continue
            phrase = tantivy.Query.phrase_query(schema, f"{field}_{terms.language}", list(pair), slop=1)
            yield tantivy.Query.boost_query(phrase, boost * PHRASE_BOOST)


def _codes(terms: Terms, schema: tantivy.Schema) -> Iterator[tantivy.Query]:
    for code in sorted(terms.codes):
        yield tantivy.Query.boost_query(tantivy.Query.term_query(schema, "code", code, "freq"), CODE_BOOST)
