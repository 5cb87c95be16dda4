"""``frontdesk capacity``: the arithmetic against one done by hand, that more never needs less, and the page that shows it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.__main__ import OF_CAPACITY
from core.errors import ConfigError
from gateway.capacity import Figures, Line, Load, lines, table, told
from gateway.cli import app
from tests.cli.test_why import SETTINGS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "capacity.md").read_text()
SHARES = ("model_share",)
MODELS = """models:
  endpoints: {x: {base_url: "https://models.example/v1", key: k}}
  roles:
    strong: [{endpoint: x, model: large, input_price: 2, output_price: 8}]
"""


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["capacity", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def needs(load: Load, figures: Figures | None = None) -> dict[str, Line]:
    return {f"{line.about}: {line.what}": line for line in lines(load, figures or Figures())}


def test_by_hand() -> None:
    load = Load(
        conversations=86_400,
        messages=2,
        peak=10,
        searches=2,
        streams=25_000,
        chunks=2**20,
        dimension=128,
        history_days=100,
        model_share=0.25,
        tokens_in=1_000,
        tokens_out=100,
        input_price=1,
        output_price=10,
    )
    figures = Figures(
        turns_per_s=500,
        engine_ms=8,
        streams_per_process=5_000,
        stream_kib=16,
        headroom=0.5,
        writes_per_message=10,
        kept_bytes=1_000,
        passing_bytes=2_000,
        disk_factor=2,
        shard_writes_per_s=100,
        shard_tb=0.05,
        searches_per_s=10,
        object_bytes=1_024,
        node_cores=4,
        node_gib=2,
        live_per_message=3,
    )
    assert {name: line.value for name, line in needs(load, figures).items()} == {
        "load: messages a day": 172_800,
        "load: turns at peak": 20,
        "load: searches at peak": 40,
        "Frontdesk: cores for turns": pytest.approx(0.4),  # 20/s of 10 ms, half full
        "Frontdesk: processes for streams": 5,
        "Frontdesk: memory of streams": pytest.approx(390.625),
        "Frontdesk: replicas": 6,
        "MongoDB: document writes at peak": 200,
        "MongoDB: growth a day": pytest.approx(0.3456),
        "MongoDB: passing, 14 days": pytest.approx(9.6768),
        "MongoDB: stored in the end": pytest.approx(0.0442368),
        "MongoDB: shards by writes": pytest.approx(4),
        "MongoDB: shards by storage": pytest.approx(1.769472),
        "MongoDB: shards": 4,
        "Weaviate: memory of a copy": 2,
        "Weaviate: cores for searches": pytest.approx(8),
        "Weaviate: nodes": 3,
        "Redis: messages at peak": 60,
        "models: turns a model writes, at peak": 5,
        "models: spend a day, in its currency": pytest.approx(86.4),
    }


def test_the_load_of_the_design() -> None:
    found = needs(Load())
    assert found["load: messages a day"].value == 6_000_000
    assert told(found["load: searches at peak"].value) == "833"
    assert "10,000 streams" in found["Frontdesk: processes for streams"].formula


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_more_load_never_needs_less(data: st.DataObject) -> None:
    some = st.floats(min_value=1, max_value=1e7, allow_nan=False)
    values = {name: data.draw(st.floats(0, 1) if name in SHARES else some) for name in Load.__struct_fields__}
    name = data.draw(st.sampled_from(Load.__struct_fields__))
    factor = data.draw(st.floats(1, 1_000))
    more = min(1.0, values[name] * factor) if name in SHARES else values[name] * factor
    before, after = needs(Load(**values)), needs(Load(**{**values, name: more}))
    assert [what for what, line in before.items() if after[what].value < line.value] == []


@pytest.mark.parametrize("name", Load.__struct_fields__)
def test_every_number_of_the_load_counts(name: str) -> None:
    more = 0.9 if name in SHARES else getattr(Load(), name) * 1_000
    before, after = needs(Load()), needs(msgspec.structs.replace(Load(), **{name: more}))
    grown = [what for what, line in before.items() if after[what].value > line.value]
    assert grown
    assert all(after[what].formula != before[what].formula for what in grown if "larger" not in after[what].formula)


@pytest.mark.parametrize("name", Figures.__struct_fields__)
def test_every_figure_counts(name: str) -> None:
    changed = msgspec.structs.replace(Figures(), **{name: getattr(Figures(), name) / 3})
    assert lines(Load(), changed) != lines(Load(), Figures())


def test_the_page_shows_what_the_command_prints_and_every_number_behind_it() -> None:
    assert run().strip() in PAGE
    assert not [name for name in Figures.__struct_fields__ if f"`{name}`" not in PAGE]
    options = {f"--{name.replace('_', '-')}" for name in Load.__struct_fields__ if not name.endswith("_price")}
    assert not [option for option in options if f"`{option}`" not in PAGE]
    for name in Figures.__struct_fields__:
        row = next(line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line)
        assert told(getattr(Figures(), name)) in row
    assert len(PAGE.splitlines()) <= 90


def test_options_and_json() -> None:
    found = json.loads(run("--json", "--conversations", "20000", "--streams", "500", "--model-share", "0"))
    assert found["load"]["conversations"] == 20_000 and found["figures"]["turns_per_s"] == Figures().turns_per_s
    assert [need["value"] for need in found["needs"] if need["what"] == "replicas"] == [2]
    assert found["needs"][-1]["value"] == 0


def test_measured_figures_and_prices_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "measured.json").write_text('{"turns_per_s": 100, "engine_ms": 20}')
    (tmp_path / "kb").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS + MODELS)
    found = json.loads(
        run("--figures", str(tmp_path / "measured.json"), "--prices", str(tmp_path / "frontdesk.yaml"), "--json")
    )
    assert (found["figures"]["turns_per_s"], found["figures"]["headroom"]) == (100, Figures().headroom)
    assert (found["load"]["input_price"], found["load"]["output_price"]) == (2, 8)


def test_what_the_benchmarks_write_can_be_read() -> None:
    assert set(OF_CAPACITY.values()) <= set(Figures.__struct_fields__)


@pytest.mark.parametrize(
    ("text", "said"),
    [('{"turn_per_s": 1}', "turn_per_s"), ('{"turns_per_s": 0}', r"> 0.*turns_per_s"), ("{", "malformed|truncated")],
)
def test_figures_that_cannot_be_are_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "measured.json").write_text(text)
    with pytest.raises(ConfigError, match=f"measured.json: .*({said})"):
        run("--figures", str(tmp_path / "measured.json"))


def test_files_that_say_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "kb").mkdir()
    (tmp_path / "frontdesk.yaml").write_text(SETTINGS)
    with pytest.raises(ConfigError, match="no strong model"):
        run("--prices", str(tmp_path / "frontdesk.yaml"))
    with pytest.raises(ConfigError, match="cannot be read"):
        run("--figures", str(tmp_path / "nowhere.json"))


def test_a_load_that_cannot_be_is_wrong_usage() -> None:
    result = CliRunner().invoke(app, ["capacity", "--peak", "0.5"])
    assert result.exit_code == 2 and "peak" in result.output


def test_the_table_is_aligned() -> None:
    printed = table(lines(Load(), Figures())).splitlines()
    assert len({len(line) for line in printed}) == 1
