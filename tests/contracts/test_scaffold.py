"""A new channel's folder imports, is found, is clean, and fails the contract until it is filled in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.channel_contract import ChannelContract, scenarios
from tests.contracts.scaffold import ROOT, NameTaken, scaffold

PLAY = """
import asyncio, json, logging, sys
from pathlib import Path
import adapters, tests.channels
root = Path(sys.argv[1])
adapters.__path__.append(str(root / "adapters"))
tests.channels.__path__.append(str(root / "tests" / "channels"))
from adapters.discovery import channel_plugins
from tests.channels.pigeon.descriptor import DESCRIPTOR
from tests.contracts.channel_contract import ChannelContract, scenarios
from tests.contracts.channel_world import world_of
import _pytest.outcomes as outcomes

async def play():
    failed = []
    for name, scenario in scenarios(ChannelContract()).items():
        async with world_of(DESCRIPTOR) as world:
            try:
                await scenario(world)
            except outcomes.Skipped:
                pass
            except (Exception, outcomes.Failed):
                failed.append(name)
    print(json.dumps({"found": "pigeon" in channel_plugins(), "failed": failed}))

asyncio.run(play())
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("house")
    scaffold("pigeon", root=root)
    return root


@pytest.fixture(scope="module")
def played(root: Path) -> dict[str, Any]:
    """The contract on the new channel, in a process of its own, so that nobody else finds the folder."""
    done = subprocess.run(
        [sys.executable, "-c", PLAY, str(root)], capture_output=True, text=True, check=False, cwd=ROOT, timeout=100
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_it_imports_and_is_found_by_its_folder(played: dict[str, Any]) -> None:
    assert played["found"]


def test_it_fails_the_contract_until_filled_in(played: dict[str, Any]) -> None:
    must_fail = {
        "test_what_the_vendor_signed_is_accepted",
        "test_every_configured_secret_is_good_while_rotating",
        "test_without_its_proof_it_is_refused",
        "test_every_fixture_means_what_it_should",
        "test_a_message_opens_a_conversation",
        "test_an_agents_name_is_shown",
        "test_citations_lead_to_their_sources",
        "test_mentions_call_nobody",
    }
    assert must_fail <= set(played["failed"]) <= set(scenarios(ChannelContract()))


def test_it_is_clean(root: Path) -> None:
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", str(ROOT / "pyproject.toml"), str(root)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout


def test_it_has_all_that_a_channels_folder_has(root: Path) -> None:
    names = {path.name for path in (root / "adapters" / "pigeon").iterdir()} - {"__pycache__"}
    assert names == {"__init__.py", "channel.py", "errors.py", "payloads.py", "render.py", "settings.py", "README.md"}
    assert len((root / "adapters" / "pigeon" / "README.md").read_text().splitlines()) <= 40
    assert not [path for path in root.rglob("*") if path.is_file() and b"{{" in path.read_bytes()]


@pytest.mark.parametrize("name", ["", "a", "Foo", "foo-bar", "foo_bar", "../evil", "shared", "web", "x" * 21, "9lives"])
def test_a_name_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "adapters" / "web").mkdir(parents=True)
    with pytest.raises(NameTaken):
        scaffold(name, root=tmp_path)


def test_nothing_is_overwritten(root: Path) -> None:
    with pytest.raises(NameTaken, match="exists already"):
        scaffold("pigeon", root=root)
