"""Azure's Python SDKs, with DefaultAzureCredential and no setting in code, cannot tell the emulator from Azure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from interop.conftest import Command

SCRIPTS = Path(__file__).with_name("sdk")


@pytest.fixture
def script(tool: Callable[[str], Command]) -> Callable[..., Any]:
    """Run a script of tests/interop/sdk in the SDKs' own environment and return what it prints."""
    python = tool("sdk")
    return lambda name, *words: python(str(SCRIPTS / f"{name}.py"), *words).json()


def test_azure_identity_gets_tokens_from_each_source(script: Callable[..., Any]) -> None:
    told = script("credentials")
    tokens = [told["default"], told["virtual machine"], told["app service"]]
    assert [token.count(".") for token in tokens] == [2, 2, 2]
    assert "AADSTS7000215" in told["wrong secret"]


def test_azure_mgmt_containerregistry_imports_and_is_told_of_a_tag_that_exists(
    script: Callable[..., Any],
) -> None:
    told = script("management")
    assert {"contoso", "fabrikam"} <= set(told["registries"])
    assert told["login server"] == "contoso.azurecr.io"
    assert told["second import"] == "Conflict"


def test_azure_containerregistry_pushes_locks_reads_and_deletes(script: Callable[..., Any]) -> None:
    told = script("data_plane")
    locked = told.pop("locked")
    assert told == {
        "listed": True,
        "tags": ["1"],
        "digests agree": True,
        "platform": ["linux", "amd64"],
        "layer is unchanged": True,
        "gone": True,
    }
    assert "locked" in locked.lower() or "disallowed" in locked.lower()


def test_the_asyncio_client_reads_what_az_imported(az: Command, script: Callable[..., Any]) -> None:
    source = "docker.io/library/hello-world:latest"
    az("acr", "import", "-n", "contoso", "--source", source, "-t", "sdk/asyncio:1")
    told = script("data_plane_async", "sdk/asyncio")
    assert told["tags"] == ["1"]
    assert told["digest"].startswith("sha256:")
