"""What a page refers to, and the ids it has: by one expression, because a parser takes twenty times as long."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Final

_INSIDE: Final = r"""(?:[^>"']|"[^"]*"|'[^']*')*"""
_TAG: Final = re.compile(
    rf"<!--.*?-->|<(?P<raw>script|style)\b(?P<head>{_INSIDE})>.*?</(?P=raw)\s*>|<(?P<name>[a-z][^\s/>]*)(?P<rest>{_INSIDE})>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""")
_REFRESH: Final = re.compile(r"\s*\d+\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_REFERRING: Final = frozenset({"href", "src", "action", "poster", "data", "cite", "xlink:href"})
WITHDRAWN_META: Final = '<meta name="proofpress:page" content="withdrawn">'
"""Stands in the head of a page that was withdrawn."""


@dataclass(frozen=True, slots=True)
class PageLinks:
    """References of a page as they are written, in their order and once each; its ids; its canonical address."""

    references: tuple[str, ...]
    ids: frozenset[str]
    canonical: str
    withdrawn: bool


def read_links(html: str) -> PageLinks:
    """The links of a page. Comments, and the texts of scripts and style sheets, hold none."""
    references: dict[str, None] = {}
    ids: set[str] = set()
    canonical = ""
    for tag in _TAG.finditer(html):
        name = (tag["name"] or tag["raw"] or "").lower()
        if not name:
            continue
        found = {
            key.lower(): unescape(one or two or bare)
            for key, one, two, bare in _ATTRIBUTE.findall(tag["rest"] or tag["head"] or "")
        }
        ids.update(found[key] for key in ("id", "name") if key in found and (key == "id" or name == "a"))
        if name == "link" and found.get("rel", "").lower() == "canonical":
            canonical = canonical or found.get("href", "")
        if name == "meta" and found.get("http-equiv", "").lower() == "refresh":
            if match := _REFRESH.match(found.get("content", "")):
                references[match[1].strip()] = None
            continue
        for key, value in found.items():
            if key in _REFERRING:
                references[value.strip()] = None
            elif key == "srcset":
                references |= dict.fromkeys(part.split()[0] for part in value.split(",") if part.strip())
    return PageLinks(tuple(references), frozenset(ids), canonical, WITHDRAWN_META in html)
