"""Import one release or a whole history: families side by side, the releases of a family one after the other."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from proofpress.errors import ProofpressError
from proofpress.evidence.values import ReleaseParts
from proofpress.exchange.foreign import Importer, Item, RefusedError
from proofpress.exchange.importers import importer_named
from proofpress.exchange.making import REPORT, Made, make_pack, release_id_of, slug
from proofpress.ingest.sources import read_file
from proofpress.pack.writer import produced
from proofpress.render.sets import TemplateSet
from proofpress.workers import executor, run_units


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item: `made`, `kept` (it was imported before), or `refused` for a reason."""

    item: str
    state: str
    release_id: str = ""
    pack_id: str = ""
    path: str = ""
    reason: str = ""
    rows: int = 0
    no_place: int = 0
    missing: int = 0
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, item: Item, made: Made, path: str) -> "Outcome":
        """What is told of a pack that was made."""
        report = made.report
        return cls(
            item=item.name,
            state="made",
            release_id=made.release_id,
            pack_id=made.pack_id,
            path=path,
            rows=len(report["rows"]),
            no_place=len(report["no_place"]),
            missing=len(report["missing"]),
            remarks=tuple(report["remarks"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    format: str
    root: Path
    into: Path
    template_set: TemplateSet
    items: tuple[Item, ...]


def import_one(importer: Importer, item: Item, root: Path, into: Path, template_set: TemplateSet) -> Made:
    """Make the pack `into` of one item. Raises `RefusedError`."""
    return make_pack(importer.read(item, root), into, format_=importer.name, template_set=template_set)


def import_all(
    importer: Importer, root: Path, into: Path, template_set: TemplateSet, *, jobs: int
) -> Iterator[Outcome]:
    """Import every release below `root` to `into`/<family>/<release id>, and tell each as it is done.

    What was imported before from the same bytes is kept, so that an import that was cut off goes on. The release
    before it in its family becomes the predecessor where the format orders releases by number.
    """
    units = (
        _Unit(format=importer.name, root=root, into=into, template_set=template_set, items=items)
        for items in _families(importer.items(root))
    )
    with executor(jobs, 4 * jobs) as pool:
        for outcomes in run_units(pool, _import_family, units, window=2 * jobs):
            yield from outcomes


def _families(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    for _family, group in groupby(items, key=lambda item: item.family):
        yield tuple(group)


def _import_family(unit: _Unit) -> list[Outcome]:
    importer = importer_named(unit.format)
    before: tuple[str, str] | None = None
    outcomes: list[Outcome] = []
    for item in unit.items:
        try:
            outcome = _import_item(importer, item, unit, before)
        except (RefusedError, ProofpressError) as exc:
            outcomes.append(Outcome(item=item.name, state="refused", reason=" ".join(str(exc).split())[:400]))
            continue
        outcomes.append(outcome)
        if ReleaseParts(outcome.release_id).version != "0.0.0":
            before = (outcome.release_id, outcome.pack_id)
    return outcomes


def _import_item(importer: Importer, item: Item, unit: _Unit, before: tuple[str, str] | None) -> Outcome:
    foreign = importer.read(item, unit.root)
    release_id = release_id_of(foreign)
    path = f"{slug(foreign.name)}/{release_id}"
    into = unit.into / path
    if into.exists():
        if _sources(into) != [each.sha256 for each in foreign.files]:
            raise RefusedError(f"{path} exists already, made from another source")
        pack_id = "sha256:" + str(produced(into, "manifest.json")["sha256"])
        return Outcome(item=item.name, state="kept", release_id=release_id, pack_id=pack_id, path=path)
    after = before if before is not None and _follows(before[0], release_id) else None
    made = make_pack(foreign, into, format_=importer.name, template_set=unit.template_set, predecessor=after)
    return Outcome.of(item, made, path)


def _follows(before: str, release_id: str) -> bool:
    """Whether a release is a later version of the same model and variant; without a number nobody knows."""
    old, new = ReleaseParts(before), ReleaseParts(release_id)
    same = (old.name, old.variant) == (new.name, new.variant)
    return same and new.version != "0.0.0" and old.sort_key < new.sort_key


def _sources(folder: Path) -> list[str]:
    try:
        report = json.loads(read_file(folder / REPORT))
        return [item["sha256"] for item in report["sources"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
