"""How long the store takes, by operation: a stand-in before any store, the one place where that is measured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any, Final, TypeVar, cast

from core.ports.store import Store, StoreObserver, TenantStore
from gateway.metrics import STORE_SECONDS

Measured = TypeVar("Measured", bound=Store)
OPERATIONS: Final = frozenset(name for name in vars(TenantStore) if iscoroutinefunction(getattr(TenantStore, name)))


def measured(store: Measured) -> Measured:
    """A stand-in that does all that ``store`` does, and observes how long the operations on a tenant's data take."""
    return cast(Measured, _Store(store))


def _timed(operation: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    observe = STORE_SECONDS.of(operation).observe

    async def timed(*args: Any, **kwargs: Any) -> Any:
        before = perf_counter()
        try:
            return await call(*args, **kwargs)
        finally:
            observe(perf_counter() - before)

    return timed


class _Store:
    """Everything but ``for_tenant`` is the store's own; tenants are kept, so that a call finds its measure ready."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tenants: dict[str, _Tenant] = {}

    @property
    def observer(self) -> StoreObserver | None:
        """The store's own."""
        return self._store.observer

    @observer.setter
    def observer(self, observer: StoreObserver | None) -> None:
        self._store.observer = observer

    @property
    def readers(self) -> Callable[[], Collection[str]]:
        """The store's own."""
        return self._store.readers

    @readers.setter
    def readers(self, readers: Callable[[], Collection[str]]) -> None:
        self._store.readers = readers

    def for_tenant(self, tenant: str) -> _Tenant:
        """The tenant's data, measured."""
        found = self._tenants.get(tenant)
        if found is None:
            found = self._tenants[tenant] = _Tenant(self._store.for_tenant(tenant))
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _Tenant:
    """Makes the measured form of an operation when it is first asked for, and keeps it."""

    def __init__(self, tenant: TenantStore) -> None:
        self._tenant = tenant

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._tenant, name)
        if name in OPERATIONS:
            value = _timed(name, value)
            setattr(self, name, value)
        return value
