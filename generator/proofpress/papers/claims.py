"""What authors write down about their numbers: `accuracy@test, .ci_low, .ci_high of digits-v0.2.0-mlp64-r1`."""

import re
from dataclasses import dataclass
from typing import Final

from proofpress.papers.quotable import ALIASES

NOTHING: Final = "_"
"""Stands for a number that is not claimed."""
_DIRECTIVE: Final = re.compile(r"(release|withdrawn)\s+(\S+)|(ignore)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The names that a claim gives to numbers in their order, and the release that it names or leaves open."""

    names: tuple[str, ...]
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """`release ID`: of this release from here on; `withdrawn ID`: meant as it is; `ignore`: nothing on that line."""

    verb: str
    release: str


def parse(text: str) -> Claims | Directive:
    """Read what an annotation says. A name that begins with a full stop goes on with the metric before it."""
    text = text.replace("\\_", "_").strip()
    if found := _DIRECTIVE.fullmatch(text):
        return Directive(verb=found[1] or found[3], release=found[2] or "")
    said, of, release = text.rpartition(" of ")
    if not of:
        said, release = text, ""
    names: list[str] = []
    metric = ""
    for part in re.split(r",\s*(?![^\[\]]*\])", said):
        name = part.strip()
        if name.startswith("."):
            name = metric + name
        elif name != NOTHING:
            key, _, field = name.rpartition(".")
            metric = key if field in ALIASES and key else name
        names.append(name)
    return Claims(names=tuple(names), release=release.strip())
