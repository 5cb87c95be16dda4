"""Is our entry already there?  For helpdesks that keep no key of ours, after a call whose answer was lost.

An entry is ours when it says the same words, as visibly, in the same voice, and is not older than what it would say.  Of several
such the caller's ``taken`` decides: ids that belong to other messages of ours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Final

from core.markup import parse, to_text
from core.ports.helpdesk import By, Entry, EntryDraft

SKEW: Final = timedelta(minutes=2)
"""The helpdesk's clock may be this far behind ours."""


def find_ours(draft: EntryDraft, entries: Sequence[Entry], *, taken: Collection[str] = ()) -> Entry | None:
    """The entry that an earlier attempt at ``draft`` made; None: there is none.

    ``entries`` are oldest first.  One with the draft's key is it, one with another key is not.  Among equal texts without a key
    the first that is not ``taken`` is it, so that the n-th message finds the n-th entry.
    """
    keyed = next((entry for entry in entries if entry.key == draft.key), None)
    if keyed is not None:
        return keyed
    wanted = said(draft.text, (file.name for file in draft.files))
    for entry in entries:
        if entry.id in taken or not _may_be(draft, entry):
            continue
        if said(entry.text, (file.name for file in entry.files)) == wanted:
            return entry
    return None


def said(text: str, names: Iterable[str] = ()) -> str:
    """What a text (Markdown) says, whatever its markup and blanks; without words, the names of its files."""
    words = unicodedata.normalize("NFKC", to_text(parse(text)))
    return "".join(words.split()) or "\n".join(sorted(names))


def _may_be(draft: EntryDraft, entry: Entry) -> bool:
    is_voice = entry.by is By.OURS or (entry.by is By.CONTACT and draft.by is By.CONTACT)
    is_like = entry.is_public is draft.is_public and not entry.is_deleted and entry.key is None
    return is_voice and is_like and entry.at >= draft.at - SKEW
