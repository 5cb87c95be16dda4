"""What the knowledge page is made of beside the services."""

from __future__ import annotations

from collections.abc import Callable

import config
from core.ports.embedding import Embedder
from gateway.compose import Shared, now
from gateway.gap_board import GapBoard
from gateway.http.knowledge_page import Parts
from kb_sync.gate import Verdict, refused_among, refused_in


def page_parts(shared: Shared, settings: Callable[[], config.Settings]) -> Parts:
    """The parts; ``settings`` gives them as they are now, for a reload may bring a tenant or another embedder."""

    def embedder_of(tenant: str) -> Embedder | None:
        found = next((each for each in settings().tenants if each.id == tenant), None)
        return None if found is None else shared.embedders.at_hand(found)

    def refused_of(tenant: str) -> Verdict | None:
        files = shared.library.files
        return refused_in(shared.library.folder(tenant)) if files is None else refused_among(files, tenant)

    board = GapBoard(shared.store, shared.library.store, embedder_of=embedder_of, clock=now)
    return Parts(board=board, refused_of=refused_of)
