"""Fixtures: one emulator for all tests of this folder, and a signed-in command line for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acr_emulator.seed.load import load
from emulated import local_azure
from emulated.local_azure import TENANT, Acrbridge, LocalAzure, client_id

SignedIn = Callable[[str], Acrbridge]
IDENTITIES = {
    "importer": (1, "importer-secret"),
    "pusher": (2, "pusher-secret"),
    "reader": (3, "reader-secret"),
    "limited": (4, "limited-secret"),
    "secluded-importer": (11, "importer-secret"),
}


@pytest.fixture(scope="session")
def running_azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAzure]:
    folder = tmp_path_factory.mktemp("azure") / "state"
    with local_azure.running(folder, "--lro-polls", "1", "--retry-after", "0") as azure:
        load(azure.state, str(Path(__file__).with_name("world.yaml")))
        yield azure


@pytest.fixture
def azure(running_azure: LocalAzure) -> Iterator[LocalAzure]:
    """The emulator, without faults."""
    running_azure.play()
    yield running_azure
    running_azure.play()


@pytest.fixture(scope="session")
def profiles(running_azure: LocalAzure, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folders of identities that have signed in once, by the identity's name, to be copied."""
    folder = tmp_path_factory.mktemp("profiles")

    def profile(name: str) -> Path:
        if not (folder / name).exists():
            number, secret = IDENTITIES[name]
            words = ("--service-principal", "-u", client_id(number), "-t", TENANT, "--password-stdin")
            fresh = Acrbridge(running_azure.client(folder / name))
            fresh("login", *words, "-o", "none", stdin=secret).succeeded()
        return folder / name

    return profile


@pytest.fixture
def signed_in(azure: LocalAzure, profiles: Callable[[str], Path], tmp_path: Path) -> SignedIn:
    """The command line, signed in as an identity of the seed, with a profile of this test's own."""

    def sign_in(name: str) -> Acrbridge:
        folder = tmp_path / name / "profile"
        shutil.copytree(profiles(name), folder)
        return Acrbridge(azure.client(folder))

    return sign_in


@pytest.fixture
def acrbridge(signed_in: SignedIn) -> Acrbridge:
    """The command line, signed in as the service principal that may import everywhere."""
    return signed_in("importer")


@pytest.fixture
def stranger(azure: LocalAzure, tmp_path: Path) -> Acrbridge:
    """The command line, not signed in."""
    return Acrbridge(azure.client(tmp_path / "stranger" / "profile"))


@pytest.fixture
def image(request: pytest.FixtureRequest, azure: LocalAzure) -> str:
    """The name of a target image that no other test uses, and which is not there yet."""
    name = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")
    image = f"{name}-{abs(hash(request.node.nodeid)) % 10**6}:v1"
    assert azure.tag(image) is None
    return image
