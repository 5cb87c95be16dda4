"""Which accounts are parked: the vendor refuses their credentials, or says that the app was removed.

A parked account keeps its inbox and its outbox; deliveries are tried again once a minute and free it by themselves when the
credentials work again.  The desk, ``/metrics``, the log and ``frontdesk doctor`` tell the admin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway import metrics

log = structlog.get_logger(__name__)


def desk_name(tenant: str) -> str:
    """What a tenant's desk is called among accounts."""
    return f"desk:{tenant}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Why and since when an account is parked; ``reason`` is a short constant of the channel or an error code."""

    tenant: str
    reason: str
    since: datetime


class Accounts:
    """The parked accounts of this process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._parked: dict[str, Parked] = {}

    @property
    def parked(self) -> Mapping[str, Parked]:
        """Parked accounts by id."""
        return self._parked

    def park(self, tenant: str, account: str, reason: str) -> None:
        """The account cannot be used until somebody mends it."""
        if account in self._parked:
            return
        self._parked[account] = Parked(tenant=tenant, reason=reason, since=self._clock())
        metrics.ACCOUNTS_PARKED.labels(account=account).set(1)
        log.error("account_parked", tenant=tenant, account=account, reason=reason, mend="frontdesk doctor")

    def free(self, account: str) -> None:
        """The account works."""
        if self._parked.pop(account, None) is not None:
            metrics.ACCOUNTS_PARKED.labels(account=account).set(0)
            log.info("account_freed", account=account)
