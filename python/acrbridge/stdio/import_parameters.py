"""From an import's parameters, in the words of Az PowerShell, to the job that they mean."""

from __future__ import annotations

from typing import Any

from acrbridge.errors import UsageError
from acrbridge.http import strict_json
from acrbridge.jobs import ImportJob, Secret
from acrbridge.stdio.messages import Import, secret

_MODES = {"noforce": False, "force": True}


def import_job(params: Import) -> ImportJob:
    """The job that an import's parameters mean.

    Raises:
        UsageError: IMPORT_PARAMETERS_INVALID.
    """
    given = _document(params.parameters.get_secret_value()) if params.parameters else _spelled(params)
    image = given.get("source_image") or ""
    uri = given.get("source_registry_uri")
    if not image:
        raise _invalid("The source image is missing.")
    if uri and given.get("source_resource_id"):
        raise _invalid("The source is given both by its address and by its resource ID.")
    return ImportJob(
        registry=params.registry_name,
        source=f"{uri.rstrip('/')}/{image}" if uri else image,
        source_registry=given.get("source_resource_id"),
        username=given.get("username"),
        password=given.get("password"),
        images=tuple(given.get("target_tags") or ()),
        repositories=tuple(given.get("untagged_target_repositories") or ()),
        resource_group=params.resource_group_name,
        force=_MODES[given.get("mode", "noforce").lower()],
        wait=params.wait,
        timeout=params.timeout,
        via=params.via,
    )


def _spelled(params: Import) -> dict[str, Any]:
    spelled = params.model_dump(include=_SPELLED)
    return {**spelled, "password": secret(params.password) if params.password else None}


_SPELLED = {
    "source_image",
    "source_registry_uri",
    "source_resource_id",
    "username",
    "target_tags",
    "untagged_target_repositories",
    "mode",
}


def _document(text: str) -> dict[str, Any]:
    """The same out of Azure's ImportImageParameters (ARM, registries/importImage)."""
    try:
        document = strict_json.loads(text.encode())
    except (ValueError, RecursionError):
        raise _invalid("It is no JSON.") from None
    source = _object(_object(document, "The document").get("source"), "source")
    credentials = _object(source.get("credentials", {}), "source.credentials")
    mode = _text(document, "mode") or "NoForce"
    if mode.lower() not in _MODES:
        raise _invalid(f"mode is {mode!a}: it is Force or NoForce.")
    password = _text(credentials, "password")
    return {
        "source_image": _text(source, "sourceImage"),
        "source_registry_uri": _text(source, "registryUri"),
        "source_resource_id": _text(source, "resourceId"),
        "username": _text(credentials, "username"),
        "password": Secret(password) if password else None,
        "target_tags": _texts(document, "targetTags"),
        "untagged_target_repositories": _texts(document, "untaggedTargetRepositories"),
        "mode": mode,
    }


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _invalid(f"{name} is no object.")
    return value


def _text(document: dict[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise _invalid(f"{key} is no text.")
    return value


def _texts(document: dict[str, Any], key: str) -> list[str]:
    values = document.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _invalid(f"{key} is no list of texts.")
    return values


def _invalid(reason: str) -> UsageError:
    return UsageError("IMPORT_PARAMETERS_INVALID", f"The import's parameters make no sense. {reason}")
