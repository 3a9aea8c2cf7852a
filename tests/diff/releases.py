"""Small verified packs, made without files: the seal is taken here, in tests only."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from proofpress.evidence.dataset import DatasetPackage, SplitIntegrity
from proofpress.evidence.evaluation import EvalMetrics
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import Evidence
from proofpress.evidence.release import PackManifest, Release
from proofpress.evidence.values import Number
from proofpress.ingest.raw import RawFile, RawPack
from proofpress.ingest.strict import parse_json
from proofpress.render.document import RenderedDocument
from proofpress.verify.verdict import _SEAL, VerifiedPack

OLD, NEW = "digits-v0.1.0-logreg-r1", "digits-v0.2.0-mlp64-r1"
KEYS, OTHER_KEYS = "a" * 64, "b" * 64


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def row(name: str = "accuracy", value: str | None = "0.970", **fields: Any) -> dict[str, Any]:
    """A metric row; `fields` replace or add."""
    plain = {
        "name": name,
        "split": "test",
        "value": None if value is None else Number(value),
        "unit": "fraction",
        "higher_is_better": True,
        "n": 360,
        "evaluated_keys_sha256": KEYS,
    }
    return {**plain, **fields}


def part(dimension: str, value: str) -> dict[str, str]:
    return {"dimension": dimension, "value": value}


def header(**fields: Any) -> dict[str, Any]:
    return {"schema_version": "1.0.0", "generated_by": "tests.releases", **fields}


def dataset(**fields: Any) -> dict[str, Any]:
    return header(
        dataset_snapshot_id="digits-2026-01",
        name="digits",
        title="Digits",
        description="Small images of digits.",
        licence="CC-BY-4.0",
        sources=[{"name": "uci", "reference": "UCI repository", "licence": "CC-BY-4.0"}],
        features=[{"name": "pixels", "type": "float[64]", "description": "Grey levels."}],
        target="digit",
        splits=[{"name": "test", "records": 360, "keys_sha256": KEYS, "purpose": "Held out."}],
        limitations=["One source."],
    ) | dict(fields)


def integrity(**fields: Any) -> dict[str, Any]:
    keys = {"kind": "pixels", "description": "Digest of pixels."}
    files = [{"split": "test", "path": "dataset/keys.txt", "n": 360, "sha256": KEYS}]
    return header(
        dataset_snapshot_id="digits-2026-01",
        keys=[{**keys, "files": files}],
        overlaps=[{"kind": "pixels", "left": "train", "right": "test", "n": 0}],
        class_balance=[{"split": "test", "label": "3", "n": 36}],
    ) | dict(fields)


def evaluation(release_id: str, rows: Sequence[Mapping[str, Any]], **fields: Any) -> dict[str, Any]:
    return header(
        release_id=release_id,
        model_id="sha256:" + sha256(release_id),
        run_id="eval-1",
        training_run_id="train-1",
        commit="c" * 40,
        dataset_snapshot_id="digits-2026-01",
        evaluated_at="2026-03-01T09:30:00Z",
        parameters={},
        splits=[{"name": "test", "n": 360, "keys_sha256": KEYS}],
        rows=list(rows),
        conclusions=["Good."],
        negative_findings=["Eights are hard."],
        limitations=["Small images."],
    ) | dict(fields)


def model_of(kind: type[Any], plain: Mapping[str, Any]) -> Any:
    return kind.model_validate(parse_json(dump_json(plain).encode()))


def pack(
    release_id: str = OLD,
    *,
    bundle: int = 1,
    rows: Sequence[Mapping[str, Any]] | None = None,
    parameters: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
    splits: Mapping[str, Any] | None = None,
    documents: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    fixture: bool = False,
    pack_id: str = "",
    **release: Any,
) -> VerifiedPack:
    """A verified pack of the given parts. `release` replaces fields of `release.json`."""
    held = {"release.json": "{}", **(files or {})}
    entries = [
        {"path": path, "role": "evidence", "sha256": sha256(text), "size": len(text)} for path, text in held.items()
    ]
    manifest = header(
        family="digits",
        release_id=release_id,
        bundle=bundle,
        profile="minimal",
        template_set={"name": "1"},
        rule_book=1,
        files=entries,
    )
    identity = header(
        release_id=release_id,
        bundle=bundle,
        family="digits",
        title="Digits",
        version="0.1.0",
        summary="Reads digits.",
        released_at="2026-03-01T09:30:00Z",
        predecessor=None,
        intended_use=["Reading digits."],
        out_of_scope=["Cheques."],
        licence="Apache-2.0",
        authors=[{"name": "The team", "kind": "organization"}],
        headline=[{"name": "accuracy", "split": "test"}],
        changelog={},
        fixture=fixture,
    ) | dict(release)
    evidence = Evidence(
        pack_id=pack_id or "sha256:" + sha256(f"{release_id}.{bundle}"),
        manifest=model_of(PackManifest, manifest),
        release=model_of(Release, identity),
        evaluation=None if rows is None else model_of(EvalMetrics, evaluation(release_id, rows)),
        dataset=None if data is None else model_of(DatasetPackage, data),
        splits=None if splits is None else model_of(SplitIntegrity, splits),
        promoted_parameters=None if parameters is None else parse_json(dump_json(parameters).encode()),
    )
    raw = RawPack(
        label=evidence.bundle_id,
        origin="",
        files={
            path: RawFile(path=path, size=len(text), sha256=sha256(text), data=text.encode())
            for path, text in held.items()
        },
    )
    rendered = tuple(
        RenderedDocument(name=path, path=path, title=path, text=text) for path, text in (documents or {}).items()
    )
    return VerifiedPack(evidence=evidence, raw=raw, documents=rendered, remarks=(), seal=_SEAL)
