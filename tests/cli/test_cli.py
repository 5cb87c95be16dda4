"""The command line from outside: what it prints, its exit codes, and that the overview loads nothing it does not need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.__main__ import run
from gateway.cli import COMMANDS

ROOT = Path(__file__).parents[2]
MINIMAL = ROOT / "config" / "examples" / "minimal.yaml"
SECRET = "canary-password-of-sam"


def frontdesk(*args: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell would."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    env = {**keep, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "TERM": "dumb", **environ}
    return subprocess.run(
        [sys.executable, "-m", "gateway", *args],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True)
class Ended:
    """What a command said in this process, which has loaded it already."""

    returncode: int
    stdout: str
    stderr: str


Here = Callable[..., Ended]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """Run the command in this process: what a process of its own adds is tested by those that use ``frontdesk``."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "dumb")

    def command(*args: str, cwd: Path = ROOT, **environ: str) -> Ended:
        with monkeypatch.context() as alone:
            alone.chdir(cwd)
            for name, value in environ.items():
                alone.setenv(name, value)
            code = run(args)
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return command


def test_the_overview_names_every_command_and_exit_code() -> None:
    done = frontdesk("--help")
    assert done.returncode == 0
    for name, about in COMMANDS.items():
        assert f"{name:<8}  {about}" in done.stdout
    for code in ("0  fine", "1  the answer is no", "2  ", "3  cannot start", "130  interrupted"):
        assert code in done.stdout
    assert "FRONTDESK_CONFIG" in done.stdout


def test_the_overview_loads_only_the_command_line() -> None:
    heavy = "{'pydantic', 'aiohttp', 'yaml', 'config', 'rich.markdown', 'gateway.compose', 'gateway.cli.serve'}"
    code = f"import sys; from gateway.__main__ import run; run(['--help']); sys.exit(repr({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr.strip() == "set()"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_an_example(name: str) -> None:
    done = frontdesk(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Usage: frontdesk {name}" in done.stdout
    example = f" frontdesk {name}"
    assert example in done.stdout.partition("Usage:")[2].partition("\n")[2]


@pytest.mark.parametrize("args", [("chekc",), ("check", "--nope"), ("check", "a.yaml", "b.yaml"), ()])
def test_wrong_usage_is_2(args: tuple[str, ...]) -> None:
    done = frontdesk(*args)
    assert done.returncode == 2
    assert "Usage: frontdesk" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_misspelt_command_is_guessed() -> None:
    assert "Did you mean 'check'" in frontdesk("chekc").stderr


def test_version() -> None:
    done = frontdesk("version")
    assert done.returncode == 0
    assert done.stdout.startswith("frontdesk 0.")


def test_check_of_a_good_file() -> None:
    done = frontdesk("check", str(MINIMAL), SAM_PASSWORD=SECRET)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("minimal.yaml: fine (1 tenant, 1 account, 1 source, 1 person)\n")


def test_check_finds_its_file(tmp_path: Path, here: Here) -> None:
    text = "version: 1\ntenants: [{id: a, name: A}]\n"
    tmp_path.joinpath("frontdesk.yaml").write_text(text)
    tmp_path.joinpath("other.yaml").write_text(text)
    assert here("check", cwd=tmp_path).stderr.startswith("frontdesk.yaml: fine")
    assert here("check", cwd=tmp_path, FRONTDESK_CONFIG="other.yaml").stderr.startswith("other.yaml: fine")
    assert here("check", "-c", "other.yaml", cwd=tmp_path, FRONTDESK_CONFIG="no.yaml").stderr.startswith(
        "other.yaml: fine"
    )
    lost = here("check", "gone.yaml", cwd=tmp_path)
    assert lost.returncode == 1
    assert lost.stdout.startswith("gone.yaml:1:1: the file cannot be read: No such file")


def test_check_prints_every_mistake_and_no_secret(tmp_path: Path, here: Here) -> None:
    file = tmp_path / "frontdesk.yaml"
    kb = ROOT / "config" / "examples" / "demo" / "kb"
    text = MINIMAL.read_text().replace("./demo/kb", str(kb))
    text = text.replace("channel: web", "channel: wbe").replace("roles: [agent, admin]", "role: [agent]")
    file.write_text(text.replace('"${SAM_PASSWORD}"', f"[{SECRET}]"))
    done = frontdesk("check", "frontdesk.yaml", cwd=tmp_path)
    assert done.returncode == 1
    wheres = [line.split(": ")[0] for line in done.stdout.splitlines()]
    assert wheres == ["frontdesk.yaml:8:5", "frontdesk.yaml:8:43", "frontdesk.yaml:8:69", "frontdesk.yaml:14:37"]
    assert "did you mean `web`?; known: slack, sms, teams, telegram, web, whatsapp" in done.stdout
    assert done.stderr == "frontdesk.yaml: 4 mistakes; it cannot be used\n"
    assert SECRET not in done.stdout + done.stderr
    as_json = here("check", "--json", cwd=tmp_path)
    problems = [json.loads(line) for line in as_json.stdout.splitlines()]
    assert [p["line"] for p in problems] == [8, 8, 8, 14]
    assert set(problems[0]) == {"file", "line", "column", "what", "hint", "severity"}


@pytest.mark.parametrize("command", [("serve",), ("sync",), ("why", "m_1")])
def test_other_commands_refuse_a_bad_file_with_the_same_words(
    tmp_path: Path, command: tuple[str, ...], here: Here
) -> None:
    tmp_path.joinpath("frontdesk.yaml").write_text("version: 1\ntenant: []\n")
    done = here(*command, cwd=tmp_path)
    assert done.returncode == 1
    assert "frontdesk.yaml:2:1: unknown key `tenant` in `the file`; did you mean `tenants`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_schema_goes_to_a_file_or_to_the_terminal(tmp_path: Path, here: Here) -> None:
    shown = here("schema")
    assert shown.returncode == 0
    assert here("schema", "--out", str(tmp_path / "s.json")).returncode == 0
    assert json.loads(shown.stdout) == json.loads((tmp_path / "s.json").read_text())


def test_a_place_that_cannot_be_written_is_said_plainly(tmp_path: Path, here: Here) -> None:
    done = here("schema", "--out", str(tmp_path / "no" / "s.json"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr
