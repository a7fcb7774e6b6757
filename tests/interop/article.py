"""The command lines of Microsoft's article "Import container images to a container registry", as it has them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

FILE = Path(__file__).parents[1] / "data" / "article-import-container-images.txt"
BLOCK = re.compile(r"^```azurecli\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ARTICLE_DIGEST = "sha256:123456abcdefg"
"""What the article writes in place of a digest."""


def command_lines() -> list[str]:
    """Return every az line of the article, continuation lines joined.

    In one example the article forgets the backslashes: a line that begins with an option continues the one before.
    """
    lines: list[str] = []
    for block in BLOCK.findall(FILE.read_text(encoding="utf-8")):
        for line in block.splitlines():
            text = line.strip().removesuffix("\\").strip()
            if text.startswith("--"):
                lines[-1] += f" {text}"
            elif text and not text.startswith("#"):
                lines.append(text)
    return lines


def filled_in(line: str, placeholders: dict[str, str]) -> list[str]:
    """Return the words of a line behind `az`, its placeholders (`<...>` and the digest) filled in."""
    for placeholder, value in placeholders.items():
        line = line.replace(placeholder, value)
    assert "<" not in line, f"a placeholder is left in: {line}"
    words = shlex.split(line)
    assert words.pop(0) == "az"
    return words


def target_image(words: list[str]) -> str:
    """Return what an import's words call the image at its target: --image, else the source's repository."""
    options = dict(zip(words[2::2], words[3::2], strict=True))
    source = options["--source"].partition("/")[2]
    return options.get("--image") or f"{source.partition('@')[0]}:latest"
