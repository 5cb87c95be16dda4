"""The last look at a search result: how far it can be trusted, and what to do with it.  Pure; 1-2 ms, in the search's thread."""

from __future__ import annotations

from dataclasses import replace

from core.ports.knowledge import Advice, Assessment, SearchQuery, SearchResult
from core.questions import question_key
from core.ranking.calibration import OVERALL, Calibration, Head
from core.ranking.confidence import inspect
from core.ranking.reasons import reasons
from core.ranking.settings import CalibrationSettings
from core.words import fold

NOTHING_FOUND = "nothing was found"
NAMED = 0.99
ASKED = 0.9
"""The least confidence in a page whose title is the question itself: whoever wrote it wrote the answer below."""

_DEFAULTS = CalibrationSettings()


def assess(
    query: SearchQuery,
    result: SearchResult,
    calibration: Calibration,
    settings: CalibrationSettings = _DEFAULTS,
) -> SearchResult:
    """The same passages with an ``assessment``; call it after the last change to their order."""
    if not result.passages:
        nothing = Assessment(confidence=0.0, vague=0.0, advice=Advice.DECLINE, because=(NOTHING_FOUND,))
        return replace(result, assessment=nothing)
    looked = inspect(query, result)
    head = calibration.head(has_cosine=looked.has_cosine)
    confidence = round(head.model.probability(looked.signals), 4)
    vague = round(calibration.vague.probability(looked.signals), 4)
    if _is_asked(query, result):
        confidence, vague = max(confidence, ASKED), 0.0
    ask_first_from = 1.0 if _is_named(result) else calibration.ask_first_from
    advice = advised(confidence, vague, _threshold(result, head, settings), calibration.clarify_from, ask_first_from)
    return replace(
        result,
        assessment=Assessment(
            confidence=confidence,
            vague=vague,
            advice=advice,
            because=reasons(query, looked, head.model, advice),
            signals=looked.signals,
        ),
    )


def _is_named(result: SearchResult) -> bool:
    """Whether the best passage's title says all of a question of several words: "delivery costs" means the page of that name."""
    return len(result.terms) > 1 and result.passages[0].features.get("title", 0.0) >= NAMED


def _is_asked(query: SearchQuery, result: SearchResult) -> bool:
    """Whether the best passage's title is the question, word for word but for what changes nothing and for one synonym."""
    best, language = result.passages[0], query.language or "en"
    if best.features.get("title_is", 0.0) < NAMED:
        return False
    title, said = question_key(best.chunk.title, language), fold(query.text)
    otherwise = (said.replace(word, name) for word, names in query.alike for name in names)
    return title.is_usable and any(question_key(text, language) == title for text in (query.text, *otherwise))


def _threshold(result: SearchResult, head: Head, settings: CalibrationSettings) -> float:
    """By the target of the best passage's category, else the common one."""
    category = result.passages[0].chunk.category
    return head.threshold(settings.categories.get(category, settings.wrong_answers_at_most), category or OVERALL)


def advised(confidence: float, vague: float, answer_from: float, clarify_from: float, ask_first_from: float) -> Advice:
    """Ask back a question that can hardly be meant as it stands; answer when sure enough; else see whether to ask back."""
    if vague >= ask_first_from:
        return Advice.CLARIFY
    if confidence >= answer_from:
        return Advice.ANSWER
    return Advice.CLARIFY if vague >= clarify_from else Advice.DECLINE
