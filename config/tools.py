"""The tools of a tenant: what the assistant may do besides talking, and on which terms.

Mirrors ``core.providers.tools.declared`` field by field.  Mistakes within one tool are found here, at the line of the key that
is wrong; what takes several tools to see, and warnings, are in ``config.tool_rules``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self, TypeVar

import msgspec
from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    FilePath,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from config.parameters import is_numeric, mistakes
from config.parts import EnginePart
from config.problems import Loc, did_you_mean, hints, listed
from config.tool_fields import (
    PLACE,
    ArgumentName,
    Auth,
    ConfirmationName,
    Fact,
    HeaderName,
    Headers,
    HttpUrl,
    Level,
    PlainUrl,
    ResultPath,
    Schema,
    Scope,
    SideEffectName,
    Template,
    Text,
    ToolLimits,
    ToolName,
    located,
)

KINDS: Final = ("http", "openapi", "mcp", "python")
Target = TypeVar("Target")


class Policy(EnginePart):
    """What every tool says about itself, and the firewall keeps to."""

    description: Annotated[str, StringConstraints(max_length=2_000)] = ""
    """What it does and when to use it; the model reads this."""
    scopes: tuple[Scope, ...] = ()
    """Permissions a contact must have, all of them; `tool_scopes` grants them."""
    verification: Level = "verified"
    """How well the contact must be known."""
    side_effect: SideEffectName | None = None
    """What it does to the world; left out: read for a GET or HEAD, write for all else."""
    confirmation: ConfirmationName | None = None
    """Who must agree before it runs; left out: customer for money, else none."""
    confirm: Annotated[str, StringConstraints(max_length=500)] = ""
    """The question that asks for it, with {argument} places; left out: a plain one in the contact's language."""
    bound: dict[ArgumentName, Fact] = Field(default_factory=dict)
    """Arguments that the firewall fills from the session; a model never chooses them."""
    limits: ToolLimits = ToolLimits()
    """Bounds of amounts and calls."""
    timeout_s: Annotated[float, Field(ge=0.1, le=120)] = 10.0
    """How long a call may take."""
    result_chars: Annotated[int, Field(ge=100, le=20_000)] = 4_000
    """How much of a result is kept and shown to the model."""

    def flaws(self) -> list[tuple[Loc, str]]:
        """What is wrong with the policy itself."""
        found: list[tuple[Loc, str]] = []
        if self.side_effect == "money":
            if self.limits.amount is None or self.limits.per_call is None:
                found.append((("limits",), "needs `amount` and `per_call`, because the tool moves money"))
            if self.confirmation == "none":
                found.append((("confirmation",), "must be customer or agent, because the tool moves money"))
        if self.confirm and self.confirmation == "none":
            found.append((("confirm",), "has no effect: `confirmation` is none"))
        return found

    @model_validator(mode="after")
    def _sound(self) -> Self:
        located("tool", self.flaws())
        return self


class OwnSchema(Policy):
    """A tool whose parameters are written in the YAML."""

    name: ToolName
    """The tool's name; unique within the tenant."""
    description: Text
    """What it does and when to use it; the model reads this."""
    parameters: Schema
    """JSON Schema of what the model may give: an object with its properties."""

    @field_validator("parameters", mode="after")
    @classmethod
    def _schema(cls, schema: Schema) -> Schema:
        located("parameters", mistakes(schema))
        return schema

    def flaws(self) -> list[tuple[Loc, str]]:
        """Arguments that lead nowhere, besides what is wrong with the policy."""
        return [*super().flaws(), *self._bound_flaws(), *self._amount_flaws(), *self._confirm_flaws()]

    @property
    def arguments(self) -> frozenset[str]:
        """Every argument of a call."""
        return frozenset(self.parameters.get("properties", {})) | frozenset(self.bound)

    def lost(self, text: str, *, is_secret: bool = False) -> list[str]:
        """What is said about the places of a template that name no argument; of a secret template nothing is quoted."""
        unknown = sorted(set(PLACE.findall(text)) - self.arguments)
        known = sorted(self.arguments)
        tail = f"arguments are: {listed(known)}" if known else "the tool has no arguments"
        if is_secret and unknown:
            return [hints("has a place that is neither in `parameters` nor in `bound`", tail)]
        return [
            hints(
                f"has a place {{{name}}} that is neither in `parameters` nor in `bound`",
                did_you_mean(name, known),
                tail,
            )
            for name in unknown
        ]

    def _bound_flaws(self) -> list[tuple[Loc, str]]:
        properties = self.parameters.get("properties", {})
        return [
            (("bound", name), f"is filled from the session, so `parameters` must not offer `{name}` to the model")
            for name in self.bound
            if name in properties
        ]

    def _amount_flaws(self) -> list[tuple[Loc, str]]:
        amount, properties = self.limits.amount, self.parameters.get("properties", {})
        if amount is None:
            return []
        known = sorted(name for name, part in properties.items() if is_numeric(part))
        tail = hints(did_you_mean(amount, known), f"numeric ones are: {listed(known)}" if known else "there is none")
        if amount not in known:
            return [(("limits", "amount"), hints("must name a numeric parameter", tail))]
        if amount not in self.parameters.get("required", ()):
            return [
                (
                    ("limits", "amount"),
                    "must name a parameter that is in `required`: what is left out cannot be bounded",
                )
            ]
        return []

    def _confirm_flaws(self) -> list[tuple[Loc, str]]:
        return [(("confirm",), words) for words in self.lost(self.confirm)]


