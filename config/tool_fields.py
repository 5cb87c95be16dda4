"""Words, addresses, headers and keys of the tools' blocks: the fields that their kinds share.

Nothing here quotes a value of a header or a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from config.parts import EnginePart
from config.problems import Loc

Level = Literal["anonymous", "identified", "verified"]
SideEffectName = Literal["read", "write", "money"]
ConfirmationName = Literal["none", "customer", "agent"]
Fact = Literal["contact", "customer_account", "email", "phone", "name", "conversation", "tenant"]

PLACE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
PATHS: Final = re.compile(r"/(?:[^~/]|~[01])+(?:/(?:[^~/]|~[01])*)*\Z|[^./\s][^./]*(?:\.[^./]+)*\Z")
RESERVED: Final = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "accept-encoding")
)
"""Headers that belong to the transport."""

ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""The name a model calls; all endpoints take names of this shape."""

ArgumentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
Scope = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.:-]{0,63}$")]
ServerToolName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Template = Annotated[str, StringConstraints(max_length=2_000)]
Schema = dict[str, Any]


def located(title: str, found: Iterable[tuple[Loc, str]]) -> None:
    """Raise all that was found, each at its own key."""
    errors = [
        InitErrorDetails(type=PydanticCustomError("value_error", words), loc=loc, input=None) for loc, words in found
    ]
    if errors:
        raise ValidationError.from_exception_data(title, errors)


def _http_url(address: str) -> str:
    parts = _split(address)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or parts.username:
        raise ValueError("is not an address like https://api.example.com/orders/{order_id}")
    if PLACE.search(parts.scheme + parts.netloc):
        raise ValueError("has an {argument} in its host: only path and query may hold one")
    if re.search(r"[\s\x00-\x1f\x7f\\]", address):
        raise ValueError("has a space, a backslash or a control character in it")
    if any(segment in (".", "..") for segment in parts.path.split("/")):
        raise ValueError("has a `.` or `..` in its path")
    return address


def _plain_url(address: str) -> str:
    _http_url(address)
    if PLACE.search(address):
        raise ValueError("has an {argument} in it, which cannot stand here")
    return address


def _split(address: str) -> Any:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", name):
        raise ValueError("is not a header's name")
    if name.lower() in RESERVED:
        raise ValueError("is a header that the transport sets itself")
    return name


def _header_names(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """Names are looked at here and not as keys, so that what is wrong with one is said in its own words."""
    found: list[tuple[Loc, str]] = []
    for name in headers:
        try:
            _header_name(name)
        except ValueError as error:
            found.append(((name,), str(error)))
    located("headers", found)
    return headers


def _header_secret(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[\x20-\x7e]{0,8192}", secret.get_secret_value()):
        raise ValueError("has a line break or a character that is not ASCII, which no header can hold")
    return secret


def _not_empty(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("is empty")
    return secret


HttpUrl = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_http_url)]
PlainUrl = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_plain_url)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[SecretStr, AfterValidator(_header_secret)]
Headers = Annotated[dict[str, HeaderValue], AfterValidator(_header_names)]
Key = Annotated[SecretStr, AfterValidator(_not_empty), AfterValidator(_header_secret)]


def _result_path(path: str) -> str:
    if not PATHS.match(path):
        raise ValueError("is neither a path like `order.items.name` nor a JSON Pointer like `/order/items`")
    return path


ResultPath = Annotated[str, StringConstraints(max_length=300), AfterValidator(_result_path)]


class ToolLimits(EnginePart):
    """Bounds of a tool, per contact; whatever runs at the same time, they are never exceeded."""

    amount: ArgumentName | None = None
    """The argument that is counted, in the unit the tool uses."""
    per_call: Annotated[float, Field(gt=0)] | None = None
    """Most of it in one call."""
    per_day: Annotated[float, Field(gt=0)] | None = None
    """Most of it in one day (UTC)."""
    calls_per_day: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Most calls in one day (UTC)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        found: list[tuple[Loc, str]] = []
        for key in ("per_call", "per_day"):
            if getattr(self, key) is not None and self.amount is None:
                found.append(((key,), "needs `amount`, the name of the argument it bounds"))
        if self.amount is not None and self.per_call is None and self.per_day is None:
            found.append((("amount",), "needs `per_call` or `per_day`: naming the argument alone bounds nothing"))
        if self.per_call is not None and self.per_day is not None and self.per_day < self.per_call:
            found.append((("per_day",), "is less than `per_call`, so a single call could never use its own bound"))
        located("limits", found)
        return self


class BasicAuth(EnginePart):
    """A name and a password."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^:\x00-\x1f]+$")]
    """The name."""
    password: Key
    """The password, best from the environment."""


class HeaderAuth(EnginePart):
    """A header that holds a key."""

    name: HeaderName
    """The header, for example X-Api-Key."""
    value: Key
    """The key, best from the environment."""


class Auth(EnginePart):
    """How Frontdesk proves who it is to the tool's server; one of the three."""

    bearer: Key | None = None
    """A token sent as `Authorization: Bearer …`."""
    basic: BasicAuth | None = None
    """A name and a password."""
    header: HeaderAuth | None = None
    """A header that holds a key."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("bearer", "basic", "header") if getattr(self, name) is not None]
        if len(given) > 1:
            located("auth", [((given[1],), f"has no effect beside `{given[0]}`: one way is enough")])
        return self
