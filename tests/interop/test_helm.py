"""helm pushes a chart that `helm create` wrote, shows it and pulls it back, through the proxy."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from interop.conftest import Command

REGISTRY = "contoso.azurecr.io"


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_chart_is_pushed_shown_and_pulled_unchanged(helm: Command, tmp_path: Path) -> None:
    helm("create", "shop")
    helm("package", "shop")
    pushed = helm("push", "shop-0.1.0.tgz", f"oci://{REGISTRY}/charts")
    chart = f"oci://{REGISTRY}/charts/shop"
    assert "name: shop" in helm("show", "chart", chart, "--version", "0.1.0").stdout
    (tmp_path / "pulled").mkdir()
    pulled = helm("pull", chart, "--version", "0.1.0", "-d", "pulled")
    digest = re.compile(r"^Digest: (sha256:[0-9a-f]{64})$", re.MULTILINE)
    told = [match[1] for ended in (pushed, pulled) for match in digest.finditer(ended.stdout + ended.stderr)]
    assert len(told) == 2
    assert told[0] == told[1]
    assert sha256(tmp_path / "pulled" / "shop-0.1.0.tgz") == sha256(tmp_path / "shop-0.1.0.tgz")
