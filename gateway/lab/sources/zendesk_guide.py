"""A Zendesk help centre (Guide): articles, their translations and their export, with logins, paging and faults.

It keeps time by its own clock, in whole seconds, as Zendesk does: an edit moves ``edited_at`` of its language and the article's
``updated_at``, a vote only the latter; what is deleted or archived is in no list and in no export any more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from aiohttp import web

from gateway.lab.sources.weather import Handler, Weather

Wire = dict[str, Any]

ACCOUNT: Final = 22_129_848
MAX_PAGE: Final = 100
EXPORT_PAGE: Final = 1_000
TOKEN_LIFE_S: Final = 7_200
V2: Final = "/api/v2/help_center"
FIRST_ID: Final = 360_001_000


@dataclass(slots=True)
class GuideText:
    """An article in one language."""

    title: str
    body: str
    edited_at: datetime | None
    html_url: str
    draft: bool = False
    outdated: bool = False


@dataclass(slots=True)
class GuideArticle:
    """One article; ``segments`` are the user segments it is for, none: everyone."""

    id: int
    source_locale: str
    section: int | None
    updated_at: datetime
    segments: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    texts: dict[str, GuideText] = field(default_factory=dict)
    is_damaged: bool = False


class ZendeskGuideLab:
    """One account's help centre; ``clock`` is Zendesk's own."""

    kind = "zendesk_guide"

    def __init__(self, clock: Callable[[], datetime], *, locales: tuple[str, ...] = ("en-us",)) -> None:
        self.clock = clock
        self.locales = locales
        self.articles: dict[int, GuideArticle] = {}
        self.sections: dict[int, tuple[str, int]] = {}
        """id → name and category."""
        self.categories: dict[int, str] = {}
        self.client_id, self.client_secret = "frontdesk_guide", "guide-client-secret"
        self.email, self.api_token = "bot@shop.example", "guide-api-token"
        self.signing_secret = "guide-signing-secret"  # noqa: S105  of the lab
        self.page_size = MAX_PAGE
        self.export_size = EXPORT_PAGE
        self.grants = 0
        self.refuses_credentials = False
        self.weather = Weather(listing_path="/articles", throttled=_throttled, failed=_failed, locked_out=_unauthorized)
        self._ids = itertools.count(FIRST_ID)
        self._events = itertools.count(1)
        self._granted: dict[str, datetime] = {}

    # What happens in the help centre

    def section(self, name: str, *, category: str = "General") -> int:
        """The section of that name, made when there is none."""
        known = next((number for number, (called, _) in self.sections.items() if called == name), None)
        if known is not None:
            return known
        above = next((number for number, called in self.categories.items() if called == category), None)
        if above is None:
            above = next(self._ids)
            self.categories[above] = category
        made = next(self._ids)
        self.sections[made] = (name, above)
        return made

    def publish(self, title: str, body: str, *, section: int | None = None, locale: str | None = None) -> GuideArticle:
        """A new article."""
        number, source = next(self._ids), locale or self.locales[0]
        made = GuideArticle(id=number, source_locale=source, section=section, updated_at=self._now())
        self.articles[number] = made
        self.write(made, title, body)
        return made

    def write(self, article: GuideArticle, title: str, body: str, *, locale: str | None = None) -> GuideText:
        """New words in one of its languages, published at once."""
        where, now = locale or article.source_locale, self._now()
        url = f"https://shop.zendesk.example/hc/{where}/articles/{article.id}"
        article.texts[where] = GuideText(title=title, body=body, edited_at=now, html_url=url)
        article.updated_at = now
        return article.texts[where]

    def touch(self, article: GuideArticle) -> None:
        """Its labels, section or segments were changed, or somebody voted: the text is as it was."""
        article.updated_at = self._now()

    def unpublish(self, article: GuideArticle) -> None:
        """It becomes a draft in all its languages."""
        for text in article.texts.values():
            text.draft = True
        article.updated_at = self._now()

    def archive(self, article: GuideArticle) -> None:
        """It is gone, and no list tells it."""
        del self.articles[article.id]

    def event(self, name: str, number: int, **said: Any) -> tuple[bytes, dict[str, str]]:
        """The webhook of an event (``published``, ``unpublished``, ``vote_created`` …): its body, and headers that prove it."""
        count, at = next(self._events), self._now()
        body = json.dumps({
            "account_id": ACCOUNT,
            "id": f"lab-guide-event-{count}",
            "type": f"zen:event-type:article.{name}",
            "subject": f"zen:article:{number}",
            "time": _stamp(at),
            "zendesk_event_version": "2022-11-06",
            "detail": {"brand_id": "1", "id": str(number)},
            "event": said,
        }).encode()  # fmt: skip
        return body, self.proof(body, f"01LABGUIDE{count:08d}")

    def proof(self, body: bytes, call: str = "01LABGUIDE") -> dict[str, str]:
        """The headers of a webhook call made now."""
        stamp = _stamp(self._now())
        mac = hmac.new(self.signing_secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Zendesk Webhook",
            "X-Zendesk-Account-Id": str(ACCOUNT),
            "X-Zendesk-Webhook-Invocation-Id": call,
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
            "X-Zendesk-Webhook-Signature": base64.b64encode(mac).decode(),
        }

    # Its API

    def app(self) -> web.Application:
        """The API, to be served at a root."""
        app = web.Application(middlewares=[self._dated, self.weather.middleware])
        app.add_routes(
            [
                web.post("/oauth/tokens", self._grant),
                web.get(f"{V2}/locales", self._told(self._list_locales)),
                web.get(f"{V2}/incremental/articles", self._told(self._export)),
                web.get(f"{V2}/articles/{{id}}", self._told(self._show)),
                web.get(f"{V2}/articles/{{id}}/translations", self._told(self._translations)),
                web.get(f"{V2}/{{locale}}/articles", self._told(self._list)),
                web.get(f"{V2}/{{locale}}/sections", self._told(self._list_sections)),
                web.get(f"{V2}/{{locale}}/categories", self._told(self._list_categories)),
            ]
        )
        return app

    async def close(self) -> None:
        """Nothing is held open."""

    @web.middleware
    async def _dated(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        response.headers["Date"] = format_datetime(self._now(), usegmt=True)
        return response

    def _told(self, handler: Callable[[web.Request], web.Response]) -> Handler:
        async def told(request: web.Request) -> web.StreamResponse:
            if not self._is_known(request):
                return _unauthorized()
            return handler(request)

        return told

    def _is_known(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if self.refuses_credentials:
            return False
        if scheme == "Bearer":
            return self._granted.get(given, datetime.min.replace(tzinfo=UTC)) > self.clock()
        pair = base64.b64encode(f"{self.email}/token:{self.api_token}".encode())
        return scheme == "Basic" and hmac.compare_digest(given.encode(), pair)

    async def _grant(self, request: web.Request) -> web.Response:
        asked = json.loads(await request.read())
        is_ours = (asked.get("client_id"), asked.get("client_secret")) == (self.client_id, self.client_secret)
        if not is_ours or asked.get("grant_type") != "client_credentials" or self.refuses_credentials:
            told = {"error": "invalid_client", "error_description": "Client authentication failed"}
            return web.json_response(told, status=401)
        self.grants += 1
        token = f"lab-guide-token-{self.grants}"
        self._granted[token] = datetime.fromtimestamp(self.clock().timestamp() + TOKEN_LIFE_S, UTC)
        granted = {"access_token": token, "token_type": "bearer", "scope": "hc:read", "expires_in": TOKEN_LIFE_S}
        return web.json_response(granted, status=201)

    def forget_tokens(self) -> None:
        """All access tokens end before their time."""
        self._granted.clear()

    def _list_locales(self, request: web.Request) -> web.Response:
        return web.json_response({"locales": list(self.locales), "default_locale": self.locales[0]})

    def _list(self, request: web.Request) -> web.Response:
        locale = request.match_info["locale"]
        if locale not in self.locales:
            return _not_found()
        there = {number: one for number, one in sorted(self.articles.items()) if locale in one.texts}
        return self._page("articles", {number: self._wire(one, locale) for number, one in there.items()}, request)

    def _list_sections(self, request: web.Request) -> web.Response:
        rows: dict[int, Wire] = {
            number: {"id": number, "name": name, "category_id": above, "locale": request.match_info["locale"]}
            for number, (name, above) in sorted(self.sections.items())
        }
        return self._page("sections", rows, request)

    def _list_categories(self, request: web.Request) -> web.Response:
        rows = {number: {"id": number, "name": name} for number, name in sorted(self.categories.items())}
        return self._page("categories", rows, request)

    def _page(self, name: str, rows: dict[int, Wire], request: web.Request) -> web.Response:
        """A page by cursor: what comes or goes meanwhile shifts nothing."""
        size = min(int(request.query.get("page[size]", MAX_PAGE)), MAX_PAGE, self.page_size)
        after = int(base64.b64decode(request.query.get("page[after]", "")) or 0)
        rest = [number for number in rows if number > after]
        shown, has_more = rest[:size], len(rest) > size
        cursor = base64.b64encode(str(shown[-1]).encode()).decode() if has_more else None
        following = f"{request.url.origin()}{request.path}?page%5Bafter%5D={cursor}" if has_more else None
        told = {
            name: [rows[number] for number in shown],
            "meta": {"has_more": has_more, "after_cursor": cursor, "before_cursor": None},
            "links": {"next": following, "prev": None},
        }
        return web.json_response(told)

    def _show(self, request: web.Request) -> web.Response:
        article = self._article(request)
        if article is None:
            return _not_found()
        return web.json_response({"article": self._wire(article, article.source_locale)})

    def _translations(self, request: web.Request) -> web.Response:
        article = self._article(request)
        if article is None:
            return _not_found()
        rows = {number: _translation(article, locale) for number, locale in enumerate(sorted(article.texts), 1)}
        return self._page("translations", rows, request)

    def _export(self, request: web.Request) -> web.Response:
        start = int(request.query["start_time"])
        there = sorted(self.articles.values(), key=lambda one: (one.updated_at, one.id))
        since = [one for one in there if one.updated_at.timestamp() >= start]
        shown = since[: self.export_size]
        is_last = len(since) <= self.export_size
        end = int((self._now() if is_last or not shown else shown[-1].updated_at).timestamp())
        told = {
            "articles": [self._wire(one, one.source_locale) for one in shown],
            "count": len(shown),
            "end_time": end,
            "next_page": f"{request.url.origin()}{request.path}?start_time={end}",
        }
        return web.json_response(told)

    def _article(self, request: web.Request) -> GuideArticle | None:
        number = request.match_info["id"]
        return self.articles.get(int(number)) if number.isdigit() else None

    def _wire(self, article: GuideArticle, locale: str) -> Wire:
        """An article as the API shows it in a language."""
        text = article.texts[locale]
        return {
            "id": article.id,
            "url": f"https://shop.zendesk.example{V2}/{locale}/articles/{article.id}.json",
            "html_url": text.html_url,
            "author_id": 3465,
            "comments_disabled": True,
            "draft": text.draft,
            "promoted": False,
            "position": 0,
            "vote_sum": 0,
            "vote_count": 0,
            "section_id": article.section,
            "created_at": _stamp(article.updated_at),
            "updated_at": _stamp(article.updated_at),
            "name": text.title,
            "title": text.title,
            "source_locale": article.source_locale,
            "locale": locale,
            "outdated": text.outdated,
            "outdated_locales": [name for name, other in article.texts.items() if other.outdated],
            "edited_at": None if text.edited_at is None else _stamp(text.edited_at),
            "user_segment_id": article.segments[0] if article.segments else None,
            "user_segment_ids": list(article.segments),
            "permission_group_id": 123,
            "content_tag_ids": [],
            "label_names": list(article.labels),
            "body": {"damaged": True} if article.is_damaged else text.body,
        }

    def _now(self) -> datetime:
        return self.clock().astimezone(UTC).replace(microsecond=0)


def _translation(article: GuideArticle, locale: str) -> Wire:
    text = article.texts[locale]
    return {
        "id": article.id * 10,
        "html_url": text.html_url,
        "source_id": article.id,
        "source_type": "Article",
        "locale": locale,
        "title": text.title,
        "body": text.body,
        "outdated": text.outdated,
        "draft": text.draft,
        "hidden": False,
        "updated_at": None if text.edited_at is None else _stamp(text.edited_at),
    }


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _throttled(after_s: float) -> web.Response:
    words = "Number of allowed API requests per minute exceeded"
    told = {"error": "APIRateLimitExceeded", "description": words}
    return web.json_response(told, status=429, headers={"Retry-After": str(int(after_s))})


def _failed() -> web.Response:
    told = {"error": "InternalError", "description": "Please try again in a moment."}
    return web.json_response(told, status=500)


def _unauthorized() -> web.Response:
    words = "The access token is invalid, expired or revoked"
    return web.json_response({"error": "invalid_token", "error_description": words}, status=401)


def _not_found() -> web.Response:
    return web.json_response({"error": "RecordNotFound", "description": "Not found"}, status=404)
