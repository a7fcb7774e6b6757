from __future__ import annotations

from pathlib import Path

import pytest

from acrbridge.operations import registries
from unit.operations.offline import Azure, OfflineSession, registry_document


def session(folder: Path) -> OfflineSession:
    policies = {"azureADAuthenticationAsArmPolicy": {"status": "enabled"}, "retentionPolicy": {"days": 7}}
    documents = (
        registry_document("contoso", policies=policies, creationDate="d"),
        registry_document("source1"),
    )
    return OfflineSession(Azure(*documents), folder)


def test_a_registry_is_shown_flat_with_its_group_and_every_key_that_az_has(tmp_path: Path) -> None:
    shown = registries.registry(session(tmp_path), "contoso")
    assert (shown["resourceGroup"], shown["loginServer"], shown["creationDate"]) == (
        "RG1",
        "contoso.azurecr.io",
        "d",
    )
    assert shown["zoneRedundancy"] is None
    assert "properties" not in shown
    assert shown["policies"]["retentionPolicy"]["days"] == 7


def test_showing_a_registry_leaves_what_arm_said_as_it_was(tmp_path: Path) -> None:
    opened = session(tmp_path)
    assert registries.registry(opened, "contoso") == registries.registry(opened, "contoso")


@pytest.mark.parametrize(
    ("group", "names"), [(None, ["contoso", "source1"]), ("rg1", ["contoso", "source1"]), ("x", [])]
)
def test_registries_are_those_of_the_subscription_or_of_a_group(
    tmp_path: Path, group: str | None, names: list[str]
) -> None:
    assert [shown["name"] for shown in registries.registries(session(tmp_path), group)] == names


def test_a_registrys_token_is_exposed_with_the_user_name_that_docker_needs(tmp_path: Path) -> None:
    shown = registries.exposed_token(OfflineSession(Azure(), tmp_path), "contoso")
    assert shown == {
        "accessToken": "r",
        "loginServer": "contoso.azurecr.io",
        "refreshToken": "r",
        "username": "00000000-0000-0000-0000-000000000000",
    }


def test_the_token_of_a_registry_that_arm_does_not_show_is_exposed_too(tmp_path: Path) -> None:
    shown = registries.exposed_token(OfflineSession(Azure(), tmp_path), "other")
    assert shown["loginServer"] == "other.azurecr.io"
