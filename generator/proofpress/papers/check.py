"""Whether what a paper says of releases is what their evidence says: numbers, citations, identifiers, standing."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from proofpress.papers import prose, tables
from proofpress.papers.bib import Entry, entries
from proofpress.papers.bibcheck import check_entry, release_of_entry
from proofpress.papers.claims import NOTHING, Claims, Directive, parse
from proofpress.papers.ledger import Ledger, PaperReport, line_of, near
from proofpress.papers.library import CitedRelease, Library
from proofpress.papers.markup import read_markdown, read_typst
from proofpress.papers.mentions import (
    ADDRESS,
    FOREIGN,
    PACK_ID,
    SWHID,
    Mention,
    plain,
    references_in,
)
from proofpress.papers.numbers import Quoted, numbers
from proofpress.papers.quotes import Quote, judge
from proofpress.papers.source import CLAIM, DONE, MARK, QUIET, URL, Annotation, Passage, Source
from proofpress.papers.tex import TexReader

Read = Callable[[str], str | None]
"""The text of a file beside the paper, by its name from the paper's folder; None when it can't be read."""
SUFFIXES: Final = {".tex": "tex", ".ltx": "tex", ".md": "markdown", ".qmd": "markdown", ".rmd": "markdown"} | {
    ".markdown": "markdown",
    ".typ": "typst",
}
_ALIAS: Final = re.compile(r"/(?:latest|active)(?:/|$)")
_VERSION: Final = r"(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)"


def read_paper(name: str, text: str, read: Read) -> Source:
    """A paper's source, by the ending of its name. Raises ValueError for a form that is not known."""
    form = SUFFIXES.get("." + name.rpartition(".")[2].lower())
    source = Source()
    if form == "tex":
        TexReader(source, read).document(text, name)
    elif form == "markdown":
        read_markdown(source, text, name)
    elif form == "typst":
        read_typst(source, text, name)
    else:
        raise ValueError(f"{name}: no form of paper that can be read")
    return source


def check_paper(name: str, text: str, bibs: Sequence[str], read: Read, library: Library) -> PaperReport:
    """Check one paper with the bibliographies that are given and those that it names."""
    source = read_paper(name, text, read)
    return _Check(source, library, read, bibs).run()


