"""``frontdesk route explain`` on a real store: the page, the JSON, and honest words where there is nothing."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from core.domain import EventKind, Head, InboundEvent
from core.ledger import CommitDraft
from core.notices import Notices
from core.ownership import decide
from gateway.cli import load, route
from gateway.compose import load_settings
from gateway.compose.people import router_of
from gateway.queueing import QueueSweep
from gateway.store.embedded.sqlite import SqliteStore
from tests.cli.test_why import SETTINGS, keep, turn_of
from tests.core import world

HANDOFF = """
    handoff:
      teams: {support: {}, second: {hours: {open: {mon: "00:00-00:01"}}}}
      routing:
        rules: [{name: Everybody, then: {tags: [vip]}}]
        default_team: support
      queue: {timeout_minutes: 1, then_team: second}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "a.md").write_text("# A\n\nWords.\n")
    (tmp_path / "var").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS + HANDOFF)
    return tmp_path


def hand_over(folder: Path, *, rounds: int) -> None:
    """Ask for a person; route; let the wait run out ``rounds`` times."""

    async def write() -> None:
        store = SqliteStore(folder / "var" / "frontdesk.sqlite3", clock=lambda: world.T0)
        await store.start()
        tenant = load_settings(folder / "frontdesk.yaml").tenants[0]
        event = world.event("asked for a person")
        control = InboundEvent(
            **{
                name: getattr(event, name)
                for name in ("tenant", "account", "conv", "contact", "provider_at", "received_at")
            },
            dedupe_key="h",
            kind=EventKind.HANDOFF_REQUESTED,
        )

        def build(head: Head) -> CommitDraft:
            return decide(head, control, notices=Notices())

        await store.for_tenant("acme").append("c_1", nonce="h", build=build, event=control)
        router = router_of(tenant, store, at=world.T0 + timedelta(hours=1))
        sweep = QueueSweep(routers=lambda: {"acme": router}, notices=lambda name: Notices())
        for _ in range(rounds):
            head = await store.for_tenant("acme").head("c_1")
            assert head is not None
            await router.route(head)
            await sweep.sweep()
        await store.stop()

    asyncio.run(write())


def explain(folder: Path, *more: str, conv: str = "c_1") -> tuple[int, str]:
    arguments = ["explain", conv, "--config", str(folder / "frontdesk.yaml"), *more]
    app = typer.Typer()
    route.register(app)
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_the_page_tells_decisions_routes_and_hours(folder: Path) -> None:
    keep(folder, turn_of(folder, "I want to sue you, my lawyer says"))
    hand_over(folder, rounds=1)
    code, page = explain(folder)
    assert code == 0
    assert "hand_over (rule 2): category high_stakes" in page
    assert "round 0: team support, urgency normal, tags vip" in page
    assert "rule “Everybody”: always" in page
    assert "Not routed yet; now it would be: team second" in page
    assert "another team" in page
    assert "the desk: open" in page
    assert "second: " in page


def test_as_json_it_holds_no_personal_data(folder: Path) -> None:
    keep(folder, turn_of(folder, "I want to sue you, my lawyer says"))
    hand_over(folder, rounds=2)
    code, body = explain(folder, "--json")
    told = json.loads(body)
    assert code == 0
    assert [(routing["round"], routing["recorded"]["team"]) for routing in told["routed"]] == [
        (0, "support"),
        (1, "second"),
    ]
    assert [decided["handoff"] for decided in told["decided"]] == ["high_stakes"]
    assert told["decided"][0]["because"] == ["category high_stakes"]
    assert not {"contact", "thread", "preview"} & set(told["head"])


def test_an_unknown_conversation_is_said(folder: Path) -> None:
    keep(folder, turn_of(folder, "hello"))
    assert explain(folder, conv="c_nobody") == (1, "c_nobody: no such conversation in any configured tenant.\n")


def test_a_conversation_that_nobody_handed_over(folder: Path) -> None:
    keep(folder, turn_of(folder, "How much is delivery?"))
    code, page = explain(folder)
    assert code == 0
    assert "Nothing was routed." in page


def test_the_command_is_found_by_name() -> None:
    assert load("route").name == "route"
