"""A branch of a repository on a server, over git's smart HTTP protocol (gitprotocol-http and -v2, git's documentation).

Only what is needed is asked for: the newest commit with its folders, then the files that are not here yet, by their ids.  A
server that cannot send a part (no ``filter``) sends the newest commit whole.

The protocol is dulwich's and the calls are the kit's: addresses are judged at each hop, and no program is started that would
read somebody's git configuration, credential helpers or hooks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from dulwich.client import AbstractHttpGitClient
from dulwich.errors import GitProtocolError, NotGitRepository, NotTreeError
from dulwich.object_store import iter_tree_contents, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID, Tag
from dulwich.refs import Ref
from dulwich.repo import Repo

from core.errors import SourceUnavailable
from kb_sync.kit.http import Page, Refused, TooLarge, Web

BATCH = 500
"""How many files are asked for at once."""

MOST_FILES = 1_000_000
HEAD = Ref(b"HEAD")


@dataclass(frozen=True, slots=True)
class GitFile:
    """A file of a branch: its path below the folder, and the id of its content."""

    path: str
    blob: str


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest commit of a branch."""

    branch: str
    commit: str


Keep = Callable[[str, bytes], None]
"""Takes the content of a file by its id."""


class Remote:
    """One repository; ``scratch`` is a folder for what is needed for a moment."""

    def __init__(self, url: str, web: Web, scratch: Path) -> None:
        self._client = _Client(url, web)
        self._scratch = scratch

    def tip(self, branch: str | None) -> Tip:
        """The newest commit of a branch, of the default one when none is named."""
        with _plainly():
            prefix = [b"HEAD", b"refs/heads/"]
            found = self._client.get_refs("", ref_prefix=prefix)
        refs = {bytes(name): commit for name, commit in found.refs.items() if commit is not None}
        wanted = b"refs/heads/" + branch.encode() if branch else bytes(found.symrefs.get(HEAD, HEAD))
        if wanted not in refs:
            raise SourceUnavailable(_no_branch(branch, refs))
        return Tip(wanted.removeprefix(b"refs/heads/").decode("utf-8", "replace"), refs[wanted].decode())

    def files(self, tip: Tip, folder: str, keep: Keep, is_wanted: Callable[[str], bool]) -> list[GitFile]:
        """The wanted regular files below a folder, by path; contents that come along anyway are kept."""
        with self._fetched([tip.commit], depth=1, filter_spec=b"blob:none") as repo:
            found = [file for file in _files(repo, tip.commit, folder) if is_wanted(file.path)]
            for blob in {file.blob for file in found}:
                if ObjectID(blob.encode()) in repo.object_store:
                    keep(blob, _content(repo, blob))
        return found

    def contents(self, tip: Tip, blobs: Sequence[str], keep: Keep, too_large: Callable[[str], None]) -> None:
        """The contents of files; a server that gives none by their ids gives the whole commit.

        ``too_large`` is told of one that is larger than may be taken at all.
        """
        try:
            for start in range(0, len(blobs), BATCH):
                self._batch(blobs[start : start + BATCH], keep, too_large)
        except _Unwilling:
            with self._fetched([tip.commit], depth=1) as repo:
                for blob in blobs:
                    keep(blob, _content(repo, blob))

    def _batch(self, blobs: Sequence[str], keep: Keep, too_large: Callable[[str], None]) -> None:
        try:
            with self._fetched(blobs, may_refuse=True) as repo:
                for blob in blobs:
                    keep(blob, _content(repo, blob))
        except TooLarge:
            if len(blobs) == 1:
                too_large(blobs[0])
                return
            half = len(blobs) // 2
            self._batch(blobs[:half], keep, too_large)
            self._batch(blobs[half:], keep, too_large)

    @contextmanager
    def _fetched(
        self,
        ids: Collection[str],
        *,
        depth: int | None = None,
        filter_spec: bytes | None = None,
        may_refuse: bool = False,
    ) -> Iterator[Repo]:
        """A repository of just what was fetched, for a moment."""
        wants = [ObjectID(each.encode()) for each in ids]

        def determined(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            return wants

        scratch = tempfile.TemporaryDirectory(dir=self._scratch, prefix="fetch-")
        with scratch as folder, closing(Repo.init_bare(folder)) as repo:
            try:
                with _plainly():
                    self._client.fetch("", repo, determined, depth=depth, filter_spec=filter_spec)
            except ServerRefused as error:
                if may_refuse:
                    raise _Unwilling from error
                raise
            except TooLarge as error:
                if may_refuse:
                    raise
                raise SourceUnavailable("what the git server sends at once is larger than `limit_mb`") from error
            yield repo


class ServerRefused(SourceUnavailable):
    """The server answered in the protocol that it does not want to: also when the branch has moved on since it was asked."""


class _Unwilling(Exception):
    """It does not give files by their ids."""


@contextmanager
def _plainly() -> Iterator[None]:
    """What the protocol stumbles over, in plain words; what a server wrote is not repeated."""
    try:
        yield
    except NotGitRepository as error:
        raise SourceUnavailable("there is no such repository, or the token may not see it; check `url`") from error
    except GitProtocolError as error:
        raise ServerRefused("the git server refuses, or answers what is no git protocol") from error
    except (AssertionError, KeyError, ValueError, OSError, EOFError) as error:
        raise ServerRefused(f"the git server's answer cannot be read ({type(error).__name__})") from error


def _no_branch(branch: str | None, refs: Mapping[bytes, bytes]) -> str:
    if branch is None:
        return "the repository has no commits yet, or no default branch; name one in `branch`"
    names = sorted(name.removeprefix(b"refs/heads/").decode("utf-8", "replace") for name in refs if name != b"HEAD")
    return f"there is no branch {branch!r}; there is: {', '.join(names[:10]) or 'none'}"


def _files(repo: Repo, commit: str, folder: str) -> list[GitFile]:
    store = repo.object_store
    found = store[ObjectID(commit.encode())]
    while isinstance(found, Tag):
        found = store[found.object[1]]
    if not isinstance(found, Commit):
        raise SourceUnavailable("the branch does not lead to a commit")
    tree = found.tree
    if folder:
        try:
            mode, tree = tree_lookup_path(store.__getitem__, tree, folder.encode())
        except (KeyError, NotTreeError):
            raise SourceUnavailable(f"there is no folder {folder!r} in the branch; check `path`") from None
        if not S_ISDIR(mode):
            raise SourceUnavailable(f"{folder!r} is no folder; check `path`")
    files = []
    for entry in iter_tree_contents(store, tree):
        if S_ISREG(entry.mode):
            files.append(GitFile(entry.path.decode("utf-8", "backslashreplace"), entry.sha.decode()))
        if len(files) > MOST_FILES:
            raise SourceUnavailable(f"the branch has more than {MOST_FILES:,} files; narrow `path`")
    return sorted(files, key=lambda file: file.path)


def _content(repo: Repo, blob: str) -> bytes:
    try:
        found = repo.object_store[ObjectID(blob.encode())]
    except KeyError:
        raise SourceUnavailable("the git server did not send all that its branch holds") from None
    return found.data if isinstance(found, Blob) else b""


@dataclass
class _Response:
    """What dulwich looks at of an answer."""

    status: int
    headers: Mapping[str, str]
    content_type: str | None
    redirect_location: str

    def close(self) -> None:
        """It was read to its end already."""


class _Client(AbstractHttpGitClient):
    """dulwich's protocol over the kit's calls."""

    def __init__(self, url: str, web: Web) -> None:
        super().__init__(url, quiet=True)
        self._web = web

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[Any, Callable[[int], bytes]]:
        page = self._asked(url, headers or {}, data)
        moved = page.url if page.url != url else ""
        return _Response(page.status, page.headers, page.headers.get("content-type"), moved), BytesIO(page.body).read

    def _asked(self, url: str, headers: dict[str, str], data: bytes | Iterator[bytes] | None) -> Page:
        if data is None:
            found = self._web.get(url, headers=headers)
            if not found.headers.get("content-type", "").startswith("application/x-git-"):
                raise SourceUnavailable("no git server answers there (or one of the oldest kind); check `url`")
            return found
        body = data if isinstance(data, bytes) else b"".join(data)
        page = self._web.exchange("POST", url, headers=headers, body=body)
        if page.status != 200:
            raise Refused(f"the git server answers with status {page.status}", status=page.status)
        return page
