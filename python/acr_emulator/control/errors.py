"""ARM's refusals: status, code and text as Azure writes them.

Codes and texts are those that clients of Azure have met and reported; where none is known, the text is this
file's own and says what is wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acr_emulator.control.callers import Caller
    from acr_emulator.records import Subscription

AUTHORITY = "https://login.microsoftonline.com"
REGISTRIES = "Microsoft.ContainerRegistry/registries"
REFRESH_HINT = "If access was recently granted, please refresh your credentials."
ARM_AUDIENCES = (
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
)


class ArmError(Exception):
    """A request that ARM refuses.

    Attributes:
        status: of HTTP.
        code: ARM's word for it.
        message: for a person.
        headers: that go with the answer.
    """

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, dict[str, str]]:
        """The envelope that an error of ARM comes in."""
        return {"error": {"code": self.code, "message": self.message}}


# Who calls


def missing_token() -> ArmError:
    """No bearer token came."""
    return _unauthenticated(
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
        "The authentication failed because of missing 'Authorization' header.",
    )


def invalid_token() -> ArmError:
    """A token that Entra did not sign, or that is none."""
    return _unauthenticated("InvalidAuthenticationToken", "The access token is invalid.")


def expired_token(expiry: float, now: float) -> ArmError:
    """A token whose time is over; both times in seconds since 1970."""
    return _unauthenticated(
        "ExpiredAuthenticationToken",
        f"The access token expiry UTC time '{_clock(expiry)}' is earlier than current UTC time '{_clock(now)}'.",
    )


def wrong_audience(audience: str) -> ArmError:
    """A token that was given for another service."""
    allowed = ",".join(f"'{name}'" for name in ARM_AUDIENCES)
    return _unauthenticated(
        "InvalidAuthenticationTokenAudience",
        f"The access token has been obtained for wrong audience or resource '{audience}'. "
        f"It should exactly match with one of the allowed audiences {allowed}.",
    )


def wrong_tenant(caller: Caller, subscription: Subscription) -> ArmError:
    """A token of a tenant that the subscription does not trust."""
    tenant = subscription.tenant_id
    return _unauthenticated(
        "InvalidAuthenticationTokenTenant",
        f"The access token is from the wrong issuer 'https://sts.windows.net/{caller.tenant_id}/'. It must match "
        f"the tenant 'https://sts.windows.net/{tenant}/' associated with this subscription. Please use the "
        f"authority (URL) 'https://login.windows.net/{tenant}' to get the token. Note, if the subscription is "
        "transferred to another tenant there is no impact to the services, but information about new tenant could "
        "take time to propagate (up to an hour). If you just transferred your subscription and see this error "
        "message, please try back later.",
        tenant=tenant,
    )


def not_authorized(caller: Caller, action: str, scope: str) -> ArmError:
    """The caller holds no role that allows the action there."""
    return ArmError(
        403,
        "AuthorizationFailed",
        f"The client '{caller.client_id}' with object id '{caller.object_id}' does not have authorization to "
        f"perform action '{action}' over scope '{scope}' or the scope is invalid. {REFRESH_HINT}",
    )


def not_authorized_on_source(caller: Caller, action: str, target: str, source: str) -> ArmError:
    """The caller may import into the target, and may not read the registry that `source.resourceId` names."""
    return ArmError(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{caller.client_id}' with object id '{caller.object_id}' has permission to perform action "
        f"'{REGISTRIES}/importImage/action' on scope '{target}'; however, it does not have permission to perform "
        f"action '{action}' on the linked scope(s) '{source}' or the linked scope(s) are invalid.",
    )


def source_in_other_tenant(caller: Caller, target: str, subscription: str) -> ArmError:
    """The subscription of `source.resourceId` belongs to another tenant than the caller."""
    return ArmError(
        403,
        "LinkedAuthorizationFailed",
        f"The client '{caller.client_id}' with object id '{caller.object_id}' has permission to perform action "
        f"'{REGISTRIES}/importImage/action' on scope '{target}'; however, the current tenant "
        f"'{caller.tenant_id}' is not authorized to access linked subscription '{subscription}'.",
    )


# What is called


def missing_api_version() -> ArmError:
    """The query names no api-version."""
    return ArmError(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def invalid_api_version(version: str) -> ArmError:
    """An api-version that is no date."""
    return ArmError(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")


def too_large(limit: int) -> ArmError:
    """A body of more bytes than the limit."""
    return ArmError(
        413,
        "RequestContentTooLarge",
        f"The request content size exceeds the maximum size of {limit >> 20} MB.",
    )


def invalid_subscription(subscription: str) -> ArmError:
    """No GUID stands where a subscription's ID belongs."""
    return ArmError(
        400,
        "InvalidSubscriptionId",
        f"The provided subscription identifier '{subscription}' is malformed or invalid.",
    )


def subscription_not_found(subscription: str) -> ArmError:
    """No tenant has this subscription."""
    return ArmError(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def resource_group_not_found(group: str) -> ArmError:
    """The subscription has no such resource group."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def registry_not_found(name: str, group: str) -> ArmError:
    """The resource group has no such registry."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{REGISTRIES}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def invalid_source_id(resource_id: str) -> ArmError:
    """`source.resourceId` is no resource ID."""
    return ArmError(
        400,
        "LinkedInvalidPropertyId",
        f"Property id '{resource_id}' at path 'properties.source.resourceId' is invalid. Expect fully qualified "
        "resource Id that start with '/subscriptions/{subscriptionId}' or "
        "'/providers/{resourceProviderNamespace}/'.",
    )


def invalid_filter(text: str) -> ArmError:
    """A `$filter` that is not understood."""
    return ArmError(
        400, "InvalidFilterInQueryString", f"Invalid $filter '{text}' specified in the query string."
    )


def invalid_content(why: str) -> ArmError:
    """A body that is no JSON object."""
    return ArmError(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{why}'.",
    )


def missing_property(name: str, registry: str) -> ArmError:
    """A body without a property that the service needs, whatever the schema says."""
    return ArmError(
        400,
        "MissingProperty",
        f"Missing property parameters.{name} for the operation against the resource with name {registry}.",
    )


def invalid_parameters(message: str) -> ArmError:
    """A body whose values make no sense together, or alone."""
    return ArmError(400, "InvalidParameters", message)


def admin_user_disabled(resource_id: str) -> ArmError:
    """A call of listCredentials for a registry without an admin user."""
    return ArmError(
        400,
        "UnAuthorizedForCredentialOperations",
        f"Cannot perform credential operations for {resource_id} as admin user is disabled. Kindly enable admin "
        "user as per docs: "
        "https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account",
    )


def operation_not_found(operation_id: str) -> ArmError:
    """No operation has this ID."""
    return ArmError(404, "NotFound", f"Operation {operation_id} was not found.")


def altered_location() -> ArmError:
    """An operation's Location that came back other than it was given."""
    return ArmError(
        403, "AuthorizationFailed", "The signature of the operation's URL does not match the URL."
    )


def not_played(method: str, path: str) -> ArmError:
    """A request that Azure would know and this emulator does not; registries are made by seeds."""
    return ArmError(404, "NotFound", f"The emulator does not play {method} {path}.")


def _unauthenticated(code: str, message: str, description: str = "", tenant: str = "common") -> ArmError:
    challenge = (
        f'Bearer authorization_uri="{AUTHORITY}/{tenant}", error="invalid_token", '
        f'error_description="{description or message}"'
    )
    return ArmError(401, code, message, {"WWW-Authenticate": challenge})


def _clock(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%m/%d/%Y %I:%M:%S %p}"
