"""Clones of the example packs: other names, dates, keys, values and words, the same shape, and as true.

A clone verifies like the pack it comes from: the mean over its per-example results is its value, baselines are
what the earlier clone measured, digests are those of its bytes, and documents are rendered from its JSON. Nothing
is left out or made smaller. What a family repeats from release to release is repeated; no two families share a
sentence that people wrote, and no two releases share a summary, a change or a finding.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.dataset import snapshot_id
from proofpress.evidence.demo import RECEIPTS, receipts_of
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import EFFECTIVE_CONFIG
from proofpress.evidence.policy import Profile
from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json, parse_yaml
from proofpress.pack.dataset import key_text
from proofpress.pack.readiness import read_decision, write_readiness
from proofpress.pack.release import assemble
from proofpress.pipeline import rules_at
from proofpress.render.sets import TemplateSets

PACKS: Final = Path(__file__).resolve().parents[2] / "packs"
_EVAL: Final = "model/eval_metrics.json"
_METRICS: Final = "model/metrics/test.json"
_READINESS: Final = "readiness/readiness_report.json"
_DECISIONS: Final = "readiness/scope_decisions/"
_ROWS: Final = "model/per_example/test.jsonl"
_BASELINE_LOSSES: Final = "model/per_example/baseline_losses.jsonl"
_WEIGHTS: Final = "model/weights.json"
_CYCLE_DAYS: Final = 140
_YEARS_BACK: Final = timedelta(days=3650)
_OF_SNAPSHOT: Final = ("dataset_manifest", "split_integrity")
_FIRST_LETTER: Final = {"clinical": re.compile(r"\bc(?=ase-\d{4}\b)"), "digits": re.compile(r"\bd(?=\d{4}[a-z]?\b)")}
_MEASURED_FIELD: Final = {"clinical": "brier", "digits": "log_loss"}
_HEX: Final = "0123456789abcdef"
_PROSE_WORDS: Final = 4
_OF_RELEASE: Final = frozenset({"summary", "negative_findings", "added", "changed", "fixed", "removed", "notes"})
_MICRO: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A real pack: the files that people and builders made. Documents and checksums are made again."""

    release_id: str
    files: Mapping[str, bytes]

    @property
    def version(self) -> str:
        """Its version, `0.2.1`."""
        return self.release_id.split("-")[1].removeprefix("v")

    @property
    def variant(self) -> str:
        """What stands between version and revision."""
        return self.release_id.split("-")[2]


@cache
def sources(kind: str) -> tuple[Source, ...]:
    """The real packs of a family, oldest first."""
    found = []
    for folder in sorted((PACKS / kind).iterdir()):
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        kept = {
            path: data
            for path, data in files.items()
            if path != "manifest.json"
            and not path.startswith("derivations/")  # signed for the original's bytes
            and not path.endswith(("SHA256SUMS", ".md"))
        }
        found.append(Source(release_id=folder.name, files=kept))
    return tuple(found)


@cache
def profile(kind: str) -> tuple[Profile, ...]:
    """What the real packs of a family must carry, and so their clones."""
    return rules_at(PACKS.parent).profiles.chain(f"{kind}-release")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloned:
    """A clone that was written."""

    family: str
    release_id: str
    pack_id: str
    released_at: str
    folder: Path


@dataclass(slots=True, kw_only=True)
class Lineage:
    """One cloned family, whose releases follow each other as the real ones do, again and again."""

    kind: str
    number: int
    made: list[Cloned] = field(default_factory=list)
    _values: dict[str, dict[tuple[str, ...], Number]] = field(default_factory=dict)
    losses: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """Its name."""
        return f"{self.kind}{self.number:02d}"

    def release_id(self, index: int) -> str:
        """Name of the release with this number."""
        known = sources(self.kind)
        return f"{self.family}-v0.{index + 1}.0-{known[index % len(known)].variant}-r1"

    def grow(self, packs: Path) -> Cloned:
        """Write the next release below `packs`."""
        index = len(self.made)
        known = sources(self.kind)
        source = known[index % len(known)]
        clone = _Clone(
            lineage=self,
            index=index,
            source=source,
            cycle={item: self._twin(index, item) for item in range(len(known))},
        )
        folder = packs / self.family / clone.release_id
        files = clone.files()
        for path, data in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        self._values[clone.release_id] = clone.values
        self.losses[clone.release_id] = clone.losses
        chain = profile(self.kind)
        decisions = [path for path in files if path.startswith(_DECISIONS)]
        decided = {path.removeprefix(_DECISIONS): read_decision(path, files[path]) for path in decisions}
        write_readiness(folder, chain, at=clone.assessed_at, decisions=decided)
        pack_id = assemble(folder, profile=chain[0].name, template_set=TemplateSets().newest())
        done = Cloned(
            family=self.family,
            release_id=clone.release_id,
            pack_id=pack_id,
            released_at=clone.released_at,
            folder=folder,
        )
        self.made.append(done)
        return done

    def _twin(self, index: int, member: int) -> int:
        """Number of the release that stands in the same cycle for a real one."""
        size = len(sources(self.kind))
        return index - index % size + member

    def measured(self, release_id: str, key: tuple[str, ...]) -> Number | None:
        """What an earlier clone measured."""
        return self._values.get(release_id, {}).get(key)


