"""The worst of a suite's predictions: where to look first when a figure is short."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evals.label_metrics import tone
from evals.metrics import Pairs, cited, is_right
from evals.span_metrics import read_spans

EACH = 8
"""So many of every sort are shown."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One prediction that went wrong; ``wanted`` and ``said`` are in words or ids, ``details`` further lines."""

    id: str
    text: str
    wanted: tuple[str, ...]
    said: tuple[str, ...]
    history: tuple[tuple[str, str], ...] = ()
    details: tuple[tuple[str, str], ...] = ()


Sorts = Mapping[str, Sequence[Example]]
"""Heading → examples, the worst first."""


def worst(kind: str, pairs: Pairs) -> Sorts:
    """Examples by sort of mistake; sorts without any are left out."""
    makers: dict[str, Callable[[Pairs], dict[str, list[Example]]]] = {
        "retrieval": _questions,
        "intents": _intents,
        "entities": lambda pairs: _spans(pairs, is_pii=False),
        "pii": lambda pairs: _spans(pairs, is_pii=True),
        "sentiment": _tones,
        "grounding": lambda pairs: _flags(pairs, truth="supported", said="supported", text="response"),
        "injection": lambda pairs: _flags(pairs, truth="attack", said="flagged", text="text"),
    }
    return {heading: examples[:EACH] for heading, examples in makers[kind](pairs).items() if examples}


def _sure(prediction: Row) -> float:
    return float(prediction.get("confidence") or 0.0)


def _questions(pairs: Pairs) -> dict[str, list[Example]]:
    falling = sorted(pairs, key=lambda pair: -_sure(pair[1]))
    rising = falling[::-1]
    answered = [(i, p) for i, p in falling if p.get("decision") == "answer"]
    return {
        "Answered, though there is no answer": [_question(i, p) for i, p in answered if i["kind"] == "unanswerable"],
        "Answered from the wrong document": [
            _question(i, p) for i, p in answered if i["relevant"] and i["answerable"] and not is_right(i, p)
        ],
        "No relevant document among the first five": [
            _question(i, p)
            for i, p in falling
            if i["relevant"] and not set(i["relevant"]) & set((p.get("ranked") or [])[:5])
        ],
        "Not answered, though there is an answer": [
            _question(i, p) for i, p in rising if i["kind"] == "answerable" and p.get("decision") != "answer"
        ],
        "Answered, though it should be asked back": [
            _question(i, p) for i, p in answered if i["kind"] == "underspecified"
        ],
    }


def _question(item: Row, prediction: Row) -> Example:
    details = (("decision", f"{prediction.get('decision') or 'none'}, confidence {_sure(prediction):.2f}"),)
    more = (("answer", str(prediction.get("answer") or "")), ("reference", str(item.get("reference") or "")))
    return Example(
        id=str(item["id"]),
        text=item["question"],
        wanted=tuple(item["relevant"]),
        said=tuple(cited(prediction) or (prediction.get("ranked") or [])[:3]),
        history=tuple((turn["role"], turn["text"]) for turn in item["history"]),
        details=details + tuple((name, text) for name, text in more if text),
    )


def _intents(pairs: Pairs) -> dict[str, list[Example]]:
    falling = sorted(pairs, key=lambda pair: -_sure(pair[1]))
    wrong = [(i, p) for i, p in falling if p.get("intent") != i["intent"]]

    def made(item: Row, p: Row) -> Example:
        return Example(
            id=str(item["id"]),
            text=item["text"],
            wanted=(str(item["intent"] or "out of scope"),),
            said=(str(p.get("intent") or "out of scope"),),
            details=(("confidence", f"{_sure(p):.2f}"),),
        )

    return {
        "Another intent, and sure of it": [made(i, p) for i, p in wrong if i["intent"] and p.get("intent")],
        "Taken for an intent, though out of scope": [made(i, p) for i, p in wrong if i["intent"] is None],
        "Taken for out of scope": [made(i, p) for i, p in wrong[::-1] if i["intent"] and not p.get("intent")],
    }


def _spans(pairs: Pairs, *, is_pii: bool) -> dict[str, list[Example]]:
    rated = []
    for item, p in pairs:
        text = item["text"]
        wanted, said = (set(read_spans(row.get("entities"), is_pii=is_pii)) for row in (item, p))
        missed, extra = sorted(wanted - said), sorted(said - wanted)
        if not missed and not extra:
            continue
        example = Example(
            id=str(item["id"]),
            text=text,
            wanted=tuple(f"{span.type}: {text[span.start : span.end]}" for span in missed),
            said=tuple(f"{span.type}: {text[span.start : span.end]}" for span in extra),
        )
        rated.append((len(missed) + len(extra), example))
    rated.sort(key=lambda pair: -pair[0])
    return {"Missed (wanted) and wrong (said)": [example for _, example in rated]}


def _tones(pairs: Pairs) -> dict[str, list[Example]]:
    wrong = [(i, p) for i, p in pairs if p.get("label") != tone(i["score"])]
    wrong.sort(key=lambda pair: -abs(float(pair[0]["score"]) - float(pair[1].get("score") or 0.0)))
    return {
        "Furthest from the raters": [
            Example(
                id=str(i["id"]),
                text=i["text"],
                wanted=(f"{tone(i['score'])} ({i['score']:.2f})",),
                said=(f"{p.get('label')} ({float(p.get('score') or 0.0):.2f})",),
            )
            for i, p in wrong
        ]
    }


def _flags(pairs: Pairs, *, truth: str, said: str, text: str) -> dict[str, list[Example]]:
    def made(item: Row, p: Row) -> Example:
        evidence = "\n".join(item["knowledge"]) if "knowledge" in item else ""
        details = (("score", f"{float(p.get('score') or 0.0):.3f}"), *((("evidence", evidence),) if evidence else ()))
        return Example(
            id=str(item["id"]),
            text=item[text],
            wanted=(truth if item[truth] else f"not {truth}",),
            said=(said if p.get(said) else f"not {said}",),
            details=details,
        )

    falling = sorted(pairs, key=lambda pair: -float(pair[1].get("score") or 0.0))
    wrong = [(i, p) for i, p in falling if bool(p.get(said)) != bool(i[truth])]
    return {
        f"Taken for {truth}": [made(i, p) for i, p in wrong if not i[truth]],
        f"Not taken for {truth}": [made(i, p) for i, p in wrong[::-1] if i[truth]],
    }
