"""The settings as frozen pydantic models: what the YAML may say.  Plug blocks are checked by the plug's own model.

The docstring under a field is its description in the JSON Schema and in error messages.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    DirectoryPath,
    Field,
    PrivateAttr,
    SecretStr,
    SerializeAsAny,
    StringConstraints,
)

from config.addresses import DEFAULT, KnowledgeAddress, LiveAddress, StoreAddress
from config.engine import Engine
from config.entities import Entities
from config.experiments import Experiment, Rollouts
from config.flows import Flow
from config.handoff import Handoff
from config.intents import Intents
from config.knowledge import Knowledge
from config.model_roles import Models
from config.plugs import Block, Part, Slug
from config.problems import Problem
from config.telemetry import Telemetry
from config.tools import Tools, ToolScopes

LEAST_SECRET_BYTES: Final = 32
LEAST_PASSWORD_CHARS: Final = 8


Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Host = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9.:_-]+$")]
Port = Annotated[int, Field(ge=0, le=65_535)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
NoticeName = Literal[
    "handoff",
    "handoff_queue",
    "handoff_wait",
    "handoff_offline",
    "handoff_closed",
    "go_on",
    "went_on",
    "rerouted",
    "still_waiting",
    "claimed",
    "given_back",
    "resolved",
    "rated",
]
NoticeTexts = dict[NoticeName, Annotated[str, StringConstraints(min_length=1, max_length=1000)]]
NOTICES: Final[tuple[str, ...]] = get_args(NoticeName)


def _long_enough(least: int, unit: Literal["bytes", "characters"]) -> Callable[[SecretStr], SecretStr]:
    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if len(value.encode() if unit == "bytes" else value) < least:
            raise ValueError(f"is shorter than {least} {unit}")
        return secret

    return check


def _base_url(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("is not an address like https://chat.example.com")
    return address.rstrip("/")


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError("is not an address or a network like 10.0.0.0/8") from None


class Public(Part):
    """The listener customers reach."""

    host: Host = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for every one of this machine."""
    port: Port = 8080
    """Port to listen on; 0 takes a free one."""
    base_url: Annotated[str, AfterValidator(_base_url)] | None = None
    """Address under which customers reach it, for links; left out: made of host and port."""
    demo_site: DirectoryPath | None = None
    """Folder of a web page to serve under /demo/, to try the widget; leave it out in production."""


class Internal(Part):
    """The listener of your team: desk, admin, metrics.  Never expose it to the internet."""

    host: Host = "127.0.0.1"
    """Address to listen on."""
    port: Port = 8081
    """Port to listen on; 0 takes a free one."""


class Limits(Part):
    """Bounds of the public listener; what is over them is refused with 413, 422, 429 or 503."""

    body_bytes: Annotated[int, Field(ge=1024, le=16_777_216)] = 262_144
    """Largest request body."""
    message_chars: Annotated[int, Field(ge=100, le=100_000)] = 4_000
    """Longest message."""
    attachments: Annotated[int, Field(ge=0, le=100)] = 10
    """Most attachments of a message."""
    upload_bytes: Annotated[int, Field(ge=1024, le=1_073_741_824)] = 10_485_760
    """Largest uploaded file."""
    messages_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 20
    """Most messages of one visitor."""
    sessions_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 30
    """Most new sessions of one network address."""
    streams: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    """Most open event streams."""
    unread_events: Annotated[int, Field(ge=1, le=100_000_000)] = 200_000
    """Most messages that may wait for an answer; beyond it new ones get 503."""


class Server(Part):
    """The process and its two listeners."""

    public: Public = Public()
    """The listener customers reach."""
    internal: Internal = Internal()
    """The listener of your team."""
    session_secret: Annotated[SecretStr, AfterValidator(_long_enough(LEAST_SECRET_BYTES, "bytes"))] | None = None
    """Signs session tokens, at least 32 bytes; left out: made once and kept in data_dir."""
    limits: Limits = Limits()
    """Bounds of the public listener."""
    drain_s: Annotated[float, Field(ge=0, le=600)] = 20.0
    """How long running turns may take to end after SIGTERM."""
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    """Networks of your reverse proxies; only their X-Forwarded-For is believed."""
    evaluation: bool = False
    """Lifts the rate limits; for measuring only."""


class Log(Part):
    """What is written to standard error; ids and facts, never customers' words."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important line that is written."""
    format: Literal["auto", "console", "json"] = "auto"
    """auto: readable on a terminal, JSON otherwise."""


class Person(Part):
    """Somebody who may log in on the internal listener."""

    id: Slug
    """Login name."""
    name: Name
    """What customers read when this person answers."""
    password: Annotated[SecretStr, AfterValidator(_long_enough(LEAST_PASSWORD_CHARS, "characters"))]
    """Password, at least 8 characters, best from the environment: ${SAM_PASSWORD}."""
    roles: Annotated[tuple[Literal["agent", "admin"], ...], Field(min_length=1)]
    """agent answers customers, admin looks after the installation."""
    tenants: tuple[str, ...] | None = None
    """Tenants this person sees; left out: all."""


