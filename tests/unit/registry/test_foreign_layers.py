from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from acrbridge.errors import AcrBridgeError, NetworkError
from acrbridge.http.client import Request
from acrbridge.registry.contents import Descriptor
from acrbridge.registry.foreign_layers import ForeignLayers
from unit.fakes import DIGEST, Answer, answer
from unit.registry.test_repository import StreamingHttp

URL = "https://layers.example/windows"
LAYER = Descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", DIGEST, 5, urls=(URL,))


def opened(
    script: Callable[[Request], Answer] | list[Answer], layer: Descriptor = LAYER, offset: int = 0
) -> tuple[StreamingHttp, AcrBridgeError | None]:
    """What was asked when a layer was opened, and the error that it ended with."""
    http = StreamingHttp(script)
    try:
        with ForeignLayers(http).open(layer, offset) as found:
            assert found.status in (200, 206)
    except AcrBridgeError as error:
        return http, error
    return http, None


def test_a_layer_is_asked_for_as_a_strangers_url_and_without_credentials() -> None:
    http, error = opened([answer(200, "layer")])
    assert (http.urls, error) == ([URL], None)
    assert (http.requests[0].headers, http.requests[0].by_stranger) == ({}, True)


def test_a_broken_download_goes_on() -> None:
    http, error = opened([answer(206, "er", {"Content-Range": "bytes 3-4/5"})], offset=3)
    assert (http.requests[0].headers, error) == ({"Range": "bytes=3-"}, None)


@pytest.mark.parametrize("given", [answer(200, "layer"), answer(206, "r", {"Content-Range": "bytes 4-4/5"})])
def test_another_part_than_was_asked_for_is_refused(given: Answer) -> None:
    _, error = opened([given], offset=3)
    assert error
    assert error.code == "RANGE_NOT_HONOURED"


def test_the_urls_of_any_other_content_are_not_looked_at() -> None:
    http, error = opened([], replace(LAYER, media_type="application/vnd.oci.image.layer.v1.tar+gzip"))
    assert http.requests == []
    assert error
    assert error.code == "SOURCE_BLOB_MISSING"


def test_a_demand_for_credentials_is_a_refusal() -> None:
    http, error = opened([answer(401, "", {"WWW-Authenticate": 'Basic realm="x"'})])
    assert len(http.requests) == 1
    assert error
    assert error.code == "SOURCE_BLOB_MISSING"
    assert DIGEST in error.message
    assert URL in error.message


@pytest.mark.parametrize(
    "url",
    ["http://layers.example/x", "http://127.0.0.1/x", "https://me@layers.example/", "https://me:pw@layers.example/",
     "ftp://layers.example/", "//layers.example/", "layers.example/x", "file:///etc/passwd", "", "https://["],
)  # fmt: skip
def test_only_https_without_a_user_is_asked(url: str) -> None:
    http, error = opened([], replace(LAYER, urls=(url,)))
    assert http.requests == []
    assert error
    assert error.code == "LOCATION_UNTRUSTED"


def test_a_redirect_is_followed_as_a_strangers_url_by_https_only() -> None:
    moved = {URL: "https://cdn.example/x?sig=y", "https://cdn.example/x?sig=y": "http://cdn.example/x"}
    http, error = opened(lambda request: answer(307, "", {"Location": moved[request.url]}))
    assert http.urls == list(moved)
    assert all(request.by_stranger and request.headers == {} for request in http.requests)
    assert error
    assert error.code == "LOCATION_UNTRUSTED"


def test_redirects_come_to_an_end() -> None:
    http, error = opened(lambda request: answer(302, "", {"Location": f"{request.url}x"}))
    assert len(http.requests) == 5
    assert error
    assert error.code == "LOCATION_UNTRUSTED"


def test_the_next_url_is_asked_where_one_fails() -> None:
    urls = ("http://layers.example/x", URL, "https://second.example/x")
    http, error = opened([answer(404), answer(200, "layer")], replace(LAYER, urls=urls))
    assert (http.urls, error) == ([URL, "https://second.example/x"], None)


def test_where_all_fail_the_first_is_told_and_a_failure_of_the_network_stays_one() -> None:
    _, error = opened([answer(503), answer(404)], replace(LAYER, urls=(URL, f"{URL}2")))
    assert isinstance(error, NetworkError)
    assert (error.code, DIGEST in error.message) == ("SERVICE_ERROR", True)
