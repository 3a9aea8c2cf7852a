"""The account of a check: what was compared, what was wrong, and which releases were looked up."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from proofpress.evidence.finding import Finding
from proofpress.papers.library import CitedRelease, Library, RefusedReleaseError, names_of
from proofpress.papers.mentions import ADDRESS, RELEASE_ID
from proofpress.papers.quotes import Quote

_ALIAS: Final = re.compile(r"/(?:latest|active)(?:/|$)")


@dataclass(slots=True)
class PaperReport:
    """What was read, what was compared, and what was wrong. `references` counts citations, ids and addresses."""

    files: list[str] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    references: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def checked(self) -> int:
        """How many things were compared with evidence."""
        return len(self.quotes) + self.references


class Ledger:
    """Takes down what is checked. Lines in `ignored` are passed over, releases in `withdrawn` are meant as they are."""

    def __init__(self, library: Library, files: Iterable[str]) -> None:
        self.library = library
        self.report = PaperReport(files=list(files))
        self.bundles = frozenset(library.bundles)
        self.names = names_of(library.bundles)
        self.withdrawn: set[str] = set()
        self.ignored: set[tuple[str, int]] = set()
        self.known: dict[str, CitedRelease | None] = {}
        self._noted: set[tuple[str, str, int, str]] = set()

    def quote(self, quote: Quote) -> None:
        if (quote.file, quote.line) in self.ignored:
            return
        self.report.quotes.append(quote)
        if not quote.agrees:
            self.add(
                "PAP001",
                quote.file,
                quote.line,
                f"{quote.quoted} is not what {quote.bundle_id} recorded",
                expected=quote.actual,
                found=quote.quoted,
                hint="quote the recorded value or cite the release that has this one; "
                "a number of something else gets '% proofpress: ignore'",
            )

    # Releases

    def release(self, name: str, file: str, line: int) -> CitedRelease | None:
        """A release that is referred to, looked up once; its standing is told at each place that refers to it."""
        self.report.references += 1
        if name not in self.known:
            try:
                self.known[name] = self.library.release(name)
            except RefusedReleaseError as exc:
                self.known[name] = None
                self.bundles -= {name}
                self.once("PAP004", file, line, name, f"the evidence of {name} is refused: {exc}")
                return None
        release = self.known[name]
        if release is None:
            listed = ", ".join(near(name, list(self.library.bundles)))
            self.once("PAP005", file, line, name, f"there is no release '{name}'", expected=listed, found=name)
            return None
        self._standing(release, file, line)
        return release

    def _standing(self, release: CitedRelease, file: str, line: int) -> None:
        name = release.bundle_id
        if name in self.withdrawn:
            return
        if release.evidence.is_rehearsal:
            self.once("PAP004", file, line, name, f"{name} is a rehearsal and must not be cited")
        elif release.status in {"YANKED", "REJECTED"}:
            self.once(
                "PAP004",
                file,
                line,
                name,
                f"{name} was {release.status.lower()}",
                expected="a release that is not withdrawn"
                + (f", such as {release.use_instead}" if release.use_instead else ""),
                found=release.reason or release.status,
                hint=f"where this is meant, say so: '% proofpress: withdrawn {name}'",
            )
        if release.superseded_by:
            message = f"the evidence of {name} was corrected by {release.superseded_by}"
            self.once("PAP007", file, line, name, message, severity="warning")

    def alias(self, address: str, file: str, line: int) -> None:
        if not address or not _ALIAS.search(urlsplit(address).path):
            return
        ours = bool(self.library.site_url) and address.startswith(self.library.site_url)
        if ours or re.search(r"/(?:families|releases)/[^/]+/(?:latest|active)", address):
            self.report.references += 1
            self.add(
                "PAP003",
                file,
                line,
                "the address leads to another release one day",
                expected="the address of one release, …/releases/<bundle id>/",
                found=address,
            )

    def unknown(self, key: str, address: str) -> str:
        """The release that a key or address means though there is none of its name."""
        match = ADDRESS.search(address)
        if match and self.library.site_url and address.startswith(self.library.site_url):
            return match[1]
        named = RELEASE_ID.match(key) or re.match(r"([a-z0-9-]+-v\d+\.\d+\.\d+\S*?-r\d+)(?:-|$)", key)
        return named[0].strip("-") if named and any(named[0].startswith(f"{name}-v") for name in self.names) else ""

    def key(self, key: str) -> str:
        """The release of a citation key that no bibliography explains."""
        parts = key.split("-")
        for length in range(len(parts), 1, -1):
            if (name := "-".join(parts[:length])) in self.bundles:
                return name
        return self.unknown(key, "")

    # Findings

    def once(self, rule: str, file: str, line: int, name: str, message: str, **more: str) -> None:
        if (rule, file, line, name) not in self._noted:
            self._noted.add((rule, file, line, name))
            self.add(rule, file, line, message, **more)

    def add(self, rule: str, file: str, line: int, message: str, **more: str) -> None:
        if (file, line) in self.ignored:
            return
        pointer = f"line {line}" if line else ""
        self.report.findings.append(Finding(rule=rule, file=file, pointer=pointer, message=message, **more))  # type: ignore[arg-type]


def line_of(finding: Finding) -> int:
    """The line that a finding is about, 0 for the whole file."""
    number = finding.pointer.removeprefix("line ")
    return int(number) if number.isdigit() else 0


def near(name: str, known: Iterable[str]) -> Iterator[str]:
    """A few names that are most like one that is not there."""
    listed = list(known)
    return iter(get_close_matches(name, listed, n=4, cutoff=0.3) or listed[:4])
