"""The JSON Schema: up to date, valid, at one with the loader on the examples, and the examples are good files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from config import examine, json_schema, load
from config.problems import Report
from config.yaml_tree import parse
from gateway.cli.schema import text
from gateway.compose import plugs
from tests.config.files import GOOD, PLUGS, folder

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLES = sorted(
    path
    for path in CONFIG.joinpath("examples").rglob("*.yaml")
    if path.stem in {"frontdesk", "minimal", "company", "multi_tenant"}
)
ENVIRON = {
    "SAM_PASSWORD": "not-a-real-password",
    "ROBIN_PASSWORD": "not-a-real-password",
    "ADA_PASSWORD": "not-a-real-password",
    "KIM_PASSWORD": "not-a-real-password",
    "LARKSPUR_JWT_SECRET": "not-a-real-secret-but-long-enough-for-hs256",
    "OPENAI_API_KEY": "not-a-real-key",
    "LARKSPUR_SHOP_KEY": "not-a-real-key",
    "LARKSPUR_WEBHOOK_SECRET": "whsec_bm90LWEtcmVhbC1zZWNyZXQtYnV0LWxvbmctZW5vdWdo",
}


def values(raw: str) -> Any:
    tree = parse(raw.encode(), Report("file"))
    assert tree is not None
    return tree.data


def complaints(schema: dict[str, Any], value: Any) -> list[list[str | int]]:
    return [list(error.instance_path) for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(value)]


def test_the_kept_schema_is_up_to_date() -> None:
    kept = (CONFIG / "frontdesk.schema.json").read_text(encoding="utf-8")
    assert kept == text(), "run `make schema`"


def test_it_is_a_schema() -> None:
    schema = json.loads(text())
    assert jsonschema_rs.meta.is_valid(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_setting_is_described() -> None:
    schema = json_schema(plugs())
    bare = [
        f"{name}.{key}"
        for name, block in schema["$defs"].items()
        for key, value in block.get("properties", {}).items()
        if "description" not in value and "const" not in value and "$ref" not in value
    ]
    plugged = {"JwtKey.kid", "JwtKey.alg", "Account_web.greeting"}
    weekdays = {f"WeekSettings.{day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    named = {name for name in bare if name.partition(".")[0] not in {"Notices", "Engine"}}
    assert named <= plugged | weekdays


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_good(file: Path) -> None:
    settings = load(file, plugs(), ENVIRON)
    assert settings.warnings == ()
    raw = file.read_text(encoding="utf-8")
    hint = raw.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / hint).resolve() == (CONFIG / "frontdesk.schema.json").resolve()
    assert complaints(json.loads(text()), values(raw)) == []


def test_all_examples_were_found() -> None:
    assert {path.name for path in EXAMPLES} == {"frontdesk.yaml", "minimal.yaml", "company.yaml", "multi_tenant.yaml"}


def test_the_company_example_shows_every_block() -> None:
    company = values((CONFIG / "examples" / "company.yaml").read_text(encoding="utf-8"))
    schema = json_schema(plugs())
    tenant, account = company["tenants"][0], company["tenants"][0]["accounts"][0]
    assert set(company) == set(schema["properties"])
    for block, name in (
        (tenant, "Tenant"),
        (tenant["engine"], "Engine"),
        (account, "Account_web"),
        (company["server"]["limits"], "Limits"),
    ):
        optional = {"allow_any_origin", "models"}
        assert set(schema["$defs"][name]["properties"]) - set(block) <= optional, name


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("title: Inbox", "titel: Inbox", ["tenants", 0, "desk"]),
        ("channel: chat", "channel: chatt", ["tenants", 0, "accounts", 0, "channel"]),
        ("port: 8081", "port: 99999", ["server", "internal", "port"]),
        ("roles: [agent, admin]", "roles: [agent, boss]", ["people", 0, "roles", 1]),
        ("then: clarify", "then: clarfy", ["tenants", 0, "engine", "rules", 1, "then"]),
        ('{handoff: "Coming"}', '{handof: "Coming"}', ["tenants", 0, "notices", "default"]),
        ("name: Demo", "nam: Demo", ["tenants", 0]),
    ],
)
def test_editors_see_what_the_loader_sees(tmp_path: Path, old: str, new: str, place: list[str | int]) -> None:
    schema = json_schema(PLUGS)
    assert complaints(schema, values(GOOD)) == []
    changed = GOOD.replace(old, new)
    assert place in complaints(schema, values(changed))
    file = folder(tmp_path) / "frontdesk.yaml"
    file.write_text(changed)
    assert examine(file, PLUGS, {"SAM_PASSWORD": "long enough", "CHAT_PORT": "9090"}).settings is None