class Account(Block):
    """One configured installation of a channel."""

    word = "channel"
    group = "channels"
    own = ("id", "channel")

    id: Slug
    """Unique over all tenants; part of the webhook's URL."""
    channel: str
    """Kind of transport."""
    settings: SerializeAsAny[BaseModel]
    """The channel's own keys."""


class DeskBlock(Block):
    """Where people answer."""

    word = "kind"
    group = "desks"
    own = ("kind",)

    kind: str
    """Kind of desk."""
    settings: SerializeAsAny[BaseModel]
    """The desk's own keys."""


class Notices(Part):
    """The templated sentences at a handoff.

    `{agent}` becomes the agent's name, `{opens}` the next opening, `{position}` the place in the queue, `{wait}` how long others
    waited; a sentence that names what is not known is passed over.
    """

    default: NoticeTexts = Field(default={})
    """Sentences for every language that is not listed below; left out: the shipped ones."""
    by_language: dict[Language, NoticeTexts] = Field(default={})
    """Sentences by language code."""


class Tenant(Part):
    """One company, or one brand of it, with its own customers, knowledge and desk."""

    id: Slug
    """Unique; part of file names."""
    name: Name
    """What customers read."""
    accounts: tuple[Account, ...] = ()
    """Where customers write."""
    desk: DeskBlock = Field(default={"kind": "builtin"}, validate_default=True)
    """Where people answer; left out: the built-in page."""
    knowledge: Knowledge = Knowledge()
    """What the assistant answers from."""
    engine: Engine = Engine()
    """How it answers, and when it brings in a person."""
    entities: Entities = Entities()
    """What is read from messages besides order numbers, amounts, dates and the like."""
    intents: Intents = Intents()
    """What messages may want; rules and routing may ask for it."""
    models: Models | None = None
    """Its own models; left out: those of the installation."""
    tools: Tools = ()
    """What the assistant may do besides answering."""
    tool_scopes: ToolScopes = ToolScopes()
    """What customers may have done for them, by how well they are known."""
    flows: Annotated[tuple[Flow, ...], Field(max_length=100)] = ()
    """Scripted conversations."""
    experiments: Annotated[tuple[Experiment, ...], Field(max_length=50)] = ()
    """Variants of the engine's settings, each on a share of the conversations."""
    rollout: Rollouts = Rollouts()
    """Whom the assistant serves; everybody else is handed to people at once."""
    handoff: Handoff = Handoff()
    """Handing over to people: teams, routing, the queue, and help for agents."""
    notices: Notices = Notices()
    """The templated sentences at a handoff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where settings came from: the file, every file it was read with, and what was warned about."""

    file: Path
    files: tuple[Path, ...]
    warnings: tuple[Problem, ...]


class Settings(Part):
    """Frontdesk, in one file.

    `${NAME}` takes a value from the environment, `${NAME:-default}` with a default, `$${` is a plain `${`. Secrets may
    also be `file:./path`. Relative paths start at this file's folder.
    """

    version: Literal[1]
    """Version of this format."""
    data_dir: Path = Path("var")
    """Folder of store, index and uploads; made when it is missing."""
    store: StoreAddress = DEFAULT
    """Where conversations are kept: `embedded` (SQLite in `data_dir`) or a MongoDB, mongodb://host/database."""
    knowledge: KnowledgeAddress = DEFAULT
    """Where knowledge is searched: `embedded` (files in `data_dir`) or a Weaviate, weaviate://host:8080?grpc=50051."""
    live: LiveAddress = DEFAULT
    """How replicas tell each other what happens now: `embedded` (there is one) or a Redis, redis://host:6379/0."""
    server: Server = Server()
    """The process and its two listeners."""
    log: Log = Log()
    """What is logged."""
    telemetry: Telemetry | None = None
    """Where traces go; left out: none are made."""
    people: tuple[Person, ...] = ()
    """Who may log in on the internal listener."""
    models: Models | None = None
    """Which models answer; left out: none, and the assistant quotes your documents."""
    tenants: Annotated[tuple[Tenant, ...], Field(min_length=1)]
    """The companies served by this process."""

    _origin: Origin | None = PrivateAttr(default=None)

    def embedded_in(self, folder: Path) -> Self:
        """The same settings with everything kept in this folder, whatever engines they name: for trials."""
        return self.model_copy(update={"data_dir": folder, "store": DEFAULT, "knowledge": DEFAULT, "live": DEFAULT})

    def came_from(self, origin: Origin) -> Self:
        """The same settings with their origin."""
        self._origin = origin
        return self

    @property
    def origin(self) -> Origin | None:
        """Where these settings came from; None when they were not loaded from a file."""
        return self._origin

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is allowed but probably not meant; worth a log line at start."""
        return self._origin.warnings if self._origin else ()
