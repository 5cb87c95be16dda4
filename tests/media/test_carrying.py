"""An agent's files on channels that take files, links, or neither; and the port through which channels read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from core import markup
from core.domain import Attachment, Message, MessageKind, Role, Visibility
from core.errors import Unsupported
from core.ports.channel import Capabilities
from core.reply import Link as LinkNode
from gateway import filestore
from gateway.carrying import Carriage, carriage, carried
from gateway.files import StoredFiles
from gateway.http.links import is_upload_signed, read_media_token
from gateway.uploads import Uploads
from tests.media.world import NOW, PNG, TENANT

SECRET = b"0123456789abcdef0123456789abcdef"
PLAIN = Capabilities(max_text=100, max_choices=0, max_attachments=2, debounce_ms=0, streams=False)
WITH_FILES = replace(PLAIN, files_out=True, max_file_bytes=100)
ODD = "](https://evil.example) *plan*.pdf"


def upload(number: int, *, name: str = "plan.pdf", size_bytes: int = 10) -> Attachment:
    return Attachment(id=f"u_{number}", name=name, media_type="application/pdf", size_bytes=size_bytes)


def said(*files: Attachment, text: str = "Here it is.") -> Message:
    return Message(
        id="m", conv="c", seq=1, index=0, episode=1, role=Role.AGENT, kind=MessageKind.TEXT,
        visibility=Visibility.CONTACT, text=text, created_at=NOW, attachments=files,
    )  # fmt: skip


def link(item: Attachment) -> str | None:
    return f"https://desk.example/media/{item.id}"


def no_link(item: Attachment) -> str | None:
    return None


def test_what_the_channel_takes_goes_as_it_is() -> None:
    message = said(upload(1), upload(2))
    assert carried(message, WITH_FILES, no_link) is message
    assert carried(said(), PLAIN, no_link) == said()


def test_too_many_or_too_large_ones_become_links() -> None:
    sent = carried(said(upload(1), upload(2, size_bytes=101), upload(3), upload(4)), WITH_FILES, link)
    assert [item.id for item in sent.attachments] == ["u_1", "u_3"]
    assert sent.text == (
        "Here it is.\n\n- [plan.pdf](https://desk.example/media/u_2)\n- [plan.pdf](https://desk.example/media/u_4)"
    )


def test_a_channel_without_files_gets_links_and_a_name_is_no_markup() -> None:
    sent = carried(said(upload(1, name=ODD), text=""), PLAIN, link)
    assert sent.attachments == ()
    assert markup.to_text(markup.parse(sent.text)).count(ODD) == 1
    assert _targets(sent.text) == ["https://desk.example/media/u_1"]


def _targets(text: str) -> list[str]:
    found: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, LinkNode):
            found.append(node.href)
        for name in getattr(node, "__dataclass_fields__", ()):
            walk(getattr(node, name))
        if isinstance(node, tuple):
            for each in node:
                walk(each)

    walk(tuple(markup.parse(text)))
    return found


def test_what_can_be_neither_sent_nor_linked_is_refused_whole() -> None:
    with pytest.raises(Unsupported):
        carried(said(upload(1)), PLAIN, no_link)


def test_what_an_agent_is_told_beforehand() -> None:
    assert carriage(WITH_FILES, has_links=False) is Carriage.SENT
    assert carriage(PLAIN, has_links=True) is Carriage.LINKED
    assert carriage(PLAIN, has_links=False) is Carriage.NONE


def stored(folder: Path, base_url: str | None = "https://desk.example/") -> StoredFiles:
    def clock() -> datetime:
        return NOW

    return StoredFiles(TENANT, Uploads(folder), secret=SECRET, base_url=base_url, clock=clock)


async def test_channels_read_files_of_their_own_tenant_only(tmp_path: Path) -> None:
    filestore.write(filestore.place(tmp_path, TENANT, "u_1"), PNG)
    filestore.write(filestore.place(tmp_path, "other", "u_2"), PNG)
    assert await stored(tmp_path).read(upload(1)) == PNG
    for wrong in (upload(2), replace(upload(1), id="../other/u_2"), replace(upload(1), id="u_1.want")):
        with pytest.raises(LookupError):
            await stored(tmp_path).read(wrong)


def test_a_link_is_signed_and_ends(tmp_path: Path) -> None:
    made = stored(tmp_path).link(upload(1), valid_s=60)
    assert made is not None and made.startswith("https://desk.example/media/u_1.")
    token = read_media_token(made.rpartition("/")[2])
    assert token is not None and token[1] == NOW.timestamp() + 60
    assert is_upload_signed(SECRET, TENANT, *token)
    assert not is_upload_signed(SECRET, "other", *token)
    for none in (stored(tmp_path, None).link(upload(1), valid_s=60), stored(tmp_path, "").link(upload(1), valid_s=60)):
        assert none is None
    assert stored(tmp_path).link(replace(upload(1), unavailable="gone"), valid_s=60) is None
