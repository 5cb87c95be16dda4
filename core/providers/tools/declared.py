"""Tools as the operator declares them, one class per kind.  ``config.tools`` mirrors every class by name and default.

Secrets are plain texts here and never part of a repr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from core.ports.tools import Confirmation, IdentityFact, SideEffect, ToolLimits, Verification

DEFAULT_IDEMPOTENCY_HEADER: Final = "Idempotency-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What every kind says about a tool.

    ``side_effect`` None: read for a GET or HEAD, write for all else.  ``confirmation`` None: customer for money, else none.
    """

    description: str = ""
    scopes: tuple[str, ...] = ()
    verification: Verification = Verification.VERIFIED
    side_effect: SideEffect | None = None
    confirmation: Confirmation | None = None
    confirm: str = ""
    bound: Mapping[str, IdentityFact] = field(default_factory=dict)
    limits: ToolLimits = field(default_factory=ToolLimits)
    timeout_s: float = 10.0
    result_chars: int = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth:
    """A name and a password."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderAuth:
    """A header that holds a key."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """How we prove who we are to a tool's server; one of the three, or none."""

    bearer: str | None = field(default=None, repr=False)
    basic: BasicAuth | None = None
    header: HeaderAuth | None = None


class Encoding(StrEnum):
    """How a body is written."""

    JSON = "json"
    FORM = "form"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTool(Policy):
    """One request.

    ``url``, the values of ``query`` and ``headers``, and texts within ``body`` may hold ``{argument}`` places.  Arguments that
    stand nowhere go into the query of a GET, HEAD or DELETE, and otherwise into the body when ``body`` is None.
    """

    name: str
    method: str
    url: str
    parameters: Mapping[str, Any]
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Any = None
    encoding: Encoding = Encoding.JSON
    result: tuple[str, ...] = ()
    auth: Auth = field(default_factory=Auth)
    idempotency_header: str = DEFAULT_IDEMPOTENCY_HEADER


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApiOperation(Policy):
    """One operation of a document; ``operation`` is its operationId, by default the tool's name."""

    operation: str = ""
    result: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApiTools:
    """Operations of an OpenAPI document; requests go to ``base_url`` only, whatever servers the document names."""

    base_url: str
    operations: Mapping[str, OpenApiOperation]
    document: Path | None = None
    document_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Auth = field(default_factory=Auth)
    idempotency_header: str = DEFAULT_IDEMPOTENCY_HEADER


@dataclass(frozen=True, slots=True, kw_only=True)
class McpTool(Policy):
    """One tool of an MCP server.

    ``tool`` is its name there, by default the tool's name here.  ``pin`` is the fingerprint that ``frontdesk doctor`` prints:
    another description or schema than the pinned one is refused.
    """

    tool: str = ""
    pin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer:
    """A server of tools: a ``command`` to run, or a ``url`` that speaks streamable HTTP."""

    server: str
    tools: Mapping[str, McpTool]
    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: Auth = field(default_factory=Auth)
    connect_timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonTool(Policy):
    """A function that an installed package offers as ``entry_point`` (by default the name) in the group ``frontdesk.tools``."""

    name: str
    parameters: Mapping[str, Any]
    entry_point: str = ""


Declared = HttpTool | OpenApiTools | McpServer | PythonTool

KINDS: Final[Mapping[str, type[Declared]]] = {
    "http": HttpTool,
    "openapi": OpenApiTools,
    "mcp": McpServer,
    "python": PythonTool,
}
"""The word ``kind`` in YAML → what it declares."""
