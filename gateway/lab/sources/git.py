"""A stand-in of a git server: one repository over smart HTTP, behind a token, served by git itself where it is installed."""

from __future__ import annotations

import asyncio
import base64
import gzip
import shutil
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

from aiohttp import web

from gateway.lab.sources.weather import Weather

SERVICE = "git-upload-pack"
AUTHOR = b"Writer <writer@docs.example>"


class GitServer:
    """``/docs.git``, once ``/former.git``: what is written is committed at once to ``branch``.

    ``is_partial``: it can send a part of a commit; else it is served by dulwich in the first version of the protocol, as it is
    when there is no git here.  ``gives_by_id``: it gives files by their ids.  ``calls`` are the requests for packs,
    ``sent_bytes`` the size of their answers.
    """

    def __init__(
        self,
        folder: Path,
        *,
        token: str = "lab-git-token",  # noqa: S107  the lab's own
        branch: str = "main",
        is_partial: bool = True,
    ) -> None:
        self.folder = folder
        self.token = token
        self.branch = branch
        self.program = shutil.which("git") if is_partial else None
        self.weather = Weather(listing_path="/info/refs")
        self.files: dict[str, bytes] = {}
        self.gives_by_id = True
        self.calls = 0
        self.sent_bytes = 0
        self._commits = 0
        self.begin()

    def begin(self) -> None:
        """An empty repository in an empty folder."""
        from dulwich.repo import Repo  # noqa: PLC0415  only who has this stand-in needs it

        self.folder.mkdir(parents=True)
        with closing(Repo.init_bare(str(self.folder))) as repo:
            repo.refs.set_symbolic_ref(b"HEAD", b"refs/heads/" + self.branch.encode())  # type: ignore[arg-type]
        self.commit()

    def put(self, path: str, content: bytes) -> None:
        """Write a file."""
        self.files[path] = content
        self.commit()

    def remove(self, path: str) -> None:
        """Delete a file."""
        del self.files[path]
        self.commit()

    def commit(self, *, links: dict[str, str] | None = None) -> str:
        """Commit the files as they are, with symbolic links to other paths; the commit's id."""
        from dulwich.index import commit_tree  # noqa: PLC0415
        from dulwich.objects import Blob, Commit  # noqa: PLC0415
        from dulwich.repo import Repo  # noqa: PLC0415

        self._commits += 1
        ref: Any = b"refs/heads/" + self.branch.encode()
        with closing(Repo(str(self.folder))) as repo:
            entries = []
            for mode, files in ((0o100644, self.files), (0o120000, links or {})):
                for path, content in files.items():
                    blob = Blob.from_string(content.encode() if isinstance(content, str) else content)
                    repo.object_store.add_object(blob)
                    entries.append((path.encode(), blob.id, mode))
            made = Commit()
            made.tree = commit_tree(repo.object_store, entries)
            made.author = made.committer = AUTHOR
            made.author_time = made.commit_time = 1_772_000_000 + self._commits
            made.author_timezone = made.commit_timezone = 0
            made.message = b"Change %d" % self._commits
            made.parents = [repo.refs[ref]] if ref in repo.refs else []
            repo.object_store.add_object(made)
            repo.refs[ref] = made.id
        return made.id.decode()

    def app(self) -> web.Application:
        """The server."""
        app = web.Application(middlewares=[self.weather.middleware, self._checked], client_max_size=100_000_000)
        app.router.add_get("/docs.git/info/refs", self._refs)
        app.router.add_post(f"/docs.git/{SERVICE}", self._pack)
        app.router.add_get("/former.git/{rest:.*}", self._moved)
        return app

    @web.middleware
    async def _checked(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        kind, _, both = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(both).decode() if kind == "Basic" else ""
        except ValueError:
            given = ""
        if self.token and given.partition(":")[2] != self.token:
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _moved(self, request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": request.path_qs.replace("/former.git", "/docs.git", 1)})

    async def _refs(self, request: web.Request) -> web.Response:
        if request.query.get("service") != SERVICE:
            return web.Response(status=403)
        protocol = request.headers.get("Git-Protocol", "")
        if self.program is None:
            body = await asyncio.to_thread(self._by_dulwich, b"", True)
        else:
            told = await self._by_git(protocol, b"", "--http-backend-info-refs")
            body = told if "version=2" in protocol else b"001e# service=git-upload-pack\n0000" + told
        return web.Response(body=body, content_type=f"application/x-{SERVICE}-advertisement")

    async def _pack(self, request: web.Request) -> web.Response:
        raw = await request.read()
        asked = gzip.decompress(raw) if request.headers.get("Content-Encoding") == "gzip" else raw
        if b"command=fetch" in asked and b"deepen" not in asked and not self.gives_by_id:
            body = b"0020ERR upload-pack: not our ref"
        elif self.program is None:
            body = await asyncio.to_thread(self._by_dulwich, asked, False)
        else:
            body = await self._by_git(request.headers.get("Git-Protocol", ""), asked)
        if b"command=ls-refs" not in asked:
            self.calls += 1
            self.sent_bytes += len(body)
        return web.Response(body=body, content_type=f"application/x-{SERVICE}-result")

    async def _by_git(self, protocol: str, asked: bytes, *options: str) -> bytes:
        settings = ("-c", "uploadpack.allowFilter=true", "-c", "safe.directory=*")
        environment = {"GIT_PROTOCOL": protocol, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self.program or "git", *settings, "upload-pack", "--stateless-rpc", *options, str(self.folder),
            stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, env=environment,
        )  # fmt: skip
        body, _ = await process.communicate(asked)
        return body

    def _by_dulwich(self, asked: bytes, is_advertised: bool) -> bytes:
        from dulwich.errors import GitProtocolError  # noqa: PLC0415
        from dulwich.protocol import ReceivableProtocol  # noqa: PLC0415
        from dulwich.repo import Repo  # noqa: PLC0415
        from dulwich.server import DictBackend, UploadPackHandler  # noqa: PLC0415

        answer = BytesIO()
        with closing(Repo(str(self.folder))) as repo:
            protocol = ReceivableProtocol(BytesIO(asked).read, answer.write)
            shown: Any = {"/": repo}
            handler = UploadPackHandler(
                DictBackend(shown), ["/"], protocol, stateless_rpc=True, advertise_refs=is_advertised
            )
            if is_advertised:
                protocol.write_pkt_line(b"# service=git-upload-pack\n")
                protocol.write_pkt_line(None)
            try:
                handler.handle()
            except GitProtocolError as error:
                protocol.write_pkt_line(b"ERR upload-pack: " + str(error).encode())
        return answer.getvalue()
