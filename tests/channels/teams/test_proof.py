"""Every rule of the token check, one at a time: a request that breaks just one is refused, for the cause an admin can read."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from adapters.teams.keys import Key, KeyRing
from adapters.teams.proof import MAX_PROVEN, Doorkeeper
from adapters.teams.settings import TeamsSettings
from core.errors import InboundRejected, KeysStale, PayloadMalformed, SignatureInvalid
from core.ports.channel import RawRequest
from core.vendors.http import VendorHttp
from tests.channels.teams import wire
from tests.contracts.channel_descriptor import NOW

SERVICE = wire.SERVICE


def ring(**endorsements: tuple[str, ...]) -> KeyRing:
    """The keys by name, each with the channels it may sign for."""
    given_keys = endorsements or {"key-1": ("msteams",)}
    keys = {
        name.replace("_", "-"): Key(wire.key(name.replace("_", "-")).private.public_key(), frozenset(channels))
        for name, channels in given_keys.items()
    }
    return KeyRing.holding(keys, lambda: NOW)


def door(keys: KeyRing | None = None, **changes: Any) -> Doorkeeper:
    plain = {"app_id": wire.APP, "app_secret": "s", "app_tenant": wire.TENANT_ID}
    return Doorkeeper(TeamsSettings.model_validate({**plain, **changes}), keys or ring())


def cause(request: RawRequest, at: Doorkeeper | None = None) -> str:
    with pytest.raises(SignatureInvalid) as caught:
        (at or door()).check(request)
    return caught.value.cause


def unsigned(header: dict[str, Any], claims: dict[str, Any] | None = None) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims or wire.claims())]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, b"x"))


def test_what_teams_sends_is_taken() -> None:
    door().check(wire.request(wire.activity()))
    door().check(wire.request(wire.activity(service=SERVICE.rstrip("/"))))


def test_the_scheme_is_read_in_any_case() -> None:
    door().check(wire.request(wire.activity(), f"bearer {wire.token()}"))


@pytest.mark.parametrize(
    ("proof", "expected"),
    [
        ("", "missing"),
        ("Basic YTpi", "malformed"),
        ("Bearer ", "malformed"),
        ("Bearer x", "malformed"),
        ("Bearer " + "a" * 9_000, "malformed"),
        ("Bearer a.b.c", "malformed"),
        ("Bearer ü.b.c", "malformed"),
        (unsigned({"alg": "none"}), "malformed"),
        (unsigned({"alg": "HS256", "kid": "key-1"}), "malformed"),
        (unsigned({"alg": "RS512", "kid": "key-1"}), "malformed"),
        (unsigned({"alg": "RS256"}), "malformed"),
        (unsigned({"alg": "RS256", "kid": 7}), "malformed"),
        (unsigned({"alg": "RS256", "kid": "key-1"}), "secret"),
    ],
)
def test_what_is_no_token_of_the_connector_is_refused(proof: str, expected: str) -> None:
    assert cause(wire.request(wire.activity(), proof)) == expected


def test_a_shared_secret_made_of_the_public_key_signs_nothing() -> None:
    public = wire.key("key-1").private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed, _, _ = unsigned({"alg": "HS256", "kid": "key-1"}).rpartition(".")
    mac = base64.urlsafe_b64encode(hmac.digest(pem, signed.encode(), "sha256")).rstrip(b"=").decode()
    forged = f"{signed}.{mac}"
    assert cause(wire.request(wire.activity(), forged)) == "malformed"


def test_another_key_under_a_known_name_is_refused() -> None:
    forged = wire.token("key-2", headers={"kid": "key-1"})
    assert cause(wire.request(wire.activity(), forged)) == "secret"


def test_an_unknown_key_asks_for_newer_ones() -> None:
    with pytest.raises(KeysStale):
        door().check(wire.request(wire.activity(), wire.token("key-2")))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"iss": "https://sts.windows.net/x/"}, "claims"),
        ({"iss": "https://api.botframework.us"}, "claims"),
        ({"iss": None}, "claims"),
        ({"aud": "99999999-2222-4333-8444-555555555555"}, "claims"),
        ({"aud": None}, "claims"),
        ({"exp": None}, "claims"),
        ({"nbf": None}, "claims"),
        ({"exp": True}, "malformed"),
        ({"exp": 1e300}, "malformed"),
        ({"exp": "soon"}, "malformed"),
        ({"serviceurl": None}, "claims"),
        ({"serviceurl": 7}, "claims"),
        ({"serviceurl": ""}, "claims"),
        ({"serviceurl": "https://smba.trafficmanager.net/amer/"}, "claims"),
    ],
)
def test_a_claim_that_is_not_ours_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert cause(wire.request(wire.activity(), wire.token(**changes))) == expected


@pytest.mark.parametrize(
    ("shift_s", "is_taken"), [(3_600 + 299, True), (3_600 + 301, False), (-359, True), (-361, False)]
)
def test_the_times_have_five_minutes_of_leeway(shift_s: int, is_taken: bool) -> None:
    request = replace(wire.request(wire.activity()), received_at=NOW + timedelta(seconds=shift_s))
    if is_taken:
        door().check(request)
    else:
        assert cause(request) == "skew"


def test_a_token_taken_once_is_not_taken_when_it_has_expired() -> None:
    keeper, request = door(), wire.request(wire.activity())
    keeper.check(request)
    assert cause(replace(request, received_at=NOW + timedelta(hours=2)), keeper) == "skew"


def test_the_key_must_be_endorsed_for_the_channel_of_the_activity() -> None:
    assert cause(wire.request(wire.activity()), door(ring(key_1=("webchat",)))) == "claims"
    assert cause(wire.request(wire.activity()), door(ring(key_1=()))) == "claims"
    assert cause(wire.request(wire.activity(channelId="webchat"))) == "claims"


def test_an_activity_without_channel_is_refused() -> None:
    assert cause(wire.request(wire.activity(channelId=None), wire.token())) == "claims"


def test_the_body_is_held_to_the_token_each_time_it_is_used() -> None:
    """The token check is remembered; what the token says about this body is not."""
    keeper, proof = door(), wire.token()
    keeper.check(wire.request(wire.activity(), proof))
    for changes in ({"serviceUrl": "https://evil.example/"}, {"serviceUrl": None}, {"channelId": None}):
        assert cause(wire.request(wire.activity(**changes), proof), keeper) == "claims"
    stranger = wire.activity(conversation={"id": "a:1", "tenantId": "99999999-0000-4000-8000-000000000000"})
    assert cause(wire.request(stranger, proof), keeper) == "claims"


@pytest.mark.parametrize(
    "service",
    [
        "https://evil.example/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://smba.trafficmanager.net@evil.example/",
        "http://smba.trafficmanager.net/emea/",
        "https://smba.trafficmanager.net:8443/emea/",
        "https://botframework.com/",
        "https://evilbotframework.com/",
        "https://169.254.169.254/",
        "https://smba.trafficmanager.net/emea/?x=",
        "https://smba.trafficmanager.net/emea/#",
        "http://127.0.0.1/",
        "smba.trafficmanager.net/emea/",
    ],
)
def test_a_service_url_elsewhere_is_refused_even_when_the_token_names_it(service: str) -> None:
    assert cause(wire.request(wire.activity(service=service), wire.token(service=service))) == "claims"


@pytest.mark.parametrize(
    "service", [SERVICE, "https://europe.webchat.botframework.com/", "https://smba.infra.gcc.teams.microsoft.com/x/"]
)
def test_teams_own_hosts_are_taken(service: str) -> None:
    door().check(wire.request(wire.activity(service=service)))


def test_the_government_cloud_has_its_own_issuer_and_hosts() -> None:
    gov, service = door(cloud="government"), "https://smba.infra.gov.teams.microsoft.us/x/"
    proof = wire.token(service=service, iss="https://api.botframework.us")
    gov.check(wire.request(wire.activity(service=service), proof))
    assert cause(wire.request(wire.activity(service=service)), gov) == "claims"
    assert cause(wire.request(wire.activity(), wire.token(iss="https://api.botframework.us")), gov) == "claims"


OTHER = "99999999-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("place", "data", "is_taken"),
    [
        (wire.TENANT_ID, wire.TENANT_ID, True),
        (wire.TENANT_ID.upper(), None, True),
        (None, wire.TENANT_ID, True),
        (OTHER, wire.TENANT_ID, False),
        (wire.TENANT_ID, OTHER, False),
        (None, None, False),
    ],
)
def test_only_allowed_tenants_may_write(place: str | None, data: str | None, is_taken: bool) -> None:
    body = wire.activity(conversation={"id": "a:1", "tenantId": place}, channelData={"tenant": {"id": data}})
    if is_taken:
        door().check(wire.request(body))
    else:
        assert cause(wire.request(body)) == "claims"
    door(allow_any_tenant=True).check(wire.request(body))


def test_several_tenants_may_be_allowed() -> None:
    body = wire.activity(conversation={"id": "a:1", "tenantId": OTHER}, channelData=None)
    door(allowed_tenants=[OTHER]).check(wire.request(body))


def test_the_body_is_read_only_after_the_token_was_checked() -> None:
    assert cause(wire.request(b"\xff", unsigned({"alg": "RS256", "kid": "key-1"}))) == "secret"
    with pytest.raises(PayloadMalformed):
        door().check(wire.request(b"\xff", wire.token()))


def test_a_refreshed_key_ring_forgets_what_the_old_keys_proved() -> None:
    keys = ring()
    keeper, request = door(keys), wire.request(wire.activity())
    keeper.check(request)
    newer = ring(key_2=("msteams",))
    keys._keys, keys.generation = newer._keys, keys.generation + 1
    with pytest.raises(KeysStale):
        keeper.check(request)


def test_what_is_remembered_is_bounded() -> None:
    keeper = door()
    signer = wire.key("key-1").private
    first = wire.token()
    keeper.check(wire.request(wire.activity(), first))
    for number in range(3):
        proof = jwt.encode({**wire.claims(), "n": number}, signer, algorithm="RS256", headers={"kid": "key-1"})
        keeper.check(wire.request(wire.activity(), proof))
    assert len(keeper._proven) == 4 <= MAX_PROVEN


@given(st.integers(0, 10**6), st.integers(1, 127))
def test_a_token_with_one_byte_changed_is_refused(place: int, change: int) -> None:
    proof = bytearray(wire.token().encode())
    at = place % (len(proof) - 1)
    proof[at] = (proof[at] + change) % 128
    keeper = door()
    with pytest.raises(InboundRejected):
        keeper.check(wire.request(wire.activity(), f"Bearer {proof.decode()}"))


def test_another_spelling_of_the_same_signature_is_refused() -> None:
    proof = next(
        token
        for token in (wire.token(exp=int(NOW.timestamp()) + n) for n in range(60))
        if "-" in token.rpartition(".")[2]
    )
    head, _, signature = proof.rpartition(".")
    for other in (
        signature.replace("-", "+", 1),
        signature + "=",
        signature[:5] + "!" + signature[5:],
        signature + ".",
    ):
        assert cause(wire.request(wire.activity(), f"{head}.{other}")) == "malformed"


def emulated(body: dict[str, Any], host: str = "127.0.0.1:8080") -> RawRequest:
    return wire.request(body, "", Host=host)


LOCAL = "http://localhost:56150/_connector"


def test_an_emulator_on_this_machine_is_taken_in_development_only() -> None:
    body = wire.activity(service=LOCAL)
    door(dev_mode=True).check(emulated(body))
    assert cause(emulated(body)) == "missing"


@pytest.mark.parametrize("host", ["support.example", "127.0.0.1.evil.example", "", "["])
def test_an_emulator_elsewhere_is_refused(host: str) -> None:
    assert cause(emulated(wire.activity(service=LOCAL), host), door(dev_mode=True)) == "missing"


@pytest.mark.parametrize("service", ["https://evil.example/", "http://10.0.0.8/", None])
def test_an_emulator_that_wants_its_answer_elsewhere_is_refused(service: str | None) -> None:
    assert cause(emulated(wire.activity(serviceUrl=service)), door(dev_mode=True)) == "claims"


def test_development_does_not_weaken_the_check_of_tokens() -> None:
    assert cause(wire.request(wire.activity(), unsigned({"alg": "none"})), door(dev_mode=True)) == "malformed"
    assert cause(wire.request(wire.activity(service=LOCAL)), door()) == "claims"


def clock_of(times: list[datetime]) -> Callable[[], datetime]:
    return lambda: times[-1]


def test_keys_never_fetched_are_stale() -> None:
    keys = KeyRing(VendorHttp(), "https://login.example/", clock_of([NOW]))
    with pytest.raises(KeysStale):
        door(keys).check(wire.request(wire.activity()))
