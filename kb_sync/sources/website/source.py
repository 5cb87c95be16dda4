"""Pages of a web site as documents."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from core import ids
from core.errors import DocumentRejected, SourceUnavailable
from core.ports.knowledge import Listing, Loaded, SourceProblem
from kb_sync import SourceContext
from kb_sync.documents import LONGEST_ID, DocumentMaker
from kb_sync.kit.http import Page, Refused, Web
from kb_sync.kit.problems import listing, one_item, said
from kb_sync.kit.sites import within_reach
from kb_sync.sources.website.addresses import Site, canonical, is_login
from kb_sync.sources.website.crawling import Crawl, conditions
from kb_sync.sources.website.finding import Findings, Found, by_sitemaps
from kb_sync.sources.website.page import Facts, content, facts
from kb_sync.sources.website.robots import NOT_SHOWN, Robots, read_robots
from kb_sync.sources.website.settings import WebsiteSettings

LIMIT_BYTES = 10_000_000
MISSING, GONE, CLOSED = 404, 410, (401, 403)
MOST_MISSING = 10_000
ACCEPTED = "text/html, application/xhtml+xml, application/pdf;q=0.9, text/*;q=0.8, */*;q=0.5"


class WebsiteSource:
    """core.ports.knowledge.Source on a web site; the cursor holds the pages that were missing once.

    Every listing is complete, unless pages were left out that may still be there.  Each page is asked for with the ETag and
    date it had, and is compared by its words too: servers change ETags without a reason.
    """

    kind = "website"
    parallel = 4

    def __init__(self, context: SourceContext, settings: WebsiteSettings) -> None:
        self.id = context.id
        self.tenant = context.tenant
        self._settings = settings
        self._site = Site(settings)
        self._folder = context.folder
        self._maker = DocumentMaker(context, settings)
        self._web = Web(
            user_agent=settings.user_agent,
            headers={"Accept": ACCEPTED},
            allow=within_reach(settings.url, *settings.sitemaps, is_internal=settings.is_internal),
            per_host_s=settings.delay_s,
            limit_bytes=LIMIT_BYTES,
            sleep=context.sleep,
        )

    def listing(self, cursor: str = "") -> Listing:
        """All pages; ``SourceUnavailable`` when robots.txt or what lists them cannot be read."""
        with listing():
            robots = read_robots(self._web, self._settings.origin, self._settings.robot)
            self._web.at_most_every(self._settings.url, robots.delay_s)
            found = self._found(robots)
        walk = Walk(
            web=self._web, site=self._site, robots=robots, maker=self._maker,
            listed=frozenset(found.pages), missed_before=_missed(cursor),
        )  # fmt: skip
        items = tuple(WebPage(found=page, walk=walk) for page in found.pages.values())
        return Listing(items=items, is_complete=found.is_complete, cursor=walk.cursor)

    def close(self) -> None:
        """Close connections."""
        self._web.close()

    def _found(self, robots: Robots) -> Findings:
        if self._settings.finds != "links":
            found = by_sitemaps(self._web, self._site, robots)
            if found is not None:
                return found
        if self._settings.finds == "sitemap":
            raise SourceUnavailable(
                "the site has no sitemap; name it in `sitemaps`, or let links be followed by `finds: links`"
            )
        if not robots.allows(canonical(self._settings.url)):
            raise SourceUnavailable("robots.txt forbids the first page; ask the site's people to allow FrontdeskBot")
        return Crawl(self._web, self._site, robots, self._folder).findings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What the pages of one listing share; ``missed`` fills while they are loaded."""

    web: Web
    site: Site
    robots: Robots
    maker: DocumentMaker
    listed: frozenset[str]
    missed_before: frozenset[str]
    missed: set[str] = field(default_factory=set)

    def cursor(self) -> str:
        """The pages that were missing this time."""
        return json.dumps({"missing": sorted(self.missed)[:MOST_MISSING]}) if self.missed else ""


