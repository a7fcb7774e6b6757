"""The OCI distribution conformance suite finds no fault in the emulator's registry, its strict switches on."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from interop.strangers import find_tool

if TYPE_CHECKING:
    from interop.strangers import Emulator

STRICT = (
    "OCI_API_BLOBS_DIGEST_HEADER",
    "OCI_API_BLOBS_UPLOAD_CANCEL",
    "OCI_API_MANIFESTS_DIGEST_HEADER",
    "OCI_API_MANIFESTS_TAG_PARAM",
)
"""Checks that are off by default. OCI_DATA_SPARSE stays off: it asks to take images that lack their layers."""


@pytest.fixture(scope="module")
def checks(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> list[ElementTree.Element]:
    """Every check of one run of the suite, in repositories that nobody has used."""
    folder, fresh = tmp_path_factory.mktemp("conformance"), uuid.uuid4().hex[:8]
    settings = {
        "OCI_VERSION": "1.1",
        "OCI_REGISTRY": "contoso.azurecr.io",
        "OCI_TLS": "enabled",
        "OCI_REPO1": f"conformance/{fresh}/one",
        "OCI_REPO2": f"conformance/{fresh}/two",
        "OCI_USERNAME": emulator["AZURE_CLIENT_ID"],
        "OCI_PASSWORD": emulator["AZURE_CLIENT_SECRET"],
        "OCI_RESULTS_DIR": str(folder),
        **dict.fromkeys(STRICT, "true"),
    }
    emulator.start(find_tool("conformance"), home=folder, **settings)
    return list(ElementTree.parse(folder / "junit.xml").iter("testcase"))


def named(checks: list[ElementTree.Element], status: str, words: str = "") -> list[str]:
    """Names of the checks that ended so and have these words; a name can stand for several checks."""
    names = [str(check.get("name")) for check in checks if check.get("status") == status]
    return [name for name in names if words in name]


def test_every_check_passes(checks: list[ElementTree.Element]) -> None:
    failed = [name for status in ("failure", "error", "skipped") for name in named(checks, status)]
    assert failed == []
    assert len(named(checks, "passed")) == len(checks) > 700


@pytest.mark.parametrize("words", ["sha512", "referrers", "out-of-order", "tag-param", "post cancel"])
def test_these_checks_passed(checks: list[ElementTree.Element], words: str) -> None:
    assert named(checks, "passed", words)
