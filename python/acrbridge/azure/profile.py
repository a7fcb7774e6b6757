"""Who is signed in, and which subscriptions they see: a file without secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from acrbridge import private_files
from acrbridge.errors import AcrBridgeError, NotFoundError, SignInError

_FILE = "profile.json"

Kind = Literal["servicePrincipal", "managedIdentity"]


@dataclass(frozen=True)
class Account:
    """An identity that signed in: a service principal, or a managed identity of the host."""

    kind: Kind
    name: str
    """Client ID of a service principal; az's name for a managed identity."""
    tenant_id: str
    identity_kind: Literal["system", "client", "object", "resource"] = "system"
    """Managed identity: which of its IDs names it."""
    identity_id: str | None = None
    """Managed identity, user assigned: that ID."""

    def is_named(self, name: str) -> bool:
        """Whether that is its user name; case does not matter."""
        return self.name.lower() == name.lower()

    def user(self) -> dict[str, str]:
        """The `user` object as az shows it."""
        if self.kind == "servicePrincipal":
            return {"name": self.name, "type": "servicePrincipal"}
        prefixes = {
            "system": "MSI",
            "client": "MSIClient-",
            "object": "MSIObject-",
            "resource": "MSIResource-",
        }
        return {
            "assignedIdentityInfo": f"{prefixes[self.identity_kind]}{self.identity_id or ''}",
            "name": self.name,
            "type": "servicePrincipal",
        }


@dataclass(frozen=True)
class Subscription:
    """A subscription as one account sees it."""

    id: str
    name: str
    state: str
    tenant_id: str
    """The tenant whose tokens the account has for it, the one that it signed in to."""
    account: Account
    cloud: str = "AzureCloud"
    is_default: bool = False
    managed_by: tuple[str, ...] = ()
    """Tenants that manage it (Azure Lighthouse)."""
    home_tenant_id: str | None = None
    """The tenant that it belongs to, where Azure tells: with Lighthouse, another one."""

    @classmethod
    def of_tenant(cls, account: Account, tenant_id: str, cloud: str) -> Subscription:
        """What az shows in place of subscriptions, for an account that sees none."""
        return cls(tenant_id, "N/A(tenant level account)", "Enabled", tenant_id, account, cloud)

    @property
    def is_tenant_level(self) -> bool:
        """Whether it stands for an account without subscriptions."""
        return self.id == self.tenant_id

    def as_json(self, cloud_key: str = "cloudName") -> dict[str, Any]:
        """As `az account list` shows it; `account show` calls the cloud environmentName."""
        return {
            cloud_key: self.cloud,
            "homeTenantId": self.home_tenant_id or self.tenant_id,
            "id": self.id,
            "isDefault": self.is_default,
            "managedByTenants": [{"tenantId": tenant} for tenant in self.managed_by],
            "name": self.name,
            "state": self.state,
            "tenantId": self.tenant_id,
            "user": self.account.user(),
        }


