"""What a vendor's call brings: items that changed are read again, and those that are gone are made sure of.

``reading.withdraw`` takes away at once and waits for nobody; here the lease is held, so that no sync that read an item before the
call can bring it back afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from core.ids import document_id
from core.ports.knowledge import Source, SupportsHearing
from kb_sync.ahead import load_all
from kb_sync.building import hide
from kb_sync.comparing import Comparison
from kb_sync.job import SyncJob
from kb_sync.lease import lease_of


class HearingSource(Source, SupportsHearing, Protocol):
    """A source whose vendor calls."""


def reread(job: SyncJob, source: HearingSource, *, changed: Collection[str] = (), gone: Collection[str] = ()) -> bool:
    """Bring what is stored of these items up to date; whether documents came or changed, so that a new release is due.

    An item that is said to be gone and can be read is not gone: calls arrive in any order.  One that changed and cannot be read
    stays as it was until the next sync.  What went or got another audience is not answered from any more when it returns.
    ``SyncRunning`` while a sync is at work, ``SourceUnavailable`` when the vendor cannot be asked: nothing was stored then.
    """
    with lease_of(job).hold():
        found = Comparison(
            known=job.store.entries(job.tenant, source.id),
            versions={},
            stale=frozenset(job.store.stale(job.tenant, source.id)),
            doubts={},
        )
        items = [source.item(each) for each in dict.fromkeys((*changed, *gone))]
        for item, loaded in load_all(items, found.version_of, source.parallel):
            found.take(item, loaded)
        lost = [name for item in set(gone) & found.failed for name in found.of_item.get(item, ())]
        remove = tuple(dict.fromkeys((*lost, *found.closing, *found.gone(is_complete=False, items=()))))
        versions = {**dict.fromkeys(gone, ""), **found.read, **found.late}
        job.store.apply(job.tenant, source.id, put=found.put, remove=remove, versions=versions)
        hide(job, [*found.withdrawn, *(document_id(job.tenant, source.id, name) for name in remove)])
    return bool(found.put)
