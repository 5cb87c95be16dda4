"""What an account remembers across restarts, in the ledger's unique inserts."""

from __future__ import annotations

from core.ports.store import TenantStore


class AccountMemory:
    """core.ports.channel.Memory of one account."""

    def __init__(self, store: TenantStore, account: str) -> None:
        self._store = store
        self._account = account

    def _name(self, key: str) -> str:
        return f"account:{self._account}:{key}"

    async def recall(self, key: str) -> str | None:
        """What stands for ``key``."""
        return await self._store.claimed(self._name(key))

    async def remember(self, key: str, value: str) -> str:
        """Insert unless there; returns what stands."""
        return await self._store.claim(self._name(key), value)
