"""Embeddings by an OpenAI-compatible endpoint: batched, tried again, bounded in time, counted; no key or text in errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import structlog

from core import ids
from core.errors import EmbedderUnavailable
from core.models_settings import BreakerSettings
from core.ports.embedding import Vectors
from core.providers.embedders.settings import EmbedderSettings
from core.providers.embedders.spent import Spent
from core.providers.models.breaker import Breaker, Permit, State
from core.providers.models.client import CONNECT_S, NO_KEY, QUIET, decoded
from core.providers.models.errors import (
    BREAKING,
    MISCONFIGURED,
    RETRYABLE,
    AttemptFailed,
    Code,
    classify,
    transport_errors,
)
from core.providers.models.media import Embedded
from core.providers.models.pricing import tokens_of
from core.providers.models.sending import MOST_BYTES

if TYPE_CHECKING:
    import httpx2
    import openai

log = structlog.get_logger(__name__)

LONGEST_BYTES: Final = 24_000
"""Of one text; OpenAI's models take 8 192 tokens (OpenAI API docs, 2026-11), and this is fewer in every script."""

MOST_TOKENS: Final = 200_000
"""Of one request, as estimated; OpenAI refuses more than 300 000 (OpenAI API docs, 2026-11)."""

QUESTION_TEXTS: Final = 4
"""So few texts are a question, for which somebody waits: its deadline is ``timeout_s``, retries included."""

BUILD_S: Final = 180.0
"""How long a build's texts are tried; limits per minute are over by then."""

BUILD_REQUEST_S: Final = 60.0
"""Longest time for one request of a build: a full batch on a small machine of one's own is slow."""

MOST_TRIES: Final = 6
FIRST_WAIT_S: Final = 0.5

MENDS: Final = {
    Code.AUTH: "its key is refused: see knowledge.embedder.key",
    Code.NOT_FOUND: "it does not know the model or the path: see knowledge.embedder.model and base_url",
    Code.REFUSED: "it refuses the request: see knowledge.embedder.model and extra",
    Code.RATE_LIMITED: "its rate limit or quota is used up",
    Code.OPEN_BREAKER: "it failed again and again and is left alone for a moment",
}


@dataclass(frozen=True, slots=True)
class _Bound:
    """How long a request may take, all tries together; ``until`` is on the embedder's clock."""

    until: float
    is_question: bool


