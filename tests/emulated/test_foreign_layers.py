"""Layers that registries do not hold: copied from where their manifest says, if that is a place to go to."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from acrbridge.errors import AcrBridgeError
from acrbridge.http.addresses import is_public
from acrbridge.http.client import HttpClient, Request
from acrbridge.jobs import CopyJob
from acrbridge.operations.copy_image import copy_image
from acrbridge.operations.session import Session
from acrbridge.settings import Settings
from emulated.faulty_registry import MANIFEST, FaultyRegistry, Handler, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LAYER = b"a base layer of Windows" * 1000
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(tmp_path) as running:
        running.fill(b"layer")
        refer(running, FOREIGN)
        running.fault = lambda handler: serve(handler, LAYER)
        yield running


def refer(registry: FaultyRegistry, media_type: str) -> None:
    """Have the image refer to a layer that the registry has not, but serves at /elsewhere."""
    document: dict[str, Any] = json.loads(registry.source["v1"])
    url = f"https://localhost:{registry.server_port}/elsewhere"
    layer = {"mediaType": media_type, "digest": digest_of(LAYER), "size": len(LAYER), "urls": [url]}
    body = json.dumps({**document, "mediaType": MANIFEST, "layers": [layer]}).encode()
    registry.source = {"v1": body, digest_of(body): body}


def serve(handler: Handler, layer: bytes) -> bool:
    if handler.path != "/elsewhere":
        return False
    assert "Authorization" not in handler.headers
    handler.answer(200, layer)
    return True


def copy(registry: FaultyRegistry, folder: Path, may_reach: Callable[[str], bool], *, wanted: bool) -> None:
    http = HttpClient(ca_files=(registry.ca_file,), may_reach=may_reach)
    host = f"localhost:{registry.server_port}"
    job = CopyJob(f"{host}/app:v1", f"{host}/target/app:v1", foreign_layers=wanted)
    with Session(Settings(folder), http=http) as session:
        copy_image(session, job)


def everywhere(address: str) -> bool:
    return True


def test_a_layer_comes_from_its_url_where_the_source_has_it_not(
    registry: FaultyRegistry, tmp_path: Path
) -> None:
    copy(registry, tmp_path, everywhere, wanted=True)
    assert registry.stored[digest_of(LAYER)] == LAYER
    assert "v1" in registry.target


def test_it_is_left_alone_where_nobody_asked_for_it(registry: FaultyRegistry, tmp_path: Path) -> None:
    copy(registry, tmp_path, everywhere, wanted=False)
    assert digest_of(LAYER) not in registry.stored
    assert registry.count("GET", "/elsewhere") == 0


def test_another_layer_than_the_manifest_names_is_never_committed(
    registry: FaultyRegistry, tmp_path: Path
) -> None:
    registry.fault = lambda handler: serve(handler, LAYER[:-1] + b"!")
    with pytest.raises(AcrBridgeError) as caught:
        copy(registry, tmp_path, everywhere, wanted=True)
    assert caught.value.code == "DIGEST_MISMATCH"
    assert digest_of(LAYER) not in registry.stored
    assert registry.target == {}


def test_an_address_inside_the_network_is_not_even_connected_to(
    registry: FaultyRegistry, tmp_path: Path
) -> None:
    with pytest.raises(AcrBridgeError) as caught:
        copy(registry, tmp_path, is_public, wanted=True)
    assert caught.value.code == "LOCATION_UNTRUSTED"
    assert digest_of(LAYER) in caught.value.message
    assert registry.count("GET", "/elsewhere") == 0
    assert registry.target == {}


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_a_private_address_is_not_connected_to_by_whatever_name(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        url = f"https://{host}:{listening.getsockname()[1]}/layer"
        with (
            pytest.raises(AcrBridgeError) as caught,
            HttpClient().stream(Request("GET", url, by_stranger=True)),
        ):
            pass
        assert caught.value.code == "LOCATION_UNTRUSTED"
        with pytest.raises(TimeoutError):
            listening.accept()


def test_the_url_of_an_ordinary_layer_is_never_looked_at(registry: FaultyRegistry, tmp_path: Path) -> None:
    refer(registry, "application/vnd.oci.image.layer.v1.tar+gzip")
    with pytest.raises(AcrBridgeError) as caught:
        copy(registry, tmp_path, everywhere, wanted=True)
    assert caught.value.code == "SOURCE_BLOB_MISSING"
    assert registry.count("GET", "/elsewhere") == 0
