"""What their data files show: records, comparable keys and labels of each split, counted again from the bytes."""

import importlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from proofpress.exchange.genolewm.files import Folder, TroubleError

_HELD_OUT = ("eval", "test", "holdout", "validation", "val")
_ALIASES = {
    "PATHOGENIC": "P",
    "LIKELY_PATHOGENIC": "LP",
    "BENIGN": "B",
    "LIKELY_BENIGN": "LB",
    "UNCERTAIN_SIGNIFICANCE": "VUS",
    "UNCERTAIN": "VUS",
}
_LABEL_FIELDS = ("clinical_significance", "label", "clnsig")
_VARIANT = ("chrom", "pos", "ref", "alt")


@dataclass(slots=True)
class Records:
    """Records, keys and labels of a file or split."""

    n: int | None = 0
    keys: set[str] = field(default_factory=set)
    labels: Counter[str] = field(default_factory=Counter)

    def label(self, raw: object) -> None:
        """Count a label, if it is one."""
        if (name := canonical_label(raw)) is not None:
            self.labels[name] += 1


def variant_key(chrom: object, pos: object, ref: object, alt: object) -> str:
    """The key of a variant."""
    return f"{chrom}:{pos}:{str(ref).upper()}>{str(alt).upper()}"


def canonical_label(raw: object) -> str | None:
    """The class that a label stands for; of several the most cautious one. None when it says nothing."""
    if isinstance(raw, bool | int | float) and raw in {0, 1}:
        return "positive" if raw else "negative"
    if not isinstance(raw, str) or raw.strip() in {"", "."}:
        return None
    text = raw.strip().upper().replace("%2F", "/").replace("%20", "_").replace(" ", "_").replace("-", "_")
    words = {_ALIASES.get(word, word) for word in re.split(r"[/|,;&]+", text)}
    return next((name for name in ("VUS", "LP", "P", "LB", "B") if name in words), "OTHER")


def read_records(folder: Folder, path: str) -> Records:
    """Count a data file's records by its form; `n` is None when the form is not countable. Raises `TroubleError`."""
    name = path.lower()
    if name.endswith(".jsonl"):
        return _jsonl(folder, path)
    if name.endswith((".vcf", ".vcf.gz")):
        return _vcf(folder, path)
    if name.endswith(".parquet"):
        return _parquet(folder, path)
    if name.endswith((".txt", ".tsv", ".csv")):
        return Records(n=sum(not line.startswith("#") for _number, line in folder.lines(path)))
    return Records(n=None)


def _jsonl(folder: Folder, path: str) -> Records:
    found = Records(n=0)
    count = 0
    for _number, row in folder.rows(path):
        count += 1
        if isinstance(row, dict):
            if key := _key(row):
                found.keys.add(key)
            found.label(next((row[name] for name in _LABEL_FIELDS if row.get(name) is not None), None))
    found.n = count
    return found


def _key(row: Mapping[str, Any]) -> str | None:
    for name in ("locus_key", "variant_key"):
        if isinstance(row.get(name), str) and row[name]:
            return str(row[name])
    if all(isinstance(row.get(name), str | int) for name in _VARIANT):
        return variant_key(*(row[name] for name in _VARIANT))
    record = row.get("record_id")
    return f"record:{record}" if isinstance(record, str) and record else None


def _vcf(folder: Folder, path: str) -> Records:
    found = Records()
    count = 0
    for number, line in folder.lines(path):
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) < 5:
            raise TroubleError(
                "GLW053", folder.place(path), "a VCF row has fewer than 5 columns", pointer=f"line {number}"
            )
        chrom, pos, _id, ref, alts = columns[:5]
        info = _info(columns[7] if len(columns) > 7 else "")
        alleles = [alt for alt in alts.split(",") if alt]
        count += max(1, len(alleles))
        for index, alt in enumerate(alleles):
            found.keys.add(variant_key(chrom, pos, ref, alt))
            found.label(_for_allele(info, index))
    found.n = count
    return found


def _info(text: str) -> dict[str, str]:
    return dict(item.split("=", maxsplit=1) for item in text.split(";") if "=" in item)


def _for_allele(info: Mapping[str, str], index: int) -> str | None:
    for name in ("CLNSIG", "CLNSIGCONF", "label"):
        values = info[name].split(",") if name in info else []
        if len(values) == 1:
            return values[0]
        if index < len(values):
            return values[index]
    return None


