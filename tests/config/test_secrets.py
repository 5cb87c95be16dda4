"""The environment and secret files: what they give, what is said when they do not, and that nothing tells their content."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Examined, examine
from tests.config.files import ENVIRON, GOOD, PLUGS, ChatSettings, examined, folder, lines

HEAD = "version: 1\ntenants:\n  - id: a\n    name: A\n    accounts:\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return folder(tmp_path)


def chat(root: Path, block: str, environ: dict[str, str] | None = None) -> tuple[Examined, ChatSettings | None]:
    file = root / "frontdesk.yaml"
    file.write_text(f"{HEAD}      - {{id: c, channel: chat, {block}}}\n")
    result = examine(file, PLUGS, environ or {})
    if result.settings is None:
        return result, None
    settings = result.settings.tenants[0].accounts[0].settings
    assert isinstance(settings, ChatSettings)
    return result, settings


@pytest.mark.parametrize(
    ("written", "environ", "expected"),
    [
        ("${NAME}", {"NAME": "value"}, "value"),
        ("a ${NAME} and ${OTHER}", {"NAME": "one", "OTHER": "two"}, "a one and two"),
        ("${NAME:-fallback}", {}, "fallback"),
        ("${NAME:-fallback}", {"NAME": ""}, "fallback"),
        ("${NAME:-fallback}", {"NAME": "value"}, "value"),
        ("${NAME:-}", {}, ""),
        ("$${NAME} costs $5", {"NAME": "value"}, "${NAME} costs $5"),
        ("${NAME}", {"NAME": "${OTHER}", "OTHER": "never"}, "${OTHER}"),
    ],
)
def test_the_environment_in_texts(root: Path, written: str, environ: dict[str, str], expected: str) -> None:
    _, settings = chat(root, f'greeting: "{written}"', environ)
    assert settings is not None
    assert settings.greeting == expected


def test_the_environment_in_numbers_and_booleans(root: Path) -> None:
    _, settings = chat(root, 'size: "${SIZE}", loud: "${LOUD}"', {"SIZE": "7", "LOUD": "true"})
    assert settings is not None
    assert (settings.size, settings.loud) == (7, True)


@pytest.mark.parametrize(
    ("written", "environ", "expected"),
    [
        ("${NAME}", {}, "needs the environment variable NAME, which is not set"),
        ("${NAME}", {"NAME": ""}, "needs the environment variable NAME, which is empty"),
        ("${NAM}", {"NAME": "canary"}, "did you mean `NAME`?"),
        ("${NA ME}", {}, "holds a `${` that names no variable"),
        ("${NAME", {}, "holds a `${` that names no variable"),
    ],
)
def test_what_the_environment_lacks_is_named(root: Path, written: str, environ: dict[str, str], expected: str) -> None:
    result, _ = chat(root, f'greeting: "{written}"', environ)
    errors = [p for p in result.problems if p.severity == "error"]
    assert len(errors) == 1
    assert expected in str(errors[0])
    assert "canary" not in str(errors[0])


def test_file_is_a_secret_only_where_the_field_is_one(root: Path) -> None:
    _, settings = chat(root, 'greeting: "file:./robin.secret", token: "file:./robin.secret"')
    assert settings is not None
    assert settings.greeting == "file:./robin.secret"
    assert settings.token is not None
    assert settings.token.get_secret_value() == "canary-file-password"


def test_the_environment_cannot_name_a_file(root: Path) -> None:
    _, settings = chat(root, 'token: "${TOKEN}"', {"TOKEN": "file:./robin.secret"})
    assert settings is not None
    assert settings.token is not None
    assert settings.token.get_secret_value() == "file:./robin.secret"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read: No such file"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "not a text in UTF-8"),
        (b"x" * 70_000, "larger"),
    ],
)
def test_unusable_secret_files(root: Path, content: bytes | None, expected: str) -> None:
    if content is not None:
        (root / "token").write_bytes(content)
    result, _ = chat(root, "token: file:./token")
    assert [expected in str(p) for p in result.problems if p.severity == "error"] == [True]


def test_the_kind_of_a_block_is_not_left_to_the_environment(root: Path) -> None:
    file = root / "frontdesk.yaml"
    file.write_text(f"{HEAD}      - {{id: c, channel: '${{KIND}}', token: canary}}\n")
    result = examine(file, PLUGS, {"KIND": "chat"})
    assert [p.what for p in result.problems if p.severity == "error"] == [
        "`tenants[0].accounts[0].channel` cannot come from the environment"
    ]


def test_a_plug_that_quotes_its_secret_is_silenced(root: Path) -> None:
    (root / "token").write_text("bad-canary-file")
    for written, environ in (
        ("bad-canary-literal", {}),
        ("${T}", {"T": "bad-canary-environment"}),
        ("${T}", {"T": "bad \\ canary\n'\""}),
        ("file:./token", {}),
    ):
        result, _ = chat(root, f'token: "{written}"', environ)
        text = "\n".join(lines(result))
        assert "is a token that tells itself" in text
        assert "canary" not in text


def test_settings_never_show_secrets(root: Path) -> None:
    settings = examined(root, GOOD).settings
    assert settings is not None
    shown = f"{settings!r} {settings} {settings.model_dump()!r} {settings.model_dump_json()}"
    assert "canary" not in shown


def test_the_secret_files_are_known_to_the_watcher(root: Path) -> None:
    settings = examine(root / "frontdesk.yaml", PLUGS, ENVIRON).settings
    assert settings is None
    settings = examined(root, GOOD).settings
    assert settings is not None
    assert settings.origin is not None
    assert settings.origin.files == (root / "frontdesk.yaml", root / "robin.secret")
