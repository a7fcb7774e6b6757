"""An import as Az PowerShell spells it, and as Azure's ImportImageParameters have it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acrbridge.errors import UsageError
from acrbridge.jobs import ImportJob
from acrbridge.stdio.import_parameters import import_job
from acrbridge.stdio.messages import Import

ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g"
    "/providers/Microsoft.ContainerRegistry/registries/source"
)


def job(**params: Any) -> ImportJob:
    return import_job(Import.model_validate({"registryName": "target", **params}))


def test_a_source_by_address_is_put_together() -> None:
    found = job(sourceRegistryUri="docker.io", sourceImage="library/hello-world:latest")
    assert found.source == "docker.io/library/hello-world:latest"


def test_an_address_with_a_path_keeps_it() -> None:
    assert job(sourceRegistryUri="docker.io/team/", sourceImage="app:1").source == "docker.io/team/app:1"


def test_a_source_by_resource_id_is_read_with_the_accounts_rights() -> None:
    found = job(sourceResourceId=ID, sourceImage="app:1")
    assert (found.source_registry, found.source) == (ID, "app:1")


@pytest.mark.parametrize(("mode", "force"), [("Force", True), ("noforce", False), ("FORCE", True)])
def test_the_mode_is_compared_without_case(mode: str, force: bool) -> None:
    assert job(sourceImage="docker.io/a", mode=mode).force is force


def test_the_road_is_handed_on() -> None:
    assert job(sourceImage="docker.io/a", via="client").via == "client"


def test_a_document_means_the_same_as_its_parameters() -> None:
    document = {
        "source": {
            "registryUri": "docker.io",
            "sourceImage": "team/app:1",
            "credentials": {"username": "me", "password": "s3cret-PW"},
        },
        "targetTags": ["app:1"],
        "untaggedTargetRepositories": ["other"],
        "mode": "Force",
    }
    spelled = job(
        sourceRegistryUri="docker.io",
        sourceImage="team/app:1",
        username="me",
        password="s3cret-PW",
        targetTags=["app:1"],
        untaggedTargetRepositories=["other"],
        mode="Force",
    )
    assert job(parameters=json.dumps(document)) == spelled


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        "{}",
        '{"source":{}}',
        '{"source":{"sourceImage":1}}',
        '{"source":{"sourceImage":"a"},"mode":"Perhaps"}',
        '{"source":{"sourceImage":"a"},"targetTags":"a"}',
        '{"source":{"sourceImage":"a","credentials":[]}}',
        '{"source":{"sourceImage":"a","registryUri":"r.io","resourceId":"/x"}}',
    ],
)
def test_a_document_that_makes_no_sense_is_refused(document: str) -> None:
    with pytest.raises(UsageError) as caught:
        job(parameters=document)
    assert caught.value.code == "IMPORT_PARAMETERS_INVALID"
