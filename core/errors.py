"""Every error Frontdesk raises on purpose, as one tree.

    FrontdeskError            code, safe_message (what may be shown to anybody), cause kept with ``from``
    ├ ConfigError             start-up and reload only
    ├ InboundRejected         status: the HTTP answer the sender gets
    │   └ SignatureInvalid 401 (KeysStale) · AccountUnknown 404 · PayloadInvalid 400/422 · CaseTaken 409
    │     · BodyTooLarge 413 · TooMany 429 · Overloaded 503
    ├ DeliveryError           retryable, retry_after_s, is_certain
    │   ├ Throttled · ProviderUnavailable        may be tried again, nothing was delivered
    │   ├ OutcomeUnknown                         reconcile or park; never sent again blindly
    │   └ MessageRejected (StoppedByContact) · WindowClosed · ContactGone · Unsupported · CredentialsInvalid
    ├ TurnError               ModelUnavailable · ModelMalformed · BudgetExceeded · ToolFailed
    │   └ KnowledgeUnavailable                   KnowledgeAway (nothing to mend) · EmbedderUnavailable
    ├ StoreError              StoreUnavailable 503 · StoreLocked
    └ SourceError             SourceUnavailable · DocumentRejected (skips one document, never the sync) · SyncRunning

"Nothing to do" is a value (``Ignored``), not an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.ports.model import Tried


class FrontdeskError(Exception):
    """Root of the tree; ``safe_message`` holds no secret and no customer text."""

    code = "internal"

    def __init__(self, safe_message: str) -> None:
        super().__init__(safe_message)
        self.safe_message = safe_message


class ConfigError(FrontdeskError):
    """The configuration cannot be used; the message lists every mistake with its place."""

    code = "config_invalid"


class InboundRejected(FrontdeskError):
    """An inbound request is refused before anything was stored."""

    code = "rejected"
    status = 400

    def __init__(self, safe_message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(safe_message)
        self.retry_after_s = retry_after_s


class SignatureInvalid(InboundRejected):
    """The request is not proven to come from whom it claims.

    ``cause`` is what an admin should look at first, and a metric's label: ``missing`` (no signature at all), ``malformed``,
    ``skew`` (too old or too new), ``secret`` (does not match), ``url`` (would match another address), ``claims`` (a valid
    token for somebody else).
    """

    code = "signature_invalid"
    status = 401

    def __init__(self, safe_message: str, *, cause: str = "secret") -> None:
        super().__init__(safe_message)
        self.cause = cause


class KeysStale(SignatureInvalid):
    """Signed by a key we have not seen: the webhook stage refreshes the channel's keys once and asks again."""


class AccountUnknown(InboundRejected):
    """No configured account matches."""

    code = "account_unknown"
    status = 404


class PayloadMalformed(InboundRejected):
    """The body is not the format it claims to be."""

    code = "payload_malformed"
    status = 400


class PayloadInvalid(InboundRejected):
    """The body is well formed, but a field is missing, unknown or out of range; ``field`` names it."""

    code = "payload_invalid"
    status = 422

    def __init__(self, safe_message: str, *, field: str) -> None:
        super().__init__(safe_message)
        self.field = field


class CaseTaken(InboundRejected):
    """Another agent owns the conversation, and the caller did not say that they take over; ``agent`` is who."""

    code = "case_taken"
    status = 409

    def __init__(self, safe_message: str, *, agent: str) -> None:
        super().__init__(safe_message)
        self.agent = agent


class BodyTooLarge(InboundRejected):
    """The body is larger than the configured limit."""

    code = "body_too_large"
    status = 413


class TooMany(InboundRejected):
    """A rate limit is used up; ``retry_after_s`` says when it has room again."""

    code = "too_many"
    status = 429


class Overloaded(InboundRejected):
    """A bounded resource is full; nothing was stored."""

    code = "overloaded"
    status = 503


class DeliveryError(FrontdeskError):
    """A send did not end in ``sent``.

    ``retryable``: may it be tried again.  ``is_certain``: is it certain that nothing more than ``sent_refs`` reached the other
    side.  ``sent_refs`` are the parts of a split message that did: the next attempt goes on after them.
    """

    code = "delivery_failed"
    retryable = False
    is_certain = True

    def __init__(
        self, safe_message: str, *, retry_after_s: float | None = None, sent_refs: tuple[str, ...] = ()
    ) -> None:
        super().__init__(safe_message)
        self.retry_after_s = retry_after_s
        self.sent_refs = sent_refs


