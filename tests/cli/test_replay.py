"""``frontdesk why`` and ``frontdesk replay`` of conversations that a model answered: receipts, differences, and no effect."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.domain import Role
from gateway.cli.replay import Asked
from gateway.cli.replay import _replay as run_again
from gateway.cli.why import _why as explain
from tests.cli.modelled import CUSTOMER, ORDER, RETURNS, WHERE, Modelled, models_block
from tests.flows.company import TENANT


@dataclass
class Recorded:
    """A company that has answered one conversation, and no longer serves."""

    company: Modelled
    conv: str

    @property
    def replies(self) -> list[str]:
        return [message.id for message in self.company.messages(self.conv) if message.role is Role.BOT]

    def why(self, message: str, *, as_json: bool = False) -> tuple[int, str]:
        return self.company.inside(lambda settings: explain(settings, message, as_json=as_json))

    def again(self, conv: str = "", *, as_json: bool = False, **options: Any) -> tuple[int, str]:
        asked = Asked(conversation=conv or self.conv, **options)
        return self.company.inside(lambda settings: run_again(settings, asked, as_json=as_json))

    def rows(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.company.served.folder / "var" / "frontdesk.sqlite3")) as db:
            names = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
            return {name: db.execute(f"select count(*) from {name}").fetchone()[0] for name in names}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Commands print for a wide terminal."""
    wide = pytest.MonkeyPatch()
    wide.setenv("COLUMNS", "240")
    company = Modelled(tmp_path_factory.mktemp("modelled") / "acme")
    try:
        company.served.start()
        conv = company.talk(RETURNS, WHERE)
        company.served.stop()
        yield Recorded(company, conv)
    finally:
        company.close()
        wide.undo()


@pytest.fixture(autouse=True)
def no_effect(recorded: Recorded) -> Iterator[None]:
    """Whatever a command does: no tool is called, nothing is written, and the configuration is as it was."""
    before, called = recorded.rows(), list(recorded.company.orders.seen)
    assert ("GET", f"/{ORDER}", CUSTOMER) in called, "the tool was really called when it was recorded"
    yield
    assert recorded.company.orders.seen == called
    assert recorded.rows() == before
    recorded.company.write()


class TestWhy:
    def test_the_page_has_the_whole_receipt(self, recorded: Recorded) -> None:
        code, page = recorded.company.run("why", recorded.replies[1])
        assert code == 0, page
        for word in (
            "route",
            "complexity",
            "lab/",
            "cost EUR",
            "Together",
            'lookup_order {"order_id": "LK-204518", "customer_account": "(bound)"}',
            "not taken from the model: customer_id",
            "done: ",
            "[email]",
            "1. released",
            "same outcome",
            "Settings ",
        ):
            assert word in page, (word, page)
        assert CUSTOMER not in page and "kim@x.example" not in page

    def test_a_cited_answer_names_its_chunks_and_their_hashes(self, recorded: Recorded) -> None:
        code, page = recorded.why(recorded.replies[0])
        assert code == 0 and "[1] help/returns.md" in page and ", hash " in page and "of generation g_" in page, page

    def test_json_holds_the_record_without_the_bound_identity(self, recorded: Recorded) -> None:
        code, page = recorded.why(recorded.replies[1], as_json=True)
        body = json.loads(page)
        assert code == 0 and body["replay"] == {"same": True, "settings_changed": False}
        tape = body["trace"]["steps"]["tape"]
        assert tape["tool.1.intent"]["arguments"] == {"order_id": ORDER, "customer_account": "(bound)"}
        assert CUSTOMER not in page


