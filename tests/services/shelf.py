"""Files that several replicas share, in memory, for tests of what lies above the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.errors import StoreUnavailable


@dataclass
class Shelf:
    """``breaks`` is the name of a file that cannot be read to its end, ``lost`` of one that is gone."""

    kept: dict[tuple[str, str], bytes] = field(default_factory=dict)
    breaks: str = ""
    lost: str = ""
    is_away: bool = False
    is_swept: bool = False

    def put(self, tenant: str, name: str, parts: Iterable[bytes]) -> None:
        if self.is_away:
            raise StoreUnavailable("it is away")
        self.kept[tenant, name] = b"".join(parts)

    def read(self, tenant: str, name: str) -> Iterator[bytes] | None:
        return None if name == self.lost or (tenant, name) not in self.kept else self._read(tenant, name)

    def _read(self, tenant: str, name: str) -> Iterator[bytes]:
        yield self.kept[tenant, name][:1]
        if name == self.breaks:
            raise StoreUnavailable("it went away")
        yield self.kept[tenant, name][1:]

    def names(self, tenant: str) -> tuple[str, ...]:
        return tuple(sorted(name for whose, name in self.kept if whose == tenant))

    def forget(self, tenant: str, name: str) -> None:
        self.kept.pop((tenant, name), None)

    def sweep(self, tenant: str) -> None:
        self.is_swept = True