class HttpTool(OwnSchema):
    """A tool that is one HTTP request."""

    kind: Literal["http"]
    """Kind of tool."""
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """The request's method."""
    url: HttpUrl
    """The address; {argument} places in it are percent-encoded."""
    query: dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], Template] = Field(default_factory=dict)
    """What goes into the query, with {argument} places; a key whose argument is not given is left out."""
    headers: Headers = Field(default_factory=dict)
    """Headers, with {argument} places."""
    body: Any = None
    """The body, with {argument} places in its texts; left out: all arguments that stand nowhere else."""
    encoding: Literal["json", "form"] = "json"
    """How the body is written."""
    result: Annotated[tuple[ResultPath, ...], Field(max_length=100)] = ()
    """The parts of a JSON answer that are kept, as `order.items.name` or `/order/items`; left out: all of it."""
    auth: Auth = Auth()
    """How Frontdesk proves who it is."""
    idempotency_header: HeaderName = "Idempotency-Key"
    """The header that carries the idempotency key."""

    def flaws(self) -> list[tuple[Loc, str]]:
        """Places that name no argument, and bodies that cannot be sent."""
        found = super().flaws()
        found += [(("url",), words) for words in self.lost(self.url)]
        found += [(("query", key), words) for key, text in self.query.items() for words in self.lost(text)]
        found += [
            (("headers", key), words)
            for key, value in self.headers.items()
            for words in self.lost(value.get_secret_value(), is_secret=True)
        ]
        found += [((*loc,), words) for loc, text in _texts(self.body, ("body",)) for words in self.lost(text)]
        required = {*self.parameters.get("required", ()), *self.bound}
        found += [
            (("url",), f"needs {{{name}}}, so `{name}` must be in `required`")
            for name in sorted(set(PLACE.findall(self.url)) & self.arguments - required)
        ]
        if self.body is not None and self.method in ("GET", "HEAD"):
            found.append((("body",), f"must be left out: a {self.method} has none; use `query`"))
        if self.encoding == "form" and self.body is not None and not isinstance(self.body, dict):
            found.append((("body",), "must be a block of `key: value` lines, because `encoding` is form"))
        return found


def _texts(value: Any, loc: Loc) -> Iterable[tuple[Loc, str]]:
    match value:
        case str():
            yield loc, value
        case dict():
            for key, inner in value.items():
                yield from _texts(inner, (*loc, key))
        case list():
            for index, inner in enumerate(value):
                yield from _texts(inner, (*loc, index))


class OpenApiOperation(Policy):
    """One operation of the document, under the name the model will call it by."""

    operation: Annotated[str, StringConstraints(max_length=200)] = ""
    """Its operationId; left out: the same as the tool's name."""
    result: Annotated[tuple[ResultPath, ...], Field(max_length=100)] = ()
    """The parts of a JSON answer that are kept; left out: all of it."""


class OpenApiTools(EnginePart):
    """Tools that are operations of an OpenAPI document, 3.0 or 3.1."""

    kind: Literal["openapi"]
    """Kind of tool."""
    document: FilePath | None = None
    """The document as a file, JSON or YAML."""
    document_url: PlainUrl | None = None
    """The document as an address; read at start, without the keys of `auth`."""
    base_url: PlainUrl
    """Where requests go; servers that the document names are not used."""
    operations: Annotated[dict[ToolName, OpenApiOperation], Field(min_length=1, max_length=100)]
    """The operations to offer, each under the name of its tool."""
    headers: Headers = Field(default_factory=dict)
    """Headers sent with every request."""
    auth: Auth = Auth()
    """How Frontdesk proves who it is."""
    idempotency_header: HeaderName = "Idempotency-Key"
    """The header that carries the idempotency key."""

    @model_validator(mode="after")
    def _one_document(self) -> Self:
        if (self.document is None) == (self.document_url is None):
            raise ValueError("needs one of `document` (a file) and `document_url`")
        return self


