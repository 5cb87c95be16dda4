"""Many mangled payloads: ``python -m tests.contracts.channel_storm [--count 100000] [kind …]``.

The contract plays some hundreds of them at each test run; this plays as many as asked for, seeded, and says how it went.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from core.domain import InboundEvent
from core.errors import InboundRejected
from tests.contracts.channel_descriptor import ChannelDescriptor
from tests.contracts.channel_descriptors import MODULES, descriptor_of
from tests.contracts.channel_fuzz import PLAIN_VALUES, is_form, places_in
from tests.contracts.channel_meaning import check_parsed
from tests.contracts.channel_world import World, world_of

ODD: Sequence[Any] = ("\x00", "\u202e", "9" * 30, "a" * 3_000, 1e300, -(2**70), [None], {"id": None}, "@", "<@U1>")
WORDS: Sequence[Any] = (*PLAIN_VALUES, *ODD)


def mangled(body: bytes, rng: random.Random, *, form: bool) -> bytes:
    """The payload with bytes, fields or nodes changed."""
    if rng.random() < 0.15:
        return _bytes(body, rng)
    if form:
        return _form(body, rng)
    tree = json.loads(body)
    for _ in range(rng.randint(1, 4)):
        tree = _changed(tree, rng)
    return json.dumps(tree).encode()


def _bytes(body: bytes, rng: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(rng.randint(1, 6)):
        if not changed:
            break
        at = rng.randrange(len(changed))
        match rng.randrange(3):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                del changed[at : at + rng.randint(1, 20)]
            case _:
                changed[at:at] = changed[: rng.randint(1, 30)]
    return bytes(changed)


def _form(body: bytes, rng: random.Random) -> bytes:
    pairs: list[tuple[str, Any]] = list(parse_qsl(body.decode(), keep_blank_values=True))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(pairs))
        name, value = pairs[at]
        match rng.randrange(4):
            case 0 if len(pairs) > 1:
                del pairs[at]
            case 1:
                pairs.append((name, rng.choice(WORDS)))
            case 2 if isinstance(value, str) and value.startswith("{"):
                pairs[at] = (name, json.dumps(_changed(json.loads(value), rng)))
            case _:
                pairs[at] = (name, rng.choice(WORDS))
    return urlencode(pairs).encode()


def _changed(tree: Any, rng: random.Random) -> Any:
    places = places_in(tree)
    if not places:
        return rng.choice(WORDS)
    holder, key = rng.choice(places)
    match rng.randrange(5):
        case 0:
            del holder[key]
        case 1:
            other_holder, other_key = rng.choice(places)
            holder[key] = copy.deepcopy(other_holder[other_key])
        case 2:
            holder[key] = [holder[key]]
        case _:
            holder[key] = copy.deepcopy(rng.choice(WORDS))
    return tree


def storm(world: World, count: int, seed: int) -> Counter[str]:
    """How the payloads ended; anything but a meaning or a refusal is an error that escapes."""
    rng = random.Random(seed)
    ends: Counter[str] = Counter()
    templates = [(world.request(fixture), is_form(fixture)) for fixture in world.descriptor.fixtures]
    for _ in range(count):
        template, form = rng.choice(templates)
        request = replace(template, body=mangled(template.body, rng, form=form))
        try:
            parsed = world.channel.parse(request)
        except InboundRejected as error:
            ends[error.code] += 1
            continue
        except Exception:
            sys.stderr.write(f"{world.descriptor.kind}: {request.body!r}\n")
            raise
        try:
            check_parsed(parsed, request)
        except AssertionError:
            sys.stderr.write(f"{world.descriptor.kind}: {request.body!r} means {parsed!r}\n")
            raise
        ends["event" if any(isinstance(item, InboundEvent) for item in parsed) else "nothing or other"] += 1
    return ends


async def _play(descriptor: ChannelDescriptor, count: int, seed: int) -> None:
    async with world_of(descriptor) as world:
        begun = time.perf_counter()
        ends = storm(world, count, seed)
        told = ", ".join(f"{name} {number}" for name, number in ends.most_common())
        print(f"{descriptor.kind}: {count} payloads in {time.perf_counter() - begun:.0f} s: {told}", flush=True)


def main() -> None:
    """Play the storm on each channel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    for module in MODULES:
        descriptor = descriptor_of(module)
        if not asked.kinds or descriptor.kind in asked.kinds:
            asyncio.run(_play(descriptor, asked.count, asked.seed))


if __name__ == "__main__":
    main()
