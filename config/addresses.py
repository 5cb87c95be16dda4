"""Where the engines of a larger installation live: one line of YAML each, with what is secret in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import AfterValidator, SecretStr

EMBEDDED: Final = "embedded"
WEAVIATE_PORT: Final = 8080
WEAVIATE_GRPC_PORT: Final = 50051

FORMS: Final = {
    "store": "mongodb://user:${MONGODB_PASSWORD}@host/frontdesk",
    "knowledge": "weaviate://:${WEAVIATE_KEY}@host:8080?grpc=50051",
    "live": "redis://:${REDIS_PASSWORD}@host:6379/0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeaviateAt:
    """A Weaviate: where its REST and gRPC listen, whether by TLS, and the key to show."""

    host: str
    port: int
    grpc_port: int
    is_secure: bool
    key: str | None = field(default=None, repr=False)


def weaviate_at(address: str) -> WeaviateAt:
    """What ``knowledge`` says; ``ValueError`` when it is no such address."""
    parts = urlsplit(address)
    if parts.scheme not in ("weaviate", "weaviates") or not parts.hostname:
        raise ValueError(_expected("knowledge"))
    grpc = parse_qs(parts.query).get("grpc", [str(WEAVIATE_GRPC_PORT)])[-1]
    try:
        port, grpc_port = parts.port or WEAVIATE_PORT, int(grpc)
    except ValueError:
        raise ValueError("names a port that is no number") from None
    return WeaviateAt(
        host=parts.hostname,
        port=port,
        grpc_port=grpc_port,
        is_secure=parts.scheme == "weaviates",
        key=unquote(parts.password) if parts.password else None,
    )


def mongodb_database(address: str) -> str:
    """The database that a MongoDB address names; ``ValueError`` when it names none or is no such address."""
    parts = urlsplit(address)
    if parts.scheme not in ("mongodb", "mongodb+srv") or not parts.netloc:
        raise ValueError(_expected("store"))
    name = parts.path.strip("/")
    if not name or "/" in name:
        raise ValueError(f"names no database: it ends like {FORMS['store'].rpartition('@')[2]}")
    return name


def _redis(address: str) -> SplitResult:
    parts = urlsplit(address)
    if parts.scheme not in ("redis", "rediss", "unix") or not (parts.hostname or parts.path):
        raise ValueError(_expected("live"))
    return parts


def _expected(key: str) -> str:
    return f"is neither `{EMBEDDED}` nor an address like {FORMS[key]}"


def _checked(check: Callable[[str], object]) -> Callable[[SecretStr], SecretStr]:
    def checked(given: SecretStr) -> SecretStr:
        if given.get_secret_value() != EMBEDDED:
            check(given.get_secret_value())
        return given

    return checked


StoreAddress = Annotated[SecretStr, AfterValidator(_checked(mongodb_database))]
KnowledgeAddress = Annotated[SecretStr, AfterValidator(_checked(weaviate_at))]
LiveAddress = Annotated[SecretStr, AfterValidator(_checked(_redis))]

DEFAULT: Final = SecretStr(EMBEDDED)


def address_of(given: SecretStr) -> str | None:
    """Where an engine lives; None when it is the embedded one."""
    value = given.get_secret_value()
    return None if value == EMBEDDED else value
