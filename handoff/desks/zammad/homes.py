"""Where agents' articles were written, so that a merge brings no customer another one's answers.

When Zammad merges a ticket into another, all its articles move there with their ids, and only the line "merged" stays behind
(its source, November 2026).  Read naively, what was said to one customer would be news for the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import CaseGone
from core.ports.channel import Memory
from handoff.desks.zammad.api import ZammadApi
from handoff.desks.zammad.reading import is_merge_line

CHILD = "child"
"""The kind of link, as a ticket sees it, to those that were merged into it."""


class Homes:
    """The tickets in which articles were first seen."""

    def __init__(self, api: ZammadApi, memory: Memory) -> None:
        self._api = api
        self._memory = memory

    async def strange(self, ref: str, articles: Sequence[int]) -> frozenset[int]:
        """Those of a ticket's articles that were, or may have been, written in another one.

        One that was seen in a ticket is at home there.  One that nobody saw before a merge may belong to either side.
        """
        homes = {article: await self._memory.recall(_name(article)) for article in articles}
        unseen = [article for article, home in homes.items() if home is None]
        merged_at = await self._merged_at(ref) if unseen else 0
        for article in unseen:
            if article > merged_at:
                homes[article] = await self._memory.remember(_name(article), ref)
        return frozenset(article for article, home in homes.items() if home != ref)

    async def _merged_at(self, ref: str) -> int:
        """The newest line about a merge into this ticket: all articles that moved are older.  0: there was none."""
        newest = 0
        for kind, other in await self._api.linked(ref):
            if kind == CHILD:
                try:
                    lines = [article.id for article in await self._api.articles(str(other)) if is_merge_line(article)]
                except CaseGone:
                    continue
                newest = max(newest, *lines, 0)
        return newest


def _name(article: int) -> str:
    return f"zammad:article:{article}"
