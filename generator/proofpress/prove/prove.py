"""The proof of a published site: every file proven, contradicted, or left unproven with the reason."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal

from proofpress.build.site import build_site
from proofpress.build.sources import PREDICATE, SIGNATURE, STATEMENT
from proofpress.errors import ProofpressError
from proofpress.prove.reader import SiteReader
from proofpress.prove.rebuild import Rebuilt, rebuild_instance
from proofpress.signing.dsse import EnvelopeError, open_statement, signed_by

State = Literal["proven", "unproven", "contradicted"]
_THREADS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One file of the site and what became of it."""

    path: str
    state: State
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is to be said of a site. `statement` is the sha256 of its `source/site.json`; `signed_by` names keys."""

    place: str
    pages: tuple[Page, ...]
    packs: int
    statement: str
    signed_by: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def proven(self) -> bool:
        """Whether everything is."""
        return bool(self.pages) and all(page.state == "proven" for page in self.pages)

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of files by state."""
        found = Counter(page.state for page in self.pages)
        return {state: found[state] for state in ("proven", "unproven", "contradicted")}

    def plain(self) -> dict[str, Any]:
        """The proof as JSON; proven files are only counted."""
        return {
            "site": self.place,
            "proven": self.proven,
            "packs": self.packs,
            "counts": dict(self.counts),
            "statement_sha256": self.statement,
            "signed_by": list(self.signed_by),
            "notes": list(self.notes),
            "files": [
                {"path": page.path, "state": page.state, "why": page.why}
                for page in self.pages
                if page.state != "proven"
            ],
        }


def prove_site(site: SiteReader, *, trust: Mapping[str, str], jobs: int = 1) -> Proof:
    """Prove what a site serves. `trust` are the publisher's keys (name → `PublicKey`); without any, code is not run.

    Raises `IngestError` when the site can't be read or publishes no sources.
    """
    with TemporaryDirectory(prefix="proofpress-prove-") as folder:
        root = Path(folder) / "instance"
        root.mkdir()
        signers: list[str] = []

        def trusted(found: Rebuilt) -> bool:
            signers.extend(sorted(_signers(found, trust)))
            return bool(signers)

        rebuilt = rebuild_instance(site, root, trusted=trusted)
        if trust and not signers:
            rebuilt.wrong[SIGNATURE] = "no key that --trust names has signed this site's statement"
        pages, notes = _judged(site, rebuilt, jobs)
        return Proof(
            place=site.place,
            pages=pages,
            packs=len(rebuilt.packs),
            statement=hashlib.sha256(rebuilt.statement).hexdigest(),
            signed_by=tuple(signers),
            notes=notes,
        )


def _signers(found: Rebuilt, trust: Mapping[str, str]) -> frozenset[str]:
    if not trust or found.signature is None:
        return frozenset()
    try:
        statement, opened = open_statement(found.signature)
    except EnvelopeError:
        return frozenset()
    bound = (STATEMENT, hashlib.sha256(found.statement).hexdigest())
    if bound not in {(item.name, item.digest.sha256) for item in statement.subject}:
        return frozenset()
    return signed_by(opened, trust) if statement.predicate_type == PREDICATE else frozenset()


def _judged(site: SiteReader, rebuilt: Rebuilt, jobs: int) -> tuple[tuple[Page, ...], tuple[str, ...]]:
    differ = rebuilt.versions_differ
    doubts = list(rebuilt.doubts)
    if program := next((each for each in differ if each.startswith("proofpress ")), None):
        version = program.split()[1]
        doubts.append(f"proofpress {version} built it, and proves it: pip install proofpress=={version}")
    if rebuilt.wrong:
        doubts.append("it can't be built again from files that contradict each other")
    expected: Mapping[str, Path] = {}
    if not doubts:
        expected, why = _built(rebuilt.root, jobs)
        doubts += [why] if why else []
    names = (set(site.names() or ()) | set(expected) | set(rebuilt.wrong)) - {SIGNATURE}
    reason = "; ".join(doubts) or (f"it differs, and so do versions: {', '.join(differ)}" if differ else "")
    pages = [Page(path=path, state="contradicted", why=said) for path, said in rebuilt.wrong.items()]
    rest = sorted(names - set(rebuilt.wrong))
    if expected:
        with ThreadPoolExecutor(_THREADS) as pool:
            pages += pool.map(lambda path: _page(site, path, expected.get(path), reason), rest)
    else:
        pages += [Page(path=path, state="unproven", why=reason) for path in rest or [STATEMENT]]
    return tuple(sorted(pages, key=lambda page: page.path)), (*(f"made by {each}" for each in differ), *doubts)


def _page(site: SiteReader, path: str, rebuilt: Path | None, reason: str) -> Page:
    """What is to be said of one file; `reason` is why a difference would prove nothing, if so."""
    if rebuilt is None:
        return Page(path=path, state="unproven", why="nothing in the site's sources gives this file")
    try:
        served = site.read(path)
    except ProofpressError as exc:
        return Page(path=path, state="unproven", why=str(exc))
    if served is None:
        return Page(path=path, state="contradicted", why="the site does not serve it")
    ours = rebuilt.read_bytes()
    if served == ours:
        return Page(path=path, state="proven")
    if reason:
        return Page(path=path, state="unproven", why=reason)
    return Page(path=path, state="contradicted", why=_difference(served, ours))


def _difference(served: bytes, rebuilt: bytes) -> str:
    """The first line that differs, in few words."""
    theirs, ours = served.split(b"\n"), rebuilt.split(b"\n")
    for number, (one, other) in enumerate(zip(theirs, ours, strict=False), start=1):
        if one != other:
            length = min(len(one), len(other))
            same = next((at for at in range(length) if one[at] != other[at]), length)
            start = max(0, same - 20)
            shown = [line[start : same + 40].decode("utf-8", "replace") for line in (one, other)]
            return f"line {number}: served {shown[0]!r}, built from the evidence {shown[1]!r}"
    return f"served {len(theirs)} lines, built from the evidence {len(ours)}"


def _built(root: Path, jobs: int) -> tuple[Mapping[str, Path], str]:
    """The files of the site, built again in the fetched instance; or why it could not be."""
    try:
        report = build_site(root, jobs=jobs)
    except ProofpressError as exc:
        return {}, f"it can't be built again: {exc}"
    if report.refused:
        first = next((item for item in report.all_findings if item.severity == "error"), None)
        said = f"{first.rule} {first.pack}/{first.file}: {first.message}" if first else "the evidence is refused"
        return {}, f"its evidence does not verify: {said}"
    site = root / "site"
    return {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}, ""


def lines(proof: Proof, *, most: int = 40) -> Sequence[str]:
    """The proof as text."""
    counts = proof.counts
    shown = [page for state in ("contradicted", "unproven") for page in proof.pages if page.state == state]
    found = [f"{page.state} {page.path}: {page.why}" for page in shown[:most]]
    if len(shown) > most:
        found.append(f"and {len(shown) - most} more: --format json lists all")
    found += [f"note {note}" for note in proof.notes]
    signed = f"signed by {', '.join(proof.signed_by)}"
    if not proof.signed_by:
        signed = "of no key that was asked for: pages are held against the JSON served beside them"
    found.append(f"statement sha256 {proof.statement}, {signed}")
    verdict = "proven" if proof.proven else "contradicted" if counts["contradicted"] else "unproven"
    found.append(
        f"{verdict}: {counts['proven']} files proven, {counts['unproven']} unproven, "
        f"{counts['contradicted']} contradicted, from {proof.packs} packs"
    )
    return found
