"""``frontdesk drill model-outage``: every rung holds within its time, with what it must; nothing else is touched or called."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from aiohttp import web
from rich.console import Console
from typer.testing import CliRunner

from gateway.cli import drill as command
from gateway.cli.drill_outage import LIMIT_S, PEOPLE, QUOTED, Drilled, drill
from gateway.cli.drill_stage import NoDrill, free_ports
from gateway.compose import load_settings
from tests.cli.modelled import Host, tool
from tests.flows.company import TENANT, settings, write_articles
from tests.nursery import QuickServed

QUESTION = "Within how many days can I return goods?"
PATIENT = {"engine": {"converse": {"patience_s": 6}}}


class Company:
    """A company whose models and tools are at an address that remembers who called."""

    def __init__(self, folder: Path, host: Host) -> None:
        self.called: list[str] = []
        address = host.serve(self._vendor())
        quick = {"first_s": 0.5, "idle_s": 1, "total_s": 5}
        self.block = settings(write_articles(folder / "kb"))
        self.block["models"] = {
            "endpoints": {"vendor": {"base_url": f"{address}/v1", "key": "vendor-key-canary"}},
            "roles": {
                "strong": [
                    {"endpoint": "vendor", "model": "big", **quick},
                    {"endpoint": "vendor", "model": "big-too", **quick},
                ],
                "fast": [{"endpoint": "vendor", "model": "small", **quick}],
            },
        }
        self.block["tenants"][0] |= {"tools": [tool(address)], "tool_scopes": {"verified": ["orders"]}, **PATIENT}
        self.served = QuickServed(folder, self.block)

    def _vendor(self) -> web.Application:
        async def remember(request: web.Request) -> web.Response:
            self.called.append(request.path)
            return web.json_response({})

        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", remember)
        return app

    def change(self, **models: Any) -> None:
        self.served.write({**self.block, "models": {**self.block["models"], **models}})

    def drill(self, how: str = "errors", question: str | None = None, tenant: str | None = None) -> Drilled:
        console = Console(file=io.StringIO())
        return asyncio.run(drill(load_settings(self.served.config), tenant, question, how, console=console))

    def digest(self) -> dict[str, str]:
        """Every file of the installation."""
        files = (path for path in sorted(self.served.folder.rglob("*")) if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Company:
    made = Company(tmp_path_factory.mktemp("drilled") / "acme", host)
    assert made.served.command("sync").returncode == 0
    return made


def test_silent_models_step_down_rung_by_rung_within_the_time(company: Company) -> None:
    before = company.digest()
    drilled = company.drill("silent")
    assert drilled.held, drilled
    assert [(ended.rung.name, ended.got) for ended in drilled.rungs] == [
        ("all is well", "strong: vendor/big"),
        ("the first model is down", "strong: vendor/big-too"),
        ("its whole role is down", "fast: vendor/small"),
        ("no model answers", QUOTED),
        ("and nothing to quote", PEOPLE),
        ("models are back", "strong: vendor/big"),
    ]
    assert all(ended.first_word_s is not None and ended.first_word_s <= LIMIT_S for ended in drilled.rungs)
    by_name = {ended.rung.name: ended for ended in drilled.rungs}
    assert by_name["no model answers"].said.strip()
    assert "bringing in a person" in by_name["and nothing to quote"].said
    assert any("tools" in note for note in drilled.notes)
    assert company.digest() == before, "nothing of the installation was touched"
    assert company.called == [], "no vendor and no tool was called"


@pytest.mark.parametrize("how", ["refused", "errors"])
def test_the_question_may_be_given_and_models_may_be_down_in_other_ways(company: Company, how: str) -> None:
    drilled = company.drill(how, question=QUESTION)
    assert drilled.held, drilled
    assert "30 days" in next(ended.said for ended in drilled.rungs if ended.got == QUOTED)
    assert company.called == []


def test_a_rung_that_does_not_hold_is_told(company: Company) -> None:
    """A budget that no call fits into: the models are well and still never answer."""
    company.change(budgets={"turn": {"tokens": 1}})
    try:
        drilled = company.drill()
    finally:
        company.change()
    assert not drilled.held
    assert {ended.rung.name for ended in drilled.rungs if not ended.held} >= {"all is well", "models are back"}
    assert next(ended.got for ended in drilled.rungs) == QUOTED


def test_a_single_model_is_told_to_have_no_fallback(company: Company) -> None:
    roles = company.block["models"]["roles"]
    company.change(roles={"strong": roles["strong"][:1]})
    try:
        drilled = company.drill()
    finally:
        company.change()
    assert drilled.held and len(drilled.rungs) == 4
    assert any("no other to fall back to" in note for note in drilled.notes)


def test_without_an_index_the_demos_pages_are_asked(tmp_path: Path, host: Host) -> None:
    fresh = Company(tmp_path / "fresh", host)
    drilled = fresh.drill()
    assert drilled.held, drilled
    assert any("demo's pages" in note for note in drilled.notes)
    assert not (tmp_path / "fresh" / "var").exists()


@pytest.mark.parametrize(
    ("question", "tenant", "words"),
    [
        ("Is the vozzlemere snorptic?", None, "give a question that is"),
        (None, "nobody", f"there are: {TENANT}"),
    ],
)
def test_what_cannot_be_drilled_says_why(
    company: Company, question: str | None, tenant: str | None, words: str
) -> None:
    with pytest.raises(NoDrill, match=words):
        company.drill(question=question, tenant=tenant)


def test_ports_are_free_and_different() -> None:
    first, second = free_ports(2)
    assert first != second and min(first, second) > 1_023


def test_without_models_there_is_nothing_to_drill(company: Company) -> None:
    company.served.write({name: value for name, value in company.block.items() if name != "models"})
    try:
        with pytest.raises(NoDrill, match="nothing can fail"):
            company.drill()
    finally:
        company.change()


def test_the_command_lists_drills_and_refuses_others() -> None:
    app = typer.Typer()
    command.register(app)
    listed = CliRunner().invoke(app, [])
    assert listed.exit_code == 0 and listed.output.startswith("model-outage  ")
    unknown = CliRunner().invoke(app, ["flood"])
    assert unknown.exit_code == 2 and "there are: model-outage" in unknown.output


def test_the_command_tells_by_its_code(company: Company) -> None:
    done = company.served.command("drill", "model-outage", "--how", "refused")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every rung held." in done.stdout and "first word" in done.stdout and not done.stderr
