"""Who is signed in, and which subscriptions they see: a file without secrets."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

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
    account: Account
    cloud: str = "AzureCloud"
    is_default: bool = False
    managed_by: tuple[str, ...] = ()
    """Tenants that manage it (Azure Lighthouse)."""

    def as_json(self, cloud_key: str = "cloudName") -> dict[str, Any]:
        """As `az account list` shows it; `account show` calls the cloud environmentName."""
        return {
            cloud_key: self.cloud,
            "homeTenantId": self.tenant_id,
            "id": self.id,
            "isDefault": self.is_default,
            "managedByTenants": [{"tenantId": tenant} for tenant in self.managed_by],
            "name": self.name,
            "state": self.state,
            "tenantId": self.tenant_id,
            "user": self.account.user(),
        }


class Profile:
    """The signed-in accounts' subscriptions, kept in a folder.

    Args:
        folder: acrbridge's settings folder.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self.subscriptions = self._load()

    def find(self, text: str | None) -> Subscription:
        """The subscription with that ID or name (compared without case), or the default one.

        Raises:
            SignInError: NOT_SIGNED_IN.
            NotFoundError: SUBSCRIPTION_NOT_FOUND.
        """
        if not self.subscriptions:
            raise SignInError("NOT_SIGNED_IN", "Please run 'acrbridge login' to set up an account.")
        if text is None:
            for subscription in self.subscriptions:
                if subscription.is_default:
                    return subscription
            raise NotFoundError(
                "SUBSCRIPTION_NOT_FOUND", "No subscription is selected.", remedy="Run acrbridge account set."
            )
        wanted = text.lower()
        found = [s for s in self.subscriptions if wanted in (s.id.lower(), s.name.lower())]
        if len(found) != 1:
            fault = "doesn't exist" if not found else "has more than one match"
            raise NotFoundError(
                "SUBSCRIPTION_NOT_FOUND", f"The subscription of {text!r} {fault} among those of this account."
            )
        return found[0]

    def add(self, account: Account, subscriptions: list[Subscription]) -> None:
        """Put an account's subscriptions in place of those it had; its first one becomes the default."""
        others = [replace(s, is_default=False) for s in self.subscriptions if s.account != account]
        ids = {s.id for s in subscriptions}
        mine = [replace(s, is_default=index == 0) for index, s in enumerate(subscriptions)]
        self.subscriptions = [s for s in others if s.id not in ids] + mine
        self._save()

    def select(self, subscription: Subscription) -> None:
        """Make a subscription the default."""
        self.subscriptions = [replace(s, is_default=s.id == subscription.id) for s in self.subscriptions]
        self._save()

    def remove(self, name: str | None) -> list[Account]:
        """Forget the subscriptions of the account with that user name (None: all); gives the accounts forgotten."""
        gone = [s for s in self.subscriptions if name in (None, s.account.name)]
        self.subscriptions = [s for s in self.subscriptions if s not in gone]
        if self.subscriptions and not any(s.is_default for s in self.subscriptions):
            self.subscriptions[0] = replace(self.subscriptions[0], is_default=True)
        self._save()
        return list(dict.fromkeys(s.account for s in gone))

    def _load(self) -> list[Subscription]:
        try:
            document = json.loads(self._file.read_text("utf-8"))
            return [_subscription(item) for item in document["subscriptions"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            raise AcrBridgeError(
                "FILE_UNREADABLE",
                f"The profile {self._file} is damaged.",
                remedy="Delete it and run acrbridge login again.",
            ) from None

    def _save(self) -> None:
        document = {"subscriptions": [asdict(s) for s in self.subscriptions]}
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._file.with_name(f"{_FILE}.{os.getpid()}")
        draft.write_text(json.dumps(document, indent=2), "utf-8")
        draft.replace(self._file)


def _subscription(item: Any) -> Subscription:
    """A subscription out of the file; raises what reading a damaged one raises."""
    account = Account(**item["account"])
    found = Subscription(**{**item, "account": account, "managed_by": tuple(item["managed_by"])})
    texts = (found.id, found.name, found.state, found.tenant_id, found.cloud, account.name, account.tenant_id)
    if not all(isinstance(text, str) for text in texts) or account.kind not in get_args(Kind):
        raise ValueError("not what was written")
    return found
