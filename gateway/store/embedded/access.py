"""How the parts of the embedded store reach its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


class Access(Protocol):
    """Jobs of the writer, small reads, large reads; and the clock."""

    clock: Callable[[], datetime]

    async def write(self, work: Callable[[sqlite3.Connection], T], *, is_one: bool = False) -> T:
        """A job of the writer; ``is_one``: it executes exactly one statement."""

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """A small read."""

    async def scan(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """A large read."""


class TenantPart:
    """Some of a tenant's data."""

    def __init__(self, access: Access, tenant: str) -> None:
        self._access = access
        self.tenant = tenant
