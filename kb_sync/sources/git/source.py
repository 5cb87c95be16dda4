"""Files of a branch of a repository."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote

from core import ids
from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Listing, Loaded
from kb_sync import SourceContext
from kb_sync.documents import PAGES, DocumentMaker
from kb_sync.kit.http import Web
from kb_sync.kit.problems import listing
from kb_sync.loading import is_readable, loaded_file
from kb_sync.patterns import is_matched
from kb_sync.sources.git.copy import Copy
from kb_sync.sources.git.remote import GitFile, Remote, ServerRefused, Tip
from kb_sync.sources.git.settings import GitSettings

LIMIT_S = 120.0
"""A server packs before it answers; the first answer of a large repository takes its time."""

TRIES = 3
LFS = b"version https://git-lfs.github.com/spec/"


class GitSource:
    """core.ports.knowledge.Source on a branch; a file's version is the id of its content.

    Every listing is complete: an unchanged branch costs one question.
    """

    kind = "git"
    parallel = 2

    def __init__(self, context: SourceContext, settings: GitSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self.settings = settings
        self.copy = Copy(context.folder, limit_mb=settings.limit_mb)
        self.maker = DocumentMaker(context, settings, url_prefix=settings.url_prefix)
        self._web = Web(
            headers=_credentials(settings),
            allow=(settings.url,),
            limit_s=LIMIT_S,
            limit_bytes=settings.limit_mb * 1_000_000,
            sleep=context.sleep,
        )
        self._remote = Remote(settings.url, self._web, context.folder)
        self._mark = ids.digest(settings.model_dump_json(exclude={"token", "username", "limit_mb"}))

    def listing(self, cursor: str = "") -> Listing:
        """Everything there is; what is not on disk yet is fetched."""
        with listing():
            try:
                self.copy.prepare()
                tip, readable = self._readable()
                files = [file for file in readable if self._is_wanted(file.path)]
                blobs = {file.blob for file in files}
                missing = sorted(blob for blob in blobs if not self.copy.has(blob))
                if missing:
                    self._remote.contents(tip, missing, self.copy.keep, self.copy.too_large)
                self.copy.tidy(blobs)
            except OSError as error:
                raise SourceUnavailable(f"its working copy cannot be written: {error.strerror}") from error
        return Listing(items=tuple(self._item(file, tip) for file in files))

    def close(self) -> None:
        """Let go of the connections; the working copy stays."""
        self._web.close()

    def _readable(self) -> tuple[Tip, list[GitFile]]:
        """The branch as it is; older servers refuse a commit from which it has moved on since they were asked."""
        for _ in range(TRIES - 1):
            tip = self._remote.tip(self.settings.branch)
            try:
                return tip, self._files(tip)
            except ServerRefused:
                continue
        tip = self._remote.tip(self.settings.branch)
        return tip, self._files(tip)

    def _files(self, tip: Tip) -> list[GitFile]:
        """The readable files of the folder, remembered as long as the branch stays as it is."""
        key = ids.digest(tip.commit, self.settings.path)
        known = self.copy.tree(key)
        if known is not None:
            return known
        files = self._remote.files(tip, self.settings.path, self._keep_readable, is_readable)
        self.copy.remember(key, files)
        return files

    def _keep_readable(self, blob: str, content: bytes) -> None:
        if not self.copy.has(blob):
            self.copy.keep(blob, content)

    def _is_wanted(self, path: str) -> bool:
        return is_matched(path, self.settings.include) and not is_matched(path, self.settings.exclude)

    def _item(self, file: GitFile, tip: Tip) -> GitItem:
        version = ids.digest(self._mark, tip.branch, file.blob)
        return GitItem(external_id=file.path, version=version, blob=file.blob, branch=tip.branch, source=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitItem:
    """One file."""

    external_id: str
    version: str
    blob: str
    branch: str
    source: GitSource

    def load(self, known: str = "") -> Loaded:
        """Normalise what was fetched."""
        raw = self.source.copy.read(self.blob)
        if raw.startswith(LFS):
            raise DocumentRejected("the file is kept in Git LFS, which is not read")
        return loaded_file(
            raw, path=self.external_id, maker=self.source.maker, given=self._given(), version=self.version
        )

    def _given(self) -> Mapping[str, str]:
        template = self.source.settings.url_template
        if template is None:
            return {}
        pure = PurePosixPath(self.external_id)
        page = pure.with_suffix("") if pure.suffix.lower() in PAGES else pure
        words = {"{path}": quote(str(pure)), "{page}": quote(str(page)), "{branch}": quote(self.branch)}
        for word, value in words.items():
            template = template.replace(word, value)
        return {"url": template}


def _credentials(settings: GitSettings) -> Mapping[str, str]:
    if settings.token is None:
        return {}
    both = f"{settings.username}:{settings.token.get_secret_value()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(both).decode()}"}