class McpTool(Policy):
    """One tool of the server, under the name the model will call it by."""

    tool: Annotated[str, StringConstraints(max_length=200)] = ""
    """Its name at the server; left out: the same as here."""
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    """The fingerprint that `frontdesk doctor` prints; a tool that differs from it is refused."""


class McpServer(EnginePart):
    """Tools of an MCP server."""

    kind: Literal["mcp"]
    """Kind of tool."""
    server: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    """A name for the server, in logs and findings."""
    tools: Annotated[dict[ToolName, McpTool], Field(min_length=1, max_length=100)]
    """The tools to offer; whatever else the server has is not."""
    command: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    """The program to run, which speaks over its standard input and output."""
    args: tuple[Annotated[str, StringConstraints(max_length=2_000)], ...] = ()
    """Its arguments."""
    env: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], SecretStr] = Field(
        default_factory=dict
    )
    """Its environment, besides PATH, HOME and the like; nothing else of Frontdesk's own is passed on."""
    url: PlainUrl | None = None
    """The address of a server that speaks streamable HTTP."""
    headers: Headers = Field(default_factory=dict)
    """Headers sent to that address."""
    auth: Auth = Auth()
    """How Frontdesk proves who it is there."""
    connect_timeout_s: Annotated[float, Field(ge=0.1, le=120)] = 10.0
    """How long starting it and saying hello may take."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise ValueError("needs one of `command` and `url`")
        ours, theirs, keys = (
            ("command", "url", ("headers", "auth")) if self.command else ("url", "command", ("args", "env"))
        )
        found: list[tuple[Loc, str]] = [
            ((key,), f"has no effect beside `{ours}`: it belongs to `{theirs}`")
            for key in keys
            if key in self.model_fields_set
        ]
        located("server", found)
        return self


class PythonTool(OwnSchema):
    """A tool that is a function of a package you installed."""

    kind: Literal["python"]
    """Kind of tool."""
    entry_point: Annotated[str, StringConstraints(max_length=200)] = ""
    """Its entry point in the group `frontdesk.tools`; left out: the tool's name."""


def _known_kind(block: Any) -> Any:
    """What is no block is said by pydantic; a kind that is missing or unknown is said here, once."""
    if isinstance(block, dict) and block.get("kind") not in KINDS:
        kind = block.get("kind")
        guess = did_you_mean(kind, KINDS) if isinstance(kind, str) else ""
        raise ValueError(hints(f"needs a `kind`, one of: {listed(KINDS)}", guess))
    return block


Tool = Annotated[
    Annotated[HttpTool | OpenApiTools | McpServer | PythonTool, Discriminator("kind")], BeforeValidator(_known_kind)
]
"""An entry of ``tenants[].tools``."""

Tools = Annotated[tuple[Tool, ...], Field(max_length=200)]
"""``tenants[].tools``."""


class ToolScopes(EnginePart):
    """Which permissions contacts have, by how well they are known; a better known contact has those of the levels before too."""

    anonymous: tuple[Scope, ...] = ()
    """Anybody."""
    identified: tuple[Scope, ...] = ()
    """Contacts whom a channel vouches for by name."""
    verified: tuple[Scope, ...] = ()
    """Contacts with a verified token."""


def convert_tools(
    blocks: Sequence[HttpTool | OpenApiTools | McpServer | PythonTool], kinds: Mapping[str, type[Target]]
) -> tuple[Target, ...]:
    """The blocks as core's own frozen values (``core.providers.tools.KINDS``): same names, same shapes, secrets as texts."""
    return tuple(_converted(block, kinds[block.kind]) for block in blocks)


def _converted(block: EnginePart, into: type[Target]) -> Target:
    values = {name: value for name, value in block.model_dump().items() if name != "kind"}
    return msgspec.convert(_opened(values), into, dec_hook=_as_is)


def _opened(value: Any) -> Any:
    """The values with their secrets as plain texts."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case dict():
            return {key: _opened(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_opened(inner) for inner in value]
    return value


def _as_is(kind: type[Any], value: Any) -> Any:
    """Paths are already what they should be."""
    if isinstance(value, kind):
        return value
    raise NotImplementedError
