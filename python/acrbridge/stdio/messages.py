"""What may be asked: one model for the parameters of each method, checked before anything is done."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from acrbridge.azure.given import GivenSignIn
from acrbridge.azure.profile import Account, Subscription
from acrbridge.azure.token_store import AccessToken
from acrbridge.jobs import CopyJob, Login, Secret

PROTOCOL_VERSION = 1

Names = tuple[str, ...]


class Params(BaseModel):
    """Parameters of a method; names that it does not know are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )


class Client(Params):
    """Who asks."""

    name: str
    version: str


class Initialize(Params):
    """The first request of a client."""

    protocol_version: int
    client: Client


class Cancel(Params):
    """A notification: end a request, which answers with the error INTERRUPTED."""

    id: int | str


class Tokens(Params):
    """Another program's sign-in, used in place of acrbridge's own account."""

    arm: SecretStr
    """Access token for Azure Resource Manager."""
    tenant_id: str
    subscription_id: str
    subscription_name: str = ""
    cloud: str = "AzureCloud"

    def sign_in(self) -> GivenSignIn:
        """As a session takes it."""
        account = Account("servicePrincipal", "given", self.tenant_id)
        name = self.subscription_name or self.subscription_id
        subscription = Subscription(
            self.subscription_id, name, "Enabled", self.tenant_id, account, self.cloud, is_default=True
        )
        return GivenSignIn(AccessToken(secret(self.arm), 0), subscription)


class Request(Params):
    """What every request may carry."""

    environment: dict[str, str] | None = None
    """Values of the names that `initialize` answered with, as they are at the client now; a missing name is unset."""
    subscription: str | None = None
    """ID or name, in place of the one in use."""
    tokens: Tokens | None = None
    plain_http: Names = ()
    """HOST[:PORT] of registries that are spoken to without TLS."""
    debug: bool = False
    """Send `log` notifications."""

    @property
    def activity(self) -> str:
        """What is done, as `progress` names it."""
        return "Working"


class Import(Request):
    """`import` and `planImport`: an image into a registry, in the words of Import-AzContainerRegistryImage."""

    registry_name: str
    resource_group_name: str | None = None
    source_image: str | None = None
    """With its registry's host, unless one of the next two says where it is."""
    source_registry_uri: str | None = None
    source_resource_id: str | None = None
    username: str | None = None
    password: SecretStr | None = None
    target_tags: Names = ()
    untagged_target_repositories: Names = ()
    mode: Annotated[str, Field(pattern=r"(?i)^(NoForce|Force)$")] = "NoForce"
    parameters: SecretStr | None = None
    """In place of what is above, but for the registry: JSON of Azure's ImportImageParameters."""
    via: Literal["service", "client"] = "service"
    wait: bool = True
    timeout: float = Field(default=3600.0, gt=0)
    """Seconds."""

    @property
    def activity(self) -> str:
        """What is done, as `progress` names it."""
        return f"Importing {self.source_image or 'an image'} into {self.registry_name}"


class InRegistry(Request):
    """A registry to look into."""

    registry_name: str
    username: str | None = None
    password: SecretStr | None = None


class ListRepositories(InRegistry):
    """`listRepositories`."""

    first: int | None = Field(default=None, gt=0)


class InRepository(InRegistry):
    """A repository to look into."""

    repository_name: str


class InImage(InRepository):
    """A tag or digest of a repository."""

    name: str


class ListReferrers(InImage):
    """`listReferrers`."""

    artifact_type: str | None = None
    recursive: bool = False


class Credential(Params):
    """A user of one side of a copy."""

    username: str
    password: SecretStr

    def login(self) -> Login:
        """As a job has it."""
        return Login(self.username, secret(self.password))


class Copy(Request):
    """`copy`, and with `dryRun` what it would do: CopyJob's fields."""

    source: str
    target: str
    all_tags: bool = False
    only: Names = ()
    regex: str | None = None
    semver: str | None = None
    newest: int | None = Field(default=None, gt=0)
    exclude: Names = ()
    tags: Names = ()
    untagged: bool = False
    platforms: Names = ()
    referrers: bool = True
    artifact_types: Names = ()
    foreign_layers: bool = False
    dry_run: bool = False
    source_login: Credential | None = None
    target_login: Credential | None = None
    concurrency: int = Field(default=32, ge=1, le=64)
    """Requests at once, at most."""
    bandwidth: int | None = Field(default=None, gt=0)
    """Bytes a second, all blobs together."""
    requests_per_second: float | None = Field(default=None, ge=0.01)
    """That each host gets at most."""

    @property
    def activity(self) -> str:
        """What is done, as `progress` names it."""
        return f"Copying {self.source} to {self.target}"

    def job(self) -> CopyJob:
        """What to copy."""
        given: dict[str, Any] = {name: getattr(self, name) for name in _OF_COPY}
        logins = {name: login.login() for name in _LOGINS if (login := getattr(self, name))}
        return CopyJob(**{**given, **logins})


_LOGINS = ("source_login", "target_login")
_OF_COPY = [name for name in Copy.model_fields if name not in Request.model_fields and name not in _LOGINS]


class SignIn(Request):
    """`signIn`: a managed identity of this host, or a service principal."""

    kind: Literal["managedIdentity", "servicePrincipal"]
    account_id: str | None = None
    """Managed identity: any ID of a user-assigned one. Service principal: its application's ID."""
    secret: SecretStr | None = None
    tenant: str | None = None


class SignOut(Request):
    """`signOut`."""

    username: str | None = None


class GetAccessToken(Request):
    """`accessToken`."""

    resource: str | None = None
    tenant: str | None = None


class Emulator(Request):
    """`startEmulator`, `stopEmulator`, `emulatorStatus`."""

    state: str | None = None
    """Folder; by default the user's."""
    seed: str | None = None
    lro_polls: int | None = Field(default=None, gt=0)
    """Polls until an import has ended."""


def secret(given: SecretStr) -> Secret:
    """A secret as the engine has it."""
    return Secret(given.get_secret_value())
