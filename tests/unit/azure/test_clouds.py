from __future__ import annotations

import pytest

from acrbridge.azure.clouds import CLOUDS, PUBLIC, Cloud, scope


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=lambda cloud: cloud.name)
def test_endpoints_are_https_without_a_slash_at_the_end(cloud: Cloud) -> None:
    for endpoint in (cloud.authority, cloud.arm):
        assert endpoint.startswith("https://")
        assert not endpoint.endswith("/")
    assert cloud.acr_suffix.startswith(".azurecr.")


def test_a_scope_keeps_its_resources_slash_as_az_does() -> None:
    assert scope(PUBLIC.arm_resource) == "https://management.core.windows.net//.default"
    assert scope(PUBLIC.acr_resource) == "https://containerregistry.azure.net/.default"
