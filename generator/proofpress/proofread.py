"""`check-paper`: what papers say of an instance's releases, compared with the evidence. Nothing here prints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from proofpress.discovery import PackRef
from proofpress.errors import IngestError, UsageError
from proofpress.ingest.sources import read_file
from proofpress.instance import Instance
from proofpress.papers.check import SUFFIXES, check_paper
from proofpress.papers.ledger import PaperReport
from proofpress.papers.library import CitedRelease, RefusedReleaseError
from proofpress.pipeline import Rules, read_registry, registered_id, verified
from proofpress.registry import Registry

_MOST: Final = 4_000_000
"""Bytes of a paper's file that are read at most."""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The releases of an instance, each verified when it is first asked for."""

    instance: Instance
    site_url: str
    swhid: Callable[[PackRef], str | None]

    @cached_property
    def _registry(self) -> Registry:
        registry = read_registry(self.instance)
        if not registry.intact:
            raise UsageError("the registry is refused, so nobody knows what was yanked", hint="run 'proofpress check'")
        return registry

    @cached_property
    def _rules(self) -> Rules:
        return Rules.of(self.instance, self._registry)

    @cached_property
    def _refs(self) -> Mapping[str, PackRef]:
        return {ref.bundle_id: ref for ref in self.instance.refs}

    @cached_property
    def bundles(self) -> Sequence[str]:
        """The names of all releases."""
        return tuple(self._refs)

    @cached_property
    def _by_pack(self) -> Mapping[str, str]:
        return {registered_id(ref.path).removeprefix("sha256:"): name for name, ref in self._refs.items()}

    @cached_property
    def _by_swhid(self) -> Mapping[str | None, str]:
        return {self.swhid(ref): name for name, ref in self._refs.items()}

    def of_pack(self, digest: str) -> str | None:
        """The release whose pack has this sha256."""
        return self._by_pack.get(digest)

    def of_swhid(self, swhid: str) -> str | None:
        """The release whose pack's folder has this identifier; computed for all packs when it is first asked for."""
        return self._by_swhid.get(swhid)

    def release(self, bundle_id: str) -> CitedRelease | None:
        """A release with evidence and standing. Raises `RefusedReleaseError` when its rules refuse it."""
        ref = self._refs.get(bundle_id)
        if ref is None:
            return None
        try:
            pack = verified(ref, self._rules)
        except UsageError as exc:
            raise RefusedReleaseError(str(exc)) from exc
        standing = self._registry.standing(bundle_id)
        reason = standing.history[-1].reason if standing and standing.history else None
        return CitedRelease(
            evidence=pack.evidence,
            status=standing.status if standing else "UNREGISTERED",
            reason=reason or "",
            use_instead=(standing.upgrade_path or "") if standing else "",
            superseded_by=(standing.superseded_by or "") if standing else "",
            swhid=lambda: self.swhid(ref),
        )


def check_papers(root: Path, papers: Sequence[Path], bibs: Sequence[Path], shelf: Shelf) -> list[PaperReport]:
    """Check papers, each with what it includes. Files are named from the instance's folder where they lie below it.

    Raises `UsageError` for a form that is not known, `IngestError` for a paper that can't be read.
    """
    reports = []
    for path in papers:
        folder = (root / path).parent
        if (root / path).suffix.lower() not in SUFFIXES:
            raise UsageError(f"{path}: no form of paper that can be read", hint=f"readable: {', '.join(SUFFIXES)}")
        text = _text(root / path)
        if text is None:
            raise IngestError(f"{path}: can't be read", hint="name a paper that is there, in UTF-8")
        names = {(root / bib).absolute().as_posix(): bib for bib in bibs}

        def read(name: str, folder: Path = folder, names: Mapping[str, Path] = names) -> str | None:
            return _text(Path(name) if name in names else folder / name)

        report = check_paper(path.name, text, list(names), read, shelf)
        unread = {item.file for item in report.findings if item.rule == "PAP008"}
        for name, bib in names.items():
            if name in unread:
                raise IngestError(f"{bib}: can't be read", hint="name a bibliography that is there, in UTF-8")
        reports.append(_named(report, root, folder))
    return reports


def _named(report: PaperReport, root: Path, folder: Path) -> PaperReport:
    """The report with files named from the instance's folder."""

    def name(file: str) -> str:
        path = (folder / file).absolute()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()

    return PaperReport(
        files=[name(file) for file in report.files],
        quotes=[replace(quote, file=name(quote.file)) for quote in report.quotes],
        references=report.references,
        findings=[replace(finding, file=name(finding.file)) for finding in report.findings],
    )


def _text(path: Path) -> str | None:
    try:
        data = read_file(path)
    except OSError:
        return None
    if len(data) > _MOST:
        return None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return data.decode("latin-1").replace("\r\n", "\n")
