"""Fixtures of the interop tests: one emulator for all, and each stranger ready to run against it."""

from __future__ import annotations

import shutil
import sys
import tarfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from interop.strangers import Emulator, Ended, find_tool, running_emulator

if TYPE_CHECKING:
    from pathlib import Path

Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator that all interop tests share: each keeps to repositories of its own."""
    with running_emulator(tmp_path_factory.mktemp("emulator") / "state", "--lro-polls", "1") as running:
        yield running


@pytest.fixture
def tool(emulator: Emulator, tmp_path: Path) -> Callable[[str], Command]:
    """Any tool by name, bound to the emulator and to a home folder of this test."""

    def bind(name: str) -> Command:
        path = find_tool(name)
        return lambda *words, **variables: emulator.run(path, *words, home=tmp_path, **variables)

    return bind


@pytest.fixture(scope="session")
def az_profile(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile folder of az, signed in as the emulator's service principal."""
    home = tmp_path_factory.mktemp("az")
    words = ("--service-principal", "-u", emulator["AZURE_CLIENT_ID"], "-p", emulator["AZURE_CLIENT_SECRET"])
    profile = home / "profile"
    login = (find_tool("az"), "login", *words, "--tenant", emulator["AZURE_TENANT_ID"])
    emulator.run(*login, home=home, AZURE_CONFIG_DIR=str(profile))
    return profile


@pytest.fixture
def az(emulator: Emulator, az_profile: Path, tmp_path: Path) -> Command:
    """The real az, signed in, with a profile of this test's own; it has to succeed."""
    profile = shutil.copytree(az_profile, tmp_path / "az-profile")
    path = find_tool("az")
    return lambda *words, **variables: emulator.run(
        path, *words, home=tmp_path, AZURE_CONFIG_DIR=str(profile), **variables
    )


@pytest.fixture
def acrbridge(emulator: Emulator, tmp_path: Path) -> Command:
    """Our own command line, signed in as the emulator's service principal; it has to succeed."""

    def run(*words: str) -> Ended:
        folder = str(tmp_path / "acrbridge-profile")
        command = (sys.executable, "-m", "acrbridge", *words)
        return emulator.run(*command, home=tmp_path, ACRBRIDGE_CONFIG_DIR=folder)

    words = ("--service-principal", "-u", emulator["AZURE_CLIENT_ID"], "-p", emulator["AZURE_CLIENT_SECRET"])
    run("login", *words, "--tenant", emulator["AZURE_TENANT_ID"])
    return run


# The OCI tools, each signed in with its own command


def sign_in(run: Command, emulator: Emulator, *words: str) -> Command:
    """Sign a tool in to contoso and fabrikam with the words of its login command."""
    for registry in ("contoso.azurecr.io", "fabrikam.azurecr.io"):
        run(*words, registry, "-u", emulator["AZURE_CLIENT_ID"], "-p", emulator["AZURE_CLIENT_SECRET"])
    return run


@pytest.fixture
def crane(tool: Callable[[str], Command], emulator: Emulator) -> Command:
    return sign_in(tool("crane"), emulator, "auth", "login")


@pytest.fixture
def oras(tool: Callable[[str], Command], emulator: Emulator) -> Command:
    return sign_in(tool("oras"), emulator, "login")


@pytest.fixture
def regctl(tool: Callable[[str], Command], emulator: Emulator) -> Command:
    return sign_in(tool("regctl"), emulator, "registry", "login")


@pytest.fixture
def helm(tool: Callable[[str], Command], emulator: Emulator) -> Command:
    return sign_in(tool("helm"), emulator, "registry", "login")


@pytest.fixture
def skopeo(tool: Callable[[str], Command], emulator: Emulator, tmp_path: Path) -> Command:
    signed_in, bare = str(tmp_path / "skopeo.json"), tool("skopeo")

    def run(*words: str) -> Ended:
        return bare("--insecure-policy", *words, REGISTRY_AUTH_FILE=signed_in)

    return sign_in(run, emulator, "login")


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer of 2 MB, which no tool sends in one write."""
    content = tmp_path / "content"
    content.write_bytes(bytes(range(256)) * 8192)
    with tarfile.open(tmp_path / "layer.tar", "w") as archive:
        archive.add(content, "usr/share/content")
    return tmp_path / "layer.tar"
