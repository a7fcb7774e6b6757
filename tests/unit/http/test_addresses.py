"""Where a stranger's URL may lead: nothing is resolved or connected to."""

from __future__ import annotations

import ssl

import pytest
import urllib3
from urllib3.util import parse_url

from acrbridge.errors import AcrBridgeError
from acrbridge.http.addresses import check_literal, first_allowed, is_public
from acrbridge.http.client import HttpClient, Request
from acrbridge.http.connections import Connections

PUBLIC = ["1.1.1.1", "20.150.38.228", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111"]
PRIVATE = [
    "127.0.0.1", "127.255.0.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "203.0.113.1",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16", "::", "::1", "::7f00:1", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1", "::ffff:1.1.1.1",
    "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:a00:1::1", "100::1", "", "localhost", "1.1.1.1 ",
]  # fmt: skip


@pytest.mark.parametrize(("address", "public"), [(a, True) for a in PUBLIC] + [(a, False) for a in PRIVATE])
def test_an_address_is_public_or_not(address: str, *, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["example.com", "a.b.example", "1.1.1.1", "[2606:4700:4700::1111]"])
def test_of_what_a_proxy_resolves_names_and_public_addresses_pass(host: str) -> None:
    check_literal(host, is_public)


@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "2852039166", "0x7f.1", "127.1", "017700000001", "0", "[::1]", "[::ffff:1.1.1.1]", "[fe80::1%25eth0]",
     "localhost", "localhost.", "intranet", ""],
)  # fmt: skip
def test_of_what_a_proxy_resolves_private_addresses_are_refused_however_they_are_spelled(host: str) -> None:
    with pytest.raises(AcrBridgeError) as caught:
        check_literal(host, is_public)
    assert caught.value.code == "LOCATION_UNTRUSTED"


@pytest.mark.parametrize(
    ("addresses", "chosen"), [(["1.1.1.1", "10.0.0.1"], "1.1.1.1"), (["::1", "1.1.1.1"], "1.1.1.1")]
)
def test_of_a_names_addresses_a_public_one_is_connected_to(addresses: list[str], chosen: str) -> None:
    assert first_allowed("layers.example", addresses, is_public) == chosen


def test_a_name_without_a_public_address_is_refused_with_what_it_has() -> None:
    with pytest.raises(AcrBridgeError) as caught:
        first_allowed("layers.example", ["10.0.0.1", "::1"], is_public)
    assert caught.value.code == "LOCATION_UNTRUSTED"
    assert "layers.example (10.0.0.1, ::1)" in caught.value.message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "[::1]"])
def test_through_a_proxy_what_is_not_public_is_refused_before_the_proxy_is_asked(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    connections = Connections(ssl.create_default_context(), is_public)
    with pytest.raises(AcrBridgeError) as caught:
        connections.open("GET", parse_url(f"https://{host}:1/layer"), {}, None, urllib3.Timeout(1))
    assert caught.value.code == "LOCATION_UNTRUSTED"


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://registry.example/", "ftp://example.com/"])
def test_a_strangers_url_is_https_even_where_others_need_not_be(url: str) -> None:
    client = HttpClient(plain_http=frozenset({"registry.example"}))
    with (
        pytest.raises(AcrBridgeError, match="not an https address"),
        client.stream(Request("GET", url, by_stranger=True)),
    ):
        pass
