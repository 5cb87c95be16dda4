"""Drafts of a tenant's gaps: what agents answered, compared with the live knowledge and the golden questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import config
from core.errors import KnowledgeUnavailable
from core.ports.embedding import Embedder
from core.ports.knowledge import KnowledgeIndex
from core.ports.knowledge_store import KnowledgeStore
from gateway.compose.finding import engine_of
from gateway.compose.stores import index_root
from kb_sync.gaps.drafting import Draft, answer_of, draft
from kb_sync.gaps.duplicates import alike
from kb_sync.gaps.fixing import fixed, lost
from kb_sync.golden import golden_questions

if TYPE_CHECKING:
    from kb_sync.gaps import GapList


def drafts_of(
    settings: config.Settings,
    tenant: config.Tenant,
    found: GapList,
    *,
    store: KnowledgeStore,
    embedder: Embedder | None,
) -> list[Draft]:
    """A draft of every gap that an agent answered; without a readable index nothing is compared.

    ``KnowledgeUnavailable`` names a line of the golden questions that is none.
    """
    with _live(settings, tenant, store, embedder) as index:
        path = tenant.knowledge.gate.golden
        wanted = lost(golden_questions(Path(path)), index) if index is not None and path is not None else ()
        made = []
        for gap in found.gaps:
            like = alike(gap.title, answer_of(gap), index, embedder) if index and gap.resolutions else ()
            made.append(draft(gap, embedder=embedder, like=like, fixes=fixed(gap, wanted, embedder)))
    return [each for each in made if each is not None]


@contextmanager
def _live(
    settings: config.Settings, tenant: config.Tenant, store: KnowledgeStore, embedder: Embedder | None
) -> Iterator[KnowledgeIndex | None]:
    live = store.live(tenant.id)
    folder = index_root(settings, tenant.id)
    try:
        index = engine_of(settings, tenant.id, embedder).open(folder / live.id, live.id) if live else None
    except KnowledgeUnavailable:
        index = None
    try:
        yield index
    finally:
        if index is not None:
            index.close()
