"""The whole protocol on one page: each method, its parameters, and the one operation that it calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acrbridge.azure.profile import Subscription
from acrbridge.errors import UsageError
from acrbridge.operations import listing, local_azure, sign_in, subscriptions
from acrbridge.operations.access_tokens import access_token
from acrbridge.operations.import_image import import_image
from acrbridge.operations.import_plan import summary
from acrbridge.operations.session import Session
from acrbridge.registry.client import RegistryClient
from acrbridge.stdio import messages, results
from acrbridge.stdio.answers import Answer
from acrbridge.stdio.import_parameters import import_job

Result = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """What a client can ask for."""

    params: type[messages.Request]
    result: type[Answer]
    """What `run` gives, for who reads docs/protocol.md."""
    run: Callable[[Session, Any], Result]


def _import(session: Session, params: messages.Import) -> Result:
    """Import an image.

    Raises:
        UsageError: IMPORT_PARAMETERS_INVALID, REFERENCE_INVALID, SOURCE_REGISTRY_MISSING, CREDENTIALS_INCOMPLETE.
        NotFoundError: TARGET_REGISTRY_NOT_FOUND, SOURCE_REGISTRY_NOT_FOUND, SOURCE_IMAGE_NOT_FOUND.
        RefusedError: TARGET_FORBIDDEN, TARGET_FIREWALL, SOURCE_UNAUTHORIZED, SOURCE_READ_FORBIDDEN, SOURCE_FIREWALL.
        TargetExistsError: TARGET_TAG_EXISTS.
        StillRunningError: STILL_RUNNING, OUTCOME_UNKNOWN.
        VerificationError: TARGET_TAG_ABSENT, DIGEST_MISMATCH.
        AcrBridgeError: IMPORT_FAILED, IMPORT_NOT_SUPPORTED, SOURCE_THROTTLED, TOO_MANY_MANIFESTS.
    """
    return import_image(session, import_job(params)).as_json()


def _plan_import(session: Session, params: messages.Import) -> Result:
    """What an import would do, as far as its parameters tell: nobody is asked.

    Raises:
        UsageError: IMPORT_PARAMETERS_INVALID, REFERENCE_INVALID.
    """
    del session
    return summary(import_job(params))


def _copy(session: Session, params: messages.Copy) -> Result:
    """Copy images through this computer, or with dryRun say what would be copied.

    Raises:
        UsageError: REFERENCE_INVALID, OPTIONS_CONFLICT, PATTERN_INVALID, PLATFORM_INVALID,
            PLAIN_HTTP_REFUSED.
        NotFoundError: REPOSITORY_NOT_FOUND, PLATFORM_NOT_FOUND, TAGS_NOT_FOUND.
        RefusedError: REGISTRY_UNAUTHORIZED, REGISTRY_FIREWALL.
        PartFailedError: PART_FAILED.
        VerificationError: DIGEST_MISMATCH.
        AcrBridgeError: MANIFEST_INVALID, SOURCE_BLOB_MISSING, LAYOUT_INVALID, DISK_FULL.
    """
    from acrbridge.operations.copy_image import copy_image  # what most clients never need

    return copy_image(session, params.job()).as_json()


def _list_registries(session: Session, params: messages.Request) -> Result:
    """Names of the registries of the subscription in use.

    Raises:
        AcrBridgeError: NOT_SIGNED_IN, SIGN_IN_EXPIRED, SUBSCRIPTION_NOT_FOUND.
    """
    del params
    return {"registries": [registry.id.name for registry in session.registries()]}


def _list_repositories(session: Session, params: messages.ListRepositories) -> Result:
    """Names of a registry's repositories.

    Raises:
        AcrBridgeError: TARGET_REGISTRY_NOT_FOUND, REGISTRY_NAME_INVALID, REGISTRY_UNAUTHORIZED, REGISTRY_FIREWALL.
    """
    return {"repositories": listing.repositories(_registry(session, params), params.first)}


def _show_repository(session: Session, params: messages.InRepository) -> Result:
    """Attributes of a repository.

    Raises:
        AcrBridgeError: REFERENCE_INVALID, REPOSITORY_NOT_FOUND, TARGET_REGISTRY_NOT_FOUND,
            REGISTRY_NAME_INVALID, REGISTRY_UNAUTHORIZED, REGISTRY_FIREWALL.
    """
    return listing.repository(_registry(session, params), params.repository_name)


def _list_tags(session: Session, params: messages.InRepository) -> Result:
    """Tags of a repository with their attributes.

    Raises:
        AcrBridgeError: REFERENCE_INVALID, REPOSITORY_NOT_FOUND, TARGET_REGISTRY_NOT_FOUND,
            REGISTRY_NAME_INVALID, REGISTRY_UNAUTHORIZED, REGISTRY_FIREWALL.
    """
    client = _registry(session, params)
    found = listing.tags(client, params.repository_name, detail=True)
    return {"registry": client.host, "imageName": params.repository_name, "tags": found}


def _show_image(session: Session, params: messages.InImage) -> Result:
    """Attributes of a tag or, by digest, of a manifest.

    Raises:
        AcrBridgeError: REFERENCE_INVALID, REPOSITORY_NOT_FOUND, TARGET_REGISTRY_NOT_FOUND,
            REGISTRY_NAME_INVALID, REGISTRY_UNAUTHORIZED, REGISTRY_FIREWALL.
    """
    client = _registry(session, params)
    attributes = listing.image(client, _image(params))
    return {"registry": client.host, "imageName": params.repository_name, "attributes": attributes}


def _list_manifests(session: Session, params: messages.InRepository) -> Result:
    """Manifests of a repository with their attributes.

    Raises:
        AcrBridgeError: REFERENCE_INVALID, REPOSITORY_NOT_FOUND, TARGET_REGISTRY_NOT_FOUND,
            REGISTRY_NAME_INVALID, REGISTRY_UNAUTHORIZED, REGISTRY_FIREWALL.
    """
    client = _registry(session, params)
    found = listing.manifests(client, params.repository_name)
    return {"registry": client.host, "imageName": params.repository_name, "manifests": found}


def _list_referrers(session: Session, params: messages.ListReferrers) -> Result:
    """What refers to an image: signatures, SBOMs and the like.

    Raises:
        AcrBridgeError: REFERENCE_INVALID, REPOSITORY_NOT_FOUND, TARGET_REGISTRY_NOT_FOUND,
            REGISTRY_NAME_INVALID, REGISTRY_UNAUTHORIZED, REGISTRY_FIREWALL.
    """
    client = _registry(session, params)
    found = listing.referrers(client, _image(params), params.artifact_type, recursive=params.recursive)
    return {"registry": client.host, "imageName": params.repository_name, "referrers": found}


def _sign_in(session: Session, params: messages.SignIn) -> Result:
    """Sign in; gives the subscriptions that the account sees.

    Raises:
        UsageError: CREDENTIALS_INCOMPLETE.
        SignInError: SECRET_WRONG, SECRET_EXPIRED, APPLICATION_UNKNOWN, TENANT_UNKNOWN, SIGN_IN_REFUSED,
            IDENTITY_UNAVAILABLE, NO_SUBSCRIPTIONS.
    """
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
    if params.subscription:
        subscriptions.select(session, params.subscription)
    account = found[0].account
    return _as_json(s for s in session.profile.subscriptions if s.account == account)


def _sign_out(session: Session, params: messages.SignOut) -> Result:
    """Sign out, and forget the account's tokens and secrets; gives its name.

    Raises:
        SignInError: NOT_SIGNED_IN.
    """
    username = params.username or session.subscription.account.name
    sign_in.sign_out(session, username)
    return {"username": username}


def _list_subscriptions(session: Session, params: messages.Request) -> Result:
    """The subscriptions of all signed-in accounts; none where nobody is signed in.

    Raises:
        AcrBridgeError: FILE_UNREADABLE.
    """
    del params
    return _as_json(subscriptions.subscriptions(session))


def _account(session: Session, params: messages.Request) -> Result:
    """The subscription in use, and whose account sees it.

    Raises:
        SignInError: NOT_SIGNED_IN.
        NotFoundError: SUBSCRIPTION_NOT_FOUND.
    """
    del params
    return session.subscription.as_json("environmentName")


def _access_token(session: Session, params: messages.GetAccessToken) -> Result:
    """An access token, as `az account get-access-token` shows it, and whose it is.

    Raises:
        SignInError: NOT_SIGNED_IN, SIGN_IN_EXPIRED, TENANT_MISMATCH, TENANT_UNKNOWN.
    """
    token = access_token(session, resource=params.resource, tenant=params.tenant)
    return {**token, "userId": session.subscription.account.name}


def _start_emulator(session: Session, params: messages.Emulator) -> Result:
    """Start a local Azure, or find the one that runs; gives what its clients need in their environment, too.

    Raises:
        AcrBridgeError: EMULATOR_NOT_INSTALLED, EMULATOR_FAILED.
    """
    options = local_azure.EmulatorOptions(seed=params.seed, polls=params.lro_polls)
    emulator = local_azure.start(_state(session, params), options)
    return {**emulator.as_json(), "environment": local_azure.client_environment(emulator, {})}


def _stop_emulator(session: Session, params: messages.Emulator) -> Result:
    """Stop a local Azure; its state stays.

    Raises:
        NotFoundError: EMULATOR_NOT_RUNNING.
        AcrBridgeError: EMULATOR_FAILED.
    """
    emulator = local_azure.find(_state(session, params))
    local_azure.stop(emulator)
    return emulator.as_json()


def _emulator_status(session: Session, params: messages.Emulator) -> Result:
    """The local Azure that runs.

    Raises:
        NotFoundError: EMULATOR_NOT_RUNNING.
    """
    return local_azure.find(_state(session, params)).as_json()


METHODS: Mapping[str, Method] = {
    "accessToken": Method(messages.GetAccessToken, results.AccessToken, _access_token),
    "account": Method(messages.Request, results.Subscription, _account),
    "copy": Method(messages.Copy, results.Copied, _copy),
    "emulatorStatus": Method(messages.Emulator, results.RunningEmulator, _emulator_status),
    "import": Method(messages.Import, results.Imported, _import),
    "listManifests": Method(messages.InRepository, results.Manifests, _list_manifests),
    "listReferrers": Method(messages.ListReferrers, results.Referrers, _list_referrers),
    "listRegistries": Method(messages.Request, results.Registries, _list_registries),
    "listRepositories": Method(messages.ListRepositories, results.Repositories, _list_repositories),
    "listSubscriptions": Method(messages.Request, results.Subscriptions, _list_subscriptions),
    "listTags": Method(messages.InRepository, results.Tags, _list_tags),
    "planImport": Method(messages.Import, results.Plan, _plan_import),
    "showManifest": Method(messages.InImage, results.Attributes, _show_image),
    "showRepository": Method(messages.InRepository, results.Repository, _show_repository),
    "showTag": Method(messages.InImage, results.Attributes, _show_image),
    "signIn": Method(messages.SignIn, results.Subscriptions, _sign_in),
    "signOut": Method(messages.SignOut, results.SignedOut, _sign_out),
    "startEmulator": Method(messages.Emulator, results.StartedEmulator, _start_emulator),
    "stopEmulator": Method(messages.Emulator, results.RunningEmulator, _stop_emulator),
}
"""By name."""


def _as_json(found: Iterable[Subscription]) -> Result:
    return {"subscriptions": [subscription.as_json("environmentName") for subscription in found]}


def _registry(session: Session, params: messages.InRegistry) -> RegistryClient:
    password = messages.secret(params.password) if params.password else None
    return session.open_registry_named(params.registry_name, params.username, password)


def _image(params: messages.InImage) -> str:
    mark = "@" if ":" in params.name else ":"
    return f"{params.repository_name}{mark}{params.name}"


def _state(session: Session, params: messages.Emulator) -> Path:
    return Path(params.state).absolute() if params.state else session.settings.folder / "emulator"