@dataclass(slots=True, kw_only=True)
class _Clone:
    """One release being cloned."""

    lineage: Lineage
    index: int
    source: Source
    cycle: Mapping[int, int]
    values: dict[tuple[str, ...], Number] = field(default_factory=dict)
    losses: dict[str, str] = field(default_factory=dict)
    released_at: str = ""
    assessed_at: str = ""
    _digests: dict[str, str] = field(default_factory=dict)
    _snapshots: dict[str, str] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)

    @property
    def release_id(self) -> str:
        return self.lineage.release_id(self.index)

    def files(self) -> dict[str, bytes]:
        """All files but the rendered ones, by path."""
        documents = {path: data for path, data in self.source.files.items() if _is_document(path) or path == RECEIPTS}
        done = {path: self._plain(path, data) for path, data in self.source.files.items() if path not in documents}
        done[_ROWS], sums = self._rows(done[_ROWS])
        done[_BASELINE_LOSSES] = self._baseline_losses(done[_BASELINE_LOSSES])
        for path, data in done.items():
            self._replaced(path, data)
        for item in parse_json(documents["dataset/dataset_manifest.json"])["files"]:
            self._digests[item["sha256"]] = _sha256(f"{item['sha256']} {self.lineage.family}".encode())
        self._name_snapshot(documents)
        self.assessed_at = self._names(parse_json(documents.pop(_READINESS))["assessed_at"])
        for path in _bound_first(documents):
            done[path] = self._receipts(done) if path == RECEIPTS else self._document(path, sums)
            self._replaced(path, done[path])
        return done

    def _name_snapshot(self, documents: Mapping[str, bytes]) -> None:
        """The snapshot's id follows from the digests of its key files and data files."""
        manifest, splits = (parse_json(documents[f"dataset/{name}.json"]) for name in _OF_SNAPSHOT)
        keys = {item["kind"]: self._known(item["files"]) for item in splits["keys"]}
        old = manifest["dataset_snapshot_id"]
        self._snapshots[old] = snapshot_id(self.lineage.family, keys, self._known(manifest["files"]))

    def _known(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{**item, "sha256": self._digests.get(item["sha256"], item["sha256"])} for item in items]

    def _replaced(self, path: str, data: bytes) -> None:
        """Whoever names the source's file by digest and size names this one."""
        digest = _sha256(data)
        self._digests[_sha256(self.source.files[path])] = digest
        self._sizes[digest] = len(data)

    # Files that are no documents

    def _plain(self, path: str, data: bytes) -> bytes:
        if path == _WEIGHTS:
            run = parse_json(self.source.files["training/training_run.json"])["run_id"]
            return _nudged(data, seed=self._names(run))  # releases of one run ship one model
        if path.startswith("dataset/keys/") and re.fullmatch(rb"[0-9a-f]{16}", data.partition(b"\n")[0]):
            turn = self.lineage.number % 15 + 1
            table = str.maketrans(_HEX, _HEX[turn:] + _HEX[:turn])
            return key_text(data.decode().translate(table).splitlines())
        text = self._keys(data.decode())
        return (self._names(text) if path == EFFECTIVE_CONFIG else text).encode()

    def _keys(self, text: str) -> str:
        return _FIRST_LETTER[self.lineage.kind].sub(chr(ord("a") + self.lineage.number % 26), text)

    def _rows(self, data: bytes) -> tuple[bytes, dict[tuple[str, str], Decimal]]:
        """Per-example results in which one example is a little worse; the sums of the changed field."""
        name = _MEASURED_FIELD[self.lineage.kind]
        lines = data.decode().splitlines(keepends=True)
        chosen = (self.index * 31 + self.lineage.number * 7) % len(lines)
        more = Decimal((self.index * 37 + self.lineage.number * 11) % 89 + 1) / 100
        token = re.compile(rf'(?<="{name}": )[0-9.]+')
        lines[chosen] = token.sub(lambda match: str(Decimal(match[0]) + more), lines[chosen], count=1)
        before = [json.loads(line) for line in self.source.files[_ROWS].splitlines()]
        sums: dict[tuple[str, str], Decimal] = {("", ""): Decimal()}
        groups: dict[tuple[str, str], tuple[list[str], list[str]]] = {("", ""): ([], [])}
        for line, old in zip(lines, before, strict=True):
            new = json.loads(line, parse_float=Decimal)
            for part in (("", ""), *old["slices"].items()):
                sums[part] = sums.get(part, Decimal()) + new[name]
                olds, news = groups.setdefault(part, ([], []))
                olds.append(old["key"])
                news.append(new["key"])
            self.losses[new["key"]] = str(new[name])
        for olds, news in groups.values():
            self._digests[_sha256(key_text(olds))] = _sha256(key_text(news))
        return "".join(lines).encode(), sums

    def _baseline_losses(self, data: bytes) -> bytes:
        """Per-example losses of the baseline: those of the earlier clone, when the baseline is one."""
        config = parse_yaml(self.source.files[EFFECTIVE_CONFIG])
        known = self.lineage.losses.get(self._names(config["baselines"]["losses"]["name"]), {})
        name = _MEASURED_FIELD[self.lineage.kind]
        loss = re.compile(rf'"key": "([^"]+)", "{name}": ([0-9.]+)')
        return loss.sub(
            lambda found: f'"key": "{found[1]}", "{name}": {known.get(found[1], found[2])}', data.decode()
        ).encode()

    def _receipts(self, done: Mapping[str, bytes]) -> bytes:
        """One receipt for each row of the demo, of this clone's model."""
        model_id = f"sha256:{_sha256(done['model/manifest.json'])}"
        source, answers = (done[f"demo/{name}.jsonl"] for name in ("inputs", "scores"))
        return receipts_of(source, answers, model_id)

    # Documents

    def _document(self, path: str, sums: Mapping[tuple[str, str], Decimal]) -> bytes:
        value = parse_json(self.source.files[path])
        changed = self._told(value, "")
        special: Mapping[str, Callable[[dict[str, Any]], None]] = {
            "release.json": self._release,
            "model/efficiency_report.json": self._efficiency,
            _EVAL: lambda found: self._evaluation(found, sums),
            _METRICS: lambda found: self._evaluation(found, sums),
        }
        if path in special:
            special[path](changed)
        return dump_json(changed).encode()

    def _told(self, value: Any, name: str) -> Any:
        """A document's value with this clone's names, times, digests and words."""
        if isinstance(value, Mapping):
            told = {key: self._told(item, key) for key, item in value.items()}
            if "size" in told and told.get("sha256") in self._sizes:
                told["size"] = self._sizes[told["sha256"]]
            return told
        if isinstance(value, tuple):
            return [self._told(item, name) for item in value]
        if not isinstance(value, str):
            return value
        text = self._keys(self._names(value))
        if name in {"conclusions", "stdout", "ci_method"} or not text.endswith(".") or text.count(" ") < _PROSE_WORDS:
            return text
        tail = f"as of {self.release_id}" if name in _OF_RELEASE else f"for {self.lineage.family}"
        return f"{text[:-1]}, {tail}."

    def _names(self, text: str) -> str:
        kind, family = self.lineage.kind, self.lineage.family
        if text == kind:
            return family
        known = sources(kind)
        for member, source in enumerate(known):
            text = text.replace(source.release_id, self.lineage.release_id(self.cycle[member]))
        text = re.sub(rf"\b{kind}-[0-9a-f]{{16}}\b", lambda m: self._snapshots.get(m[0], m[0]), text)
        text = re.sub(r"\b[0-9a-f]{64}\b", lambda m: self._digests.get(m[0], m[0]), text)
        text = re.sub(r"\b[0-9a-f]{40}\b", lambda m: _sha256(f"{family} {self.cycle[0]} {m[0]}".encode())[:40], text)
        text = re.sub(r"\b20\d\d-\d\d-\d\d", self._day, text)
        text = re.sub(rf"\b{kind.capitalize()} \d+\.\d+\.\d+", f"{family.capitalize()} 0.{self.index + 1}.0", text)
        return re.sub(r"\bv(\d\.\d\.\d)(?![\w-])", self._version, text)

    def _version(self, match: re.Match[str]) -> str:
        member = next(index for index, item in enumerate(sources(self.lineage.kind)) if item.version == match[1])
        return f"v0.{self.cycle[member] + 1}.0"

    def _day(self, match: re.Match[str]) -> str:
        round_ = self.cycle[0] // len(self.cycle)
        shift = timedelta(days=round_ * _CYCLE_DAYS + self.lineage.number % 7) - _YEARS_BACK
        return (date.fromisoformat(match[0]) + shift).isoformat()

    def _release(self, found: dict[str, Any]) -> None:
        before = self.lineage.made[-1] if self.lineage.made else None
        found["version"] = f"0.{self.index + 1}.0"
        found["predecessor"] = {"release_id": before.release_id, "pack_id": before.pack_id} if before else None
        self.released_at = found["released_at"]

    def _efficiency(self, found: dict[str, Any]) -> None:
        factor = 1 + Decimal((self.index * 13 + self.lineage.number * 5) % 40) / 100
        for row in found["rows"]:
            if row["value"] is not None:
                row["value"] = Number(str((row["value"] * factor).quantize(row["value"].half_unit * 2)))

    def _evaluation(self, found: dict[str, Any], sums: Mapping[tuple[str, str], Decimal]) -> None:
        now: dict[str, str] = {}
        sentence = 0
        for row in found["rows"]:
            changed = self._measured(row, sums)
            now |= changed
            if "slice" not in row and "conclusions" in found:
                found["conclusions"][sentence] = _with_numbers(found["conclusions"][sentence], changed)
                sentence += 1
        found["negative_findings"] = [_with_numbers(text, now) for text in found["negative_findings"]]

    def _measured(self, row: dict[str, Any], sums: Mapping[tuple[str, str], Decimal]) -> dict[str, str]:
        """Make the row's value what its examples say, and its baseline what the earlier clone measured.

        Returns the numbers that changed, old to new.
        """
        part = row.get("slice")
        at = (part["dimension"], part["value"]) if part else ("", "")
        key = (row["name"], row["split"], *at)
        if row["value"] is None:
            return {}
        old = {name: str(row[name]) for name in ("value", "baseline_value", "delta_vs_baseline") if name in row}
        if row.get("per_sample", {}).get("field") == _MEASURED_FIELD[self.lineage.kind]:
            mean = sums[at] / int(row["n"])
            row["value"] = Number(str(mean.quantize(_MICRO, ROUND_HALF_EVEN)))
            if not row["ci_low"] <= row["value"] <= row["ci_high"]:
                raise ValueError(f"{self.release_id}: {key} left its interval")
            self.values[key] = row["value"]
        if "baseline" in row:
            row["baseline_value"] = self.lineage.measured(row["baseline"], key) or row["baseline_value"]
            delta = (row["value"] - row["baseline_value"]).quantize(_MICRO) + 0
            row["delta_vs_baseline"] = Number(format(delta, "f"))
        return {said: str(row[name]) for name, said in old.items() if said != str(row[name])}


def _with_numbers(text: str, now: Mapping[str, str]) -> str:
    return re.sub(r"-?\d+\.\d{6}", lambda match: now.get(match[0], match[0]), text)


def _nudged(data: bytes, *, seed: str) -> bytes:
    """Weights of equal size in which one number is another."""
    digits = iter(hashlib.sha256(seed.encode()).digest() * 4)
    number = re.compile(rb"(?<=\d\.)\d{3,}")
    places = list(number.finditer(data))
    chosen = places[next(digits) % len(places)]
    new = bytes(ord("1") + next(digits) % 9 for _ in range(chosen.end() - chosen.start()))
    return data[: chosen.start()] + new + data[chosen.end() :]


def _bound_first(documents: Mapping[str, bytes]) -> list[str]:
    """The documents in an order in which each comes after those that it names by digest."""
    digests = {_sha256(data): path for path, data in documents.items()}
    named = {
        path: {digests[item] for item in re.findall(r"\b[0-9a-f]{64}\b", data.decode()) if item in digests}
        for path, data in documents.items()
    }
    return list(TopologicalSorter(named).static_order())


def _is_document(path: str) -> bool:
    return path.endswith(".json") and path not in {_WEIGHTS, "model/decision.json"}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
