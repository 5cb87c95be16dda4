"""``frontdesk doctor`` on models and tools: which key or name is wrong and how to mend it, with every secret struck out."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from core.errors import StoreUnavailable
from core.ports.channel import Finding, Level
from gateway.cli.doctor import _doctor
from gateway.compose import load_settings
from gateway.doctor import Examined
from gateway.doctor_abilities import Ability, examine_abilities
from gateway.lab.model import ModelLab, read_script
from tests.cli.modelled import KEY, TOOL_KEY, Host, Orders, tool
from tests.flows.company import settings, write_articles
from tests.nursery import QuickServed

CALLS = {"call": {"name": "note", "arguments": {"word": "yes"}}}
ANSWERS = [
    {"id": "tool", "when": {"words": "Call the tool", "offered": "note"}, "then": CALLS},
    {"id": "shape", "when": {"is_json": True}, "then": {"fill": True}},
]
SCRIPT: dict[str, Any] = {"keys": [KEY], "models": ["small", "big"], "rules": ANSWERS, "default": {"text": "Yes."}}


class Clinic:
    """A company with a models block, and the two servers it speaks to."""

    def __init__(self, folder: Path) -> None:
        self.host, self.orders, self.lab = Host(), Orders(), ModelLab(read_script(SCRIPT))
        self.address, self.shop = self.host.serve(self.lab.app()), self.host.serve(self.orders.app())
        self.served = QuickServed(folder, settings(write_articles(folder / "kb")))
        self.knowledge = folder / "kb"

    def write(self, *, key: str = KEY, model: str = "small", **tenant: Any) -> None:
        block = settings(self.knowledge, public={"base_url": self.served.url})
        block["models"] = {
            "endpoints": {"vendor": {"base_url": f"{self.address}/v1", "key": key}},
            "roles": {"fast": [{"endpoint": "vendor", "model": model}]},
        }
        block["tenants"][0] |= {"tool_scopes": {"verified": ["orders"]}, **tenant}
        self.served.write(block)

    def doctor(self, only: str | None = None) -> tuple[int, dict[str, Any]]:
        words = io.StringIO()
        with redirect_stdout(words):
            code = _doctor(load_settings(self.served.config), only, as_json=True)
        assert KEY not in words.getvalue() and TOOL_KEY not in words.getvalue()
        return code, json.loads(words.getvalue())

    def close(self) -> None:
        self.host.close()


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    made = Clinic(tmp_path_factory.mktemp("clinic") / "acme")
    yield made
    made.close()


def failures(found: dict[str, Any], part: str) -> list[dict[str, str]]:
    return [one for item in found[part] for one in item["findings"] if one["level"] == "failure"]


def test_models_and_tools_that_are_well(clinic: Clinic) -> None:
    clinic.write(tools=[tool(clinic.shop)])
    code, found = clinic.doctor()
    assert (code, found["well"]) == (0, True), found
    (models,) = found["models"]
    assert models["tenant"] is None and len(models["findings"]) == 3
    assert all(one["what"].startswith("role fast, choice 1: small") for one in models["findings"])
    (tools,) = found["tools"]
    assert tools["tenant"] == "acme" and {one["level"] for one in tools["findings"]} == {"ok"}
    assert {method for method, _, _ in clinic.orders.seen} == {"HEAD"}, "no tool was called"


def test_a_wrong_key_is_named_with_its_endpoint(clinic: Clinic) -> None:
    clinic.write(key="another-key-canary-23")
    code, found = clinic.doctor()
    (failure,) = failures(found, "models")
    assert code == 1 and not found["well"]
    assert "vendor" in failure["what"] and "auth" in failure["what"]
    assert "check `key` of the endpoint" in failure["mend"]
    assert "another-key-canary-23" not in json.dumps(found)


def test_a_wrong_name_is_told_with_the_names_there_are(clinic: Clinic) -> None:
    clinic.write(model="smal")
    code, found = clinic.doctor()
    (failure,) = failures(found, "models")
    assert code == 1
    assert "not_found" in failure["what"] and "'smal'" in failure["what"]
    assert "it offers: small" in failure["mend"]


def test_a_tools_server_that_is_gone_is_a_failure(clinic: Clinic) -> None:
    clinic.write(tools=[tool("http://127.0.0.1:1")])
    code, found = clinic.doctor()
    assert code == 1 and failures(found, "tools"), found


def test_a_tenants_own_models_are_examined_under_its_name(clinic: Clinic) -> None:
    own = {
        "endpoints": {"own": {"base_url": f"{clinic.address}/v1", "key": KEY}},
        "roles": {"strong": [{"endpoint": "own", "model": "big"}]},
    }
    clinic.write(models=own)
    _, found = clinic.doctor()
    assert [item["tenant"] for item in found["models"]] == ["acme"]


def test_one_account_leaves_models_out(clinic: Clinic) -> None:
    clinic.write(key="another-key-canary-23")
    asked = len(clinic.lab.calls)
    code, found = clinic.doctor("acme-web")
    assert (code, found["models"], found["tools"]) == (0, [], [])
    assert len(clinic.lab.calls) == asked


def test_the_page_has_the_same_look(clinic: Clinic) -> None:
    clinic.write(model="smal", tools=[tool(clinic.shop)])
    done = clinic.served.command("doctor")
    assert done.returncode == 1
    for words in ("Models\n", "Tools  (tenant acme)", "FAILURE", "→ check the name; it offers: small"):
        assert words in done.stdout, done.stdout
    assert KEY not in done.stdout + done.stderr


class Ill:
    """An ability whose examination fails as told."""

    def __init__(self, *found: Finding, error: Exception | None = None, hangs: bool = False) -> None:
        self.found, self.error, self.hangs = found, error, hangs

    async def examine(self) -> tuple[Finding, ...]:
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return self.found


async def examined(ill: Ill, *secrets: str) -> Examined:
    (item,) = await examine_abilities([Ability(kind="models", tenant="", examines=ill, secrets=secrets)], limit_s=0.05)
    return item


@pytest.mark.parametrize(
    ("ill", "words"),
    [
        (Ill(hangs=True), "did not end within 0.05 s"),
        (Ill(error=StoreUnavailable("the disk is full")), "the disk is full"),
        (Ill(error=RuntimeError("secret words")), "failed (RuntimeError)"),
    ],
)
async def test_an_examination_that_fails_is_a_finding_of_its_own(ill: Ill, words: str) -> None:
    (finding,) = (await examined(ill)).findings
    assert finding.level is Level.FAILURE and words in finding.what and "secret words" not in finding.what


async def test_secrets_are_struck_out_of_whatever_is_found() -> None:
    found = Finding(check="model", level=Level.OK, what="it said canary-key-4711", mend="use canary-key-4711")
    (clean,) = (await examined(Ill(found), "canary-key-4711")).findings
    assert (clean.what, clean.mend) == ("it said [secret]", "use [secret]")


async def test_nothing_found_is_nothing_to_examine() -> None:
    (finding,) = (await examined(Ill())).findings
    assert finding.level is Level.OK
