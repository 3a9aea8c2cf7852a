"""What split integrity and dataset package say of keys, computed again from the key files that the snapshot binds."""

from collections.abc import Mapping
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

from proofpress.evidence.dataset import snapshot_id
from proofpress.evidence.jsontext import dump_json
from proofpress.ingest import LoadedPack
from proofpress.pack.writer import write_text
from proofpress.verify.identity_graph import WHERE


def derive_splits(folder: Path, loaded: LoadedPack) -> tuple[str, ...]:
    """Rewrite key counts, key digests and overlaps where they differ; returns the documents that changed.

    The snapshot's id is a digest of its key files and data files. Only when the key files that are there give the
    id that the documents state are they the ones of the snapshot; else nothing is derived from them. Class counts
    need the labels, so they are never derived.
    """
    splits, dataset = (loaded.values.get(WHERE[name]) for name in ("splits", "dataset"))
    evidence = loaded.evidence
    if evidence is None or evidence.splits is None or evidence.dataset is None or evidence.dataset_manifest is None:
        return ()
    keys: dict[str, set[bytes]] = {}
    listed: dict[str, list[dict[str, Any]]] = {}
    for keyset in evidence.splits.keys:
        for item in keyset.files:
            file = loaded.raw.files.get(item.path)
            lines = file.data[:-1].split(b"\n") if file and file.data and file.data.endswith(b"\n") else None
            if file is None or lines is None or b"" in lines or any(left >= right for left, right in pairwise(lines)):
                return ()
            keys[item.path] = set(lines)
            listed.setdefault(keyset.kind, []).append({"path": item.path, "sha256": file.sha256})
    data = [{"name": item.name, "sha256": item.sha256} for item in evidence.dataset_manifest.files]
    if snapshot_id(evidence.dataset.name, listed, data) != evidence.dataset.dataset_snapshot_id:
        return ()
    digests = {item["path"]: item["sha256"] for group in listed.values() for item in group}
    fresh = {
        WHERE["splits"]: _splits(splits, keys, digests),
        WHERE["dataset"]: _dataset(dataset, splits, keys, digests),
    }
    changed = [path for path, value in fresh.items() if value != loaded.values[path]]
    for path in changed:
        write_text(folder, path, dump_json(fresh[path]))
    return tuple(changed)


def _splits(document: Any, keys: Mapping[str, set[bytes]], digests: Mapping[str, str]) -> Any:
    keysets = [
        {
            **keyset,
            "files": tuple(
                {**item, "n": len(keys[item["path"]]), "sha256": digests[item["path"]]} for item in keyset["files"]
            ),
        }
        for keyset in document["keys"]
    ]
    overlaps = [
        {
            "kind": keyset["kind"],
            "left": left["split"],
            "right": right["split"],
            "n": len(keys[left["path"]] & keys[right["path"]]),
        }
        for keyset in keysets
        for left, right in combinations(keyset["files"], 2)
    ]
    return {**document, "keys": tuple(keysets), "overlaps": tuple(overlaps)}


def _dataset(document: Any, splits: Any, keys: Mapping[str, set[bytes]], digests: Mapping[str, str]) -> Any:
    """A split's records are the keys of the first kind: one key a record."""
    own = {item["split"]: item["path"] for item in splits["keys"][0]["files"]}
    known = [
        {**split, "records": len(keys[own[split["name"]]]), "keys_sha256": digests[own[split["name"]]]}
        if split["name"] in own
        else split
        for split in document["splits"]
    ]
    return {**document, "splits": tuple(known)}
