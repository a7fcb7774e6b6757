from __future__ import annotations

from acrbridge.operations.remedies import remedies


def test_who_gave_no_login_for_an_azure_registry_learns_of_its_role_and_of_this_sides_options() -> None:
    mended = remedies("contoso.azurecr.io", "target", given=False, azure=True)
    assert mended == {
        "REGISTRY_UNAUTHORIZED": "Ask for AcrPush on it, or give --target-username with ACRBRIDGE_TARGET_PASSWORD,"
        " or keep a login: acrbridge registry login contoso.azurecr.io"
    }


def test_who_gave_no_login_elsewhere_learns_of_no_role_and_of_no_command_for_azures_registries() -> None:
    mended = remedies("docker.io", "source", given=False, azure=False)
    assert "--source-username with ACRBRIDGE_SOURCE_PASSWORD" in mended["REGISTRY_UNAUTHORIZED"]
    assert mended["REGISTRY_UNAUTHORIZED"].endswith(": acrbridge registry login docker.io")
    assert mended["REPOSITORY_NOT_FOUND"] == "Check the spelling of repository and tag."
    assert not any("Acr" in remedy for remedy in mended.values())


def test_who_gave_a_login_is_told_to_check_it() -> None:
    mended = remedies("docker.io", "source", given=True, azure=False)
    assert mended["REGISTRY_UNAUTHORIZED"].startswith("Check --source-username and its password")