def _parquet(folder: Folder, path: str) -> Records:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as exc:
        hint = "install pyarrow beside Proofpress"
        raise TroubleError("GLW053", folder.place(path), "a Parquet file can't be counted here", hint=hint) from exc
    try:
        with folder.open(path) as stream:
            table = parquet.ParquetFile(stream)
            names = set(table.schema_arrow.names)
            found = Records(n=int(table.metadata.num_rows))
            variants = _VARIANT if set(_VARIANT) <= names else ()
            labels = tuple(name for name in _LABEL_FIELDS if name in names)
            wanted = list(dict.fromkeys((*variants, *labels)))
            for batch in table.iter_batches(columns=wanted) if wanted else ():
                for row in batch.to_pylist():
                    if variants and None not in (row[name] for name in variants):
                        found.keys.add(variant_key(*(row[name] for name in variants)))
                    found.label(next((row[name] for name in labels if row[name] is not None), None))
    except (OSError, ValueError) as exc:  # pyarrow's errors are ValueErrors
        raise TroubleError("GLW053", folder.place(path), f"not a Parquet file that can be read: {exc}") from exc
    return found


def counted(folder: Folder, manifest: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Records]]:
    """What each data file and each split of a dataset manifest holds.

    Raises `TroubleError` at the first thing that contradicts the manifest.
    """
    splits = {name: Records() for name in manifest["splits"]}
    files: list[dict[str, Any]] = []
    for item in manifest["files"]:
        records = read_records(folder, item["path"])
        n = item.get("records", records.n)
        if n is None or (records.n is not None and records.n != n):
            stated = "a number of records" if n is None else f"{n} records"
            message = "the file's records are not those that the manifest states"
            raise TroubleError("GLW053", folder.place(item["path"]), message, expected=stated, found=str(records.n))
        files.append(
            {name: item[name] for name in ("path", "split", "sha256", "size_bytes")}
            | {"records": n, "comparable_keys": len(records.keys), "label_counts": dict(sorted(records.labels.items()))}
        )
        whole = splits[item["split"]]
        whole.n = (whole.n or 0) + n
        whole.keys |= records.keys
        whole.labels += records.labels
    for name, whole in splits.items():
        declared = manifest["splits"][name]["records"]
        if whole.n != declared:
            place, message = (
                folder.place("dataset_manifest.json"),
                f"the records of split {name} are not those of its files",
            )
            raise TroubleError("GLW053", place, message, expected=str(declared), found=str(whole.n))
    return files, splits


def integrity(folder: Folder, manifest: Mapping[str, Any], generated_at: object) -> dict[str, Any]:
    """The split integrity report that a dataset manifest and the data files give. Raises `TroubleError`."""
    files, splits = counted(folder, manifest)
    return {
        "schema_version": "1.0.0",
        "generated_by": "tools.release.dataset_integrity",
        "snapshot_id": manifest["snapshot_id"],
        "generated_at": generated_at,
        "manifest_sha256": folder.sha256("dataset_manifest.json"),
        "files": files,
        "splits": {name: _split(name, splits[name], manifest, files) for name in splits},
        "leakage_checks": list(leakage(splits)),
    }


def _split(name: str, whole: Records, manifest: Mapping[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
    described = manifest["splits"][name].get("description")
    return {
        "declared_records": whole.n,
        "observed_records": whole.n,
        "files": [item["path"] for item in files if item["split"] == name],
        "label_counts": dict(sorted(whole.labels.items())),
        "labelled_records": whole.labels.total(),
        "unlabelled_records": max(0, (whole.n or 0) - whole.labels.total()),
        **({"description": described} if described else {}),
    }


def leakage(splits: Mapping[str, Records]) -> Iterator[dict[str, Any]]:
    """One check for each pair of a training split and a held-out split; without such a pair one that failed."""
    pairs = [
        (train, held)
        for train in splits
        for held in splits
        if train.lower().startswith("train")
        and held.lower().startswith(_HELD_OUT)
        and not held.lower().startswith("train")
    ]
    for train, held in pairs or [("", "")]:
        left, right = (splits[name].keys if name else set() for name in (train, held))
        shared = sorted(left & right)
        blind = not left or not right
        reason = "missing_comparable_keys" if pairs else "missing_train_or_eval_split"
        yield {
            "name": "no_shared_comparable_keys_between_train_and_eval",
            "split_a": train,
            "split_b": held,
            "status": "failed" if blind or shared else "passed",
            "failure_reason": reason if blind else "",
            "split_a_comparable_keys": len(left),
            "split_b_comparable_keys": len(right),
            "overlap_count": len(shared),
            "examples": shared[:20],
        }
