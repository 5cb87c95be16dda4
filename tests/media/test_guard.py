"""The guard: whatever address a stranger's payload names, only the vendor's hosts are asked."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from core.errors import MessageRejected
from core.vendors.guard import PublicResolver, check_url, is_public

HOSTS = ("files.vendor.example", "*.storage.example", "http://127.0.0.1:8701/api", "https://api.other.example:8443/v1")


@pytest.mark.parametrize(
    "url",
    [
        "https://files.vendor.example/a/b.png?x=1#y",
        "https://FILES.vendor.example:443/a",
        "https://files.vendor.example./a",
        "https://eu.storage.example/a",
        "https://a.b.storage.example/a",
        "http://127.0.0.1:8701/other/path",
        "https://api.other.example:8443/anything",
    ],
)
def test_addresses_of_the_vendor_pass(url: str) -> None:
    check_url(url, hosts=HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.vendor.example/a",
        "https://files.vendor.example:8443/a",
        "https://files.vendor.example.evil.example/a",
        "https://evil-files.vendor.example/a",
        "https://storage.example/a",
        "https://evilstorage.example/a",
        "https://.storage.example/a",
        "https://files.vendor.example@evil.example/a",
        "https://me:pw@files.vendor.example/a",
        "https://me@files.vendor.example/a",
        "https://files.vendor.example\\@evil.example/a",
        "https://evil.example\\.storage.example/a",
        "https://evil.example#.storage.example/a",
        "https://evil.example?.storage.example/a",
        "https://evil.example/.storage.example",
        " https://files.vendor.example/a",
        "https://files.vendor.example/a\r\nHost: evil.example",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://0177.0.0.1/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "http://127.0.0.1:8702/api",
        "https://127.0.0.1:8701/api",
        "http://localhost:8701/api",
        "https://api.other.example/v1",
        "http://api.other.example:8443/v1",
        "https://api.other.example:8443@evil.example/",
        "http://169.254.169.254/latest/meta-data",
        "ftp://files.vendor.example/a",
        "file:///etc/passwd",
        "//files.vendor.example/a",
        "files.vendor.example/a",
        "https:///a",
        "https://",
        "",
        "https://files.vendor.example/" + "a" * 5_000,
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(MessageRejected) as refused:
        check_url(url, hosts=HOSTS)
    assert "evil" not in refused.value.safe_message


@pytest.mark.parametrize(
    "entry", ["http://vendor.example", "http://10.0.0.7:80", "https://10.0.0.7", "https://me:pw@vendor.example"]
)
def test_an_origin_that_is_no_safe_one_allows_nothing(entry: str) -> None:
    with pytest.raises(MessageRejected):
        check_url(f"{entry}/a", hosts=(entry,))


def test_a_wildcard_over_a_whole_suffix_allows_nothing() -> None:
    with pytest.raises(MessageRejected):
        check_url("https://a.example/", hosts=("*.example", "*", "*."))


@given(
    st.text(max_size=60) | st.from_regex(r"https?://[a-z0-9.@:/\\\[\]%#?-]{0,40}(storage\.example)?[/:@]?[a-z]{0,5}")
)
def test_what_passes_leads_to_the_vendor(url: str) -> None:
    try:
        check_url(url, hosts=HOSTS)
    except MessageRejected:
        return
    host = (URL(url).host or "").rstrip(".")
    assert host in ("files.vendor.example", "127.0.0.1", "api.other.example") or host.endswith(".storage.example")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
        "64:ff9b::a00:1", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "nonsense",
    ],
)  # fmt: skip
def test_private_addresses_are_known_in_every_form(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


class Names(AbstractResolver):
    """A name service with these answers."""

    def __init__(self, **known: list[str]) -> None:
        self.known = known
        self.is_closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.known[host]
        ]

    async def close(self) -> None:
        self.is_closed = True


async def test_a_name_that_means_a_private_address_is_refused() -> None:
    names = Names(good=["8.8.8.8"], bad=["10.0.0.1"], mixed=["8.8.8.8", "127.0.0.1"], localhost=["127.0.0.1"])
    resolver = PublicResolver(("http://localhost:1/",), inner=names)
    assert [found["host"] for found in await resolver.resolve("good", 443)] == ["8.8.8.8"]
    assert [found["host"] for found in await resolver.resolve("localhost", 1)] == ["127.0.0.1"]
    for name in ("bad", "mixed"):
        with pytest.raises(OSError, match="private"):
            await resolver.resolve(name, 443)
    with pytest.raises(OSError, match="private"):
        await PublicResolver(HOSTS, inner=names).resolve("localhost", 443)
    await resolver.close()
    assert names.is_closed
