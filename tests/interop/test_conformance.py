"""The OCI distribution conformance suite finds no fault in the emulator's registry, its strict switches on."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from interop.strangers import find_tool, running_emulator

STRICT = (
    "OCI_API_BLOBS_DIGEST_HEADER",
    "OCI_API_BLOBS_UPLOAD_CANCEL",
    "OCI_API_MANIFESTS_DIGEST_HEADER",
    "OCI_API_MANIFESTS_TAG_PARAM",
)
"""Checks that are off by default. OCI_DATA_SPARSE stays off: it asks to take images that lack their layers."""


OPEN_REGISTRY = "adatum.azurecr.io"


@pytest.fixture(scope="module", params=["with credentials", "anonymous push"])
def checks(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[ElementTree.Element]:
    """Every check of one run of the suite, in repositories that nobody has used."""
    suite, folder = find_tool("conformance"), tmp_path_factory.mktemp("conformance")
    with running_emulator(folder / "state", "--anonymous-push", OPEN_REGISTRY) as emulator:
        sender = {
            "OCI_REGISTRY": "contoso.azurecr.io",
            "OCI_USERNAME": emulator["AZURE_CLIENT_ID"],
            "OCI_PASSWORD": emulator["AZURE_CLIENT_SECRET"],
        }
        settings = {
            "OCI_VERSION": "1.1",
            "OCI_TLS": "enabled",
            "OCI_REPO1": "conformance/one",
            "OCI_REPO2": "conformance/two",
            "OCI_RESULTS_DIR": str(folder),
            **(sender if request.param == "with credentials" else {"OCI_REGISTRY": OPEN_REGISTRY}),
            **dict.fromkeys(STRICT, "true"),
        }
        emulator.start(suite, home=folder, **settings)
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
