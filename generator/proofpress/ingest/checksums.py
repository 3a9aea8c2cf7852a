"""Checksum files in one canonical form: `<64 lowercase hex digits>  <path>`, one a line, sorted by path."""

import re
from collections.abc import Iterable

from proofpress.evidence.values import path_trouble

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def render_checksums(entries: Iterable[tuple[str, str]]) -> bytes:
    """Write (path, sha256) pairs in the canonical form."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(entries)).encode("ascii")


def parse_checksums(data: bytes) -> tuple[dict[str, str], tuple[tuple[int, str, str], ...]]:
    """Read a checksum file: the digests by path, and (line number, trouble, line) of each bad line."""
    digests: dict[str, str] = {}
    trouble: list[tuple[int, str, str]] = []
    text = data.decode("utf-8", errors="replace")
    if text and not text.endswith("\n"):
        trouble.append((text.count("\n") + 1, "the last line has no line feed", text.rpartition("\n")[2]))
    previous = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line and number == text.count("\n") + 1:
            break
        match = _LINE.fullmatch(line)
        if match is None:
            trouble.append((number, "not in the form '<sha256>  <path>'", line))
            continue
        digest, path = match.groups()
        if problem := path_trouble(path):
            trouble.append((number, f"path {problem}", line))
        elif path in digests:
            trouble.append((number, "path stands twice", line))
        elif path < previous:
            trouble.append((number, "lines are not sorted by path", line))
        digests.setdefault(path, digest)
        previous = path
    return digests, tuple(trouble)
