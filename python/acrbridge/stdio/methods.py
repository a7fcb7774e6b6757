"""The whole protocol on one page: each method, its parameters, and the one operation that it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acrbridge.errors import UsageError
from acrbridge.operations import listing, local_azure, sign_in
from acrbridge.operations.access_tokens import access_token
from acrbridge.operations.copy_image import copy_image
from acrbridge.operations.import_image import import_image
from acrbridge.operations.import_plan import summary
from acrbridge.operations.session import Session
from acrbridge.registry.client import RegistryClient
from acrbridge.stdio import messages
from acrbridge.stdio.import_parameters import import_job

Result = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """What a client can ask for."""

    params: type[messages.Request]
    run: Callable[[Session, Any], Result]


def _import(session: Session, params: messages.Import) -> Result:
    """Import an image."""
    return import_image(session, import_job(params)).as_json()


def _plan_import(session: Session, params: messages.Import) -> Result:
    """What an import would do, as far as its parameters tell: nobody is asked."""
    del session
    return summary(import_job(params))


def _copy(session: Session, params: messages.Copy) -> Result:
    """Copy images through this computer, or with dryRun say what would be copied."""
    return copy_image(session, params.job()).as_json()


def _list_repositories(session: Session, params: messages.ListRepositories) -> Result:
    """Names of a registry's repositories."""
    return {"repositories": listing.repositories(_registry(session, params), params.first)}


def _show_repository(session: Session, params: messages.InRepository) -> Result:
    """Attributes of a repository."""
    return listing.repository(_registry(session, params), params.repository_name)


def _list_tags(session: Session, params: messages.InRepository) -> Result:
    """Tags of a repository with their attributes."""
    client = _registry(session, params)
    found = listing.tags(client, params.repository_name, detail=True)
    return {"registry": client.host, "imageName": params.repository_name, "tags": found}


def _show_image(session: Session, params: messages.InImage) -> Result:
    """Attributes of a tag or, by digest, of a manifest."""
    client = _registry(session, params)
    mark = "@" if ":" in params.name else ":"
    attributes = listing.image(client, f"{params.repository_name}{mark}{params.name}")
    return {"registry": client.host, "imageName": params.repository_name, "attributes": attributes}


def _list_manifests(session: Session, params: messages.InRepository) -> Result:
    """Manifests of a repository with their attributes."""
    client = _registry(session, params)
    found = listing.manifests(client, params.repository_name)
    return {"registry": client.host, "imageName": params.repository_name, "manifests": found}


def _list_referrers(session: Session, params: messages.ListReferrers) -> Result:
    """What refers to an image: signatures, SBOMs and the like."""
    client = _registry(session, params)
    mark = "@" if ":" in params.name else ":"
    image = f"{params.repository_name}{mark}{params.name}"
    found = listing.referrers(client, image, params.artifact_type, recursive=params.recursive)
    return {"registry": client.host, "imageName": params.repository_name, "referrers": found}


def _sign_in(session: Session, params: messages.SignIn) -> Result:
    """Sign in; gives the subscriptions that the account sees."""
    if params.kind == "managedIdentity":
        found = sign_in.managed_identity(session, username=params.account_id)
    elif params.account_id and params.secret and params.tenant:
        secret = messages.secret(params.secret)
        found = sign_in.service_principal(session, params.account_id, secret, params.tenant)
    else:
        raise UsageError(
            "CREDENTIALS_INCOMPLETE",
            "A service principal signs in with its application ID, secret and tenant.",
        )
    return {"subscriptions": [subscription.as_json("environmentName") for subscription in found]}


def _sign_out(session: Session, params: messages.SignOut) -> Result:
    """Sign out, and forget the account's tokens and secrets."""
    sign_in.sign_out(session, params.username)
    return {}


def _account(session: Session, params: messages.Request) -> Result:
    """The subscription in use, and whose account sees it."""
    del params
    return session.subscription.as_json("environmentName")


def _access_token(session: Session, params: messages.GetAccessToken) -> Result:
    """An access token, as `az account get-access-token` shows it."""
    return access_token(session, resource=params.resource, tenant=params.tenant)


def _start_emulator(session: Session, params: messages.Emulator) -> Result:
    """Start a local Azure, or find the one that runs; gives what its clients need in their environment, too."""
    options = local_azure.EmulatorOptions(seed=params.seed, polls=params.lro_polls)
    emulator = local_azure.start(_state(session, params), options)
    return {**emulator.as_json(), "environment": dict(emulator.environment)}


def _stop_emulator(session: Session, params: messages.Emulator) -> Result:
    """Stop a local Azure; gives the names that its clients had in their environment."""
    emulator = local_azure.find(_state(session, params))
    local_azure.stop(emulator)
    return {"environmentNames": sorted(emulator.environment)}


def _emulator_status(session: Session, params: messages.Emulator) -> Result:
    """The local Azure that runs."""
    return local_azure.find(_state(session, params)).as_json()


METHODS: Mapping[str, Method] = {
    "accessToken": Method(messages.GetAccessToken, _access_token),
    "account": Method(messages.Request, _account),
    "copy": Method(messages.Copy, _copy),
    "emulatorStatus": Method(messages.Emulator, _emulator_status),
    "import": Method(messages.Import, _import),
    "listManifests": Method(messages.InRepository, _list_manifests),
    "listReferrers": Method(messages.ListReferrers, _list_referrers),
    "listRepositories": Method(messages.ListRepositories, _list_repositories),
    "listTags": Method(messages.InRepository, _list_tags),
    "planImport": Method(messages.Import, _plan_import),
    "showManifest": Method(messages.InImage, _show_image),
    "showRepository": Method(messages.InRepository, _show_repository),
    "showTag": Method(messages.InImage, _show_image),
    "signIn": Method(messages.SignIn, _sign_in),
    "signOut": Method(messages.SignOut, _sign_out),
    "startEmulator": Method(messages.Emulator, _start_emulator),
    "stopEmulator": Method(messages.Emulator, _stop_emulator),
}
"""By name."""


def _registry(session: Session, params: messages.InRegistry) -> RegistryClient:
    password = messages.secret(params.password) if params.password else None
    return session.open_registry_named(params.registry_name, params.username, password)


def _state(session: Session, params: messages.Emulator) -> Path:
    return Path(params.state).absolute() if params.state else session.settings.folder / "emulator"
