"""The parameters of a request, and the records that they become."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from acrbridge.jobs import CopyJob, Login, Secret
from acrbridge.stdio.messages import Copy, Request


def copy(**params: Any) -> CopyJob:
    return Copy.model_validate({"source": "a.io/app", "target": "b.io/app", **params}).job()


def test_a_copy_can_be_asked_for_in_all_its_ways() -> None:
    assert Copy.model_fields.keys() - Request.model_fields.keys() == {one.name for one in fields(CopyJob)}


def test_what_a_copy_does_not_say_is_as_everywhere() -> None:
    assert copy() == CopyJob("a.io/app", "b.io/app")


def test_a_copy_takes_over_what_it_says() -> None:
    login = {"username": "me", "password": "s3cret-PW"}
    job = copy(allTags=True, platforms=["linux/amd64"], sourceLogin=login, requestsPerSecond=2)
    assert job.all_tags
    assert job.platforms == ("linux/amd64",)
    assert job.source_login == Login("me", Secret("s3cret-PW"))
    assert job.requests_per_second == 2


@pytest.mark.parametrize(
    "params", [{"concurrency": 0}, {"concurrency": 65}, {"newest": 0}, {"bandwidth": 0}, {"all_tags": True}]
)
def test_a_copy_that_makes_no_sense_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        copy(**params)
