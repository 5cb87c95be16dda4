"""What a source says against what is stored of it: what is new, changed, gone, and what could not be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from core.ports.knowledge import Document, Loaded, SourceDocument, SourceProblem, SourceRun
from core.ports.knowledge_store import Entry

FREELY_REMOVED = 2
"""So few documents may always go, unless none is left: a small source is not held up by its every deletion."""


@dataclass(slots=True)
class Comparison:
    """One source while it is read; names of documents are external ids, items are what the source lists.

    ``known`` and ``versions`` are what was stored before, ``late`` the versions of items that lost documents: they are stored
    together with that loss.  ``withheld`` documents go whatever the gate says; those of ``closing`` still stand in the store.
    ``doubtful`` items could not be read whole, ``failed`` ones not at all.
    """

    known: Mapping[str, Entry]
    versions: Mapping[str, str]
    stale: frozenset[str]
    doubts: Mapping[str, list[SourceProblem]]
    of_item: Mapping[str, list[str]] = field(init=False)
    seen: set[str] = field(default_factory=set)
    listed: set[str] = field(default_factory=set)
    shrunk: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    problems: list[SourceProblem] = field(default_factory=list)
    put: list[Document] = field(default_factory=list)
    put_chars: int = 0
    read: dict[str, str] = field(default_factory=dict)
    late: dict[str, str] = field(default_factory=dict)
    withdrawn: list[str] = field(default_factory=list)
    withheld: set[str] = field(default_factory=set)
    closing: list[str] = field(default_factory=list)
    added: int = 0
    changed: int = 0
    skipped: int = 0

    def __post_init__(self) -> None:
        of_item: dict[str, list[str]] = defaultdict(list)
        for name, entry in self.known.items():
            of_item[entry.origin].append(name)
        self.of_item = dict(of_item)

    def version_of(self, item: SourceDocument) -> str | None:
        """The version known of an item, None when the listing says that it is as it was.

        What holds no stored document is always read: nobody can tell an empty item from one whose documents were taken away.
        """
        names = self.of_item.get(item.external_id)
        version = self.versions.get(item.external_id, "") if names else ""
        is_same = version != "" and item.version == version and self.seen.isdisjoint(names or ())
        return None if is_same else version

    def take(self, item: SourceDocument, loaded: Loaded | None) -> None:
        """What an item holds now; None: it was not loaded, for it is as it was."""
        self.listed.add(item.external_id)
        if loaded is None or loaded.is_unchanged:
            self._keep(item, loaded.version if loaded else "")
            return
        is_whole = self._note_all(item, loaded.problems)
        if loaded.is_withheld:
            self._withhold(item)
            return
        if not loaded.documents and not is_whole:
            self.failed.add(item.external_id)
            return
        for document in loaded.documents:
            is_whole = self._take(item, document) and is_whole
        self._remember(item, loaded, is_whole=is_whole)

    def _keep(self, item: SourceDocument, version: str) -> None:
        self.seen.update(self.of_item.get(item.external_id, ()))
        self.problems += self.doubts.get(item.external_id, ())
        self._read_as(item, version or self.versions.get(item.external_id, ""))

    def _withhold(self, item: SourceDocument) -> None:
        names = [name for name in self.of_item.get(item.external_id, ()) if name not in self.seen]
        self.withheld.update(names)
        self.closing += names
        self._read_as(item, "")

    def _take(self, item: SourceDocument, document: Document) -> bool:
        """Whether the document is the first of its id."""
        name = document.external_id
        if name in self.seen:
            problem = f"{item.external_id} repeats its id; the first one is used"
            return self._note_all(item, (SourceProblem(external_id=name, problem=problem),))
        self.seen.add(name)
        before = self.known.get(name)
        if before is None or before.hash != document.hash:
            self.added += before is None
            self.changed += before is not None
            self.put.append(document)
            self.put_chars += len(document.body)
            if before is not None and before.audience != document.audience:
                self.withdrawn.append(document.id)
        return True

    def _note_all(self, item: SourceDocument, problems: Iterable[SourceProblem]) -> bool:
        """Whether none of the problems cost a document."""
        is_whole = True
        for problem in problems:
            self.problems.append(replace(problem, origin=item.external_id))
            if problem.is_skipped:
                is_whole = False
                self.skipped += 1
                self.doubtful.add(item.external_id)
        return is_whole

    def _remember(self, item: SourceDocument, loaded: Loaded, *, is_whole: bool) -> None:
        version = loaded.version if is_whole else ""
        names = {document.external_id for document in loaded.documents}
        if names.issuperset(self.of_item.get(item.external_id, ())):
            self._read_as(item, version)
        else:
            self.shrunk.add(item.external_id)
            self.late[item.external_id] = version

    def _read_as(self, item: SourceDocument, version: str) -> None:
        if version != self.versions.get(item.external_id, "") or item.external_id in self.stale:
            self.read[item.external_id] = version

    def gone(self, *, is_complete: bool, items: Iterable[str]) -> list[str]:
        """Documents that are no longer there; ``items`` are those that the source says are gone.

        What an item held that could not be read whole stays as it was, until the item is mended or gone itself: nobody can tell
        what is missing from it on purpose.
        """
        if is_complete:
            missing: Iterable[str] = self.known
        else:
            missing = [name for item in {*items, *self.shrunk} for name in self.of_item.get(item, ())]
        gone = (name for name in missing if name not in self.seen and name not in self.withheld)
        return [name for name in gone if self.known[name].origin not in self.doubtful]

    def forgotten(self, *, is_complete: bool, items: Iterable[str]) -> dict[str, str]:
        """Items of which nothing is remembered any more, because they are gone."""
        gone = {*self.versions, *self.stale} - self.listed if is_complete else set(items) - self.listed
        return dict.fromkeys(gone, "")

    def counted(self, run: SourceRun, *, removed: int) -> SourceRun:
        """The run with what was found so far."""
        left = len(self.known) - removed
        return replace(
            run,
            seen=len(self.seen),
            added=self.added,
            changed=self.changed,
            removed=removed,
            unchanged=left - self.changed,
            skipped=self.skipped,
        )


def are_too_many(gone: int, known: int, *, share: float) -> bool:
    """Whether so many of the known documents are gone that somebody should look first."""
    if gone <= FREELY_REMOVED and gone < known:
        return False
    return gone > share * known
