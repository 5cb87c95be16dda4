"""The ``embedder`` block: mirrors core, one mend for each wrong combination, keys kept secret."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from config.embedding import (
    NEEDED,
    OF_KIND,
    CrossEncoderBlock,
    EmbedderBlock,
    convert_cross_encoder,
    convert_embedder,
    embedder_lookouts,
)
from core.providers.embedders import EmbedderKind, EmbedderSettings, RerankerSettings

KEY = "sk-canary-config-key"
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "embedders.md").read_text(encoding="utf-8")
ENDPOINT: dict[str, Any] = {
    "kind": "endpoint",
    "base_url": "https://api.openai.com/v1/",
    "model": "text-embedding-3-small",
    "dimension": 1536,
    "key": KEY,
    "price": 0.02,
}


def problem(**value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        EmbedderBlock.model_validate(value)
    assert KEY not in str(caught.value)
    return " ".join(error["msg"] for error in caught.value.errors())


def test_the_same_fields_and_defaults() -> None:
    for model, value in ((EmbedderBlock, EmbedderSettings), (CrossEncoderBlock, RerankerSettings)):
        assert set(model.model_fields) == {field.name for field in fields(value)}
        for field in fields(value):
            if field.default is not MISSING:
                assert model.model_fields[field.name].default == field.default, field.name
    assert set(OF_KIND) == {kind.value for kind in EmbedderKind}
    assert set().union(*OF_KIND.values()) | {"kind"} == set(EmbedderBlock.model_fields)
    assert all(set(needed) <= OF_KIND[kind] for kind, needed in NEEDED.items())


def test_blocks_become_settings() -> None:
    assert convert_embedder(EmbedderBlock(), EmbedderSettings) == EmbedderSettings()
    block = EmbedderBlock.model_validate({**ENDPOINT, "extra": {"dimensions": 256}})
    settings = convert_embedder(block, EmbedderSettings)
    assert (settings.kind, settings.key, settings.base_url) == (EmbedderKind.ENDPOINT, KEY, "https://api.openai.com/v1")
    assert settings.extra == {"dimensions": 256}
    assert KEY not in repr(block) + repr(settings) + str(block.model_dump())
    local = convert_embedder(EmbedderBlock(kind="local", path=Path("m")), EmbedderSettings)
    assert (local.kind, local.path) == (EmbedderKind.LOCAL, "m")
    cross = CrossEncoderBlock(path=Path("c"), tokens=256)
    assert convert_cross_encoder(cross, RerankerSettings) == RerankerSettings(path="c", tokens=256)


@pytest.mark.parametrize("kind", ["local", "endpoint"])
def test_what_a_kind_needs_is_said_with_an_example(kind: str) -> None:
    message = problem(kind=kind)
    assert all(f"`{name}` (" in message for name in NEEDED[kind]) and f"`kind: {kind}`" in message


@pytest.mark.parametrize(
    ("value", "mend"),
    [
        ({"model": "m"}, "has model, which does not go with `kind: static`: write `kind: endpoint`"),
        ({"tokens": 128}, "write `kind: local`"),
        ({"kind": "none", "path": "m"}, "write `kind: static`"),
        ({**ENDPOINT, "path": "m"}, "write `kind: static`"),
        ({"path": "m", "model": "m"}, "write `kind: endpoint`"),
        ({"kind": "none", "path": "m", "model": "m"}, "take out what does not belong"),
        ({**ENDPOINT, "base_url": "https://api.openai.com/v1/embeddings"}, "must end before /embeddings"),
        ({**ENDPOINT, "base_url": "api.openai.com"}, "is not an address like"),
        ({**ENDPOINT, "base_url": "https://me:secret@api.openai.com/v1"}, "is not an address like"),
        ({**ENDPOINT, "base_url": "https://acme.openai.azure.com"}, "must end with /openai/v1 on Azure"),
        ({**ENDPOINT, "extra": {"input": "x", "encoding_format": "base64"}}, "must not hold encoding_format, input"),
        ({**ENDPOINT, "dimension": 0}, "greater than or equal to 1"),
    ],
)
def test_mends(value: dict[str, Any], mend: str) -> None:
    assert mend in problem(**value)


def test_what_is_probably_not_meant(tmp_path: Path) -> None:
    def told(**value: Any) -> list[str]:
        return [".".join(map(str, loc)) for loc, _, _ in embedder_lookouts(value)]

    assert told(**ENDPOINT) == []
    assert told(**{**ENDPOINT, "base_url": "http://10.0.0.5/v1"}) == ["base_url"]
    assert told(**{**ENDPOINT, "base_url": "http://127.0.0.1:9/v1"}) == []
    assert told(kind="local", path=str(tmp_path)) == []
    assert told(kind="local", path=str(tmp_path / "gone")) == ["path"]
    assert list(embedder_lookouts(None)) == []


def test_the_page_names_every_setting_and_its_examples_load() -> None:
    for model in (EmbedderBlock, CrossEncoderBlock):
        assert not {name for name in model.model_fields if not re.search(rf"`{name}`|\\b{name}:", PAGE)}
    tenants = [yaml.safe_load(block)["tenants"][0] for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    embedders = [tenant["knowledge"]["embedder"] for tenant in tenants if "knowledge" in tenant]
    kinds = [EmbedderBlock.model_validate(block).kind for block in embedders]
    assert kinds == ["static", "local", "endpoint"]
    (cross,) = [tenant["engine"]["search"]["cross_encoder"] for tenant in tenants if "engine" in tenant]
    assert CrossEncoderBlock.model_validate(cross).tokens == 512
