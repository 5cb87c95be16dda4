"""Uploads, the widget's files, and the pages of documents."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core import ids
from core.ports.knowledge import Document, Generation, SourceProblem, SourceRun
from gateway.http.assets import Assets
from gateway.sniffing import sniff
from gateway.uploads import Uploads
from tests.web.world import SITE, World, bearer

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 64
BODY = """# Returns <b>

Within **30 days** <script>alert(1)</script>

- a
- [x](javascript:alert(1))

|a|b|
|-|-|
|1|2|
"""
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def form(content: bytes, name: str = "shot.png", part: str = "file") -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field(part, content, filename=name, content_type="text/html")
    return data


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def upload(world: World, token: str, data: Any, *, status: int = 201) -> Any:
    return await world.call("POST", "/v1/web/uploads", token=token, data=data, status=status)


async def test_a_file_is_kept_sent_and_given_out_as_attachment(world: World) -> None:
    token = (await world.session())["session_token"]
    name = "../../my\u202e shot.png".encode()
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--b--\r\n' % (name, PNG)
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    stored = await world.call("POST", "/v1/web/uploads", token=token, data=body, headers=headers, status=201)
    assert stored["media_type"] == "image/png" and stored["name"] == "my shot.png" and stored["size_bytes"] == len(PNG)
    async with world.stream(token) as stream:
        said = {"client_msg_id": "m", "text": "", "upload_ids": [stored["upload_id"]]}
        await world.call("POST", "/v1/web/messages", token=token, json=said, status=202)
        (attached,) = (await stream.until("message.created", role="contact"))[-1].data["attachments"]
    assert attached["id"] == stored["upload_id"]
    async with world.http.get(world.url + attached["url"]) as response:
        assert response.status == 200 and await response.read() == PNG
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff" and response.content_type == "image/png"
        assert "sandbox" in response.headers["Content-Security-Policy"]
    for wrong in (attached["url"][:-2], attached["url"].replace("exp=1", "exp=2"), attached["url"].split("?")[0]):
        await world.call("GET", wrong, status=404)
    world.clock.shift += timedelta(days=2)
    await world.call("GET", attached["url"], status=404)


async def test_another_visitor_cannot_attach_it(world: World) -> None:
    mine, theirs = (await world.session())["session_token"], (await world.session())["session_token"]
    stored = await upload(world, mine, form(PNG))
    body = {"client_msg_id": "m", "text": "hi", "upload_ids": [stored["upload_id"]]}
    assert (await world.call("POST", "/v1/web/messages", token=theirs, json=body, status=422))[
        "field"
    ] == "/upload_ids/0"


async def test_what_is_not_accepted_leaves_nothing_behind(world: World) -> None:
    token = (await world.session())["session_token"]
    world.set_limits(upload_bytes=1_000)
    assert (await upload(world, token, form(b"MZ\x90\x00" + b"\x00" * 200), status=415))[
        "code"
    ] == "file_type_unsupported"
    assert (await upload(world, token, form(PNG * 100), status=413))["code"] == "body_too_large"
    assert (await upload(world, token, form(b""), status=415))["code"] == "file_type_unsupported"
    assert (await upload(world, token, form(PNG, part="other"), status=422))["field"] == "/file"
    two = form(PNG)
    two.add_field("file", PNG, filename="b.png")
    assert (await upload(world, token, two, status=422))["field"] == "/file"
    assert (await upload(world, token, b"x", status=415))["code"] == "media_type_unsupported"
    broken = await world.call(
        "POST", "/v1/web/uploads", token=token, data=b"--x\r\nnonsense",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert broken["status"] in (400, 422)
    await world.call("POST", "/v1/web/uploads", data=form(PNG), status=401)
    assert files_in(world.services.uploads.folder) == []


@pytest.mark.parametrize(
    ("first", "kept"),
    [
        (PNG, "image/png"),
        (b"%PDF-1.7\n", "application/pdf"),
        ("plain wörds, 10 €".encode(), "text/plain"),
        ("ü".encode() * 4096, "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"\x7fELF\x02\x01\x01", None),
        (b"PK\x03\x04" + b"\x00" * 30, None),
        (b"\xff\xfeh\x00i\x00", None),
        (b"", None),
    ],
)
def test_types_are_read_from_the_bytes(first: bytes, kept: str | None) -> None:
    assert sniff(first) == kept


async def test_the_uploads_folder_being_gone_is_a_503(world: World, tmp_path: Path) -> None:
    token = (await world.session())["session_token"]
    (tmp_path / "file").write_text("not a folder")
    world.current.services = replace(world.services, uploads=Uploads(tmp_path / "file"))
    refused = await upload(world, token, form(PNG), status=503)
    assert refused["code"] == "store_unavailable" and str(tmp_path) not in refused["detail"]


def test_references_between_files_carry_the_version(tmp_path: Path) -> None:
    (tmp_path / "view").mkdir()
    (tmp_path / "loader.js").write_text('frame.src = "/widget/v1/frame";')
    (tmp_path / "app.js").write_text('import { a } from "./view/a.js";\nconst b = await import("./b.js");')
    (tmp_path / "view" / "a.js").write_text('export { b } from "../b.js";' + "// same words " * 100)
    (tmp_path / "b.js").write_text("export const b = 1;")
    (tmp_path / "frame.html").write_text(
        '<link rel="stylesheet" href="app.css"><script type="module" src="app.js"></script>'
    )
    (tmp_path / "secret.env").write_text("no")
    assets = Assets(tmp_path)
    v = assets.version
    assert assets.files["app.js"].body.decode().count(f".js?v={v}") == 2
    assert f'"../b.js?v={v}"' in assets.files["view/a.js"].body.decode()
    assert f'src="app.js?v={v}"' in assets.files["frame.html"].body.decode()
    assert assets.files["loader.js"].body == b'frame.src = "/widget/v1/frame";'
    packed = assets.files["view/a.js"].packed
    assert packed is not None and gzip.decompress(packed) == assets.files["view/a.js"].body
    assert "secret.env" not in assets.files
    (tmp_path / "b.js").write_text("export const b = 2;")
    assert Assets(tmp_path).version != v


async def test_only_files_of_the_widget_are_served(world: World) -> None:
    for path in (
        "/widget/v1/settings.py",
        "/widget/v1/../settings.py",
        "/widget/v1/%2e%2e/settings.py",
        "/widget/v1/frame.html",
    ):
        await world.call("GET", path, status=404)
    assert (await world.call("GET", "/widget/v1/frame?account=none", status=404))["code"] == "account_unknown"


async def test_the_frame_may_be_shown_on_listed_sites_only(world: World) -> None:
    async with world.http.get(world.url + "/widget/v1/frame?account=demo-web") as response:
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        assert f"frame-ancestors 'self' {SITE}" in policy and "script-src 'self'" in policy
        assert "X-Frame-Options" not in response.headers and response.headers["Cache-Control"] == "no-cache"


async def test_the_loader_is_short_lived_and_versioned_files_for_ever(world: World) -> None:
    async with world.http.get(world.url + "/widget/v1/loader.js") as response:
        assert response.status == 200 and response.headers["Cache-Control"] == "public, max-age=300"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        etag = response.headers["ETag"]
        assert response.headers["Content-Encoding"] == "gzip"
    version = Assets().version
    async with world.http.get(world.url + f"/widget/v1/api.js?v={version}") as response:
        assert "immutable" in response.headers["Cache-Control"]
    async with world.http.get(world.url + "/widget/v1/loader.js", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


def document(**changes: Any) -> Document:
    plain: dict[str, Any] = {
        "id": ids.document_id("demo", "help", "returns.md"), "tenant": "demo", "source": "help",
        "external_id": "returns.md", "title": "Returns <b>", "url": None, "hash": "h", "language": "en",
        "body": BODY,
        "audience": "public", "category": "", "updated_at": None, "synced_at": NOW,
    }  # fmt: skip
    return Document(**{**plain, **changes})


async def test_a_citation_without_address_leads_to_a_page(world: World) -> None:
    known = document()
    world.documents.known[known.id] = known
    cited = (await world.chat("hi"))[3].data["sources"][0]
    assert cited["document_id"] == known.id
    async with world.http.get(world.url + cited["url"]) as response:
        page = await response.text()
        assert response.status == 200 and "script-src" not in response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert "<script" not in page and "javascript:" not in page.replace("javascript:alert(1))", "")
    assert "<strong>30 days</strong>" in page and "&lt;script&gt;" in page and page.count("Returns &lt;b&gt;") == 2
    shown = await world.call("GET", f"/kb/documents/{known.id}", status=200)
    assert shown["external_id"] == "returns.md" and shown["body"] == known.body


async def test_internal_and_unknown_documents_are_told_alike(world: World) -> None:
    hidden = document(id="d_hidden", audience="agents")
    world.documents.known[hidden.id] = hidden
    for kind in ("documents", "articles"):
        internal = await world.call("GET", f"/kb/{kind}/d_hidden", status=404)
        assert internal == await world.call("GET", f"/kb/{kind}/d_none", status=404)


async def test_freshness_is_told_and_why_a_sync_failed_is_not(world: World) -> None:
    begun = world.clock() - timedelta(seconds=60)
    world.documents.newest = (
        SourceRun(
            tenant="demo", source="help", kind="folder", started_at=begun, finished_at=begun, fresh_at=begun,
            outcome="partial", added=3, unchanged=4, problems=(SourceProblem(external_id="a", problem="p"),),
            error="/srv/secret/path: permission denied",
        ),
    )  # fmt: skip
    world.documents.generation = Generation(
        id="g_1", tenant="demo", state="live", signature="s", documents=7, chunks=9, created_at=begun, live_at=begun
    )
    status = await world.call("GET", "/kb/sync_status", status=200)
    (source,) = status["sources"]
    assert source["documents"] == 7 and source["problems"] == 1 and 59 < source["age_s"] < 120
    assert "secret" not in str(status) and source["error"]
    assert status["generation"] == {"id": "g_1", "documents": 7, "chunks": 9, "live_at": source["finished_at"]}


async def test_an_upload_needs_its_own_session(world: World) -> None:
    async with world.http.post(world.url + "/v1/web/uploads", data=form(PNG), headers=bearer("x.y.z")) as response:
        assert response.status == 401 and response.headers["WWW-Authenticate"] == "Bearer"
