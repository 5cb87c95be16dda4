"""Plug models and files for the tests of config: small, but with every sort of value a real plug has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, DirectoryPath, Field, SecretStr, field_validator

from config import Examined, Plugs, examine


class Key(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kid: str
    secret: SecretStr


class ChatSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    greeting: str = "Hi"
    color: Literal["red", "green"] = "red"
    size: Annotated[int, Field(ge=1, le=10)] = 5
    loud: bool = False
    keys: list[Key] = Field(default_factory=list)
    token: SecretStr | None = None
    logo: Path | None = None

    @field_validator("token")
    @classmethod
    def _no_echo(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and token.get_secret_value().startswith("bad"):
            raise ValueError(f"{token.get_secret_value()!r} is a token that tells itself")
        return token


class FilesSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    path: DirectoryPath
    depth: int = 3


class PageSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = "Desk"


PLUGS = Plugs(
    channels={"chat": ChatSettings, "mail": PageSettings},
    desks={"builtin": PageSettings},
    sources={"files": FilesSettings},
)

ENVIRON = {"SAM_PASSWORD": "canary-environment-password", "CHAT_PORT": "9090"}

GOOD = """\
version: 1
data_dir: ./var
server:
  public: {host: 127.0.0.1, port: "${CHAT_PORT}"}
  internal:
    port: 8081
  session_secret: canary-literal-session-secret-of-32-bytes
people:
  - id: sam
    name: Sam Rivers
    password: ${SAM_PASSWORD}
    roles: [agent, admin]
    tenants: [demo]
  - {id: robin, name: Robin, password: "file:./robin.secret", roles: [agent]}
tenants:
  - id: demo
    name: Demo
    accounts:
      - id: demo-chat
        channel: chat
        greeting: Hello
        keys:
          - {kid: one, secret: canary-literal-key}
        logo: ./logo.txt
    desk: {kind: builtin, title: Inbox}
    knowledge:
      chunk: {tokens: 300, overlap: 30}
      sources:
        - id: help
          kind: files
          path: ./kb
    engine:
      default_language: de
      categories: {wholesale: {words: [wholesale]}}
      rules:
        - {when: {category: [wholesale, high_stakes]}, then: hand_over, reason: policy}
        - {when: {confidence_below: 0.3}, then: clarify}
        - {then: answer}
    notices: {default: {handoff: "Coming"}, by_language: {no: {handoff: "Kommer"}}}
"""


def folder(root: Path) -> Path:
    """What the good file refers to."""
    (root / "kb").mkdir()
    (root / "logo.txt").write_text("logo")
    (root / "robin.secret").write_text("canary-file-password\n")
    return root


def examined(root: Path, text: str | bytes, *, name: str = "frontdesk.yaml") -> Examined:
    """Examine a text as a file of ``root``."""
    file = root / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return examine(file, PLUGS, ENVIRON)


def lines(result: Examined) -> list[str]:
    """The problems without the folder: ``line:column: what; hint``."""
    return [str(problem).removeprefix(f"{problem.file}:") for problem in result.problems]
