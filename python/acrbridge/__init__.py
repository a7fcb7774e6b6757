"""Import container images into Azure Container Registry.

The public API. Names are loaded when they are first used, so that `import acrbridge` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acrbridge.errors import AcrBridgeError as AcrBridgeError
    from acrbridge.jobs import Event as Event
    from acrbridge.jobs import ImportedImage as ImportedImage
    from acrbridge.jobs import ImportResult as ImportResult
    from acrbridge.jobs import Listener as Listener

__version__ = "0.1.0"
__all__ = [
    "AcrBridgeError",
    "Event",
    "ImportResult",
    "ImportedImage",
    "Listener",
    "__version__",
    "import_image",
]

_HOMES = {
    "AcrBridgeError": "acrbridge.errors",
    "Event": "acrbridge.jobs",
    "ImportResult": "acrbridge.jobs",
    "ImportedImage": "acrbridge.jobs",
    "Listener": "acrbridge.jobs",
}


def import_image(
    registry: str,
    source: str,
    *,
    images: str | Sequence[str] = (),
    repositories: str | Sequence[str] = (),
    source_registry: str | None = None,
    username: str | None = None,
    password: str | None = None,
    resource_group: str | None = None,
    subscription: str | None = None,
    force: bool = False,
    wait: bool = True,
    timeout: float = 3600.0,
    listener: Listener | None = None,
) -> ImportResult:
    """Import an image by Azure's importImage, as the account that `acrbridge login` signed in.

    Args:
        registry: name or login server of the target registry.
        source: the image, `HOST/REPOSITORY[:TAG|@DIGEST]`, or without the host when `source_registry` is given.
        images: one or more target images, `REPOSITORY[:TAG]`; by default named as the source is.
        repositories: one or more target repositories that receive the manifest without a tag.
        source_registry: resource ID, name or login server of a source that the account may read.
        username: user of the source registry.
        password: password or token of the source registry; alone, an Entra access token of its tenant.
        resource_group: the target's; by default it is looked for in the subscription.
        subscription: ID or name; by default the one in use.
        force: overwrite tags that exist.
        wait: until the import has ended; without, the result has no images.
        timeout: seconds to wait at the most.
        listener: called with each event while it runs.

    Returns:
        What was imported, read back from the target.

    Raises:
        AcrBridgeError: by cause; its `code` is stable, its `remedy` says what to do.
    """
    from acrbridge.jobs import ImportJob, Secret, ignore
    from acrbridge.operations.import_image import import_image as run
    from acrbridge.operations.session import Session
    from acrbridge.settings import Settings

    job = ImportJob(
        registry=registry,
        source=source,
        source_registry=source_registry,
        username=username,
        password=Secret(password) if password else None,
        images=_names(images),
        repositories=_names(repositories),
        resource_group=resource_group,
        force=force,
        wait=wait,
        timeout=timeout,
    )
    with Session(Settings.read(), subscription=subscription, listener=listener or ignore) as session:
        return run(session, job)


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several: a lone text is not a sequence of letters."""
    return (given,) if isinstance(given, str) else tuple(given)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
