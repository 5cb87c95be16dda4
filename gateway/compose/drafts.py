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
from gateway.compose.library import Library
from kb_sync.gaps.drafting import Draft, answer_of, draft
from kb_sync.gaps.duplicates import alike
from kb_sync.gaps.fixing import fixed, lost
from kb_sync.golden import golden_questions

if TYPE_CHECKING:
    from kb_sync.gaps import GapList


def drafts_of(
    tenant: config.Tenant,
    found: GapList,
    *,
    library: Library,
    embedder: Embedder | None,
) -> list[Draft]:
    """A draft of every gap that an agent answered; without a readable index nothing is compared.

    ``KnowledgeUnavailable`` names a line of the golden questions that is none.
    """
    with _live(tenant.id, library, embedder) as index:
        path = tenant.knowledge.gate.golden
        wanted = lost(golden_questions(Path(path)), index) if index is not None and path is not None else ()
        made = []
        for gap in found.gaps:
            like = alike(gap.title, answer_of(gap), index, embedder) if index and gap.resolutions else ()
            made.append(draft(gap, embedder=embedder, like=like, fixes=fixed(gap, wanted, embedder)))
    return [each for each in made if each is not None]


@contextmanager
def _live(tenant: str, library: Library, embedder: Embedder | None) -> Iterator[KnowledgeIndex | None]:
    live = library.store.live(tenant)
    try:
        index = library.engine(tenant, embedder).open(library.folder(tenant) / live.id, live.id) if live else None
    except KnowledgeUnavailable:
        index = None
    try:
        yield index
    finally:
        if index is not None:
            index.close()
