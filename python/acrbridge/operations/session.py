"""The only wiring: opens the clients that an operation needs, joins azure to registry, closes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from types import TracebackType

from acrbridge import __version__
from acrbridge.azure import exchange
from acrbridge.azure.arm import REGISTRIES, ArmClient, Registry, UnreadyRegistry
from acrbridge.azure.clouds import CLOUDS, PUBLIC, Cloud, is_azure
from acrbridge.azure.given import GivenSignIn
from acrbridge.azure.identity import Identity
from acrbridge.azure.profile import Account, Profile, Subscription
from acrbridge.azure.token_store import AccessToken, TokenStore
from acrbridge.errors import AcrBridgeError, NotFoundError, RefusedError, SignInError, UsageError
from acrbridge.http import redact
from acrbridge.http.client import HttpClient
from acrbridge.http.retry import Retry
from acrbridge.jobs import Listener, Notice, Secret, ignore
from acrbridge.operations.kept import Kept
from acrbridge.references import RegistryId, is_host, is_login_server, registry_name
from acrbridge.registry.auth import Credential, Password, RefreshToken
from acrbridge.registry.client import RegistryClient
from acrbridge.settings import Settings


def _check_plain(hosts: frozenset[str], listener: Listener) -> None:
    for host in sorted(hosts):
        if not is_host(host) or is_azure(host):
            reason = "one of Azure's own hosts" if is_azure(host) else "not HOST or HOST:PORT"
            raise UsageError(
                "PLAIN_HTTP_REFUSED", f"--plain-http: {redact.foreign(host, 100)!r} is {reason}."
            )
        listener(Notice(f"{host} is spoken to without TLS: others can read and change what goes there."))


class Session:
    """One run's clients. Use it in a `with`.

    Args:
        settings: from flags and environment.
        subscription: ID or name; None takes the profile's default.
        listener: hears what a person should know, such as which hosts are spoken to without TLS.
        http: what all is asked through, by default a client of its own; closed with the session.
        identity: what gives tokens, by default Entra.
        given: another program's sign-in, used in place of the profile's.

    Raises:
        UsageError: PLAIN_HTTP_REFUSED.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        subscription: str | None = None,
        listener: Listener = ignore,
        http: HttpClient | None = None,
        identity: Identity | None = None,
        given: GivenSignIn | None = None,
    ) -> None:
        self.settings = settings
        self.listener = listener
        _check_plain(settings.plain_http, listener)
        self.http = http or HttpClient(
            ca_files=settings.ca_files,
            user_agent=f"acrbridge/{__version__}",
            plain_http=settings.plain_http,
        )
        self.kept = Kept(self.http.clock)
        self._wanted_subscription = subscription
        self._given_identity = identity
        self._given = given
        self._stops: list[Callable[[], None]] = []

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    def heard_by(self, listener: Listener) -> Session:
        """The same session for another listener: what one keeps the other has, and it closes with this one."""
        other = copy(self)
        other.listener = listener
        return other

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
        return self._given.subscription if self._given else self.profile.find(self._wanted_subscription)

    @property
    def cloud(self) -> Cloud:
        """The cloud of the subscription in use, or the public one."""
        try:
            return CLOUDS[self.subscription.cloud]
        except (SignInError, NotFoundError, KeyError):
            return PUBLIC

    @cached_property
    def token_store(self) -> TokenStore:
        """The protected files."""
        return TokenStore(self.settings.folder)

    @cached_property
    def identity(self) -> Identity:
        """What gives tokens."""
        return self._given_identity or Identity(self.http, self.cloud, self.token_store)

    def token(self, account: Account, resource: str, *, renew: bool = False) -> AccessToken:
        """An account's token for a resource, or the one that was given.

        Raises:
            SignInError: by Entra's code, or SIGN_IN_EXPIRED.
        """
        return (self._given or self.identity).token(account, resource, renew=renew)

    @contextmanager
    def stopped_by(self, stop: Callable[[], None]) -> Iterator[None]:
        """Within this, a `cancel` first calls a function that ends the work in good order."""
        self._stops.append(stop)
        try:
            yield
        finally:
            self._stops.remove(stop)

    def cancel(self) -> None:
        """End what another thread does with this session: it raises Cancelled, or an error of what was cut off."""
        for stop in list(self._stops):
            stop()
        self.http.abort()

    @cached_property
    def arm(self) -> ArmClient:
        """Resource Manager, as the subscription's account."""
        return self.arm_as(self.subscription.account)

    def arm_as(self, account: Account, token: AccessToken | None = None) -> ArmClient:
        """Resource Manager, as an account; with a token, as who has just got it."""

        def source(renew: bool) -> str:  # noqa: FBT001 - ArmClient's TokenSource
            found = token or self.token(account, self.cloud.arm_resource, renew=renew)
            return found.token.reveal()

        return ArmClient(self.cloud.arm, self.http, source)

    @cached_property
    def _listed(self) -> list[Registry | UnreadyRegistry]:
        return list(self.arm.registries(self.subscription.id))

    def registries(self) -> list[Registry]:
        """The subscription's registries, without those that Azure is still creating; asked for once."""
        return [registry for registry in self._listed if isinstance(registry, Registry)]

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
        found = self._named(name)
        if found is None:
            raise NotFoundError(
                "TARGET_REGISTRY_NOT_FOUND",
                f"The registry {name!r} could not be found in subscription"
                f" '{self.subscription.name} ({self.subscription.id})', or the account may not see it.",
            )
        return found

    def _named(self, name: str) -> Registry | None:
        """The subscription's registry with that name."""
        found = next((r for r in self._listed if r.id.name.lower() == name.lower()), None)
        if isinstance(found, UnreadyRegistry):
            raise found.error()
        return found

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
        """A client of a registry that Resource Manager named, as the subscription's account and nobody else."""
        return RegistryClient(registry.login_server, self.http, self.refresh_token(registry.login_server))

    def open_registry_named(self, text: str, username: str | None, password: Secret | None) -> RegistryClient:
        """A client of the registry with that name or login server, for commands that work on what is in it.

        Args:
            text: as a person typed it.
            username: with a password, used instead of the account that is signed in.
            password: of that user.

        Raises:
            SignInError: NOT_SIGNED_IN, where no user is given either.
            NotFoundError: SUBSCRIPTION_NOT_FOUND, TARGET_REGISTRY_NOT_FOUND.
        """
        login_server, registry = self.locate(text)
        if username and password:
            return RegistryClient(login_server, self.http, Password(username, password))
        try:
            credential: Credential = self.refresh_token(login_server)
        except RefusedError as error:
            admin = self._admin(registry) if registry and error.code == "REGISTRY_UNAUTHORIZED" else None
            if admin is None:
                raise
            self.listener(Notice(f"{error.message} The registry's admin user is used instead."))
            credential = admin
        return RegistryClient(login_server, self.http, credential)

    def locate(self, text: str) -> tuple[str, Registry | None]:
        """The login server of the registry with that name or login server.

        It can differ from the name, which Resource Manager tells; where that does not show the registry, the name
        alone has to do, as with az: an account can have rights in a registry, and none on its subscription.

        Returns:
            The login server, and the registry where Resource Manager shows it.

        Raises:
            NotFoundError: SUBSCRIPTION_NOT_FOUND, TARGET_REGISTRY_NOT_FOUND.
        """
        registry = self._shown(registry_name(text, self.cloud.acr_suffix))
        return (registry.login_server, registry) if registry else (self._login_server(text), None)

    def _shown(self, name: str) -> Registry | None:
        try:
            return None if self.subscription.is_tenant_level else self._named(name)
        except (SignInError, NotFoundError) as error:
            nobody = error.code in ("NOT_SIGNED_IN", "SUBSCRIPTION_NOT_FOUND")
            if not nobody or self._wanted_subscription is not None:
                raise
            return None

    def _login_server(self, text: str) -> str:
        """The login server that follows from a name alone."""
        suffix = self.cloud.acr_suffix
        login_server = text.lower() if "." in text else f"{text.lower()}{suffix}"
        if not is_login_server(login_server, suffix):
            raise NotFoundError("TARGET_REGISTRY_NOT_FOUND", f"There is no registry {text!r} in this cloud.")
        return login_server

    def refresh_token(self, login_server: str) -> RefreshToken:
        """ACR's refresh token for the subscription's account, from the login server of a registry."""
        subscription = self.subscription
        token = self.token(subscription.account, self.cloud.acr_resource)
        found = exchange.refresh_token(self.http, login_server, token, subscription.tenant_id)
        return RefreshToken(found, lambda: self.refresh_token(login_server))

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
