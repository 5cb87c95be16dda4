"""What each way to fail means: nothing was carried out, or that is open; and that no error shows where the database is."""

from __future__ import annotations

import pytest
from pymongo import errors

from core.errors import StoreUnavailable
from gateway.store.documents import AnswerLost
from gateway.store.mongodb.failures import DUPLICATE, codes_of, meaning, taken, understood
from tests.contracts.documents_contract import row

PLACE = "db1.internal:27017"

NOTHING_DONE = (
    errors.ServerSelectionTimeoutError(f"{PLACE}: refused"),
    errors.WaitQueueTimeoutError(f"{PLACE}: pool is full"),
    errors.InvalidOperation("closed"),
    errors.ConfigurationError(f"{PLACE}: no such mechanism"),
    errors.OperationFailure(f"{PLACE}: not authorized", 13),
)
OPEN = (
    errors.AutoReconnect(f"{PLACE}: connection closed"),
    errors.NetworkTimeout(f"{PLACE}: timed out"),
    errors.NotPrimaryError(f"{PLACE}: not primary"),
    errors.ExecutionTimeout("operation exceeded time limit", 50),
    errors.WriteConcernError("waiting for replication timed out", 64),
    errors.ProtocolError(f"{PLACE}: strange"),
)


@pytest.mark.parametrize("error", NOTHING_DONE, ids=lambda error: type(error).__name__)
def test_what_was_not_carried_out(error: errors.PyMongoError) -> None:
    assert type(meaning(error)) is StoreUnavailable


@pytest.mark.parametrize("error", OPEN, ids=lambda error: type(error).__name__)
def test_what_may_have_been_carried_out(error: errors.PyMongoError) -> None:
    assert type(meaning(error)) is AnswerLost


@pytest.mark.parametrize("error", [*NOTHING_DONE, *OPEN], ids=lambda error: type(error).__name__)
def test_no_error_shows_where_the_database_is(error: errors.PyMongoError) -> None:
    with pytest.raises(StoreUnavailable) as raised, understood():
        raise error
    assert PLACE not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_an_insert_without_a_majority_may_yet_be_taken_back() -> None:
    late = {"writeErrors": [], "writeConcernErrors": [{"code": 64, "errmsg": "waiting for replication timed out"}]}
    with pytest.raises(AnswerLost, match="majority"):
        codes_of(errors.BulkWriteError(late))


def test_which_documents_of_an_insert_existed() -> None:
    refused = {"writeErrors": [{"index": 1, "code": DUPLICATE}], "writeConcernErrors": []}
    codes = codes_of(errors.BulkWriteError(refused))
    assert taken([row("a"), row("b")], codes) == {row("b")["_id"]}
    assert taken([row("a")], {}) == frozenset()


@pytest.mark.parametrize(
    ("codes", "meant"),
    [({0: 121, 1: 121}, StoreUnavailable), ({1: 121}, AnswerLost), ({0: DUPLICATE, 1: 121}, AnswerLost)],
)
def test_a_document_that_is_refused_for_another_reason_fails_its_insert(
    codes: dict[int, int], meant: type[StoreUnavailable]
) -> None:
    with pytest.raises(StoreUnavailable, match="121") as raised:
        taken([row("a"), row("b")], codes)
    assert type(raised.value) is meant
