"""The ChannelContract: what every channel must do.  Subclass it with a fixture ``world``; see ``test_channels.py``.

``ChannelContract`` needs nothing but the channel; ``VendorContract`` sends through the vendor's stand-in and hears from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.contracts.channel_delivery import DeliveryScenarios
from tests.contracts.channel_hearing import HearingScenarios
from tests.contracts.channel_meaning import MeaningScenarios
from tests.contracts.channel_proof import ProofScenarios
from tests.contracts.channel_saying import SayingScenarios
from tests.contracts.channel_world import World

Scenario = Callable[[World], Awaitable[None]]


class ChannelContract(ProofScenarios, MeaningScenarios, SayingScenarios):
    """What every channel must do with what it receives and how it speaks."""


class VendorContract(DeliveryScenarios, HearingScenarios):
    """What every channel with a vendor must do when it delivers, and when the vendor fails."""


def scenarios(contract: ChannelContract | VendorContract) -> dict[str, Scenario]:
    """The scenarios by name."""
    return {name: getattr(contract, name) for name in dir(contract) if name.startswith("test_")}