class EndpointEmbedder:
    """core.ports.embedding.Embedder; thread-safe; ``clock`` is monotonic seconds.

    ``embed`` takes ``batch`` × ``parallel`` texts at once.  429, 5xx and lost connections are tried again, as ``Retry-After``
    asks; after three failed questions in a row the next ones fail at once for 20 s.  ``EmbedderUnavailable`` says what to mend.
    """

    is_remote = True

    def __init__(
        self,
        settings: EmbedderSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not settings.base_url or not settings.model or not settings.dimension:
            raise ValueError("an endpoint needs base_url, model and dimension")
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._client: openai.OpenAI | None = None
        self._breaker = Breaker(BreakerSettings(failures=3, open_s=20.0), clock=clock, on_change=_tell)
        self._spent = Spent()
        self.dimension = settings.dimension
        self.batch = settings.batch * settings.parallel
        space = ids.digest(settings.base_url, settings.model, repr(sorted(settings.extra.items())))
        self.name = f"{settings.model}:{space[:12]}"

    @property
    def spent(self) -> Spent:
        """What was used since the process began."""
        return self._spent

    @property
    def cost(self) -> float:
        """What that cost, by ``price``."""
        return self._spent.cost

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of unit length per text, zeros for an empty one."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        inputs = {at: _shortened(text) for at, text in enumerate(texts) if text and not text.isspace()}
        batches = list(_batches(list(inputs.values()), self._settings.batch))
        if not batches:
            return vectors
        is_question = len(texts) <= QUESTION_TEXTS
        client = self._opened()
        bound = _Bound(self._clock() + (self._settings.timeout_s if is_question else BUILD_S), is_question)
        if len(batches) == 1:
            parts = [self._embedded(client, batches[0], bound)]
        else:
            with ThreadPoolExecutor(self._settings.parallel, "embed") as pool:
                parts = list(pool.map(lambda batch: self._embedded(client, batch, bound), batches))
        vectors[list(inputs)] = np.concatenate(parts)
        return vectors

    def close(self) -> None:
        """Let go of connections; safe twice."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _embedded(self, client: openai.OpenAI, texts: list[str], bound: _Bound) -> Vectors:
        failed: AttemptFailed
        try:
            return self._tried(client, texts, bound)
        except AttemptFailed as error:
            failed = error
        # Raised out here: nothing of the package's error, which holds the key, hangs on to ours.
        why = MENDS.get(failed.code, f"it did not answer as it should ({failed.code.value})")
        raise EmbedderUnavailable(f"The embeddings endpoint cannot be used: {why}.")

    def _tried(self, client: openai.OpenAI, texts: list[str], bound: _Bound) -> Vectors:
        for attempt in range(MOST_TRIES):
            try:
                return self._once(client, texts, bound)
            except AttemptFailed as error:
                wait_s = FIRST_WAIT_S * 2**attempt if error.rest_s is None else error.rest_s
                is_last = attempt + 1 == MOST_TRIES or self._clock() + wait_s >= bound.until
                if error.code not in RETRYABLE or is_last:
                    raise
            self._sleep(wait_s)
        raise AttemptFailed(Code.TIMEOUT_TOTAL)

    def _once(self, client: openai.OpenAI, texts: list[str], bound: _Bound) -> Vectors:
        permit = self._permit() if bound.is_question else None
        try:
            answer: Embedded = decoded(self._posted(client, texts, bound), Embedded)
            self._count(texts, answer)
            vectors = self._checked(answer, len(texts))
        except AttemptFailed as error:
            with self._lock:
                if error.code is Code.RATE_LIMITED:
                    self._breaker.rest(error.rest_s)
                if permit is not None:
                    _end(permit, error.code)
            raise
        else:
            with self._lock:
                if permit is not None:
                    permit.succeeded()
            return vectors
        finally:
            if permit is not None:
                permit.released()

    def _permit(self) -> Permit:
        with self._lock:
            permit = self._breaker.enter()
            if isinstance(permit, Permit):
                return permit
            raise AttemptFailed(permit, rest_s=self._breaker.rests_s)

    def _posted(self, client: openai.OpenAI, texts: list[str], bound: _Bound) -> bytes:
        import httpx2  # noqa: PLC0415  loaded by now

        settings = self._settings
        now = self._clock()
        most_s = settings.timeout_s if bound.is_question else max(settings.timeout_s, BUILD_REQUEST_S)
        left_s = max(min(bound.until - now, most_s), 0.001)
        body = {**settings.extra, "model": settings.model, "input": texts, "encoding_format": "float"}
        timeout = httpx2.Timeout(left_s, connect=min(CONNECT_S, left_s))
        failed: AttemptFailed
        try:
            response: Any = client.post(
                "/embeddings",
                body=body,
                options={"timeout": timeout},
                cast_to=httpx2.Response,
                stream=True,
                stream_cls=cast("Any", None),
            )
            return self._read(response, now + left_s)
        except transport_errors() as error:
            failed = classify(error)
        raise failed

    def _read(self, response: httpx2.Response, until: float) -> bytes:
        body = bytearray()
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise AttemptFailed(Code.MALFORMED)
                if self._clock() > until:
                    raise AttemptFailed(Code.TIMEOUT_TOTAL)
        finally:
            response.close()
        return bytes(body)

    def _checked(self, answer: Embedded, count: int) -> Vectors:
        rows = [row.embedding for row in sorted(answer.data, key=lambda row: row.index)]
        sizes = {len(row) for row in rows}
        if len(rows) != count or len(sizes) != 1:
            raise AttemptFailed(Code.MALFORMED)
        if sizes != {self.dimension}:
            raise EmbedderUnavailable(
                f"The embeddings endpoint gave vectors of {sizes.pop()} numbers, and knowledge.embedder.dimension says"
                f" {self.dimension}: mend the setting, and the next sync builds a new index."
            )
        vectors = np.array(rows, np.float64)
        with np.errstate(over="ignore"):
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(lengths).all():
            raise AttemptFailed(Code.MALFORMED)
        unit: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
        return unit

    def _count(self, texts: Sequence[str], answer: Embedded) -> None:
        counted = answer.usage.prompt_tokens if answer.usage else None
        tokens = sum(map(tokens_of, texts)) if counted is None or counted < 0 else counted
        cost = tokens * self._settings.price / 1_000_000
        with self._lock:
            self._spent += Spent(texts=len(texts), tokens=tokens, requests=1, cost=cost)

    def _opened(self) -> openai.OpenAI:
        with self._lock:
            if self._client is None:
                self._client = _client(self._settings)
            return self._client


def _client(settings: EmbedderSettings) -> openai.OpenAI:
    # The package looks into httpx wherever that is loaded, also half loaded by another thread: have it whole before.
    import httpx  # noqa: F401, PLC0415
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    for name in QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
    # No redirects, which would carry the key along; nothing from the environment.
    transport = httpx2.Client(trust_env=False, follow_redirects=False)
    client = openai.OpenAI(
        base_url=settings.base_url, api_key=settings.key or NO_KEY, max_retries=0, http_client=transport
    )
    client.organization = client.project = client.admin_api_key = client.webhook_secret = None
    client._custom_headers = {}
    return client


def _batches(texts: Sequence[str], most: int) -> Iterator[list[str]]:
    """In order; each within the bounds of a request."""
    batch: list[str] = []
    tokens = 0
    for text in texts:
        size = tokens_of(text)
        if batch and (len(batch) == most or tokens + size > MOST_TOKENS):
            yield batch
            batch, tokens = [], 0
        batch.append(text)
        tokens += size
    if batch:
        yield batch


def _shortened(text: str) -> str:
    return text.encode("utf-8", "replace")[:LONGEST_BYTES].decode("utf-8", "ignore")


def _end(permit: Permit, code: Code) -> None:
    if code in BREAKING or code in MISCONFIGURED:
        permit.failed(at_once=code in MISCONFIGURED)
    else:
        permit.released()


def _tell(state: State) -> None:
    level = log.warning if state is State.OPEN else log.info
    level("embedder_breaker", state=state.value)
