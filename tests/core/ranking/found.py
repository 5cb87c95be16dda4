"""Small search results, written by hand."""

from __future__ import annotations

from core.ports.knowledge import Chunk, Passage, SearchQuery, SearchResult


def chunk(name: str, text: str, *, title: str = "", category: str = "") -> Chunk:
    return Chunk(
        id=f"k_{name}",
        document_id=f"d_{name}",
        external_id=name,
        source="help",
        ordinal=0,
        title=title,
        heading="",
        anchor=None,
        url=None,
        text=text,
        language="en",
        audience="public",
        category=category,
    )


def passage(
    name: str, text: str, bm25: float, cosine: float | None = None, *, title: str = "", category: str = ""
) -> Passage:
    features = {"bm25": bm25} if cosine is None else {"bm25": bm25, "cosine": cosine}
    return Passage(chunk=chunk(name, text, title=title, category=category), score=bm25, features=features)


def result(*passages: Passage, terms: dict[str, float] | None = None) -> SearchResult:
    return SearchResult(generation="g1", passages=passages, terms=terms or {})


PUMP = "The pump of the XR-200 is jammed when E03 shows. Close the tap, then clean the filter."
PUMP_TERMS = {"clean": 3.0, "filter": 4.0, "xr": 6.0, "200": 5.0}
ASKED = SearchQuery(text="How do I clean the filter of the XR-200?")


def clear() -> SearchResult:
    """One passage that answers, and nine that have nothing to do with it."""
    others = (
        passage(f"other{n}", "Roses grow in the sun.", 2.0 - n / 10, 0.2 - n / 100, title="Roses") for n in range(9)
    )
    return result(passage("pump", PUMP, 60.0, 0.8, title="Clean the filter of the XR-200"), *others, terms=PUMP_TERMS)


def muddled() -> SearchResult:
    """Ten passages, one as bad as the other."""
    return result(
        *(passage(f"other{n}", "Clean water is good for roses.", 6.0 - n / 50, 0.3 - n / 200) for n in range(10)),
        terms=PUMP_TERMS,
    )