class Profile:
    """The signed-in accounts' subscriptions, kept in a folder. Several processes may use it at once.

    Args:
        folder: acrbridge's settings folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE

    @cached_property
    def subscriptions(self) -> list[Subscription]:
        """All of them, as they were when they were first asked for, or changed here.

        Raises:
            AcrBridgeError: FILE_UNREADABLE.
        """
        with private_files.file_errors(self._file):
            return self._load()

    def find(self, text: str | None) -> Subscription:
        """The subscription with that ID or name (compared without case), or the default one.

        Raises:
            SignInError: NOT_SIGNED_IN.
            NotFoundError: SUBSCRIPTION_NOT_FOUND.
        """
        return _found(self.subscriptions, text)

    def add(self, account: Account, subscriptions: list[Subscription]) -> None:
        """Put an account's subscriptions, one at the least, in place of those it had.

        The default stays with a subscription that is among them, else goes to the first one that is enabled
        (azure-cli, core/_profile.py).
        """
        ids = {s.id for s in subscriptions}

        def added(held: list[Subscription]) -> list[Subscription]:
            chosen = next((s.id for s in held if s.is_default and s.id in ids), None)
            others = [s for s in held if s.account != account and s.id not in ids]
            return _with_default([*others, *subscriptions], chosen or _first_enabled(subscriptions))

        self._change(added)

    def refresh(self, found: Mapping[Account, list[Subscription]]) -> None:
        """Put what accounts see now in place of what they saw; accounts that are not named keep what they have."""

        def refreshed(held: list[Subscription]) -> list[Subscription]:
            owners = {s.id: s.account for s in held}
            kept: dict[str, Subscription] = {}
            for account in dict.fromkeys(owners.values()):
                for subscription in found.get(account, [s for s in held if s.account == account]):
                    if subscription.id not in kept or owners.get(subscription.id) == account:
                        kept[subscription.id] = subscription
            chosen = next((s.id for s in held if s.is_default and s.id in kept), None)
            return _with_default([*kept.values()], chosen)

        self._change(refreshed)

    def select(self, text: str) -> None:
        """Make the subscription with that ID or name the default; raises as `find` does."""
        self._change(lambda held: _with_default(held, _found(held, text).id))

    def remove(self, name: str) -> bool:
        """Forget the subscriptions of the account with that user name; gives whether there were any."""
        gone: list[Subscription] = []

        def removed(held: list[Subscription]) -> list[Subscription]:
            gone.extend(s for s in held if s.account.is_named(name))
            kept = [s for s in held if s not in gone]
            return _with_default(kept, next((s.id for s in kept if s.is_default), None))

        self._change(removed)
        return bool(gone)

    def clear(self) -> None:
        """Forget all subscriptions, readable or not."""
        with private_files.locked(self._file):
            private_files.delete(self._file)
        self.subscriptions = []

    def _change(self, change: Callable[[list[Subscription]], list[Subscription]]) -> None:
        """Read what is kept by now, change it and keep that, while nobody else does."""
        private_files.prepare_folder(self._file.parent)
        with private_files.locked(self._file):
            held = self._load()
            changed = change(held)
            if changed != held:
                self._save(changed)
        self.subscriptions = changed

    def _load(self) -> list[Subscription]:
        content = private_files.read(self._file)
        if content is None:
            return []
        try:
            return [_subscription(item) for item in json.loads(content)["subscriptions"]]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise AcrBridgeError(
                "FILE_UNREADABLE",
                f"The profile {self._file} is damaged.",
                remedy="Delete it, and sign in again.",
            ) from None

    def _save(self, subscriptions: list[Subscription]) -> None:
        document = {"subscriptions": [asdict(s) for s in subscriptions]}
        private_files.write(self._file, json.dumps(document, indent=2).encode())


def _found(subscriptions: list[Subscription], text: str | None) -> Subscription:
    if not subscriptions:
        raise SignInError("NOT_SIGNED_IN", "Nobody is signed in to Azure.")
    if text is None:
        for subscription in subscriptions:
            if subscription.is_default:
                return subscription
        raise NotFoundError(
            "SUBSCRIPTION_NOT_FOUND",
            "No subscription is selected.",
            remedy="Choose one: acrbridge account set --subscription ID",
        )
    wanted = text.lower()
    found = [s for s in subscriptions if wanted in (s.id.lower(), s.name.lower())]
    if len(found) != 1:
        fault = "doesn't exist" if not found else "has more than one match"
        raise NotFoundError(
            "SUBSCRIPTION_NOT_FOUND", f"The subscription of {text!r} {fault} among those of this account."
        )
    return found[0]


def _with_default(subscriptions: list[Subscription], chosen: str | None) -> list[Subscription]:
    """The subscriptions, that with the ID the default; where it is None, the first one that is enabled."""
    if chosen is None and subscriptions:
        chosen = _first_enabled(subscriptions)
    return [replace(s, is_default=s.id == chosen) for s in subscriptions]


def _first_enabled(subscriptions: list[Subscription]) -> str:
    """The ID of the first subscription that is enabled, or else of the first one."""
    return min(subscriptions, key=lambda s: s.state != "Enabled").id


def _subscription(item: Any) -> Subscription:
    """A subscription out of the file; raises what reading a damaged one raises."""
    account = Account(**item["account"])
    found = Subscription(**{**item, "account": account, "managed_by": tuple(item["managed_by"])})
    own = (found.id, found.name, found.state, found.tenant_id, found.cloud, found.home_tenant_id or "")
    if not all(
        isinstance(text, str) for text in (*own, account.name, account.tenant_id)
    ) or account.kind not in get_args(Kind):
        raise ValueError("not what was written")
    return found
