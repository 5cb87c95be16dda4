"""Accounts that tell their vendor where events go: at the start and after each reload, in the background."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from core.errors import CredentialsInvalid, DeliveryError
from core.ports.channel import Channel, SupportsRegistering
from gateway.accounts import Accounts
from gateway.background import Background

log = structlog.get_logger(__name__)


def register_all(channels: Iterable[Channel], *, accounts: Accounts, background: Background) -> None:
    """Register every account that can; what fails is logged, and an account whose credentials are refused is parked."""
    for channel in channels:
        if isinstance(channel, SupportsRegistering):
            background.spawn("register", _register(channel, channel.tenant, channel.account, accounts))


async def _register(channel: SupportsRegistering, tenant: str, account: str, accounts: Accounts) -> None:
    try:
        await channel.register()
    except DeliveryError as error:
        log.warning("account_not_registered", account=account, reason=error.safe_message, mend="frontdesk doctor")
        if isinstance(error, CredentialsInvalid):
            accounts.park(tenant, account, error.code)
