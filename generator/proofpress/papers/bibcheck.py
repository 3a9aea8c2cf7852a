"""What a bibliography's entry says of a release, compared with the release."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from proofpress.evidence.finding import Finding
from proofpress.papers.bib import Entry
from proofpress.papers.library import CitedRelease, Library
from proofpress.papers.mentions import ADDRESS, PACK_ID, RELEASE_ID, SWHID
from proofpress.papers.numbers import numbers
from proofpress.papers.quotes import Quote, judge

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NOTED: Final = (
    ("ci_low", r"interval\s+(\S+)"),
    ("ci_high", r"interval\s+\S+\s+to\s+(\S+)"),
    ("n", r"\bn = (\S+)"),
)
_HINT: Final = "take the entry anew: proofpress cite RELEASE --format biblatex"


def release_of_entry(entry: Entry, bundles: frozenset[str], library: Library) -> str | None:
    """The release that an entry cites: by its key, its address, an id or a digest in it; None for other work."""
    parts = entry.key.split("-")
    for length in range(len(parts), 1, -1):
        if "-".join(parts[:length]) in bundles:
            return "-".join(parts[:length])
    text = " ".join(entry.fields.values())
    for found in (*ADDRESS.finditer(text), *RELEASE_ID.finditer(text)):
        name = found[1] if found.re is ADDRESS else found[0]
        if name in bundles:
            return name
    if pack := PACK_ID.search(text):
        return library.of_pack(pack[1])
    folder = SWHID.search(text)
    return library.of_swhid(folder[0]) if folder else None


def check_entry(entry: Entry, file: str, release: CitedRelease) -> tuple[list[Finding], list[Quote]]:
    """What is wrong with an entry, and the numbers that it quotes."""
    wrong = [
        Finding(
            rule="PAP002",
            file=file,
            pointer=f"line {entry.lines.get(field, entry.line)}",
            message=f"the {what} of '{entry.key}' is not that of {release.bundle_id}",
            expected=expected,
            found=found,
            hint=_HINT,
        )
        for field, what, expected, found in _differences(entry, release)
        if expected != found
    ]
    return wrong, list(_quotes(entry, file, release))


def _differences(entry: Entry, release: CitedRelease) -> Iterator[tuple[str, str, str, str]]:
    """(field, what it is, what the release says, what the entry says)."""
    stated, data = release.evidence.release, release.evidence.dataset
    fields = entry.fields
    of_data = entry.type == "dataset" or entry.key.endswith("-data-card")
    version = data.dataset_snapshot_id if of_data and data else stated.version
    if "version" in fields:
        yield "version", "version", version, fields["version"].removeprefix("v")
    for field in ("note", "edition"):
        if found := re.search(r"\bversion\s+([^\s,;]+)", fields.get(field, ""), re.IGNORECASE):
            yield field, "version", version, found[1].rstrip(".")
    released = stated.released_at[:10]
    if "date" in fields:
        yield "date", "date", released[: len(fields["date"])], fields["date"]
    if "year" in fields:
        yield "year", "year", released[:4], fields["year"]
    if "month" in fields:
        month = int(released[5:7])
        given = fields["month"].lower()
        right = given in {str(month), f"{month:02}"} or given.startswith(_MONTHS[month - 1])
        yield "month", "month", _MONTHS[month - 1], _MONTHS[month - 1] if right else given
    yield from _named(fields, release)


def _named(fields: Mapping[str, str], release: CitedRelease) -> Iterator[tuple[str, str, str, str]]:
    """The addresses and identifiers in an entry, as `_differences` gives them."""
    for field, text in fields.items():
        for found in ADDRESS.finditer(text):
            yield field, "address", release.bundle_id, found[1]
        for found in SWHID.finditer(text):
            yield field, "identifier", release.swhid() or "no identifier is known", found[0]
        for found in PACK_ID.finditer(text):
            right = found[1] in release.digests
            yield field, "identifier", found[0] if right else release.evidence.pack_id, found[0]
        if field in {"note", "number", "eprint"}:
            for found in RELEASE_ID.finditer(text):
                yield field, "release id", release.bundle_id, found[0]


def _quotes(entry: Entry, file: str, release: CitedRelease) -> Iterator[Quote]:
    """The numbers in an entry that cites one: `accuracy@test = 0.985915 fraction, 95 % interval …, n = 568`."""
    note = entry.fields.get("note", "")
    for name, item in release.quotables.items():
        if item.field != "value" or f"{name} = " not in note:
            continue
        start = note.index(f"{name} = ") + len(name) + 3
        said = note[start:]
        wanted = [("", said)]
        for field, pattern in _NOTED:
            if found := re.search(pattern, said):
                wanted.append((field, found[1].rstrip(",.")))
        for field, text in wanted:
            known = release.quotables.get(f"{name}.{field}" if field else name)
            number = next(iter(numbers(text)), None)
            if known is None or number is None:
                continue
            yield Quote(
                file=file,
                line=entry.lines.get("note", entry.line),
                quoted=number.text,
                how="claimed",
                bundle_id=release.bundle_id,
                candidates=(known,),
                agrees=judge(number, (known,)),
            )
        return
