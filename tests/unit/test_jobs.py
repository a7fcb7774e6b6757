from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acrbridge.jobs import ImportedImage, ImportJob, ImportResult, Secret
from unit.fakes import DIGEST


@given(st.text(min_size=8))
def test_a_secret_shows_itself_to_nobody(value: str) -> None:
    secret = Secret(value)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s" % secret):  # noqa: UP031 - one of the ways
        assert shown == "Secret(***)"
    assert secret.reveal() == value


def test_a_secret_has_no_attributes_to_look_into() -> None:
    with pytest.raises(TypeError):
        vars(Secret("s3cret"))


def test_a_secret_does_not_become_json_by_accident() -> None:
    with pytest.raises(TypeError):
        json.dumps({"password": Secret("s3cret")})


def test_secrets_are_compared_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_a_job_does_not_show_its_password() -> None:
    assert "s3cret" not in repr(ImportJob("contoso", "h.io/a", username="u", password=Secret("s3cret")))


def _image(verified: bool) -> ImportedImage:
    return ImportedImage("contoso.azurecr.io/a:b", DIGEST if verified else None, None, verified=verified)


@pytest.mark.parametrize(
    ("images", "verified"), [((), False), ((True,), True), ((True, False), False), ((False,), False)]
)
def test_a_result_is_verified_when_all_of_it_is(images: tuple[bool, ...], verified: bool) -> None:
    result = ImportResult(
        "contoso", "contoso.azurecr.io", "x", "Succeeded", tuple(map(_image, images)), 1.23456
    )
    assert result.verified is verified
    assert result.as_json()["verified"] is verified


def test_a_result_has_one_json_form() -> None:
    result = ImportResult(
        "contoso", "contoso.azurecr.io", "x", "Succeeded", (_image(verified=True),), 1.23456
    )
    assert json.loads(json.dumps(result.as_json())) == {
        "elapsedSeconds": 1.235,
        "images": [
            {"digest": DIGEST, "mediaType": None, "reference": "contoso.azurecr.io/a:b", "verified": True}
        ],
        "loginServer": "contoso.azurecr.io",
        "operationId": "x",
        "registry": "contoso",
        "status": "Succeeded",
        "verified": True,
    }
