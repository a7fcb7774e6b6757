"""Copies between layouts, which need no account and no network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acrbridge.errors import AcrBridgeError, PartFailedError, UsageError
from acrbridge.jobs import CopyJob, Login, Secret
from acrbridge.operations.copy_image import copy_image
from unit.operations.offline import Azure, OfflineSession
from unit.registry.layouts import write_layout
from unit.transfer.places import Place


@pytest.fixture
def session(tmp_path: Path) -> Iterator[OfflineSession]:
    opened = OfflineSession(Azure(), tmp_path / "settings", signed_in=False)
    with opened:
        yield opened


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A layout with the tags a and b."""
    place = Place()
    for tag in ("a", "b"):
        place.image(tag.encode() * 10, tag=tag)
    return write_layout(tmp_path / "source", place)


def lose(layout: Path, *tags: str) -> None:
    """Take away the layers of some tags."""
    index = json.loads((layout / "index.json").read_bytes())
    for entry in index["manifests"]:
        if entry["annotations"]["org.opencontainers.image.ref.name"] in tags:
            manifest = json.loads(blob(layout, entry).read_bytes())
            blob(layout, manifest["layers"][0]).unlink()


def blob(layout: Path, descriptor: dict[str, Any]) -> Path:
    return layout / "blobs" / Path(*descriptor["digest"].split(":"))


def refused(session: OfflineSession, job: CopyJob) -> AcrBridgeError:
    with pytest.raises(AcrBridgeError) as caught:
        copy_image(session, job)
    return caught.value


def test_where_all_tags_fail_for_one_cause_that_is_told(session: OfflineSession, source: Path) -> None:
    lose(source, "a", "b")
    error = refused(session, CopyJob(f"oci:{source}", f"oci:{source}-2", all_tags=True))
    assert (error.code, session.notices) == ("SOURCE_BLOB_MISSING", [])


def test_where_some_tags_fail_the_others_are_copied(session: OfflineSession, source: Path) -> None:
    lose(source, "a")
    error = refused(session, CopyJob(f"oci:{source}", f"oci:{source}-2", all_tags=True))
    assert isinstance(error, PartFailedError)
    assert error.message == "1 of 2 tags could not be copied."
    assert error.result.digests.keys() == {"b"}
    assert error.result.as_json()["failed"]["a"]["code"] == "SOURCE_BLOB_MISSING"
    [notice] = session.notices
    assert notice.startswith("a: ")
    assert notice.endswith("(SOURCE_BLOB_MISSING)")
    assert copy_image(session, CopyJob(f"oci:{source}-2:b", f"oci:{source}-3")).digests.keys() == {"b"}


def test_an_archive_that_lacks_a_tag_is_not_written_and_that_is_told(
    session: OfflineSession, source: Path, tmp_path: Path
) -> None:
    lose(source, "a")
    target = tmp_path / "target.tar"
    error = refused(session, CopyJob(f"oci:{source}", f"oci-archive:{target}", all_tags=True))
    assert error.message == f"1 of 2 tags could not be copied, so that oci-archive:{target} was not written."
    assert isinstance(error, PartFailedError)
    assert error.result.digests == {}
    assert not target.exists()


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_layout_takes_no_login(session: OfflineSession, source: Path, side: str) -> None:
    login: dict[str, Any] = {f"{side}_login": Login("me", Secret("s3cret-PW"))}
    error = refused(session, CopyJob(f"oci:{source}:a", f"oci:{source}-2", **login))
    assert isinstance(error, UsageError)
    assert error.message.startswith(f"--{side}-username is for registries")


def test_a_client_forgets_the_copies_that_ended(session: OfflineSession, source: Path) -> None:
    copy_image(session, CopyJob(f"oci:{source}:a", f"oci:{source}-2"))
    assert session.http.on_trouble == []
