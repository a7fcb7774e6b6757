"""Roles allow what Azure's built-in definitions say, on their scope and below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acr_emulator import rights
from acr_emulator.records import RoleAssignment
from acr_emulator.state import State

if TYPE_CHECKING:
    pass

SUBSCRIPTION = "/subscriptions/20000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg1"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/contoso"
WHO = "40000000-0000-0000-0000-000000000001"
IMPORTER = "Container Registry Data Importer and Data Reader"
READER = "Container Registry Repository Reader"


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        ("Owner", rights.IMPORT, True),
        ("Owner", "Microsoft.Authorization/roleAssignments/write", True),
        ("Contributor", rights.IMPORT, True),
        ("Contributor", rights.PUSH, True),
        ("Contributor", "Microsoft.Authorization/roleAssignments/write", False),
        ("Contributor", "microsoft.authorization/roleassignments/WRITE", False),
        ("Reader", rights.READ, True),
        ("Reader", rights.PULL, True),
        ("Reader", rights.IMPORT, False),
        ("Reader", rights.LIST_CREDENTIALS, False),
        ("AcrPull", rights.PULL, True),
        ("AcrPull", rights.READ, False),
        ("AcrPush", rights.PUSH, True),
        ("AcrPush", rights.IMPORT, False),
        ("AcrPush", rights.DELETE, False),
        ("AcrDelete", rights.DELETE, True),
        ("AcrDelete", rights.PULL, False),
        ("AcrImageSigner", "Microsoft.ContainerRegistry/registries/sign/write", True),
        (IMPORTER, rights.IMPORT, True),
        (IMPORTER, rights.READ, True),
        (IMPORTER, rights.PULL, True),
        (IMPORTER, rights.PUSH, False),
        (READER, rights.PULL, False),
    ],
)
def test_a_role_allows_its_actions_and_no_others(role: str, action: str, *, allowed: bool) -> None:
    assert rights.ROLES[role].allows(action) is allowed


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        ("Owner", f"{rights.CONTENT}/read", False),
        ("AcrPush", f"{rights.CONTENT}/write", False),
        (READER, f"{rights.CONTENT}/read", True),
        (READER, f"{rights.CONTENT}/write", False),
        ("Container Registry Repository Writer", f"{rights.CONTENT}/write", True),
        ("Container Registry Repository Writer", f"{rights.CONTENT}/delete", False),
        ("Container Registry Repository Contributor", f"{rights.METADATA}/delete", True),
        ("Container Registry Repository Catalog Lister", f"{rights.ACR}/catalog/read", True),
    ],
)
def test_data_actions_are_apart_from_actions(role: str, action: str, *, allowed: bool) -> None:
    assert rights.ROLES[role].allows(action, data=True) is allowed


@pytest.mark.parametrize(
    ("given_on", "asked_on", "allowed"),
    [
        (SUBSCRIPTION, REGISTRY, True),
        (GROUP, REGISTRY, True),
        (REGISTRY, REGISTRY, True),
        (REGISTRY.upper(), REGISTRY.lower(), True),
        (f"{GROUP}/", REGISTRY, True),
        (REGISTRY, GROUP, False),
        (f"{REGISTRY}2", REGISTRY, False),
        (REGISTRY, f"{REGISTRY}2", False),
        (f"{SUBSCRIPTION}/resourceGroups/rg", REGISTRY, False),
    ],
)
def test_a_scope_covers_what_is_below_it(
    state: State, given_on: str, asked_on: str, *, allowed: bool
) -> None:
    state.put(RoleAssignment(WHO, "Contributor", given_on))
    assert rights.is_allowed(state, WHO, rights.IMPORT, asked_on) is allowed


def test_what_one_role_takes_away_another_can_give(state: State) -> None:
    state.put(RoleAssignment(WHO, "Contributor", SUBSCRIPTION), RoleAssignment(WHO, "Owner", REGISTRY))
    action = "Microsoft.Authorization/roleAssignments/write"
    assert rights.is_allowed(state, WHO, action, REGISTRY)
    assert not rights.is_allowed(state, WHO, action, GROUP)


def test_who_holds_no_role_may_do_and_sees_nothing(state: State) -> None:
    assert rights.permissions(state, WHO, REGISTRY) == []
    assert not rights.is_allowed(state, WHO, rights.READ, REGISTRY)
    assert not rights.is_visible(state, WHO, SUBSCRIPTION)


def test_a_role_on_a_registry_makes_its_subscription_visible(state: State) -> None:
    state.put(RoleAssignment(WHO, "AcrPull", REGISTRY))
    assert rights.is_visible(state, WHO, SUBSCRIPTION)
    assert not rights.is_visible(state, WHO, f"{SUBSCRIPTION}/resourceGroups/other")
