"""The real az reaches the emulator as a cloud of its own (`az cloud register`), without a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interop.strangers import find_tool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from interop.conftest import Command
    from interop.strangers import Emulator, Ended


@pytest.fixture
def cloud_az(emulator: Emulator, tmp_path: Path) -> Command:
    """The real az in a profile where the emulator is the registered cloud, signed in there."""
    path = find_tool("az")
    no_proxy = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"), "")
    direct = {"AZURE_CONFIG_DIR": str(tmp_path / "az-profile"), **no_proxy}

    def run(*words: str) -> Ended:
        return emulator.run(path, *words, home=tmp_path, **direct)

    run("cloud", "register", "-n", "emulator", "--endpoint-resource-manager", emulator["ACR_EMULATOR_URL"])
    run("cloud", "set", "-n", "emulator")
    run("config", "set", "core.instance_discovery=false")
    words = ("--service-principal", "-u", emulator["AZURE_CLIENT_ID"], "-p", emulator["AZURE_CLIENT_SECRET"])
    run("login", *words, "--tenant", emulator["AZURE_TENANT_ID"])
    return run


def test_registries_have_loopback_login_servers(cloud_az: Command) -> None:
    registry = cloud_az("acr", "show", "-n", "contoso").json()
    assert registry["loginServer"].startswith("127.")


def test_an_import_arrives(cloud_az: Command) -> None:
    source = "docker.io/library/hello-world:latest"
    cloud_az("acr", "import", "-n", "contoso", "--source", source, "-t", "cloud/hello:1")
    assert cloud_az(
        "acr", "repository", "show-tags", "-n", "contoso", "--repository", "cloud/hello"
    ).json() == ["1"]


def test_a_registry_is_a_source_by_its_loopback_login_server(cloud_az: Command) -> None:
    cloud_az(
        "acr",
        "import",
        "-n",
        "fabrikam",
        "--source",
        "docker.io/library/hello-world:latest",
        "-t",
        "cloud/again:1",
    )
    login_server = cloud_az(
        "acr", "show", "-n", "fabrikam", "--query", "loginServer", "-o", "tsv"
    ).stdout.strip()
    cloud_az("acr", "import", "-n", "contoso", "--source", f"{login_server}/cloud/again:1")
    shown = cloud_az("acr", "repository", "show", "-n", "contoso", "--image", "cloud/again:1").json()
    assert shown["name"] == "1"


def test_crane_reads_what_az_imported_at_the_loopback_address(
    cloud_az: Command, tool: Callable[[str], Command]
) -> None:
    cloud_az(
        "acr",
        "import",
        "-n",
        "contoso",
        "--source",
        "docker.io/library/hello-world:latest",
        "-t",
        "cloud/crane:1",
    )
    login = cloud_az("acr", "login", "-n", "contoso", "--expose-token").json()
    crane = tool("crane")
    crane("auth", "login", login["loginServer"], "-u", login["username"], "-p", login["accessToken"])
    crane("validate", "--remote", f"{login['loginServer']}/cloud/crane:1")