class Throttled(DeliveryError):
    """The other side asks us to slow down."""

    code = "throttled"
    retryable = True


class ProviderUnavailable(DeliveryError):
    """The other side is down and said so before it took anything."""

    code = "provider_unavailable"
    retryable = True


class OutcomeUnknown(DeliveryError):
    """The answer was lost: it may or may not have been delivered."""

    code = "outcome_unknown"
    is_certain = False


class MessageRejected(DeliveryError):
    """The other side refused this message for good."""

    code = "message_rejected"


class StoppedByContact(MessageRejected):
    """The contact pressed stop while the reply was streamed; nothing more of it may be said."""

    code = "stopped_by_contact"


class WindowClosed(DeliveryError):
    """The vendor takes no free text to this contact now: their reply window is over."""

    code = "window_closed"


class ContactGone(DeliveryError):
    """The contact can no longer be reached on this account."""

    code = "contact_gone"


class Unsupported(DeliveryError):
    """It cannot be said on this channel or desk."""

    code = "unsupported"


class CaseClosed(DeliveryError):
    """The desk's case takes nothing any more: a follow-up is opened instead."""

    code = "case_closed"


class CaseGone(DeliveryError):
    """The desk's case was deleted: a new one is opened instead."""

    code = "case_gone"


class CredentialsInvalid(DeliveryError):
    """The account's credentials are refused; the account is parked until they are mended."""

    code = "credentials_invalid"


class TurnError(FrontdeskError):
    """A turn could not be finished in the usual way; each kind has a written outcome in core/turn.py."""

    code = "turn_failed"


class KnowledgeUnavailable(TurnError):
    """The index cannot be searched; customers are handed to people."""

    code = "knowledge_unavailable"


class KnowledgeAway(KnowledgeUnavailable):
    """The server that holds the index cannot be reached, or does not let us in: what it holds is as it was, nothing to mend."""


class EmbedderUnavailable(KnowledgeUnavailable):
    """Texts cannot be embedded now; searches go on without vectors, a build waits."""

    code = "embedder_unavailable"


class ModelUnavailable(TurnError):
    """No endpoint of a role answered in time; ``tried`` says what each of them did."""

    code = "model_unavailable"

    def __init__(self, safe_message: str, *, tried: Sequence[Tried] = ()) -> None:
        super().__init__(safe_message)
        self.tried = tuple(tried)


class ModelMalformed(TurnError):
    """A model's answer cannot be used, even after one repair."""

    code = "model_malformed"


class BudgetExceeded(TurnError):
    """A budget does not cover the call; ``scope`` is turn, contact or tenant."""

    code = "budget_exceeded"

    def __init__(self, safe_message: str, *, scope: str) -> None:
        super().__init__(safe_message)
        self.scope = scope


class ToolFailed(TurnError):
    """A tool did not do what it was asked; ``is_certain``: it is certain that nothing happened."""

    code = "tool_failed"

    def __init__(self, safe_message: str, *, is_certain: bool) -> None:
        super().__init__(safe_message)
        self.is_certain = is_certain


class StoreError(FrontdeskError):
    """The store refused; nothing was half-written."""

    code = "store_failed"


class StoreUnavailable(StoreError):
    """The store is full, read-only or gone: answer 503 and let the sender try again."""

    code = "store_unavailable"


class StoreLocked(StoreError):
    """Another ``frontdesk serve`` holds this data directory."""

    code = "store_locked"


class SourceError(FrontdeskError):
    """A knowledge source or one of its documents cannot be read."""

    code = "source_failed"


class SourceUnavailable(SourceError):
    """The whole source cannot be listed; what was published from it stays live."""

    code = "source_unavailable"


class DocumentRejected(SourceError):
    """One document cannot be used; it is reported and skipped."""

    code = "document_rejected"


class SyncRunning(SourceError):
    """Another sync of the same knowledge is at work."""

    code = "sync_running"
