"""Ask a suite's questions over HTTP, a conversation each, and read what the engine thought from the admin's trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import ClientSession, ClientTimeout, encode_basic_auth

from evals.chat import Answer, ask
from evals.suite import DECISIONS, Prediction, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a server listens, and an admin's login."""

    url: str
    internal_url: str
    admin: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A prediction beside what the customer's side saw."""

    prediction: Prediction
    first_token_s: float | None
    is_answered: bool
    unresolved_citations: int


class RunFailed(Exception):
    """The server did not answer a question as its interface says."""


async def run_suite(place: Place, suite: Suite, *, on_question: Callable[[], None]) -> list[Asked]:
    """Ask every question, one after the other; ``on_question`` is told after each."""
    asked: list[Asked] = []
    admin = {"authorization": encode_basic_auth(place.admin, place.password)}
    async with ClientSession(timeout=ClientTimeout(total=60)) as session:
        for question in suite.questions:
            answer = await ask(session, place.url, question.text)
            if answer.status != 200 or "done" not in answer.events:
                raise RunFailed(f"{question.id}: status {answer.status}, events {answer.events}")
            asked.append(await _asked(session, admin, place, question.id, answer))
            on_question()
    return asked


async def _asked(session: ClientSession, admin: dict[str, str], place: Place, question: str, answer: Answer) -> Asked:
    async with session.get(f"{place.internal_url}/admin/trace/{answer.conv}", headers=admin) as response:
        if response.status != 200:
            raise RunFailed(f"{question}: the trace answered {response.status}")
        trace = await response.json()
    return Asked(
        prediction=Prediction(
            id=question,
            ranked=tuple(trace["ranked"][:20]),
            decision=DECISIONS.get(trace["decision"], "answer" if answer.sources else "handoff"),
            confidence=trace["confidence"],
            answer=answer.text,
            citations=tuple(dict.fromkeys(source["external_id"] for source in answer.sources)),
            latency_ms=round(answer.total_s * 1e3, 2),
        ),
        first_token_s=answer.first_token_s,
        is_answered=trace["decision"] == "answer",
        unresolved_citations=await _unresolved(session, place, answer),
    )


async def _unresolved(session: ClientSession, place: Place, answer: Answer) -> int:
    """How many of the answer's citations lead nowhere."""
    missing = 0
    for document in {source["document_id"] for source in answer.sources}:
        async with session.get(f"{place.url}/kb/documents/{document}") as response:
            missing += response.status != 200
    return missing
