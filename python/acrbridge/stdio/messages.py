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
        defer_build=True,  # each when it is first used: all at once take 100 ms
    )


class Client(Params):
    """Who asks."""

    name: str
    version: str


class Initialize(Params):
    """The first request of a client."""

    protocol_version: int
    """1."""
    client: Client


class Cancel(Params):
    """A notification of the client: end a request, which then fails with INTERRUPTED, unless it has just ended."""

    id: int | str
    """Of the request."""


class Tokens(Params):
    """Another program's sign-in, used in place of acrbridge's own account."""

    arm: SecretStr
    """Access token for Azure Resource Manager."""
    tenant_id: str
    subscription_id: str
    subscription_name: str = ""
    cloud: Literal["AzureCloud", "AzureChinaCloud", "AzureUSGovernment"] = "AzureCloud"
    """Its name; a token of another must not go to the hosts of one of these."""

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
    """A sign-in to use in place of acrbridge's own."""
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
    """Of the target."""
    resource_group_name: str | None = None
    source_image: str | None = None
    """With its registry's host, unless one of the next two says where it is."""
    source_registry_uri: str | None = None
    """Login server or host."""
    source_resource_id: str | None = None
    """Azure's resource ID of a registry, which is read with the account's rights."""
    username: str | None = None
    password: SecretStr | None = None
    """Of a user of the source; without a user, an access token for it."""
    target_tags: Names = ()
    """REPOSITORY[:TAG]; without these and the next, named as the source is."""
    untagged_target_repositories: Names = ()
    """They get the manifest without a tag."""
    mode: Annotated[str, Field(pattern=r"(?i)^(NoForce|Force)$")] = "NoForce"
    """Force overwrites tags that are there."""
    parameters: SecretStr | None = None
    """In place of what is above, but for the registry: JSON of Azure's ImportImageParameters."""
    via: Literal["service", "client"] = "service"
    """Who copies: Azure, or this computer."""
    wait: bool = True
    """False: answer as soon as Azure has accepted."""
    timeout: float = Field(default=3600.0, gt=0)
    """Seconds."""

    @property
    def activity(self) -> str:
        """What is done, as `progress` names it."""
        return f"Importing {self.source_image or 'an image'} into {self.registry_name}"


class InRegistry(Request):
    """A registry to look into."""

    registry_name: str
    """Name or login server."""
    username: str | None = None
    """With a password, in place of the account that is signed in."""
    password: SecretStr | None = None


class ListRepositories(InRegistry):
    """`listRepositories`."""

    first: int | None = Field(default=None, gt=0)
    """So many at the most; by default all."""


class InRepository(InRegistry):
    """A repository to look into."""

    repository_name: str


class InImage(InRepository):
    """A tag or digest of a repository."""

    name: str
    """The tag or digest."""


class ListReferrers(InImage):
    """`listReferrers`."""

    artifact_type: str | None = None
    """Only referrers of this type."""
    recursive: bool = False
    """What refers to them, too."""


class Credential(Params):
    """A user of one side of a copy."""

    username: str
    password: SecretStr

    def login(self) -> Login:
        """As a job has it."""
        return Login(self.username, secret(self.password))


class Copy(Request):
    """`copy`, and with `dryRun` what it would do: the fields of CopyJob, which are explained there."""

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
    clobber: bool = True
    dry_run: bool = False
    source_login: Credential | None = None
    target_login: Credential | None = None
    concurrency: int = Field(default=32, ge=1, le=64)
    bandwidth: int | None = Field(default=None, gt=0)
    requests_per_second: float | None = Field(default=None, ge=0.01)

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
    """Of the service principal."""
    tenant: str | None = None
    """Of the service principal: ID or domain."""


class SignOut(Request):
    """`signOut`."""

    username: str | None = None
    """By default the account in use."""


class GetAccessToken(Request):
    """`accessToken`."""

    resource: str | None = None
    """What it is for; by default Azure Resource Manager."""
    tenant: str | None = None
    """By default the subscription's."""


class Emulator(Request):
    """`startEmulator`, `stopEmulator`, `emulatorStatus`."""

    state: str | None = None
    """Folder; by default the user's."""
    seed: str | None = None
    """What is in it: `default`, `article`, a YAML file, or `none`."""
    lro_polls: int | None = Field(default=None, gt=0)
    """Polls until an import has ended."""


def secret(given: SecretStr) -> Secret:
    """A secret as the engine has it."""
    return Secret(given.get_secret_value())
