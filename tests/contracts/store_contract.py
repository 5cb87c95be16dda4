"""StoreContract: what every store promises, whatever it runs on.

A store's tests subclass it and give a ``rig``.  The same scenarios run against deliberately broken stores, where each breakage
must be found.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.contracts.contract_append import AppendContract
from tests.contracts.contract_delivery import DeliveryContract
from tests.contracts.contract_inbox import InboxContract, LaneContract
from tests.contracts.contract_links import DroppedContract, LinkContract
from tests.contracts.contract_pruning import PruningContract
from tests.contracts.contract_reads import ReadContract
from tests.contracts.contract_receipts import ReceiptContract
from tests.contracts.contract_records import RecordContract, SystemContract, TenantContract
from tests.contracts.words import Rig


class StoreContract(
    InboxContract,
    LaneContract,
    AppendContract,
    DeliveryContract,
    ReceiptContract,
    ReadContract,
    RecordContract,
    LinkContract,
    DroppedContract,
    TenantContract,
    SystemContract,
    PruningContract,
):
    """All scenarios."""


def scenarios() -> dict[str, Callable[[Rig], Awaitable[None]]]:
    """The scenarios that need nothing but a rig, by name."""
    contract = StoreContract()
    names = [name for name in dir(contract) if name.startswith("test_")]
    found = {name: getattr(contract, name) for name in names}
    return {name: scenario for name, scenario in found.items() if not hasattr(scenario, "pytestmark")}
