"""The walk: children before parents, blobs before their manifest, the tag last.

One Copy serves any number of images between two places: what several share is moved once. All requests run on
one pool of threads, and no task of the pool waits for another, so that the pool cannot lock itself up; only the
thread that asked for an image waits.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import ParamSpec, TypeVar

from acrbridge.errors import AcrBridgeError, NotFoundError, VerificationError
from acrbridge.http.deadlines import Cancelled, Clock
from acrbridge.http.retry import Retry
from acrbridge.registry.contents import Contents, Descriptor, Platform, read_contents, with_platforms
from acrbridge.registry.manifests import Manifest
from acrbridge.transfer.blobs import CheckedBody, EarlyOpen
from acrbridge.transfer.content import Source, Target

P = ParamSpec("P")
T = TypeVar("T")

MAX_DEPTH = 8
"""Indexes within indexes."""
MAX_MANIFESTS = 10_000
"""Manifests of one image."""
_RESTARTS = 3
"""Times that one blob is begun anew when its upload is lost."""
_OF_SOURCE = frozenset({"RANGE_NOT_HONOURED"})
_OF_TARGET = frozenset({"UNREACHABLE", "TIMED_OUT", "THROTTLED", "SERVICE_ERROR", "REPOSITORY_NOT_FOUND"})
"""Faults of the source, and of the target, after which a blob is begun anew; the last one is a lost upload."""
_REFERRER_TAG = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")
_SIGNATURES = (".sig", ".att", ".sbom")
"""Ends of the tags that cosign gives what it makes of an image, `sha256-HEX.sig` and so on."""


@dataclass(frozen=True)
class Options:
    """What is copied of an image.

    Args:
        platforms: only these of an index; its digest changes with them. None: all.
        referrers: signatures, SBOMs and the like come along.
        foreign_layers: layers that registries do not hold by their licence are copied, too.
    """

    platforms: tuple[Platform, ...] = ()
    referrers: bool = True
    foreign_layers: bool = False


@dataclass
class Tally:
    """What a copy did so far; each number only grows."""

    blobs_sent: int = 0
    blobs_there: int = 0
    blobs_mounted: int = 0
    manifests_sent: int = 0
    manifests_there: int = 0
    bytes_sent: int = 0
    bytes_there: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, **more: int) -> None:
        """Count."""
        with self._lock:
            for name, number in more.items():
                setattr(self, name, getattr(self, name) + number)

    def as_json(self) -> dict[str, int]:
        """The numbers as a JSON object."""
        return {
            "blobsMounted": self.blobs_mounted,
            "blobsSent": self.blobs_sent,
            "blobsThere": self.blobs_there,
            "bytesSent": self.bytes_sent,
            "bytesThere": self.bytes_there,
            "manifestsSent": self.manifests_sent,
            "manifestsThere": self.manifests_there,
        }


@dataclass(frozen=True)
class Node:
    """A manifest that was read, and those that it refers to."""

    manifest: Manifest
    contents: Contents
    children: tuple[Node, ...] = ()

    def walk(self, seen: set[str] | None = None) -> Iterator[Node]:
        """All manifests, each once, children first."""
        seen = set() if seen is None else seen
        for child in self.children:
            if child.manifest.digest not in seen:
                yield from child.walk(seen)
        seen.add(self.manifest.digest)
        yield self


class Copy:
    """Copies images from one place to another.

    Args:
        source: where from.
        target: where to.
        clock: for waits.
        options: what of each image.
        concurrency: requests at once.
        report: hears, with each piece that was sent, of its bytes.
    """

    def __init__(
        self,
        source: Source,
        target: Target,
        clock: Clock,
        options: Options = Options(),
        *,
        concurrency: int = 32,
        report: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.tally = Tally()
        self._source = source
        self._target = target
        self._clock = clock
        self._options = options
        self._report = report
        self._pool = ThreadPoolExecutor(concurrency, "acrbridge-copy")
        self._openers = ThreadPoolExecutor(concurrency, "acrbridge-open")
        self._blobs: dict[str, Future[None]] = {}
        self._claimed: set[str] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._followed: set[str] = set()
        self._can_list_referrers = True
        self._fresh = self._submit(target.is_empty)
        self._tags = self._submit(lambda: frozenset(source.tags())) if options.referrers else None

    def all_tags(self) -> list[str]:
        """The source's tags, but for those that stand for what refers to an image."""
        tags = self._tags.result() if self._tags else frozenset(self._source.tags())
        return sorted(tag for tag in tags if not _REFERRER_TAG.fullmatch(tag))

    def stop(self, grace: float) -> None:
        """What has not begun never does, and what is under way ends at its next piece: wait so many seconds for it."""
        self._stopped.set()
        with self._lock:
            under_way = [future for future in self._blobs.values() if not future.done()]
        wait(under_way, grace)

    def close(self) -> None:
        """Stop, and wait for the end of what is under way."""
        self._stopped.set()
        self._pool.shutdown()
        self._openers.shutdown()

    def _submit(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        def unless_stopped() -> T:
            self._raise_if_stopped()
            return call(*args, **kwargs)

        return self._pool.submit(unless_stopped)

    def _raise_if_stopped(self) -> None:
        if self._stopped.is_set():
            raise Cancelled

    def image(self, version: str, tags: Sequence[str]) -> str:
        """Copy one image.

        Args:
            version: its tag or digest at the source.
            tags: that it gets at the target; without, it stays untagged.

        Returns:
            Its digest at the target.

        Raises:
            NotFoundError: the source has no such image.
            VerificationError: what arrived is not what was sent.
            AcrBridgeError: by cause, naming the side.
        """
        return self._image(version, tags, 0)

    def _image(self, version: str, tags: Sequence[str], depth: int) -> str:
        found = {tag: self._submit(self._target.digest_of, tag) for tag in tags}
        root = self._narrowed(self._submit(self._source.manifest, version).result())
        missing = [tag for tag in tags if found[tag].result() != root.manifest.digest]
        if missing or (not tags and not self._is_there(root.manifest.digest)):
            self._store(self._grown(root), missing)
        else:
            self.tally.add(manifests_there=1)
        if self._options.referrers:
            digests = [root.manifest.digest, *(child.digest for child in root.contents.children)]
            self._bring_referrers(digests, depth + 1)
        return root.manifest.digest

    # Reading

    def _narrowed(self, manifest: Manifest) -> Node:
        """The manifest as it is to be at the target: an index without the platforms that nobody asked for."""
        contents = read_contents(manifest.body, manifest.media_type)
        if not self._options.platforms or not contents.children:
            return Node(manifest, contents)
        keep = [child for child in contents.children if self._is_wanted(child)]
        if not keep:
            have = ", ".join(str(child.platform) for child in contents.children if child.platform)
            raise NotFoundError(
                "PLATFORM_NOT_FOUND", f"{self._source.name} has no such platform, but {have}."
            )
        narrowed = manifest.with_body(with_platforms(manifest.body, keep))
        return Node(narrowed, replace(contents, children=tuple(keep)))

    def _is_wanted(self, child: Descriptor) -> bool:
        return child.platform is not None and any(child.platform.matches(p) for p in self._options.platforms)

    def _grown(self, root: Node) -> Node:
        """The node with all that it refers to, read level by level; what the target has already is left out."""
        children: dict[str, tuple[Descriptor, ...]] = {}
        read: dict[str, Node] = {root.manifest.digest: root}
        level = [root]
        for _ in range(MAX_DEPTH):
            wanted = {d.digest: d for node in level for d in node.contents.children if d.digest not in read}
            if len(read) + len(wanted) > MAX_MANIFESTS:
                raise AcrBridgeError(
                    "MANIFEST_INVALID", f"{self._source.name} has over {MAX_MANIFESTS} manifests."
                )
            children.update({node.manifest.digest: node.contents.children for node in level})
            if not wanted:
                return _assembled(root.manifest.digest, read, children, {})
            futures = [self._submit(self._child, descriptor) for descriptor in wanted.values()]
            level = [node for future in futures if (node := future.result()) is not None]
            read.update({node.manifest.digest: node for node in level})
        raise AcrBridgeError(
            "MANIFEST_INVALID", f"{self._source.name} has indexes nested over {MAX_DEPTH} deep."
        )

    def _child(self, descriptor: Descriptor) -> Node | None:
        """A child of an index; None where the target has it, and so all that it refers to."""
        if self._is_there(descriptor.digest):
            self.tally.add(manifests_there=1)
            return None
        manifest = self._source.manifest(descriptor.digest)
        if len(manifest.body) != descriptor.size:
            raise VerificationError(
                "DIGEST_MISMATCH",
                f"{self._source.name}: {descriptor.digest} has {len(manifest.body)} bytes, not {descriptor.size}.",
            )
        return Node(manifest, read_contents(manifest.body, manifest.media_type))

    def _is_there(self, digest: str) -> bool:
        return not self._fresh.result() and self._target.digest_of(digest) == digest

    # Storing

    def _store(self, root: Node, tags: Sequence[str]) -> None:
        """Store a tree: each manifest as soon as its blobs and children are there, the root last."""
        nodes = list(root.walk())
        blobs = {blob.digest: blob for node in nodes for blob in node.contents.blobs}
        for blob in sorted(blobs.values(), key=lambda b: b.size, reverse=True):
            self._move(blob)
        puts: dict[str, Future[None]] = {}
        waiting = nodes[:-1]
        while waiting:
            ready = [node for node in waiting if all(f.done() for f in self._needs(node, puts))]
            for node in ready:
                _raise_first(self._needs(node, puts))
                puts[node.manifest.digest] = self._submit(self._put, node, node.manifest.digest)
            waiting = [node for node in waiting if node.manifest.digest not in puts]
            if waiting and not ready:
                needs = set().union(*(self._needs(node, puts) for node in waiting))
                wait([f for f in needs if f is not _NOT_YET and not f.done()], return_when=FIRST_COMPLETED)
        needs = self._needs(nodes[-1], puts) | set(puts.values())
        wait(needs)
        _raise_first(needs)
        versions = tags or [root.manifest.digest]
        _raise_first([self._submit(self._put, root, version) for version in versions])
        self._read_back(root.manifest.digest, versions)

    def _needs(self, node: Node, puts: dict[str, Future[None]]) -> set[Future[None]]:
        """What has to be done before a manifest can be stored; a child not stored yet is one that is not ready."""
        blobs = {self._blobs[blob.digest] for blob in node.contents.blobs if blob.digest in self._blobs}
        children = {puts.get(child.manifest.digest, _NOT_YET) for child in node.children}
        return blobs | children

    def _put(self, node: Node, version: str) -> None:
        try:
            self._target.put_manifest(version, node.manifest)
        except AcrBridgeError as error:
            if error.code != "TARGET_BLOB_MISSING" or not self._send_anyway(node):
                raise
            self._target.put_manifest(version, node.manifest)
        self.tally.add(manifests_sent=1)

    def _send_anyway(self, node: Node) -> bool:
        """Send the blobs of a manifest that the target only claimed to have; whether there were any."""
        with self._lock:
            claimed = [blob for blob in node.contents.blobs if blob.digest in self._claimed]
            self._claimed.difference_update(blob.digest for blob in claimed)
        for blob in claimed:
            self._stream(blob)
            self.tally.add(blobs_sent=1)
        return bool(claimed)

    def _read_back(self, digest: str, versions: Sequence[str]) -> None:
        for version, future in [(v, self._submit(self._target.digest_of, v)) for v in versions]:
            if future.result() != digest:
                raise VerificationError(
                    "DIGEST_MISMATCH",
                    f"{self._target.name}:{version} has digest {future.result()} after the copy, not {digest}.",
                )

    # Blobs

    def _move(self, blob: Descriptor) -> None:
        """Have a blob moved, once for all images that share it."""
        with self._lock:
            if blob.digest not in self._blobs and (self._options.foreign_layers or not blob.is_foreign):
                self._blobs[blob.digest] = self._submit(self._move_now, blob)

    def _move_now(self, blob: Descriptor) -> None:
        if not self._fresh.result() and self._target.has_blob(blob.digest):
            self._claimed.add(blob.digest)
            self.tally.add(blobs_there=1, bytes_there=blob.size)
        elif self._target.mount(blob.digest, self._source):
            self._claimed.add(blob.digest)
            self.tally.add(blobs_mounted=1, bytes_there=blob.size)
        else:
            self._stream(blob)
            self.tally.add(blobs_sent=1)

    def _stream(self, blob: Descriptor) -> None:
        retry = Retry(tries=_RESTARTS)
        for failures in range(1, _RESTARTS + 1):
            early = EarlyOpen(lambda offset: self._source.open_blob(blob.digest, offset), self._openers)
            body = CheckedBody(blob, early.open, self._sent, self._clock.sleep)
            try:
                with early:
                    self._target.put_blob(blob, body)
            except AcrBridgeError as error:
                if failures == _RESTARTS or error.code not in (_OF_SOURCE if body.fault else _OF_TARGET):
                    raise
                self._clock.sleep(retry.wait(failures))
            else:
                return

    def _sent(self, count: int) -> None:
        self._raise_if_stopped()
        self.tally.add(bytes_sent=count)
        self._report(count)

    # Referrers

    def _bring_referrers(self, digests: Sequence[str], depth: int) -> None:
        """Copy what refers to manifests, by the referrers API, by its fallback tag, and by cosign's tags."""
        new = [digest for digest in digests if digest not in self._followed]
        self._followed.update(new)
        if self._can_list_referrers:
            listed = [self._submit(self._source.referrers, digest) for digest in new]
            for future in listed:
                descriptors = future.result()
                self._can_list_referrers = self._can_list_referrers and descriptors is not None
                for descriptor in descriptors or ():
                    self._referrer(descriptor.digest, (), depth)
        tags = self._tags.result() if self._tags else frozenset()
        for digest in new:
            name = digest.replace(":", "-")
            for tag in [name, *(f"{name}{end}" for end in _SIGNATURES)]:
                if tag in tags and tag not in self._followed:
                    self._followed.add(tag)
                    self._referrer(tag, (tag,), depth)

    def _referrer(self, version: str, tags: Sequence[str], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise AcrBridgeError(
                "MANIFEST_INVALID", f"{self._source.name} has referrers of referrers over {MAX_DEPTH} deep."
            )
        self._image(version, tags, depth)


_NOT_YET: Future[None] = Future()


def _assembled(
    digest: str,
    read: dict[str, Node],
    children: dict[str, tuple[Descriptor, ...]],
    done: dict[str, Node],
) -> Node:
    """The tree beneath a manifest; what several refer to is put together once, or the work would be exponential."""
    if digest not in done:
        beneath = [d.digest for d in children.get(digest, ()) if d.digest in read]
        found = tuple(_assembled(child, read, children, done) for child in beneath)
        done[digest] = replace(read[digest], children=found)
    return done[digest]


def _raise_first(futures: Iterable[Future[None]]) -> None:
    for future in futures:
        future.result()
