"""The page that leads from the demo to production says what the files say."""

from __future__ import annotations

import re
import shlex
from typing import Final

import yaml

from tests.deploy.tools import DEPLOY, ROOT

PAGE: Final = (ROOT / "docs" / "growing-up.md").read_text()
SERVICES: Final = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
BLOCK: Final = "    "


def commands() -> list[str]:
    """What the reader is told to type, continued lines joined."""
    joined = PAGE.replace("\\\n", "")
    return [line.strip()[2:] for line in joined.splitlines() if line.startswith(BLOCK + "$ ")]


def test_the_three_lines_are_those_of_the_file() -> None:
    file = (DEPLOY / "compose" / "frontdesk.yaml").read_text().splitlines()
    shown = [line.strip() for line in PAGE.splitlines() if re.match(rf"{BLOCK}(store|knowledge|live): ", line)]
    assert shown == [line for line in file if line.startswith(("store:", "knowledge:", "live:"))]


def test_scripts_and_files_it_names_are_there() -> None:
    named = set(re.findall(r"(?<![\w/])((?:deploy|config)/[\w./-]+\w)", PAGE))
    of_the_demo = {name for name in named if name.startswith("config/examples/demo/var")}
    assert len(named) > 5
    assert not {name for name in named - of_the_demo if not (ROOT / name).exists()}


def test_services_it_names_are_those_of_the_compose_file() -> None:
    spoken_of: set[str] = set()
    for command in commands():
        words = shlex.split(command)
        if words[:2] != ["docker", "compose"]:
            continue
        scaled = [word.partition("=")[0] for word in words if re.fullmatch(r"[a-z]+=\d+", word)]
        named = [word for word in words[3:] if word in SERVICES]
        assert named or scaled or words[2] in ("up", "down"), command
        spoken_of |= {*named, *scaled}
    assert {"frontdesk", "sync", "mongodb-1"} <= spoken_of <= set(SERVICES)


def test_what_the_first_script_prints_is_quoted() -> None:
    script = (DEPLOY / "compose" / "prepare.sh").read_text()
    quoted = re.search(r"\$ deploy/compose/prepare\.sh\n\s+(.+)\n", PAGE)
    assert quoted is not None and f'echo "{quoted[1]}"' in script


def test_addresses_are_published_as_they_are_given() -> None:
    ports = {
        port.rpartition(":")[0].rpartition(":")[2].strip("}-")
        for each in SERVICES.values()
        for port in each.get("ports", ())
    }
    assert set(re.findall(r"http://localhost:(\d+)", PAGE)) == ports
