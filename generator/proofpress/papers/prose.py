"""Numbers in sentences: which metric, split and slice of which release a number in prose is about.

Only what a sentence makes plain is judged. A bound, a range of something else, a number of other work or of a metric
that the release has not, stays unjudged: a false alarm costs more here than silence, for claims can be written down.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proofpress.papers.library import CitedRelease
from proofpress.papers.mentions import Mention, bind, dimensions_in, metrics_in, plain, slices_in, splits_in
from proofpress.papers.numbers import Quoted, numbers
from proofpress.papers.quotable import Field, Quotable

_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|fig|figs|tab|sec|eq|al|approx|ca|resp|no|dr|prof|st|etc|ref|refs|app|ch)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_STOP: Final = re.compile(
    r"[.!?](?=[\"'”’)\]]*(?:[\s\u0001]*\s[\s\u0001]*[\"'“(\[]*[A-Z\d]|\s\u0001+\s*[a-z]|[\s\u0001]*$))"
)
_CI: Final = re.compile(r"(?:\bCI\b|confidence|credible|interval|between|ranging|range)[^\d]{0,30}$", re.IGNORECASE)
_LEVEL: Final = re.compile(
    r"[\s-]*(?:\w+\s+){0,2}?(?:CI\b|confidence|credible|interval|percentile|bootstrap)", re.IGNORECASE
)
_COUNT: Final = re.compile(
    r"\s+(?:\w+\s+)?(?:records|examples|samples|images|items|instances|cases|patients|observations|documents|rows|"
    r"sentences|variants|sequences|digits|questions)\b",
    re.IGNORECASE,
)
_N: Final = re.compile(r"\b[nN]\s*(?:=|of|:)\s*$")
_BOUND: Final = re.compile(
    r"(?:[<>≤≥]|\b(?:at least|at most|no less than|more than|less than|fewer than|above|below|exceed(?:s|ed|ing)?|"
    r"under|threshold(?: of)?|target(?: of)?|goal of|over|seed|seeds|epoch|epochs|step|steps|section|table|figure|"
    r"equation|page|chapter|version|rate(?: of)?|size|width|batch|weight|factor|coefficient|temperature|dropout|"
    r"momentum|decay|power|alpha|beta|gamma|lambda|epsilon|deviation|error|variance|[αβγλε]|\bp)(?:\s+of)?\s*=?)\s*[\u0001\s]*$",
    re.IGNORECASE,
)
_DELTA: Final = re.compile(
    r"\b(?:delta|difference|gain|improvement|increase|decrease|drop|reduction|by|Δ)\s*(?:of|=|:|is|was)?\s*$",
    re.IGNORECASE,
)
_DELTA_AFTER: Final = re.compile(
    r"\s*(?:percentage\s+)?(?:points?|pp|better|worse|higher|lower|above|below|more than|less than)\b",
    re.IGNORECASE,
)
_BASELINE: Final = re.compile(r"\bbaselines?(?:['’]s)?\b[^\d.;]{0,30}$", re.IGNORECASE)
_DIRECT: Final = re.compile(r"[\s\u00a0]*(?:(?:test|validation|overall|mean|held-out|of|in)\s+){0,2}", re.IGNORECASE)
_ELSEWHERE: Final = re.compile(
    r"^\s*without\b|\b(?:would|could|might|cross-validat\w+|\d+-fold|ablat\w+|hypothetical\w*)\b", re.IGNORECASE
)
_OTHER_DATA: Final = re.compile(
    r"\b(train(?:ing)?|validation|dev|development|calibration)\s+(?:set|split|data|images|examples|records|samples)\b",
    re.IGNORECASE,
)
_TRAINED: Final = re.compile(r"\b(?:train|fit|learn|split|draw|total)\w*\b[^.;]{0,40}$", re.IGNORECASE)
_OF_BASELINE: Final = re.compile(r"\s*(?:for|of|by|with)\s+(?:the\s+)?[\w\s-]{0,30}?baseline", re.IGNORECASE)
_COMPARED: Final = re.compile(r"\b(?:from|vs\.?|versus|compared (?:to|with)|against)\s*$", re.IGNORECASE)
_SPREAD: Final = re.compile(r"(?:±|\+/-)\s*$")
_JOIN: Final = re.compile(r"[\s\u0001]*(?:,|and|,\s*and|&|/|or)[\s\u0001]*", re.IGNORECASE)
_RANGE: Final = re.compile(r"\s*(?:–|-|—|to|,|;|and|\.\.\.?|…)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A number at a place of the passage, with what it may stand for."""

    number: Quoted
    release: CitedRelease
    candidates: tuple[Quotable, ...]


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence; a citation after the full stop belongs to the sentence before it."""
    bare = plain(text)
    start = 0
    for found in _STOP.finditer(bare):
        if _ABBREVIATION.search(bare[max(0, found.start() - 12) : found.end()]):
            continue
        end = found.end()
        tail = re.compile(r"[\"'”’)\]]*\s?\u0001+(?!\u0001|\s*[a-z])").match(bare, end)
        end = tail.end() if tail else end
        if end > start:
            yield start, end
            start = end
    if bare[start:].strip():
        yield start, len(text)


class Sentence:
    """One sentence, with the releases that it speaks of by their place in it."""

    def __init__(self, text: str, references: Sequence[tuple[Mention, CitedRelease | None]]) -> None:
        self.text = plain(text)
        self.numbers = list(numbers(self.text))
        self.starts = [item.start for item in self.numbers]
        self.references = list(references)

    def findings(self) -> Iterator[Finding]:
        """What can be said of the numbers in it."""
        releases = {release.bundle_id: release for _mention, release in self.references if release}
        for release in releases.values():
            yield from self._of(release)

    def _bound_to(self, number: Quoted, release: CitedRelease) -> bool:
        """Whether a number belongs to this release rather than to other work that the sentence names."""
        named = {found.bundle_id if found else "" for _mention, found in self.references}
        if len(named) == 1:
            return True
        mention = bind(self.text, number.start, [item for item, _found in self.references], self.starts)
        return any(item is mention and found is release for item, found in self.references)

    def _of(self, release: CitedRelease) -> Iterator[Finding]:
        rows = release.evidence.evaluation.rows if release.evidence.evaluation else ()
        metrics = metrics_in(self.text, rows)
        splits, slices = splits_in(self.text, rows), slices_in(self.text, rows)
        if not metrics or _ELSEWHERE.search(self.text) or (not splits and _OTHER_DATA.search(self.text)):
            return
        loose = dimensions_in(self.text, rows) - {item.name.partition("=")[0] for item in slices}
        named = [item for item in slices if item.name]
        covered = [number for number in self.numbers if not any(s.start <= number.start < s.end for s in named)]
        lists = _lists(self.text, metrics, covered), _lists(self.text, splits, covered)
        roles = self._roles(covered, release)
        valued: dict[tuple[int, str, str], int] = {}
        for number in covered:
            field = roles.get(number.start)
            metric = self._metric(number, metrics, lists[0])
            if field is None or metric is None or not metric.name or not self._bound_to(number, release):
                continue
            split = self._split(number, splits, lists[1])
            part = self._slice(number, named)
            if field == "value":
                seat = (metric.start, split, part)
                if lists[0].get(number.start) is None and lists[1].get(number.start) is None and seat in valued:
                    continue
                valued[seat] = number.start
            found = _candidates(release, metric.name, split, part, loose, field)
            if found and not (field == "value" and _is_count(number, found)):
                yield Finding(number=number, release=release, candidates=found)

    def _metric(self, number: Quoted, metrics: list[Mention], listed: dict[int, Mention | None]) -> Mention | None:
        if number.start in listed:
            return listed[number.start]
        before = [item for item in metrics if item.end <= number.start]
        after = next((item for item in metrics if item.start >= number.end), None)
        if after and _DIRECT.fullmatch(self.text, number.end, after.start):
            return after
        return before[-1] if before else None

    def _split(self, number: Quoted, splits: list[Mention], listed: dict[int, Mention | None]) -> str:
        if number.start in listed:
            found = listed[number.start]
            return found.name if found else ""
        if len({item.name for item in splits}) == 1:
            return splits[0].name
        mention = bind(self.text, number.start, splits, self.starts)
        return mention.name if mention else ""

    def _slice(self, number: Quoted, slices: list[Mention]) -> str:
        if len({item.name for item in slices}) == 1:
            return slices[0].name
        mention = bind(self.text, number.start, slices, self.starts)
        return mention.name if mention else ""

    def _roles(self, covered: list[Quoted], release: CitedRelease) -> dict[int, Field | None]:
        """What each number is, as far as its neighbours tell; None: nothing that is judged."""
        names = {item.row.baseline for item in release.quotables.values() if item.row.baseline}
        roles: dict[int, Field | None] = {}
        for position, number in enumerate(covered):
            if number.start in roles:
                continue
            following = covered[position + 1] if position + 1 < len(covered) else None
            if following is not None and self._is_interval(number, following):
                roles[number.start], roles[following.start] = "ci_low", "ci_high"
                continue
            roles[number.start] = self._role(number, covered[position - 1] if position else None, names)
        return roles

    def _is_interval(self, low: Quoted, high: Quoted) -> bool:
        between = self.text[low.end : high.start]
        if not _RANGE.fullmatch(between) or low.value > high.value or _LEVEL.match(self.text, low.end):
            return False
        before = self.text[: low.start].rstrip()
        joined = re.fullmatch(r"\s*and\s*", between)
        if before.endswith(("[", "(")) and self.text[high.end : high.end + 2].strip()[:1] in {"]", ")"} and not joined:
            return True
        return _CI.search(self.text[max(0, low.start - 60) : low.start]) is not None

    def _role(self, number: Quoted, before: Quoted | None, baselines: set[str]) -> Field | None:
        floor = before.end if before else 0
        ahead = self.text[floor : number.start]
        if _N.search(ahead):
            return "n"
        if number.percent and _LEVEL.match(self.text, number.end):
            return "ci_level"
        if _COUNT.match(self.text, number.end) and not number.percent:
            return None if _TRAINED.search(ahead) else "n"
        if _SPREAD.search(ahead):
            return None
        if _DELTA.search(ahead) or _DELTA_AFTER.match(self.text, number.end) or number.text.startswith("+"):
            return "delta"
        if _OF_BASELINE.match(self.text, number.end):
            return "baseline"
        if _BOUND.search(ahead) or _COMPARED.search(ahead):
            return None
        if _BASELINE.search(ahead) or any(_names(name, ahead) for name in baselines):
            return "baseline"
        return "value"


def _is_count(number: Quoted, found: tuple[Quotable, ...]) -> bool:
    """Whether a bare whole number stands where a fraction would: nobody writes one so, it counts something else."""
    whole = number.half >= Decimal("0.5") and not number.percent
    return whole and all(abs(item.value) < 1 for item in found)


def _names(baseline: str, ahead: str) -> bool:
    parts = [re.escape(part) for part in re.split(r"[\s_\-]+", baseline) if part]
    return re.search(r"[\s_\-]*".join(parts) + r"(?:['’]s)?[^\d.;]{0,24}$", ahead, re.IGNORECASE) is not None


def _lists(text: str, mentions: list[Mention], found: list[Quoted]) -> dict[int, Mention | None]:
    """`accuracy and macro F1 of 0.97 and 0.95`: names in a row and as many numbers in a row belong together in order.

    With another count of numbers nobody can tell: those numbers belong to nothing.
    """
    paired: dict[int, Mention | None] = {}
    position = 0
    while position < len(mentions):
        run = [mentions[position]]
        while position + 1 < len(mentions) and _JOIN.fullmatch(text[run[-1].end : mentions[position + 1].start]):
            position += 1
            run.append(mentions[position])
        position += 1
        if len({item.name for item in run}) < 2:
            continue
        limit = mentions[position].start if position < len(mentions) else len(text)
        row = [item for item in found if run[-1].end <= item.start < limit]
        group = row[:1]
        for item in row[1:]:
            if not _JOIN.fullmatch(text[group[-1].end : item.start]):
                break
            group.append(item)
        if len(group) == len(run):
            paired |= {number.start: mention for number, mention in zip(group, run, strict=True)}
        elif group:
            paired |= dict.fromkeys((number.start for number in group), None)
    return paired


def _candidates(
    release: CitedRelease, metric: str, split: str, part: str, loose: set[str], field: Field
) -> tuple[Quotable, ...]:
    found = []
    for item in release.quotables.values():
        row = item.row
        if item.field != field or row.name != metric or (split and row.split != split):
            continue
        own = f"{row.slice.dimension}={row.slice.value}" if row.slice else ""
        if own == part or (not part and row.slice and row.slice.dimension in loose):
            found.append(item)
    return tuple(found)
