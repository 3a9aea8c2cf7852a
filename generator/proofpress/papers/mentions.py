"""Where a text names releases, metrics, splits and slices."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.values import RELEASE_ID_PATTERN
from proofpress.papers.source import CITE, MARK, URL

FOREIGN: Final = ""
"""Stands for work that is no release of the instance."""
_PLAIN: Final = RELEASE_ID_PATTERN.replace("?P<name>", "").replace("?P<version>", "").replace("?P<variant>", "")
RELEASE_ID: Final = re.compile(
    rf"(?<![\w./-])(?:{_PLAIN.replace('?P<revision>', '')})(?:\.b[1-9]\d*)?(?![\w/-]|\.\w)", re.ASCII
)
ADDRESS: Final = re.compile(r"/releases/([a-z0-9][a-z0-9.-]*)(?=/|$|[#?])")
SWHID: Final = re.compile(r"\bswh:1:dir:[0-9a-f]{40}\b")
PACK_ID: Final = re.compile(r"\bsha256:([0-9a-f]{64})\b")
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_MODIFIERS: Final = re.compile(
    r"(?:balanced|top-?\d*|mean|average|weighted|micro|macro|relative|human|per-class|class-wise|classwise|training|"
    r"train|validation|dev|development|calibration|adjusted|expected|top)[\s\-]+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name in a text, and what it stands for."""

    start: int
    end: int
    name: str


@cache
def pattern_of(name: str) -> re.Pattern[str]:
    """A name as people write it: `macro_f1` is also `macro F1`, `Macro-F1` and `macro-averaged F1`."""
    parts = [re.escape(part) for part in re.split(r"[\s_\-./]+", name) if part]
    joined = r"(?:-averaged|\s+averaged)?[\s_\-./\u00a0\u2009]*".join(parts)
    return re.compile(rf"(?<![\w]){joined or re.escape(name)}(?:s|es)?(?![\w])", re.IGNORECASE)


def plain(text: str) -> str:
    """The text with its marks blanked out, at its length."""
    return MARK.sub(lambda found: "\u0001" * len(found[0]), text)


def metrics_in(text: str, rows: Sequence[MetricRow]) -> list[Mention]:
    """The metrics that a text names. A longer name hides a shorter one in it; with a modifier it is another metric."""
    splits = {row.split for row in rows}
    found: list[Mention] = []
    for name in sorted({row.name for row in rows}, key=len, reverse=True):
        for match in pattern_of(name).finditer(text):
            if any(item.start < match.end() and match.start() < item.end for item in found):
                continue
            modifier = _MODIFIERS.search(text[max(0, match.start() - 24) : match.start()])
            odd = modifier and not any(pattern_of(split).fullmatch(modifier[0].strip(" -")) for split in splits)
            found.append(Mention(start=match.start(), end=match.end(), name="" if odd else name))
    return sorted(found, key=lambda item: item.start)


def splits_in(text: str, rows: Sequence[MetricRow]) -> list[Mention]:
    """The splits that a text names."""
    found: list[Mention] = []
    for name in sorted({row.split for row in rows}, key=len, reverse=True):
        for match in pattern_of(name).finditer(text):
            if not any(item.start < match.end() and match.start() < item.end for item in found):
                found.append(Mention(start=match.start(), end=match.end(), name=name))
    return sorted(found, key=lambda item: item.start)


def slices_in(text: str, rows: Sequence[MetricRow]) -> list[Mention]:
    """The slices that a text names by dimension and value near each other, each as `dimension=value`."""
    found: list[Mention] = []
    dimensions: dict[str, set[str]] = {}
    for row in rows:
        if row.slice:
            dimensions.setdefault(row.slice.dimension, set()).add(row.slice.value)
    for dimension, values in dimensions.items():
        for match in pattern_of(dimension).finditer(text):
            near = re.compile(r"\W{1,3}(?:=\W?)?(?:\w+\W{1,2})?")
            for value in values:
                for word in _spellings(value):
                    shape = pattern_of(word)
                    after = near.match(text, match.end())
                    behind = shape.match(text, match.end() + 1) or (shape.match(text, after.end()) if after else None)
                    ahead = [item for item in shape.finditer(text[: match.start()]) if match.start() - item.end() <= 2]
                    direct = re.compile(r"\W{1,3}" + shape.pattern, re.IGNORECASE)
                    hit = direct.match(text, match.end())
                    if hit or (behind and not word.isdigit()):
                        end = hit.end() if hit else behind.end() if behind else match.end()
                        found.append(Mention(start=match.start(), end=end, name=f"{dimension}={value}"))
                    elif ahead and not word.isdigit():
                        found.append(Mention(start=ahead[-1].start(), end=match.end(), name=f"{dimension}={value}"))
    return sorted(set(found), key=lambda item: item.start)


def dimensions_in(text: str, rows: Sequence[MetricRow]) -> set[str]:
    """The slice dimensions that a text names in any way."""
    return {row.slice.dimension for row in rows if row.slice and pattern_of(row.slice.dimension).search(text)}


def _spellings(value: str) -> tuple[str, ...]:
    if value.isdigit() and len(value) == 1:
        return value, _DIGITS[int(value)]
    return (value,)


def references_in(text: str, cited: Mapping[str, str]) -> Iterator[Mention]:
    """The releases that a text refers to by citation, address or id; `cited` maps citation keys to releases.

    A key that is not in `cited` is `FOREIGN`: it tells that a sentence speaks of other work.
    """
    for found in MARK.finditer(text):
        if found[1] == CITE:
            for key in filter(None, found[2].split(",")):
                yield Mention(start=found.start(), end=found.end(), name=cited.get(key, FOREIGN))
        elif found[1] == URL and (address := ADDRESS.search(found[2])):
            yield Mention(start=found.start(), end=found.end(), name=address[1])
    for match in RELEASE_ID.finditer(plain(text)):
        yield Mention(start=match.start(), end=match.end(), name=match[0])


_CLAUSE: Final = re.compile(r"[,;](?=\s)|[()]")
_PART: Final = re.compile(r";(?=\s)")
_BREAK: Final = re.compile(r"[,;.](?=\s)|\)|\b(?:and|but|while|whereas|although)\b", re.IGNORECASE)


def bind(text: str, at: int, mentions: Sequence[Mention], taken: Sequence[int]) -> Mention | None:
    """The mention that a number at `at` belongs to.

    That of its own clause if there is one name only; else the next one, unless a number or a new clause begins before
    it; else the last.
    """
    for edge in (_CLAUSE, _PART):
        edges = [found.start() for found in edge.finditer(text)]
        start = max((place for place in edges if place < at), default=-1)
        end = min((place for place in edges if place >= at), default=len(text))
        own = [item for item in mentions if start < item.start < end]
        if len({item.name for item in own}) == 1:
            return own[0]
    after = next((item for item in mentions if item.start >= at), None)
    before = [item for item in mentions if item.end <= at]
    if after is None or any(at < other < after.start for other in taken):
        return before[-1] if before else None
    return before[-1] if before and _BREAK.search(text, at, after.start) else after
