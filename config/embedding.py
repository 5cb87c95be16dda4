"""The blocks ``knowledge.embedder`` and ``engine.search.cross_encoder``; mirror core.providers.embedders.settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit

import msgspec
from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from config.model_roles import LOOPBACK, OURS, ModelName, Price, Seconds
from config.parts import EnginePart
from config.problems import Loc, listed

Target = TypeVar("Target")

OF_KIND: Final[dict[str, frozenset[str]]] = {
    "static": frozenset(("path",)),
    "local": frozenset(("path", "tokens", "threads")),
    "endpoint": frozenset(
        ("base_url", "model", "key", "dimension", "batch", "parallel", "price", "timeout_s", "extra")
    ),
    "none": frozenset(),
}
"""Which keys go with which kind."""

NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "local": ("path",),
    "endpoint": ("base_url", "model", "dimension"),
}

MENDS: Final = {
    "path": "the folder with model.onnx and tokenizer.json",
    "base_url": "the server's address up to /v1, for example https://api.openai.com/v1",
    "model": "the model's name there",
    "dimension": "how many numbers its vectors have, 1536 for text-embedding-3-small",
}

Tokens = Annotated[int, Field(ge=16, le=8_192)]
Threads = Annotated[int, Field(ge=1, le=64)]


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("is not an address like https://api.openai.com/v1")
    if parts.path.rstrip("/").endswith("/embeddings"):
        raise ValueError("must end before /embeddings: that part is added")
    if str(parts.hostname).endswith(".openai.azure.com") and not parts.path.rstrip("/").endswith("/openai/v1"):
        raise ValueError("must end with /openai/v1 on Azure: https://NAME.openai.azure.com/openai/v1")
    return url.rstrip("/")


class EmbedderBlock(EnginePart):
    """What turns texts into vectors, so that other words for the same thing are found; a change builds a new index."""

    kind: Literal["static", "local", "endpoint", "none"] = "static"
    """static: ships with Frontdesk; local: your ONNX model; endpoint: a server that speaks OpenAI's format; none: words alone."""
    path: Path | None = None
    """Folder of the model, relative to this file; with `static` left out for the shipped one."""
    tokens: Tokens | None = None
    """Most tokens of a text that a local model reads; left out: what its folder says."""
    threads: Threads = 2
    """Threads of one call of a local model."""
    base_url: Annotated[str, AfterValidator(_address)] | None = None
    """Address up to /v1, for example https://api.openai.com/v1."""
    model: ModelName | None = None
    """Name of the model at the endpoint."""
    key: SecretStr | None = None
    """API key, best from the environment: ${OPENAI_API_KEY}; left out where the server wants none."""
    dimension: Annotated[int, Field(ge=1, le=16_384)] | None = None
    """Numbers of a vector; an answer of another length is refused."""
    batch: Annotated[int, Field(ge=1, le=2_048)] = 64
    """Most texts in one request."""
    parallel: Annotated[int, Field(ge=1, le=32)] = 4
    """Requests at once while an index is built."""
    price: Price = 0.0
    """Price of a million tokens; builds log what they cost."""
    timeout_s: Seconds = 5.0
    """Longest that a question waits for its vector; then it is searched by words alone."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Further fields of the request, as they are, for example `dimensions: 256`."""

    @field_validator("extra", mode="after")
    @classmethod
    def _not_ours(cls, extra: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted((OURS | {"encoding_format"}) & set(extra)):
            raise ValueError(f"must not hold {listed(taken)}: Frontdesk sets that itself")
        return extra

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        given = {name for name in self.model_fields_set if name != "kind"}
        if stray := sorted(given - OF_KIND[self.kind]):
            kinds = [kind for kind, fields in OF_KIND.items() if set(stray) <= fields]
            mend = f"write `kind: {kinds[0]}`" if kinds else "take out what does not belong"
            raise ValueError(f"has {listed(stray)}, which does not go with `kind: {self.kind}`: {mend}")
        missing = [name for name in NEEDED.get(self.kind, ()) if getattr(self, name) is None]
        if missing:
            wanted = " and ".join(f"`{name}` ({MENDS[name]})" for name in missing)
            raise ValueError(f"needs {wanted}, because of `kind: {self.kind}`")
        return self


class CrossEncoderBlock(EnginePart):
    """A model that reads question and passage together, to put the best few in order; left out: none."""

    path: Path
    """Folder with model.onnx and tokenizer.json, relative to this file."""
    tokens: Tokens | None = None
    """Most tokens of question and passage together; left out: 512, or fewer where the model takes fewer."""
    threads: Threads = 2
    """Threads of one call."""


def convert_embedder(block: EmbedderBlock, into: type[Target]) -> Target:
    """The block as core's own frozen value (``core.providers.embedders.EmbedderSettings``), its key in plain."""
    plain = block.model_dump()
    plain["key"] = None if block.key is None else block.key.get_secret_value()
    plain["path"] = None if block.path is None else str(block.path)
    return msgspec.convert(plain, into)


def convert_cross_encoder(block: CrossEncoderBlock, into: type[Target]) -> Target:
    """The block as core's own frozen value (``core.providers.embedders.RerankerSettings``)."""
    return msgspec.convert({**block.model_dump(), "path": str(block.path)}, into)


def embedder_lookouts(block: Any) -> Iterator[tuple[Loc, str, str]]:
    """What of an ``embedder`` block is allowed but probably not meant, on its plain values: place in it, what, mend.

    A folder that is not there is no error: the assistant goes on by words alone.
    """
    if not isinstance(block, dict):
        return
    path = block.get("path")
    if isinstance(path, str) and not Path(path).is_dir():
        yield (
            ("path",),
            "there is no such folder: search goes by words alone",
            "relative paths start at this file's folder",
        )
    parts = urlsplit(str(block.get("base_url", "")))
    if block.get("key") and parts.scheme == "http" and parts.hostname not in LOOPBACK:
        yield ("base_url",), "the key and all texts go over plain http", "use https outside your own machine"