class TestAsItWas:
    def test_every_turn_comes_to_the_same_and_no_model_is_asked(self, recorded: Recorded) -> None:
        asked = len(recorded.company.lab.calls)
        code, page = recorded.company.run("replay", recorded.conv)
        assert code == 0, page
        assert "2 turns run again: 2 the same, 0 different" in page and RETURNS in page
        assert len(recorded.company.lab.calls) == asked

    def test_it_needs_neither_the_models_nor_the_tools_to_be_there(self, recorded: Recorded) -> None:
        recorded.company.write(models=models_block("http://127.0.0.1:1"))
        assert recorded.again()[0] == 0

    def test_a_tool_whose_parameters_lie_elsewhere_is_played_back_too(self, recorded: Recorded) -> None:
        policy = {"bound": {"customer_account": "customer_account"}, "scopes": ["orders"], "side_effect": "read"}
        elsewhere = {
            "kind": "openapi",
            "base_url": recorded.company.order_url,
            "document_url": f"{recorded.company.order_url}/openapi.json",
            "operations": {"lookup_order": policy},
        }
        recorded.company.write(tenants=[{**recorded.company.block["tenants"][0], "tools": [elsewhere]}])
        code, page = recorded.again()
        assert code == 0, page

    def test_other_settings_show_as_a_difference(self, recorded: Recorded) -> None:
        tenant = {**recorded.company.block["tenants"][0], "engine": {"converse": {"strict": True}}}
        recorded.company.write(tenants=[tenant])
        code, page = recorded.again()
        assert code == 1, page
        assert "differs" in page and "the engine settings are not those of the recorded turn" in page


class TestAnew:
    def test_another_model_is_asked_and_its_words_are_compared(self, recorded: Recorded) -> None:
        code, page = recorded.again(model="terse", as_json=True)
        body = json.loads(page)
        assert code == 1 and body["tenant"] == TENANT and body["same"] is False
        first = body["turns"][0]
        assert first["differences"]["text"]["now"].startswith("In short: "), first
        assert first["usage"]["now"]["output_tokens"] > 0
        assert [call.model for call in recorded.company.lab.calls][-1] == "terse"

    def test_words_that_went_and_came_are_marked(self, recorded: Recorded) -> None:
        code, page = recorded.again(model="spare/terse")
        assert code == 1 and "{+In short:" in page, page
        assert "used " in page and ", now " in page

    def test_a_tool_answers_what_it_answered_then(self, recorded: Recorded) -> None:
        code, page = recorded.again(model="strong", as_json=True)
        second = json.loads(page)["turns"][1]
        assert second["same"] is True, second
        assert code == 0, page

    def test_a_call_that_was_not_made_then_gets_nothing(self, recorded: Recorded) -> None:
        code, page = recorded.again(model="nosy", as_json=True)
        tools = json.loads(page)["turns"][1]["differences"]["tools"]
        assert code == 1
        assert tools["then"] == [f'lookup_order {{"customer_account": "(bound)", "order_id": "{ORDER}"}}: done']
        assert tools["now"] == ['lookup_order {"customer_account": "(bound)", "order_id": "LK-999999"}: failed']

    def test_another_prompt_reaches_the_model(self, recorded: Recorded, tmp_path: Path) -> None:
        words = tmp_path / "prompt.md"
        words.write_text("Always mention the kingfisher.\n")
        recorded.again(prompt=str(words), voice="Dry.")
        prompts = [prompt for call in list(recorded.company.lab.calls)[-3:] for prompt in [str(call.body)]]
        assert any("Always mention the kingfisher." in prompt and "Brand voice: Dry." in prompt for prompt in prompts)

    def test_a_model_that_is_out_of_reach_is_told(self, recorded: Recorded) -> None:
        code, page = recorded.again(model="lab/gone")
        assert code == 1 and "no answer from lab/gone: not_found" in page, page
        assert "frontdesk doctor" in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endpoint": "main"}, "no endpoint `main`; there are: lab, spare"),
        ({"model": "two words"}, "cannot be the name"),
        ({"prompt": "x" * 5_000}, "--prompt: "),
    ],
)
def test_wrong_options_are_2(recorded: Recorded, options: dict[str, Any], words: str) -> None:
    code, page = recorded.again(**options)
    assert code == 2 and words in page, page


def test_an_unknown_conversation_is_2(recorded: Recorded) -> None:
    code, page = recorded.again("c_nobody")
    assert code == 2 and "no such conversation" in page


def test_without_models_there_is_nobody_to_ask_anew(recorded: Recorded) -> None:
    recorded.company.write(models=None)
    code, page = recorded.again(model="terse")
    assert code == 2 and "has no `models`" in page
