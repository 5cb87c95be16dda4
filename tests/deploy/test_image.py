"""The image: what it is made of, whom it runs as, and that what is built for it runs away from the source tree."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest

from gateway.http.ops import routes
from tests.deploy.tools import DEPLOY, ROOT

DOCKERFILE: Final = (DEPLOY / "Dockerfile").read_text()
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: Final[list[str]] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def instructions() -> list[tuple[str, str]]:
    """What the Dockerfile says, continued lines joined, comments left out."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE)
    joined = re.sub(r"\\\n", " ", text)
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines()) if word]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def only(stage: list[tuple[str, str]], word: str) -> str:
    """The one instruction of a kind."""
    (found,) = [rest for each, rest in stage if each == word]
    return found


def allowed() -> list[str]:
    """What .dockerignore lets in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines, "everything is left out that is not named"
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def context(into: Path) -> Path:
    """The files a build would be given."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    left_out = [line.removeprefix("**/") for line in lines if line.startswith("**/")]

    def ignored(_: str, names: list[str]) -> set[str]:
        return {name for name in names for pattern in left_out if fnmatch.fnmatch(name, pattern)}

    into.mkdir()
    for name in allowed():
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=ignored)
        else:
            shutil.copy(source, into / name)
    return into


def test_both_stages_stand_on_one_pinned_python() -> None:
    bases = {only(stage, "FROM").split(" ")[0] for stage in stages()}
    assert len(stages()) == 2 and len(bases) == 1
    version = re.fullmatch(r"python:(\d+\.\d+)\.\d+-slim", bases.pop())
    assert version is not None, "pinned to the patch"
    assert PROJECT["project"]["requires-python"] == f">={version[1]}", "the Python that the tests run on"


def test_dependencies_are_those_of_the_lock() -> None:
    installs = [rest for word, rest in stages()[0] if word == "RUN" and "pip install" in rest]
    locked, own = installs
    assert "--require-hashes" in locked and "-r requirements.lock" in locked
    assert "--no-deps" in own and "--no-build-isolation" in own


def test_the_last_stage_builds_nothing_and_is_nobody() -> None:
    last = stages()[1]
    said = " ".join(rest for word, rest in last if word == "RUN")
    assert not re.search(r"apt|pip|gcc|curl|wget|chmod .*[sg]", said)
    assert only(last, "USER") == "10001:10001" and "10001" in said
    assert [word for word, _ in last].index("USER") < [word for word, _ in last].index("ENTRYPOINT")
    assert only(last, "COPY").startswith("--from=build /opt/frontdesk"), "no source, no lock, no cache"
    assert not [word for word, _ in instructions() if word in ("ADD", "ARG")]


def test_it_is_asked_and_ended_as_the_process_wants() -> None:
    last = stages()[1]
    assert only(last, "STOPSIGNAL") == "SIGTERM"
    assert only(last, "ENTRYPOINT") == '["frontdesk"]' and only(last, "CMD") == '["serve"]'
    asked = re.search(r"http://127\.0\.0\.1:8081(/\w+)", only(last, "HEALTHCHECK"))
    assert asked is not None and asked[1] in {route.path for route in routes()}


def test_the_build_gets_the_packages_and_no_secrets() -> None:
    assert set(PACKAGES) < set(allowed()) and "requirements.lock" in allowed()
    assert {".env", ".git", "tests", "docs", "config/examples/demo/var"}.isdisjoint(allowed())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as ``pip install .`` would lay it down."""
    folder = tmp_path_factory.mktemp("image")
    source, made = context(folder / "source"), folder / "site"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(made)
    return made


def test_every_file_of_the_packages_is_in_it(installed: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(listed) > 500
    assert not [name for name in listed if not (installed / name).exists()]


def test_it_runs_away_from_its_source(installed: Path, tmp_path: Path) -> None:
    file = tmp_path / "frontdesk.yaml"
    file.write_text("version: 1\ntenants: [{id: a, name: A, accounts: [{id: a-web, channel: web}]}]\n")
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "check", str(file)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert ended.returncode == 0 and "fine" in ended.stderr, ended.stdout + ended.stderr
