"""Documents, generations, runs and candidates for tests of knowledge stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from core.candidates import Candidate, CandidateStore, Source
from core.ports.knowledge import Document, Generation, SourceRun
from core.ports.knowledge_store import KnowledgeStore

AT = datetime(2026, 4, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUN = SourceRun(tenant="acme", source="help", kind="folder", started_at=AT, finished_at=None, outcome="running")


class WholeStore(KnowledgeStore, CandidateStore, Protocol):
    """All that the knowledge of a tenant is kept in."""


def document(
    name: str, *, tenant: str = "acme", source: str = "help", body: str = "Text", origin: str = ""
) -> Document:
    return Document(
        id=f"d_{tenant}_{source}_{name}", tenant=tenant, source=source, external_id=name, title=f"Title {name}", url=None,
        body=body, hash=f"h-{body}", language="en", audience="public", category="", updated_at=AT, synced_at=AT, origin=origin,
    )  # fmt: skip


def generation(name: str, *, tenant: str = "acme", age_s: int = 0) -> Generation:
    return Generation(
        id=name, tenant=tenant, state="building", signature="s", documents=0, chunks=0, created_at=AT - timedelta(seconds=age_s),
        live_at=None,
    )  # fmt: skip


def candidate(name: str, *, tenant: str = "acme", age_s: int = 0, state: str = "open") -> Candidate:
    return Candidate(
        id=name,
        tenant=tenant,
        conv=f"c_{name}",
        episode=1,
        questions=(f"What is {name}?",),
        answers=("Größe 👍", "and more"),
        cited=(Source(document_id="d_1", external_id="sizes", title="Sizes"),),
        reason="asked",
        language="de",
        tags=("billing",),
        learned_at=AT - timedelta(seconds=age_s),
        state=state,
    )


def put(store: KnowledgeStore, *documents: Document) -> None:
    """Each in a call of its own."""
    for each in documents:
        store.apply(each.tenant, each.source, put=[each], remove=[])
