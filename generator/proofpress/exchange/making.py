"""Make a pack of a foreign release: typed absences for what its source does not state, and a report of the losses."""

import hashlib
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.release import Release
from proofpress.evidence.values import RELEASE_ID_PATTERN, Commit, Name, ReleaseParts, Text, Unstated
from proofpress.exchange.foreign import Foreign, ForeignRow, RefusedError
from proofpress.exchange.known_metrics import UNKNOWN, known_metric
from proofpress.exchange.reading import publishable
from proofpress.pack.release import assemble
from proofpress.pack.writer import PackError, document_text, write_document, write_text
from proofpress.render.sets import TemplateSet
from proofpress.verify.rules.privacy import private_in

PROFILE: Final = "imported"
REPORT, REPORT_SCHEMA = "import_report.json", "proofpress.import-report/1"
_NAME, _TEXT, _COMMIT = TypeAdapter(Name), TypeAdapter(Text), TypeAdapter(Commit)
_VERSION = re.compile(r"v?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[.-]?(a|alpha|b|beta|rc)\.?(\d{1,9}))?")
_MOST_KEPT: Final = 12 * 1024 * 1024
_HEADLINES: Final = 3
_MISSING: Final = {
    "interface": "the format has no public interface of the release",
    "model_manifest": "the format lists no files of the model with their digests",
    "model": "the format does not describe inputs and outputs of the model",
    "dataset": "the format does not describe features, splits and target of the data",
    "training": "the format does not describe the training run as a pack does",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What became of one item: the pack's id and the report that stands in it."""

    pack_id: str
    release_id: str
    report: dict[str, Any]


def slug(text: str) -> str:
    """Lowercase letters and digits, joined by hyphens; empty when nothing of the text is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def release_id_of(foreign: Foreign) -> str:
    """Our release id for a foreign release.

    A numbered version is completed to three numbers. An `order`, such as the step of a training run, stands as the
    last number of 0.0.N. Any other version is the variant of 0.0.0. Raises `RefusedError`.
    """
    name, variant = slug(foreign.name), slug(foreign.variant)
    match = _VERSION.fullmatch(foreign.version.strip().lower())
    if match is not None:
        version = ".".join(str(int(match[index] or 0)) for index in (1, 2, 3))
        version += f"{match[4].replace('alpha', 'a').replace('beta', 'b')}{int(match[5])}" if match[4] else ""
    elif foreign.order is not None:
        version = f"0.0.{foreign.order}"
    else:
        version, variant = "0.0.0", "-".join(filter(None, (slug(foreign.version), variant)))
    made = f"{name}-v{version}" + (f"-{variant}" if variant else "") + "-r1"
    if len(made) > 128:
        digest = hashlib.sha256(foreign.upstream_id.encode("utf-8")).hexdigest()[:12]
        made = f"{name[:80].rstrip('-')}-v{version}-{digest}-r1"
    if not name or not re.fullmatch(RELEASE_ID_PATTERN, made):
        raise RefusedError(f"'{foreign.name}' {foreign.version} gives no release id")
    return made


def make_pack(
    foreign: Foreign, into: Path, *, format_: str, template_set: TemplateSet, predecessor: tuple[str, str] | None = None
) -> Made:
    """Write the pack of a foreign release at `into`, whole or not at all, and say what became of the source.

    `predecessor` is release id and pack_id of the release before. Raises `RefusedError`.
    """
    folder = into.with_name(f".{into.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        making = _Making(foreign, format_, release_id_of(foreign), predecessor)
        making.write(folder)
        pack_id = assemble(folder, profile=PROFILE, template_set=template_set)
        if into.exists():
            raise RefusedError(f"{into.parent.name}/{into.name} exists already, made from another source")
        into.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(into)
    except PackError as exc:
        raise RefusedError(f"no valid pack can be made of it: {exc}"[:400]) from exc
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Made(pack_id=pack_id, release_id=making.release_id, report=making.report)


class _Making:
    """One release on its way into a folder, with what was mapped and what was lost."""

    def __init__(self, foreign: Foreign, format_: str, release_id: str, predecessor: tuple[str, str] | None) -> None:
        self.foreign, self.format, self.release_id = foreign, format_, release_id
        self._predecessor = predecessor
        self._label = f"proofpress.import.{format_}"
        self._unstated: list[str] = []
        self._lost: dict[str, str] = dict(foreign.no_place)
        self._remarks = list(dict.fromkeys(foreign.remarks))
        self.report: dict[str, Any] = {}

    def write(self, folder: Path) -> None:
        """Write the documents and the report. Raises `RefusedError` and `PackError`."""
        rows = self._rows()
        if not rows:
            raise RefusedError("it states no metric")
        kept, withheld = self._kept()
        release = self._release(rows)
        upstream = {
            "format": self.format,
            "upstream_id": self._text(self.foreign.upstream_id) or slug(self.foreign.name),
            "version": self._text(self.foreign.version) or "not stated",
            "files": [_file(item) for item in self.foreign.files],
        }
        folder.mkdir(parents=True)
        fields = {**release, "extensions": {"upstream": {**upstream, "kept": kept}}}
        size = len(document_text(Release, fields, generated_by=self._label))
        if size > _MOST_KEPT:
            withheld["/"] = f"the rest of the source takes {size} bytes, more than a document of a pack may hold"
            fields["extensions"] = {"upstream": upstream}
            kept = {}
        write_document(folder, Release, fields, generated_by=self._label)
        write_document(folder, EvalMetrics, self._evaluation(rows), generated_by=self._label)
        self.report = {
            "schema": REPORT_SCHEMA,
            "format": self.format,
            "sources": [_file(item) for item in self.foreign.files],
            "release_id": self.release_id,
            "mapped": [{"from": source, "to": place} for source, place in self.foreign.mapped.items()],
            "rows": [row.source for row in rows],
            "kept": sorted(kept),
            "no_place": [{"from": where, "reason": reason} for where, reason in {**self._lost, **withheld}.items()],
            "missing": [
                *({"path": path, "reason": "the source does not state it"} for path in self._unstated),
                *({"path": name, "reason": reason} for name, reason in _MISSING.items()),
            ],
            "remarks": self._remarks,
        }
        write_text(folder, REPORT, dump_json(publishable(self.report, {})))

    def _kept(self) -> tuple[dict[str, Any], dict[str, str]]:
        withheld: dict[str, str] = {}
        kept = publishable(self.foreign.kept, withheld)
        return kept, withheld

    def _text(self, text: str) -> str:
        """A text that may stand in a pack, empty when there is none or it may not."""
        withheld: dict[str, str] = {}
        if text and publishable(text, withheld) is None:
            self._lost[text[:20] + "…" if len(text) > 20 else "a text"] = withheld[""]
            return ""
        return text

    def _stated(self, place: str, text: str, form: TypeAdapter[Any] = _TEXT) -> Any:
        """A text of the source in its field's form, else the typed absence of it."""
        text = self._text(text)
        if text:
            try:
                return form.validate_python(text)
            except ValidationError:
                self._remarks.append(f"{place}: what the source states has not the form of the field")
        self._unstated.append(place)
        return Unstated(f"the {self.format} source does not state it")

    def _list(self, place: str, texts: Iterable[str]) -> list[Any]:
        found = [text for item in texts if (text := self._text(item))]
        return found or [self._stated(f"{place}/0", "")]

    def _release(self, rows: Sequence[ForeignRow]) -> dict[str, Any]:
        foreign, at = self.foreign, "release.json#"
        before = self._predecessor
        authors = [name for item in foreign.authors if (name := self._text(item)) and len(name) <= 200]
        named = [{"name": name, "kind": "organization"} for name in authors]
        return {
            "release_id": self.release_id,
            "family": slug(foreign.name),
            "title": self._text(foreign.title)[:300]
            or f"{slug(foreign.name)} {slug(foreign.version) or self.release_id}",
            "version": ReleaseParts(self.release_id).version,
            "summary": self._stated(f"{at}/summary", foreign.summary),
            "released_at": self._stated(f"{at}/released_at", foreign.released_at),
            "predecessor": {"release_id": before[0], "pack_id": before[1]} if before else None,
            "intended_use": self._list(f"{at}/intended_use", foreign.intended_use),
            "out_of_scope": self._list(f"{at}/out_of_scope", foreign.out_of_scope),
            "licence": self._stated(f"{at}/licence", foreign.licence, _NAME),
            "authors": named or [{"name": self._stated(f"{at}/authors/0/name", "", _NAME), "kind": "organization"}],
            "keywords": [word for word in dict.fromkeys(foreign.keywords) if _is_name(word)],
            "headline": [{"name": row.name, "split": row.split} for row in self._headline(rows)],
            "changelog": {},
        }

    def _headline(self, rows: Sequence[ForeignRow]) -> list[ForeignRow]:
        whole = [row for row in rows if row.slice is None and row.value is not None]
        if not whole:
            raise RefusedError("it states no value of a whole split")
        named = [row for name in self.foreign.headline for row in whole if row.name == name]
        return (named or whole)[:_HEADLINES]

    def _rows(self) -> list[ForeignRow]:
        """The rows that can stand in a pack: named, and each key once."""
        found: dict[tuple[str, str, tuple[str, str] | None], ForeignRow] = {}
        for row in self.foreign.rows:
            names = (row.name, row.split, *(row.slice or ()))
            key = (row.name, row.split, row.slice)
            if not all(map(_is_name, names)):
                self._lost[row.source] = "its name can't be a name of a pack"
            elif key not in found:
                found[key] = row
            elif found[key].value == row.value:
                self._remarks.append(f"{row.name} on {row.split} stands twice with the same value")
            else:
                self._lost[row.source] = f"{row.name} on {row.split} stands more than once; the first value was taken"
        return list(found.values())

    def _evaluation(self, rows: Sequence[ForeignRow]) -> dict[str, Any]:
        foreign, at = self.foreign, "model/eval_metrics.json#"
        counts: dict[str, int | None] = {}
        for row in rows:
            if row.slice is None:
                same = counts.setdefault(row.split, row.n) == row.n
                counts[row.split] = row.n if same else None
            counts.setdefault(row.split, None)
        reason = f"the {self.format} source lists no evaluated keys"
        units, directions = self._units(rows), self._directions(rows)
        baselines = sorted({row.baseline[0] for row in rows if row.baseline})
        return {
            "release_id": self.release_id,
            "model_id": self._stated(f"{at}/model_id", ""),
            "run_id": self._stated(f"{at}/run_id", foreign.run_id, _NAME),
            "training_run_id": self._stated(f"{at}/training_run_id", foreign.training_run_id, _NAME),
            "commit": self._stated(f"{at}/commit", foreign.commit, _COMMIT),
            "dataset_snapshot_id": self._stated(f"{at}/dataset_snapshot_id", foreign.dataset_snapshot_id, _NAME),
            "evaluated_at": self._stated(f"{at}/evaluated_at", foreign.evaluated_at),
            "parameters": publishable(foreign.parameters, self._lost),
            "splits": [{"name": name, "n": n, "keys_sha256": Unstated(reason)} for name, n in counts.items()],
            "baselines": [{"name": name, "description": f"{name}, as the source names it"} for name in baselines],
            "slice_dimensions": [
                {
                    "name": name,
                    "description": foreign.dimensions.get(name, f"{name}, as the source names it"),
                    "partition": False,
                }
                for name in dict.fromkeys(row.slice[0] for row in rows if row.slice)
            ],
            "rows": [_row(row, units[row.name], directions[row.name], counts) for row in rows],
            "conclusions": self._list(f"{at}/conclusions", ()),
            "negative_findings": self._list(f"{at}/negative_findings", ()),
            "limitations": self._list(f"{at}/limitations", foreign.limitations),
        }

    def _units(self, rows: Sequence[ForeignRow]) -> dict[str, str]:
        """One unit for each metric. Shares above one are percent; beside them a share below one may be either."""
        stated: dict[str, set[str]] = defaultdict(set)
        largest: dict[str, Any] = {}
        for row in rows:
            stated[row.name].add(row.unit)
            if row.value is not None:
                largest[row.name] = max(largest.get(row.name, 0), abs(row.value))
        shares = {name for name in stated if (known := known_metric(name)) is not None and known.is_share}
        percent = {name for name in shares if 1 < largest.get(name, 0) <= 100}
        found: dict[str, str] = {}
        for name, units in stated.items():
            known = known_metric(name)
            if len(units - {""}) == 1:
                found[name] = next(iter(units - {""}))
            elif name in percent or (name in shares and percent and self.foreign.one_scale):
                found[name] = "percent"
            elif name in shares and (percent or largest.get(name, 0) > 100):
                found[name] = UNKNOWN
                self._remarks.append(f"{name}: other metrics of the source are in percent, so its unit is not known")
            else:
                found[name] = known.unit if known else UNKNOWN
                self._range(name, rows)
        if percent:
            self._remarks.append(f"in percent, not in parts of one: {', '.join(sorted(percent))[:500]}")
        if unknown := sorted(name for name in stated if known_metric(name) is None):
            self._remarks.append(f"not in the table of known metrics: {', '.join(unknown)[:1500]}")
        return found

    def _range(self, name: str, rows: Sequence[ForeignRow]) -> None:
        known = known_metric(name)
        for row in rows:
            if known is None or row.name != name or row.value is None:
                continue
            if (known.low is not None and row.value < known.low) or (known.high is not None and row.value > known.high):
                self._remarks.append(f"{name} is {row.value} on {row.split}, outside the range of such a metric")

    def _directions(self, rows: Sequence[ForeignRow]) -> dict[str, bool | None]:
        """One direction for each metric: as the source states it, else as the table knows it, else unknown."""
        stated: dict[str, set[bool]] = defaultdict(set)
        for row in rows:
            stated[row.name] |= {row.higher_is_better} - {None}  # type: ignore[arg-type]
        found: dict[str, bool | None] = {}
        for name in {row.name for row in rows}:
            known, said = known_metric(name), stated[name]
            found[name] = next(iter(said)) if len(said) == 1 else None
            if len(said) > 1:
                self._remarks.append(f"{name}: the source states both directions, so that none is known")
            elif not said and known is not None:
                found[name] = known.higher_is_better
            elif said and known is not None and known.higher_is_better not in {None, *said}:
                self._remarks.append(f"{name}: the source states another direction than the table of known metrics")
        return found


@lru_cache(maxsize=16384)
def _is_name(text: str) -> bool:
    """Whether a text may be a name in a pack: of its form, and nothing private."""
    try:
        _NAME.validate_python(text)
    except ValidationError:
        return False
    return not private_in(text)


def _row(row: ForeignRow, unit: str, higher_is_better: bool | None, counts: dict[str, int | None]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": row.name, "split": row.split}
    if row.slice is not None:
        made["slice"] = {"dimension": row.slice[0], "value": row.slice[1]}
    made["value"] = row.value
    if row.value is None:
        made["absent"] = {"code": "NOT_MEASURED", "reason": row.reason}
    made |= {"unit": unit, "higher_is_better": higher_is_better}
    made["n"] = counts[row.split] if row.slice is None else row.n
    if row.interval is not None:
        low, high, level, method = row.interval
        made |= {"ci_low": low, "ci_high": high, "ci_level": level, "ci_method": method}
    if row.renamed_from:
        made["notes"] = f"The source calls it {row.renamed_from}."
    return made


def _file(item: Any) -> dict[str, Any]:
    return {"path": publishable(item.path, {}) or "a private path", "sha256": item.sha256, "size": item.size}
