"""ChannelContract, first part: who sent it is proven or the request is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from core.errors import InboundRejected, SignatureInvalid
from core.ports.channel import RawRequest
from tests.contracts.channel_descriptor import NOW
from tests.contracts.channel_world import World

CAUSES = frozenset(("missing", "malformed", "skew", "secret", "url", "claims"))
RUBBISH = ("", " ", "x", "ümlaut", "v0=", "Bearer ", "Bearer a.b.c", "=" * 50, "9" * 40, "٣", "a" * 20_000, "\udcff")
MOST_MUTATIONS = 300


def needs(condition: bool, what: str) -> None:
    """The scenario asks for something this channel does not have."""
    if not condition:
        pytest.skip(what)


def other(char: str) -> str:
    """Another character of the same kind."""
    if char.isascii() and char.isdigit():
        return "1234567890"[int(char)]
    if char.isascii() and char.isalpha():
        first = "a" if char.islower() else "A"
        return chr(ord(first) + (ord(char) - ord(first) + 1) % 26)
    return "x"


def mutations(text: str) -> Iterator[str]:
    """The text with one character changed, at every place (at most 300 of them), each with another meaning.

    The last character of a base64 segment may hold bits that mean nothing; it is left alone.
    """
    places = [at for at in range(len(text)) if at + 1 < len(text) and text[at + 1] not in ".=, "]
    for at in places[:: 1 + len(places) // MOST_MUTATIONS]:
        yield text[:at] + other(text[at]) + text[at + 1 :]


def refusal(world: World, request: RawRequest) -> InboundRejected:
    """The refusal; it is one that the admin can read a cause from."""
    with pytest.raises(InboundRejected) as caught:
        world.channel.verify(request)
    return caught.value


def without(request: RawRequest, names: tuple[str, ...]) -> RawRequest:
    gone = {name.lower() for name in names}
    kept = [(name, value) for name, value in request.headers.items() if name.lower() not in gone]
    return replace(request, headers=CIMultiDictProxy(CIMultiDict(kept)))


class ProofScenarios:
    """verify()."""

    async def test_what_the_vendor_signed_is_accepted(self, world: World) -> None:
        for fixture in world.descriptor.fixtures:
            await world.verify(world.request(fixture))

    async def test_every_configured_secret_is_good_while_rotating(self, world: World) -> None:
        for secret in world.descriptor.secrets:
            await world.verify(world.request(world.opening, secret=secret))

    async def test_another_secret_is_refused(self, world: World) -> None:
        forged = next(mutations(world.descriptor.secrets[0][::-1]))
        request = world.request(world.opening, secret=forged)
        with pytest.raises(SignatureInvalid) as caught:
            await world.verify(request)
        assert caught.value.cause in CAUSES - {"missing", "skew"}

    async def test_a_secret_with_one_byte_changed_is_another(self, world: World) -> None:
        proof = world.descriptor.proof
        needs(proof.is_shared, "the scheme has no shared secret")
        secret = world.descriptor.secrets[0]
        kept, changed = secret[: proof.prefix_chars], secret[proof.prefix_chars :]
        for forged in mutations(changed):
            assert isinstance(refusal(world, world.request(world.opening, secret=kept + forged)), SignatureInvalid)

    async def test_without_its_proof_it_is_refused(self, world: World) -> None:
        await world.verify(world.request(world.opening))
        request = without(world.request(world.opening), world.descriptor.proof.headers)
        error = refusal(world, request)
        assert isinstance(error, SignatureInvalid) and error.cause == "missing" and error.status == 401

    async def test_without_any_of_its_proof_headers_it_is_refused(self, world: World) -> None:
        request = world.request(world.opening)
        await world.verify(request)
        for name in world.descriptor.proof.headers:
            assert isinstance(refusal(world, without(request, (name,))), SignatureInvalid)

    async def test_rubbish_as_proof_is_refused(self, world: World) -> None:
        for name in world.descriptor.proof.headers:
            for rubbish in RUBBISH:
                assert isinstance(
                    refusal(world, world.request(world.opening, headers={name: rubbish})), SignatureInvalid
                )

    async def test_a_proof_with_one_byte_changed_is_refused(self, world: World) -> None:
        request = world.request(world.opening)
        await world.verify(request)
        for name in world.descriptor.proof.headers:
            for forged in mutations(request.headers[name]):
                assert isinstance(refusal(world, _with(request, {name: forged})), SignatureInvalid)

    async def test_a_body_with_one_byte_changed_is_refused(self, world: World) -> None:
        needs(world.descriptor.proof.covers_body, "the scheme does not sign bodies")
        request = world.request(world.opening)
        await world.verify(request)
        body = request.body.decode("latin-1")
        for forged in mutations(body):
            refusal(world, replace(request, body=forged.encode("latin-1")))
        for forged_body in (b"", request.body + b" ", request.body[:-1], request.body * 2):
            refusal(world, replace(request, body=forged_body))

    async def test_an_old_or_future_request_is_refused(self, world: World) -> None:
        needs(world.descriptor.proof.is_timed, "the scheme does not sign the time")
        await world.verify(world.request(world.opening, at=NOW - timedelta(seconds=5)))
        for shift in (timedelta(hours=-2), timedelta(hours=2)):
            error = refusal(world, world.request(world.opening, at=NOW + shift))
            assert isinstance(error, SignatureInvalid) and error.cause == "skew"

    async def test_header_names_match_in_any_case(self, world: World) -> None:
        request = world.request(world.opening)
        upper = {name.upper(): value for name, value in request.headers.items()}
        await world.verify(replace(request, headers=CIMultiDictProxy(CIMultiDict(upper))))

    async def test_a_refusal_says_nothing_secret(self, world: World) -> None:
        request = world.request(world.opening)
        for name in world.descriptor.proof.headers:
            error = refusal(world, _with(request, {name: request.headers[name][:-3] + "abc"}))
            assert error.safe_message and request.headers[name] not in str(error)
            assert not [secret for secret in world.descriptor.secrets if secret in str(error)]

    async def test_secrets_are_not_in_anything_printed(self, world: World) -> None:
        known = world.descriptor.secrets if world.descriptor.proof.is_shared else ()
        known += world.descriptor.vendor.secrets if world.descriptor.vendor is not None else ()
        settings = world.descriptor.plugin.settings.model_validate(dict(world.descriptor.settings(world.address)))
        printed = repr(world.channel) + repr(settings) + str(settings) + settings.model_dump_json()
        assert not [secret for secret in known if secret in printed]


def _with(request: RawRequest, headers: Mapping[str, str]) -> RawRequest:
    return replace(request, headers=CIMultiDictProxy(CIMultiDict({**request.headers, **headers})))
