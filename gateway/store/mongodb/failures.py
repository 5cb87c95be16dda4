"""What a failed call means for the ledger: was nothing carried out, or is that open?

The driver's own words hold hosts and sometimes more, so they stay out of our errors, also as their cause: what is kept is the
kind of error and the server's code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
)

from core.errors import StoreUnavailable
from gateway.store.documents import AnswerLost, Document
from gateway.store.mongodb.batches import Codes

DUPLICATE: Final = 11_000


@contextmanager
def understood() -> Iterator[None]:
    """Errors of the driver become ``StoreUnavailable`` (nothing was carried out) or ``AnswerLost`` (that is open)."""
    try:
        yield
    except PyMongoError as error:
        raise meaning(error) from None


def meaning(error: PyMongoError) -> StoreUnavailable:
    """What an error says of the call; whatever is not known to have stopped before the server leaves it open."""
    name = type(error).__name__
    match error:
        case ServerSelectionTimeoutError() | WaitQueueTimeoutError():
            return StoreUnavailable(f"The document store cannot be reached ({name}).")
        case InvalidOperation() | ConfigurationError():
            return StoreUnavailable(f"The document store cannot be used ({name}).")
        case ConnectionFailure() | ExecutionTimeout() | WriteConcernError():
            return AnswerLost(f"The document store gave no answer ({name}).")
        case OperationFailure():
            return refused(error.code)
    return AnswerLost(f"The document store gave no answer that can be read ({name}).")


def refused(code: int | None) -> StoreUnavailable:
    """The server took a call and said no; the code is in MongoDB's list of errors."""
    return StoreUnavailable(f"The document store refused a call (code {code}).")


def codes_of(error: BulkWriteError) -> Codes:
    """Why documents of an insert were refused; ``AnswerLost`` when what was taken may yet be taken back."""
    details = error.details or {}
    if details.get("writeConcernErrors"):
        raise AnswerLost("The document store wrote, but not to a majority in time.")
    return {failed["index"]: failed["code"] for failed in details["writeErrors"]}


def taken(documents: Sequence[Document], codes: Codes) -> frozenset[str]:
    """The ids that existed; an error when a document was refused for another reason than that."""
    failed = [code for code in codes.values() if code != DUPLICATE]
    if failed and len(failed) == len(documents):
        raise refused(failed[0])
    if failed:
        raise AnswerLost(f"The document store took a part of an insert (code {failed[0]}).")
    return frozenset([str(documents[at]["_id"]) for at in codes])