def _missed(cursor: str) -> frozenset[str]:
    try:
        return frozenset(str(each) for each in json.loads(cursor)["missing"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return frozenset()


@dataclass(frozen=True, slots=True)
class Remembered:
    """A version taken apart: what the server knew the page by, and the hash of the document."""

    etag: str = ""
    modified: str = ""
    hash: str = ""

    @classmethod
    def of(cls, version: str) -> Remembered:
        """What a version says; nothing when it is none of these."""
        try:
            etag, modified, known = json.loads(version)
            return cls(str(etag), str(modified), str(known))
        except (ValueError, TypeError, RecursionError):
            return cls()

    def __str__(self) -> str:
        return json.dumps([self.etag, self.modified, self.hash])


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPage:
    """One page."""

    found: Found
    walk: Walk

    @property
    def external_id(self) -> str:
        """Its address in its one spelling."""
        address = self.found.address
        return address if len(address) <= LONGEST_ID else f"page-{ids.digest(address)[:24]}"

    @property
    def version(self) -> str:
        """The date in the sitemap, if the settings trust it."""
        trusts = self.walk.site.settings.trusts_lastmod and self.found.lastmod
        return f"lastmod {self.found.lastmod}" if trusts else ""

    def load(self, known: str = "") -> Loaded:
        """Fetch and normalise it.

        No documents: it is gone, closed to the public, or wants not to be shown.  One that is missing (404) keeps its document
        until it is missing for a second time; after 410 it is gone at once.
        """
        before = Remembered.of(known)
        with one_item():
            try:
                page = self._page(before)
            except Refused as error:
                return self._refused(error)
        if page.is_unchanged:
            return Loaded(documents=(), version=known, is_unchanged=True)
        told = facts(page, self.walk.robots.robot)
        final = canonical(page.url)
        if reason := self._reason_to_leave_out(final, told):
            return self._left_out(reason)
        return self._read(page, told, final, before)

    def _page(self, before: Remembered) -> Page:
        found = self.found
        if found.seen != ("", "") and found.seen == (before.etag, before.modified):
            return Page(url=found.address, status=304, headers={}, body=b"")
        return found.page or self.walk.web.get(found.address, headers=conditions(before.etag, before.modified))

    def _refused(self, error: Refused) -> Loaded:
        if error.status == GONE:
            return Loaded(documents=())
        if error.status in CLOSED:
            return self._left_out(f"it is closed to the public (status {error.status}) and is taken out")
        if error.status != MISSING:
            raise error
        self.walk.missed.add(self.found.address)
        if self.found.address in self.walk.missed_before:
            return Loaded(documents=())
        raise DocumentRejected(f"{said(error)}; it stays until it is missing a second time") from error

    def _reason_to_leave_out(self, final: str, told: Facts) -> str:
        walk = self.walk
        if told.robots & NOT_SHOWN:
            return "it asks not to be shown (noindex)"
        if final == self.found.address:
            return "it is a copy of another page" if self._is_copy_of(told.canonical) else ""
        if is_login(final) and not is_login(self.found.address):
            return "it leads to a page to log in: it is closed to the public and is taken out"
        if not walk.site.has(final):
            return "it has moved out of what is read"
        if not walk.robots.allows(final):
            return "it leads to a page that robots.txt forbids"
        return "it leads to another page" if final in walk.listed else ""

    def _is_copy_of(self, address: str) -> bool:
        """Whether another listed page is the proper one; a first page that all others name is an error of the site."""
        is_other = bool(address) and address != self.found.address and urlsplit(address).path != "/"
        return is_other and address in self.walk.listed

    def _left_out(self, reason: str) -> Loaded:
        problem = SourceProblem(external_id=self.external_id, problem=reason, is_skipped=False)
        return Loaded(documents=(), problems=(problem,))

    def _read(self, page: Page, told: Facts, final: str, before: Remembered) -> Loaded:
        parsed = content(page, told)
        problems = [
            SourceProblem(external_id=self.external_id, problem=note, is_skipped=False) for note in parsed.notes
        ]

        def doubt(problem: str) -> None:
            problems.append(SourceProblem(external_id=self.external_id, problem=problem, is_skipped=False))

        shown = told.canonical if self.walk.site.has(told.canonical) else final
        document = self.walk.maker.of_item(parsed, name=self.external_id, title=_name(final), url=shown, doubt=doubt)
        now = Remembered(page.etag, page.last_modified, document.hash)
        version = self.version or str(now)
        if before.hash == document.hash:
            return Loaded(documents=(), version=version, is_unchanged=True)
        return Loaded(documents=(document,), problems=tuple(problems), version=version)


def _name(address: str) -> str:
    """A title for a page that has none: the last part of its path."""
    parts = urlsplit(address)
    stem = PurePosixPath(unquote(parts.path)).stem
    return stem.replace("-", " ").replace("_", " ").strip().capitalize() or (parts.hostname or "")