class _Check:
    def __init__(self, source: Source, library: Library, read: Read, bibs: Sequence[str]) -> None:
        self.source, self.read, self.bibs = source, read, bibs
        self.ledger = Ledger(library, source.files)
        self.cited: dict[str, str] = {}
        self.defaults: list[tuple[str, int, str]] = []
        self.said: list[tuple[Annotation, Claims]] = []
        self.macros: dict[str, Claims] = {}

    def run(self) -> PaperReport:
        self._annotations()
        self._bibliographies()
        passages = list(self.source.paragraphs())
        by_line: dict[tuple[str, int], list[tuple[int, Quoted]]] = {}
        for index, passage in enumerate(passages):
            for number in numbers(plain(passage.text)):
                by_line.setdefault(passage.place(number.start), []).append((index, number))
        taken: set[tuple[int, int]] = set()
        for annotation, claims in self.said:
            held = by_line.get((annotation.file, annotation.target), [])
            taken |= {(index, number.start) for index, number in held}
            self._claimed(annotation.file, annotation.target, claims, [number for _index, number in held])
            for index, _number in held:
                quiet = next((found for found in MARK.finditer(passages[index].text) if found[1] == QUIET), None)
                if quiet:
                    self.macros[quiet[2]] = claims
        for index, passage in enumerate(passages):
            self._passage(passage, {start for at, start in taken if at == index})
        for file, line, wanted in self.source.missing:
            self.ledger.add("PAP008", file, line, f"'{wanted}' can't be read", severity="warning")
        self.ledger.report.findings.sort(key=lambda item: (item.file, line_of(item), item.rule, item.message))
        return self.ledger.report

    # What was written down

    def _annotations(self) -> None:
        for annotation in self.source.annotations:
            said = parse(annotation.text)
            if isinstance(said, Claims):
                self.said.append((annotation, said))
            elif said.verb == "release":
                self.defaults.append((annotation.file, annotation.line, said.release))
                self.ledger.release(said.release, annotation.file, annotation.line)
            elif said.verb == "withdrawn":
                self.ledger.withdrawn.add(said.release)
            else:
                self.ledger.ignored.add((annotation.file, annotation.target))

    def _default(self, file: str, line: int) -> str:
        found = [release for where, at, release in self.defaults if where == file and at <= line]
        return found[-1] if found else ""

    def _claimed(self, file: str, line: int, claims: Claims, found: Sequence[Quoted]) -> None:
        if len(found) != len(claims.names):
            self.ledger.add(
                "PAP006",
                file,
                line,
                f"{len(claims.names)} numbers are claimed, and {len(found)} stand on the line",
                expected=", ".join(claims.names),
                found=", ".join(item.text for item in found) or "no number",
                hint=f"name each number of the line in order, '{NOTHING}' for one that is not claimed",
            )
            return
        name = claims.release or self._default(file, line)
        if not name:
            self.ledger.add("PAP006", file, line, "the claim names no release", hint="end it with 'of <release id>'")
            return
        release = self.ledger.release(name, file, line)
        if release is None:
            return
        for claim, number in zip(claims.names, found, strict=True):
            if claim != NOTHING:
                self._compare(file, line, claim, number, release)

    def _compare(self, file: str, line: int, claim: str, number: Quoted, release: CitedRelease) -> None:
        wanted = release.named(claim)
        if wanted is None:
            self.ledger.add(
                "PAP005",
                file,
                line,
                f"{release.bundle_id} has no number '{claim}'",
                expected=", ".join(near(claim, release.quotables)),
                found=claim,
            )
            return
        self.ledger.quote(
            Quote(
                file=file,
                line=line,
                quoted=number.text,
                how="claimed",
                bundle_id=release.bundle_id,
                candidates=(wanted,),
                agrees=judge(number, (wanted,)),
            )
        )

    # Bibliographies

    def _bibliographies(self) -> None:
        for name in dict.fromkeys((*self.bibs, *self.source.bibliographies)):
            text = self.read(name)
            if text is None:
                self.ledger.add("PAP008", name, 0, "the bibliography can't be read", severity="warning")
                continue
            self.ledger.report.files.append(name)
            for entry in entries(text):
                self._entry(entry, name)

    def _entry(self, entry: Entry, file: str) -> None:
        address = entry.fields.get("url", "") or entry.fields.get("howpublished", "")
        self.ledger.alias(address, file, entry.lines.get("url", entry.line))
        name = release_of_entry(entry, self.ledger.bundles, self.ledger.library)
        if name is None:
            unknown = self.ledger.unknown(entry.key, address)
            if unknown:
                self.cited[entry.key] = unknown
                self.ledger.release(unknown, file, entry.line)
            return
        self.cited[entry.key] = name
        release = self.ledger.release(name, file, entry.line)
        if release is not None:
            found, quotes = check_entry(entry, file, release)
            self.ledger.report.findings.extend(found)
            for quote in quotes:
                self.ledger.quote(quote)

    # Passages

    def _passage(self, passage: Passage, taken: set[int]) -> None:
        quiet = next((found for found in MARK.finditer(passage.text) if found[1] == QUIET), None)
        self._addresses(passage)
        taken = taken | self._inline(passage)
        references = [(item, self._resolve(item, passage)) for item in references_in(passage.text, self._keys(passage))]
        if quiet:
            self._redefined(passage, quiet[2], taken)
            return
        self._identifiers(passage, references)
        text = passage.text
        for grid in tables.tables(passage.text):
            for item in tables.findings(grid, self._around(grid, passage, references)):
                if item.number.start not in taken:
                    self._found(passage, item)
            text = text[: grid.start] + "\u0001" * (grid.end - grid.start) + text[grid.end :]
        inside = [item for item in references if text[item[0].start] != "\u0001"]
        for start, end in prose.sentences(text):
            own = [item for item in inside if start <= item[0].start < end]
            speaks_of = self._spoken_of(own, inside, passage, start)
            shifted = [
                (Mention(start=max(0, item.start - start), end=max(0, item.end - start), name=item.name), release)
                for item, release in speaks_of
            ]
            for item in prose.Sentence(text[start:end], shifted).findings():
                if item.number.start + start not in taken:
                    self._found(passage, item, start)
            self._versions(passage, text, start, end, own)

    def _keys(self, passage: Passage) -> Mapping[str, str]:
        """Citation keys of a passage that stand for releases, also those that no bibliography explains."""
        found = dict(self.cited)
        for match in MARK.finditer(passage.text):
            if match[1] == "c":
                for key in filter(None, match[2].split(",")):
                    if key not in found and (name := self.ledger.key(key)):
                        found[key] = name
        return found

    def _resolve(self, mention: Mention, passage: Passage) -> CitedRelease | None:
        if mention.name == FOREIGN:
            return None
        file, line = passage.place(mention.start)
        if mention.name in self.ledger.bundles or any(
            mention.name.startswith(f"{name}-v") for name in self.ledger.names
        ):
            return self.ledger.release(mention.name, file, line)
        return None

    def _spoken_of(
        self,
        own: list[tuple[Mention, CitedRelease | None]],
        every: list[tuple[Mention, CitedRelease | None]],
        passage: Passage,
        start: int,
    ) -> list[tuple[Mention, CitedRelease | None]]:
        """The releases that a sentence is about: those it names, else that of the paragraph, else the default."""
        if own:
            return own
        named = {release.bundle_id if release else "" for _mention, release in every}
        if len(named) == 1:
            return every[:1] if every[0][1] else []
        before = [item for item in every if item[0].end <= start]
        if before:
            return before[-1:] if before[-1][1] else []
        default = self._default(*passage.place(start))
        release = self.ledger.known.get(default) if default and not every else None
        return [(Mention(start=start, end=start, name=default), release)] if release else []

    def _around(
        self, grid: tables.Grid, passage: Passage, references: Iterable[tuple[Mention, CitedRelease | None]]
    ) -> tables.Context:
        caption = passage.text[: grid.start] + " " + passage.text[grid.end :]
        outside = {
            item.bundle_id: item for mention, item in references if item and not grid.start <= mention.start < grid.end
        }
        if not outside and (name := self._default(*passage.place(grid.start))) and self.ledger.known.get(name):
            release = self.ledger.known[name]
            outside = {name: release} if release else {}
        keys = self._keys(passage)

        def refer(text: str) -> list[tuple[Mention, CitedRelease | None]]:
            return [(item, self.ledger.known.get(item.name)) for item in references_in(text, keys)]

        return tables.Context(caption=caption, releases=tuple(outside.values()), refer=refer)

    def _found(self, passage: Passage, item: prose.Finding, offset: int = 0) -> None:
        file, line = passage.place(item.number.start + offset)
        agrees = judge(item.number, item.candidates)
        self.ledger.quote(
            Quote(
                file=file,
                line=line,
                quoted=item.number.text,
                how="inferred",
                bundle_id=item.release.bundle_id,
                candidates=item.candidates,
                agrees=agrees,
            )
        )

    def _inline(self, passage: Passage) -> set[int]:
        """Numbers that stand within a claim or come from a macro that is claimed where it is defined."""
        taken: set[int] = set()
        opened: list[tuple[int, str]] = []
        for found in MARK.finditer(passage.text):
            if found[1] == CLAIM:
                opened.append((found.end(), found[2]))
            elif found[1] == DONE and opened:
                start, said = opened.pop()
                held = [item for item in numbers(plain(passage.text)) if start <= item.start < found.start()]
                if said.startswith("\\"):
                    taken |= {item.start for item in held} if said[1:] in self.macros else set()
                    continue
                taken |= {item.start for item in held}
                claims = parse(said)
                file, line = passage.place(start)
                if isinstance(claims, Directive):
                    continue
                self._claimed(file, line, claims, held)
        return taken

    def _redefined(self, passage: Passage, name: str, taken: set[int]) -> None:
        """A macro that is claimed in one place says the same in every other."""
        held = [item for item in numbers(plain(passage.text)) if item.start not in taken]
        if name in self.macros and held and not taken:
            file, line = passage.place(held[0].start)
            self._claimed(file, line, self.macros[name], held)

    def _addresses(self, passage: Passage) -> None:
        for found in MARK.finditer(passage.text):
            if found[1] == URL:
                file, line = passage.place(found.start())
                self.ledger.alias(found[2], file, line)
                match = ADDRESS.search(found[2])
                ours = bool(self.ledger.library.site_url) and found[2].startswith(self.ledger.library.site_url)
                if match and ours and match[1] not in self.ledger.bundles:
                    self.ledger.release(match[1], file, line)

    def _identifiers(self, passage: Passage, references: Sequence[tuple[Mention, CitedRelease | None]]) -> None:
        text = MARK.sub(lambda found: found[2].ljust(len(found[0]), "\u0001")[: len(found[0])], passage.text)
        for pattern, owner in ((SWHID, self.ledger.library.of_swhid), (PACK_ID, self.ledger.library.of_pack)):
            for found in pattern.finditer(text):
                file, line = passage.place(found.start())
                digest = found[1] if pattern is PACK_ID else found[0]
                start = max((end for _s, end in prose.sentences(text[: found.start()])), default=0)
                near = {r.bundle_id: r for m, r in references if r and start - 200 <= m.start <= found.end() + 200}
                if len(near) == 1:
                    release = next(iter(near.values()))
                    right = digest in release.digests if pattern is PACK_ID else digest == release.swhid()
                    self.ledger.report.references += 1
                    if not right and owner(digest) != release.bundle_id:
                        actual = release.evidence.pack_id if pattern is PACK_ID else release.swhid() or ""
                        message = f"the identifier is not one of {release.bundle_id}"
                        self.ledger.add("PAP002", file, line, message, expected=actual, found=found[0])
                elif name := owner(digest):
                    self.ledger.release(name, file, line)

    def _versions(
        self, passage: Passage, text: str, start: int, end: int, own: Sequence[tuple[Mention, CitedRelease | None]]
    ) -> None:
        releases = {release.bundle_id: release for _mention, release in own if release}
        if len(releases) != 1 or any(release is None for _mention, release in own):
            return
        release = next(iter(releases.values()))
        stated = release.evidence.release
        bare = plain(text[start:end])
        words = {stated.family, stated.title.split()[0], "release"}
        called = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if len(word) > 1)
        near = rf"\b(?:{called})[\s\u00a0,(]{{1,3}}(?:(?:version|release|v\.?)[\s\u00a0]*)?v?{_VERSION}"
        beside = rf"\b(?:version|release|v\.?)[\s\u00a0]*{_VERSION}(?=[\s\u00a0]{{0,2}}\u0001)"
        for found in {
            match.start(1): match
            for match in (*re.finditer(near, bare, re.IGNORECASE), *re.finditer(beside, bare, re.IGNORECASE))
        }.values():
            file, line = passage.place(start + found.start(1))
            self.ledger.report.references += 1
            if found[1] != stated.version:
                message = f"{release.bundle_id} has another version"
                self.ledger.add("PAP002", file, line, message, expected=stated.version, found=found[1])
