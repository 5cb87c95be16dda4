"""The connection to a Weaviate: made when it is first used, shared by every engine that is given it, and bounded in time.

Collections and aliases go through the vendor's client over REST; objects and searches go over gRPC with the client's own message
classes, but not through its calls: those sleep 1, 2, 4 … 32 s when the server is away (weaviate-client 4.23.1, retry.py), and a
customer waits for the search.  A server that comes back is noticed within two seconds by the next call.

Addresses and keys are in no error: what the server or the network said is only the cause of ``KnowledgeUnavailable``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Protocol

import grpc  # type: ignore[import-untyped]
import httpx
from weaviate import WeaviateClient
from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.connect import ConnectionParams
from weaviate.exceptions import InsufficientPermissionsError, UnexpectedStatusCodeError, WeaviateBaseError
from weaviate.proto.v1 import weaviate_pb2_grpc

from core.errors import KnowledgeAway, KnowledgeUnavailable

QUERY_S = 2.0
"""A search as a whole."""

SLOW_S = 30.0
"""Anything a customer does not wait for: collections, batches, counts."""

CONNECT_S = 5
READY_S = 1.0

REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
NOT_TAKEN = "Weaviate does not take the key in `knowledge`."

MESSAGE_BYTES = 104_858_000
"""What the server takes and gives at most in one message (GRPC_MAX_MESSAGE_SIZE's default)."""

_OPTIONS = (
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.enable_http_proxy", 0),
)


class Place(Protocol):
    """Where a Weaviate listens, whether by TLS, and the key to show; ``config.addresses.WeaviateAt`` is one."""

    @property
    def host(self) -> str:
        """Name or address."""

    @property
    def port(self) -> int:
        """Of REST."""

    @property
    def grpc_port(self) -> int:
        """Of gRPC."""

    @property
    def is_secure(self) -> bool:
        """Whether both are spoken over TLS."""

    @property
    def key(self) -> str | None:
        """The API key; None for a server that asks for none."""


class WeaviateServer:
    """One Weaviate, for all tenants; thread-safe."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._client: WeaviateClient | None = None
        self._channel: Any = None
        self._stub: Any = None

    def call(self, method: str, request: Any, seconds: float) -> Any:
        """One gRPC call, ``seconds`` to wait for it.

        ``KnowledgeAway`` when there is no answer in time or the key is not taken, ``KnowledgeUnavailable`` when it is refused.  A
        server that is starting refuses too, for it knows no collection yet: whether it is ready is asked before it is believed.
        """
        try:
            return self._call(method, request, seconds)
        except grpc.RpcError as error:
            told = _told(error.code(), error.details() or "")
            if isinstance(told, KnowledgeAway):
                raise told from error
            if not self._is_ready():
                raise KnowledgeAway("Weaviate is starting.") from error
        try:
            return self._call(method, request, seconds)
        except grpc.RpcError as error:
            raise _told(error.code(), error.details() or "") from error

    @contextmanager
    def schema(self) -> Iterator[WeaviateClient]:
        """The vendor's client, for collections and aliases; what it raises becomes errors as of ``call``."""
        try:
            yield self._connected_client()
        except UnexpectedStatusCodeError as error:
            if error.status_code in REFUSED:
                raise KnowledgeAway(NOT_TAKEN) from error
            if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise KnowledgeAway(f"Weaviate is in trouble (status {error.status_code}).") from error
            raise KnowledgeUnavailable(f"Weaviate refused (status {error.status_code}).") from error
        except InsufficientPermissionsError as error:
            raise KnowledgeAway(NOT_TAKEN) from error
        except WeaviateBaseError as error:
            raise KnowledgeAway("Weaviate cannot be reached.") from error
        except (httpx.HTTPError, OSError) as error:
            raise KnowledgeAway("Weaviate cannot be reached.") from error

    def prove(self) -> None:
        """It answers, takes the key, and shows its collections; errors as of ``call``."""
        with self.schema() as client:
            client.collections.list_all(simple=True)
        if not self._is_ready():
            raise KnowledgeAway("Weaviate is starting.")

    def close(self) -> None:
        """Let go of the connections; safe twice.  A later call makes new ones."""
        with self._lock:
            client, channel = self._client, self._channel
            self._client = self._channel = self._stub = None
        if client is not None:
            client.close()
        if channel is not None:
            channel.close()

    def _call(self, method: str, request: Any, seconds: float) -> Any:
        stub = self._stub or self._connected()
        try:
            return getattr(stub, method)(request, timeout=max(seconds, 0.001), metadata=self._metadata())
        except ValueError as error:
            raise KnowledgeAway("The connection to Weaviate was closed.") from error

    def _is_ready(self) -> bool:
        scheme = "https" if self._place.is_secure else "http"
        address = f"{scheme}://{self._place.host}:{self._place.port}/v1/.well-known/ready"
        try:
            return httpx.get(address, timeout=READY_S, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        key = self._place.key
        return (("authorization", f"Bearer {key}"),) if key else ()

    def _connected(self) -> Any:
        with self._lock:
            if self._stub is None:
                target = f"{self._place.host}:{self._place.grpc_port}"
                self._channel = (
                    grpc.secure_channel(target, grpc.ssl_channel_credentials(), options=_OPTIONS)
                    if self._place.is_secure
                    else grpc.insecure_channel(target, options=_OPTIONS)
                )
                self._stub = weaviate_pb2_grpc.WeaviateStub(self._channel)  # type: ignore[no-untyped-call]  # generated
            return self._stub

    def _connected_client(self) -> WeaviateClient:
        with self._lock:
            if self._client is None:
                client = self._new_client()
                try:
                    client.connect()
                except BaseException:
                    client.close()
                    raise
                self._client = client
            return self._client

    def _new_client(self) -> WeaviateClient:
        place = self._place
        return WeaviateClient(
            connection_params=ConnectionParams.from_params(
                http_host=place.host,
                http_port=place.port,
                http_secure=place.is_secure,
                grpc_host=place.host,
                grpc_port=place.grpc_port,
                grpc_secure=place.is_secure,
            ),
            auth_client_secret=Auth.api_key(place.key) if place.key else None,
            additional_config=AdditionalConfig(
                timeout=Timeout(init=CONNECT_S, query=SLOW_S, insert=SLOW_S), trust_env=False
            ),
            skip_init_checks=True,
        )


def _told(code: Any, details: str) -> KnowledgeUnavailable:
    """A wrong key is an unknown error to Weaviate's gRPC (1.38.11), told by its words alone."""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return KnowledgeAway("Weaviate did not answer in time.")
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return KnowledgeAway("Weaviate cannot be reached.")
    if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED) or "unauthorized" in details:
        return KnowledgeAway(NOT_TAKEN)
    return KnowledgeUnavailable(f"Weaviate refused ({code.name.lower()}).")
