"""The only wiring: opens the clients that an operation needs, joins azure to registry, closes them."""

from __future__ import annotations

from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from acrbridge import __version__
from acrbridge.azure.arm import REGISTRIES, ArmClient, Registry
from acrbridge.azure.clouds import CLOUDS, PUBLIC, Cloud
from acrbridge.azure.profile import Profile, Subscription
from acrbridge.errors import AcrBridgeError, NotFoundError, RefusedError, SignInError
from acrbridge.http.client import HttpClient
from acrbridge.http.deadlines import Clock
from acrbridge.http.retry import Retry
from acrbridge.jobs import Listener, Notice, Secret, ignore
from acrbridge.references import RegistryId, is_login_server, registry_name
from acrbridge.registry.auth import Credential, Password, RefreshToken
from acrbridge.registry.client import RegistryClient
from acrbridge.settings import Settings

if TYPE_CHECKING:
    from acrbridge.azure.identity import Identity


class Session:
    """One run's clients. Use it in a `with`.

    Args:
        settings: from flags and environment.
        subscription: ID or name; None takes the profile's default.
        listener: hears what a person should know.
        clock: for tests that do not wait.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        subscription: str | None = None,
        listener: Listener = ignore,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.listener = listener
        self._wanted_subscription = subscription
        self.http = HttpClient(ca_files=settings.ca_files, clock=clock, user_agent=f"acrbridge/{__version__}")

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    @cached_property
    def profile(self) -> Profile:
        """Who is signed in."""
        return Profile(self.settings.folder)

    @cached_property
    def subscription(self) -> Subscription:
        """The subscription in use.

        Raises:
            SignInError: NOT_SIGNED_IN.
            NotFoundError: SUBSCRIPTION_NOT_FOUND.
        """
        return self.profile.find(self._wanted_subscription)

    @property
    def cloud(self) -> Cloud:
        """The cloud of the subscription in use, or the public one."""
        try:
            return CLOUDS[self.subscription.cloud]
        except (SignInError, NotFoundError, KeyError):
            return PUBLIC

    @cached_property
    def identity(self) -> Identity:
        """Entra."""
        from acrbridge.azure.identity import Identity
        from acrbridge.azure.token_store import TokenStore

        return Identity(self.http, self.cloud, TokenStore(self.settings.folder))

    @cached_property
    def arm(self) -> ArmClient:
        """Resource Manager, as the subscription's account."""
        account = self.subscription.account

        def token(renew: bool) -> str:  # noqa: FBT001 - ArmClient's TokenSource
            resource = self.cloud.arm_resource
            return self.identity.token(account, resource, renew=renew).token.reveal()

        return ArmClient(self.cloud.arm, self.http, token)

    def registries(self) -> list[Registry]:
        """The subscription's registries; asked for once."""
        if self._registries is None:
            self._registries = list(self.arm.registries(self.subscription.id))
        return self._registries

    _registries: list[Registry] | None = None

    def find_registry(self, text: str, resource_group: str | None = None) -> Registry:
        """The registry with that name or login server.

        Args:
            text: as a person typed it.
            resource_group: where it is; None looks through the subscription.

        Raises:
            UsageError: REGISTRY_NAME_INVALID, REGISTRY_SUFFIX_UNKNOWN.
            NotFoundError: TARGET_REGISTRY_NOT_FOUND.
        """
        name = registry_name(text, self.cloud.acr_suffix)
        if name.lower() != text.lower():
            self.listener(Notice(f"{text!r} is a login server; the registry's name {name!r} is used."))
        if resource_group:
            return self._registry_in(resource_group, name)
        for registry in self.registries():
            if registry.id.name.lower() == name.lower():
                return registry
        raise NotFoundError(
            "TARGET_REGISTRY_NOT_FOUND",
            f"The registry {name!r} could not be found in subscription"
            f" '{self.subscription.name} ({self.subscription.id})', or the account may not see it.",
        )

    def _registry_in(self, resource_group: str, name: str) -> Registry:
        try:
            return self.arm.registry(RegistryId(self.subscription.id, resource_group, name))
        except NotFoundError as error:
            raise NotFoundError(
                "TARGET_REGISTRY_NOT_FOUND",
                f"The registry {name!r} could not be found in resource group {resource_group!r}: {error.message}",
                correlation_id=error.correlation_id,
                drop_in_status=3,
            ) from error

    def open_registry(self, registry: Registry) -> RegistryClient:
        """A client of a registry that Resource Manager named, signed in as the subscription's account."""
        try:
            credential: Credential = self._exchange(registry.login_server)
        except RefusedError as error:
            admin = self._admin(registry) if error.code == "REGISTRY_UNAUTHORIZED" else None
            if admin is None:
                raise
            self.listener(Notice(f"{error.message} The registry's admin user is used instead."))
            credential = admin
        return RegistryClient(registry.login_server, self.http, credential)

    def open_registry_named(self, text: str, username: str | None, password: Secret | None) -> RegistryClient:
        """A client of the registry with that name or login server.

        Args:
            text: as a person typed it.
            username: with a password, used instead of the account that is signed in.
            password: of that user.

        Raises:
            SignInError: NOT_SIGNED_IN, where no user is given either.
        """
        registry = self._registry_or_none(text)
        if username and password:
            login_server = registry.login_server if registry else self._login_server(text)
            return RegistryClient(login_server, self.http, Password(username, password))
        if registry:
            return self.open_registry(registry)
        login_server = self._login_server(text)
        return RegistryClient(login_server, self.http, self._exchange(login_server))

    def _registry_or_none(self, text: str) -> Registry | None:
        """The registry as Resource Manager knows it: a login server can differ from the name. None: not there."""
        name = registry_name(text, self.cloud.acr_suffix)
        try:
            found = [r for r in self.registries() if r.id.name.lower() == name.lower()]
        except (SignInError, NotFoundError) as error:
            if error.code not in ("NOT_SIGNED_IN", "SUBSCRIPTION_NOT_FOUND"):
                raise
            return None
        return found[0] if found else None

    def _login_server(self, text: str) -> str:
        """The login server that follows from a name alone."""
        suffix = self.cloud.acr_suffix
        login_server = text.lower() if "." in text else f"{text.lower()}{suffix}"
        if not is_login_server(login_server, suffix):
            raise NotFoundError("TARGET_REGISTRY_NOT_FOUND", f"There is no registry {text!r} in this cloud.")
        return login_server

    def exchange(self, login_server: str) -> Secret:
        """The refresh token of ACR for the account, from the login server of a registry."""
        return self._exchange(login_server).token

    def _exchange(self, login_server: str) -> RefreshToken:
        from acrbridge.azure import exchange

        account = self.subscription.account
        token = self.identity.token(account, self.cloud.acr_resource)
        return RefreshToken(
            exchange.refresh_token(self.http, login_server, token, self.subscription.tenant_id)
        )

    def _admin(self, registry: Registry) -> Password | None:
        """The admin user's credential, where the registry has one and the account may read it."""
        properties = registry.document.get("properties") or {}
        if not properties.get("adminUserEnabled"):
            return None
        response = self.arm.post(f"{registry.id}/listCredentials", REGISTRIES, {}, Retry())
        if response.status != 200:
            return None
        try:
            document = response.json_object()
            user, password = document["username"], document["passwords"][0]["value"]
        except (AcrBridgeError, KeyError, IndexError, TypeError):
            return None
        is_whole = isinstance(user, str) and isinstance(password, str)
        return Password(user, Secret(password)) if is_whole else None
