"""One run of ``frontdesk migrate``: count, copy, compare, and say what is left to do."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TaskID

from gateway.cli.options import EXIT_NO, EXIT_OK
from gateway.cli.sync import say
from gateway.store.embedded.sqlite import SqliteStore
from gateway.store.knowledge import SqliteKnowledgeStore
from gateway.store.ledger import DocumentStore
from gateway.store.moving.move import Begun, Move, Plan, plan_of
from gateway.store.moving.verify import Mismatch, compare, compare_work, sample
from gateway.uploads import SharedUploads, carried, kept_in

if TYPE_CHECKING:
    import config as configuration
    from gateway.cli.migrate import Asked
    from gateway.store.documents import Documents

MOST_NAMED: Final = 20
KNOWLEDGE: Final = "knowledge.sqlite3"
MOST_CANDIDATES: Final = 10_000
READING_BACK: Final = "reading back"
FILES: Final = "files"


class Shown:
    """Progress bars on a terminal, nothing otherwise."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Shown:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def began(self, kind: str, total: int) -> None:
        """So many are to come."""
        self._tasks[kind] = self._bar.add_task(kind, total=total)

    def advanced(self, kind: str, count: int) -> None:
        """So many more are done."""
        self._bar.advance(self._tasks[kind], count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """The embedded store, held against any serve, and where to talk."""

    settings: configuration.Settings
    source: SqliteStore
    db: sqlite3.Connection
    out: Console
    errors: Console

    @classmethod
    @asynccontextmanager
    async def locked(
        cls, settings: configuration.Settings, path: Path, out: Console, errors: Console
    ) -> AsyncIterator[Moving]:
        """Open the file for this process alone; ``StoreLocked`` while a serve has it."""
        from gateway.compose import now

        source = SqliteStore(path, clock=now)
        await source.start()
        try:
            with closing(sqlite3.connect(path)) as db:
                db.execute("pragma query_only = on")
                yield cls(settings=settings, source=source, db=db, out=out, errors=errors)
        finally:
            await source.stop()

    async def run(self, documents: Documents, uploads: SharedUploads, asked: Asked) -> int:
        """Move into ``documents``, and files into ``uploads``; returns the exit code."""
        plan = plan_of(self.db)
        move = Move(self.db, documents, plan, clock=self.source.clock)
        begun = await move.begun()
        if begun is not None and begun.is_finished:
            return self._moved_before(begun)
        if asked.is_dry:
            return self._planned(plan, begun)
        if begun is not None:
            self._say("a move into this database was interrupted: it goes on")
        with Shown(self.out) as shown:
            began = time.monotonic()
            await move.copy(begun, shown)
            files = await asyncio.to_thread(self._carry_files, uploads, shown)
            took_s = time.monotonic() - began
            found = await self._compared(documents, plan, asked, shown)
        found += [
            Mismatch("", f"{name}: {there} of {wanted}") for name, (there, wanted) in (await move.missing()).items()
        ]
        if found:
            return self._differs(found)
        await move.finish()
        self._say(
            f"{plan.documents} documents of {plan.conversations} conversations stand in the target"
            f" ({took_s:.1f} s, {plan.documents / max(took_s, 1e-3):.0f}/s), read back and the same"
        )
        if files:
            self._say(f"{files} files of conversations stand there, too")
        self._left_to_do()
        return EXIT_OK

    def _carry_files(self, uploads: SharedUploads, shown: Shown) -> int:
        """How many now stand in the target; blocks."""
        found = kept_in(self.settings.data_dir / "uploads")
        shown.began(FILES, len(found))
        for _ in carried(found, uploads):
            shown.advanced(FILES, 1)
        return len(found)

    async def _compared(self, documents: Documents, plan: Plan, asked: Asked, shown: Shown) -> list[Mismatch]:
        """What the two stores say differently, each asked through its port."""
        target = DocumentStore(documents, clock=self.source.clock)
        most = plan.conversations if asked.bound is None else min(asked.bound, plan.conversations)
        shown.began(READING_BACK, most)
        found = [one async for one in compare_work(self.source, target, plan.tenants)]
        chosen = sample(self.db, asked.bound)
        compared = compare(self.source, target, chosen, compared=lambda: shown.advanced(READING_BACK, 1))
        async for one in compared:
            found.append(one)
            if len(found) > MOST_NAMED:
                break
        return found

    def _moved_before(self, begun: Begun) -> int:
        if begun.is_source_unchanged:
            self._say("everything was moved before; there is nothing to do")
            return EXIT_OK
        say(
            self.errors,
            "the move has ended, but the embedded store was written to since: what it got then is not in the target."
            " Was `serve` started with the old file?",
        )
        return EXIT_NO

    def _planned(self, plan: Plan, begun: Begun | None) -> int:
        for name, count in plan.counts.items():
            self._say(f"{name:<10} {count}")
        self._say(f"{plan.documents} documents of {plan.conversations} conversations, {len(plan.tenants)} tenants")
        self._say("the target is empty" if begun is None else "the target holds a part of this move, which would go on")
        return EXIT_OK

    def _differs(self, found: Sequence[Mismatch]) -> int:
        for one in found[:MOST_NAMED]:
            say(self.errors, f"differs: {one.place or 'the whole'}: {one.what}")
        if len(found) > MOST_NAMED:
            say(self.errors, "and more")
        say(
            self.errors,
            "The move has not ended and nobody can serve on the target; the embedded store is as it was."
            " Drop the target database and move again, or start `serve` with the old file.",
        )
        return EXIT_NO

    def _left_to_do(self) -> None:
        """What a move of conversations does not carry."""
        data_dir = self.settings.data_dir
        self._say("Left to do:")
        self._say("- `frontdesk sync`: the knowledge is built anew from its sources, where `knowledge` says")
        if self.settings.server.session_secret is None:
            self._say(f"- `server.session_secret`: all replicas need the one in {data_dir / 'session_secret'}")
        if (waiting := self._candidates()) > 0:
            self._say(f"- {waiting} candidates for articles stay in {data_dir / KNOWLEDGE}: `frontdesk kb candidates`")
        self._say(f"- keep {self.source.path} until you are content, and never serve on it again")

    def _candidates(self) -> int:
        path = self.settings.data_dir / KNOWLEDGE
        if not path.exists():
            return 0
        store = SqliteKnowledgeStore(path)
        return sum(len(store.candidates(tenant.id, limit=MOST_CANDIDATES)) for tenant in self.settings.tenants)

    def _say(self, text: str) -> None:
        say(self.out, text)
