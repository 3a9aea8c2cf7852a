"""Small packs for tests: made once by the public builders, then copied, mutated and sealed again.

`PackBuilder(tmp_path).corrupt("model/eval_metrics.json", "/rows/0/value", Number("0.9")).reseal()` gives a pack
whose manifest, checksum files and documents agree with the mutated evidence, so that only the rule under test
fires.
"""

import hashlib
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final, Self

from proofpress.evidence.base import Absence
from proofpress.evidence.demo import DemoRun
from proofpress.evidence.evaluation import SliceKey, Target
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.model import EfficiencyRow
from proofpress.evidence.pack import CHECKSUMS, KINDS, MANIFEST
from proofpress.evidence.values import Number, ReleaseParts
from proofpress.ingest import LoadedPack, load_pack, source_of
from proofpress.ingest.checksums import render_checksums
from proofpress.ingest.strict import parse_json
from proofpress.pack.dataset import SnapshotFile, SplitRecords, write_dataset
from proofpress.pack.efficiency import write_efficiency
from proofpress.pack.evaluation import Examples, Interval, Metric, measure, write_evaluation, write_examples
from proofpress.pack.model import ModelBytes, write_model, write_model_package
from proofpress.pack.release import assemble, write_release
from proofpress.pack.training import produced, write_params, write_training
from proofpress.pack.writer import write_bytes, write_document
from proofpress.render.render import render_documents
from proofpress.render.sets import TemplateSets
from proofpress.verify import Verdict, verify

RELEASE: Final = "digits-v0.1.0-tiny-r1"
EVAL: Final = "model/eval_metrics.json"
COMMIT: Final = "c" * 40
PARAMETERS: Final = {"threshold": Number("0.50"), "depth": 2}
LOCK_TEXT: Final = b"""schema: '2.0'
stages:
  train:
    cmd: python train.py
    params:
      params.yaml:
        depth: 2
        threshold: 0.5
    outs:
    - path: out/config.json
      hash: md5
      md5: 715d7d6dd6c945e500b2a5809778a27a
      size: 29
"""
"""What DVC would have recorded of the tiny pack's run."""
REMOVE: Final = object()
"""Given to `corrupt` as a value: the field is removed."""
_SECTIONS: Final = ("dataset", "demo", "model", "training")


_sets = cache(TemplateSets)


def steps(pointer: str) -> list[str]:
    """The keys of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def thawed(value: Any) -> Any:
    """Parsed JSON with lists in place of tuples, so that it can be changed."""
    if isinstance(value, dict):
        return {name: thawed(item) for name, item in value.items()}
    return [thawed(item) for item in value] if isinstance(value, tuple | list) else value


class PackBuilder:
    """A pack in a folder `<root>/<family>/<release id>`, valid until it is corrupted."""

    def __init__(self, root: Path, *, family: str = "digits", release_id: str = RELEASE) -> None:
        self.root = root
        self.family = family
        self.release_id = release_id
        shutil.copytree(template_pack(), self.folder)
        if (family, release_id) != ("digits", RELEASE):
            self.with_release(release_id, family=family)

    @property
    def folder(self) -> Path:
        """Where the pack lies."""
        return self.root / self.family / self.release_id

    def __truediv__(self, path: str) -> Path:
        return self.folder / path

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def json(self, path: str) -> Any:
        """A document, its numbers exact, ready to be changed."""
        return thawed(parse_json((self / path).read_bytes()))

    def value(self, path: str, pointer: str) -> Any:
        """One value of a document."""
        found = self.json(path)
        for step in steps(pointer):
            found = found[int(step)] if isinstance(found, list) else found[step]
        return found

    def load(self) -> LoadedPack:
        """The pack as ingest reads it."""
        return load_pack(source_of(self.folder, label=f"{self.family}/{self.folder.name}"))

    def verify(self, **options: Any) -> Verdict:
        """The verdict on the pack."""
        return verify(self.load(), **options)

    @property
    def pack_id(self) -> str:
        """Identity of the pack as it stands."""
        return "sha256:" + hashlib.sha256((self / MANIFEST).read_bytes()).hexdigest()

    # ── changing ─────────────────────────────────────────────────────────────────────────────────

    def corrupt(self, path: str, pointer: str, value: Any) -> Self:
        """Set one value of a JSON document (`-` as last step appends, `REMOVE` removes); nothing else follows."""
        document = self.json(path)
        *parents, last = steps(pointer)
        holder = document
        for step in parents:
            holder = holder[int(step)] if isinstance(holder, list) else holder[step]
        if isinstance(holder, list):
            if last == "-":
                holder.append(value)
            elif value is REMOVE:
                del holder[int(last)]
            else:
                holder[int(last)] = value
        elif value is REMOVE:
            del holder[last]
        else:
            holder[last] = value
        return self.write(path, dump_json(document))

    def write(self, path: str, data: str | bytes) -> Self:
        """Write a file as it is."""
        write_bytes(self.folder, path, data.encode() if isinstance(data, str) else data)
        return self

    def replace(self, path: str, old: str, new: str) -> Self:
        """Replace a text that stands in a file."""
        text = (self / path).read_text(encoding="utf-8")
        if old not in text:
            raise AssertionError(f"{path} does not hold {old!r}")
        return self.write(path, text.replace(old, new))

    def remove(self, path: str) -> Self:
        """Remove a file."""
        (self / path).unlink()
        return self

    def with_release(
        self, release_id: str, *, family: str | None = None, predecessor: "PackBuilder | None" = None, bundle: int = 1
    ) -> Self:
        """Give the pack another identity everywhere, and seal it."""
        old = self.folder
        for kind in KINDS:
            if not (old / kind.path).exists():
                continue
            document = self.json(kind.path)
            if "release_id" in document:
                document["release_id"] = release_id
            if "family" in document:
                document["family"] = family or self.family
            if kind.name == "release":
                document["version"] = ReleaseParts(release_id).version
                if predecessor is not None:
                    document["predecessor"] = {"release_id": predecessor.release_id, "pack_id": predecessor.pack_id}
            if kind.name in {"release", "manifest"} and bundle > 1:
                document["bundle"] = bundle
            self.write(kind.path, dump_json(document))
        self.family, self.release_id = family or self.family, release_id
        name = release_id if bundle == 1 else f"{release_id}.b{bundle}"
        target = self.root / self.family / name
        if target != old:
            target.parent.mkdir(parents=True, exist_ok=True)
            old.rename(target)
        self.release_id = name
        return self.reseal()

    def with_eval(self, **fields: Any) -> Self:
        """Replace fields of the evaluation, and seal the pack."""
        for name, value in fields.items():
            self.corrupt(EVAL, f"/{name}", value)
        return self.reseal()

    def with_model_id(self) -> Self:
        """Name the model as it stands now in every document that names one."""
        model_id = "sha256:" + hashlib.sha256((self / "model/manifest.json").read_bytes()).hexdigest()
        for path in (
            "model/model_package.json",
            EVAL,
            "model/efficiency_report.json",
            "demo/terminal_demo_manifest.json",
        ):
            self.corrupt(path, "/model_id", model_id)
        return self

    def reseal(self, *, documents: bool = True, sets: TemplateSets | None = None) -> Self:
        """Render the documents, then write the sections' checksum files, the manifest's list and SHA256SUMS.

        The manifest's other fields stay as they are. Documents are left alone when the evidence can't be read.
        """
        loaded = self.load()
        if documents and loaded.evidence is not None:
            chosen = (sets or _sets()).find(loaded.evidence.manifest.template_set)
            for document in render_documents(loaded.evidence, chosen) if chosen else ():
                self.write(document.path, document.text)
        for section in _SECTIONS:
            inside = {
                path: digest
                for path, (digest, _size) in self._digests().items()
                if path.startswith(f"{section}/") and not path.endswith(CHECKSUMS)
            }
            if inside:
                lines = [(path.removeprefix(f"{section}/"), digest) for path, digest in inside.items()]
                self.write(f"{section}/{CHECKSUMS}", render_checksums(lines))
        roles = {item["path"]: item["role"] for item in self.json(MANIFEST)["files"]}
        files = [
            {"path": path, "role": roles.get(path, "other"), "sha256": digest, "size": size}
            for path, (digest, size) in sorted(self._digests().items())
            if path not in {MANIFEST, CHECKSUMS}
        ]
        return self.corrupt(MANIFEST, "/files", files).reseal_sums()

    def reseal_sums(self) -> Self:
        """Write SHA256SUMS from the manifest's list, whatever that list says."""
        listed = {item["path"]: item["sha256"] for item in self.json(MANIFEST)["files"]}
        listed[MANIFEST] = self.pack_id.removeprefix("sha256:")
        return self.write(CHECKSUMS, render_checksums(listed.items()))

    def _digests(self) -> dict[str, tuple[str, int]]:
        return {
            path.relative_to(self.folder).as_posix(): (hashlib.sha256(data).hexdigest(), len(data))
            for path in self.folder.rglob("*")
            if path.is_file() and not path.is_symlink()
            for data in (path.read_bytes(),)
        }

    # ── other forms ──────────────────────────────────────────────────────────────────────────────

    def write_zip(self, path: Path, *, prefix: str = "") -> Path:
        """The pack as an archive of stored members."""
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(self.folder.rglob("*")):
                if file.is_file():
                    archive.writestr(prefix + file.relative_to(self.folder).as_posix(), file.read_bytes())
        return path


# ── the pack that is copied ──────────────────────────────────────────────────────────────────────────


@cache
def template_pack() -> Path:
    """A valid pack of the profile `paper-demo`, made once in each process."""
    folder = Path(mkdtemp(prefix="proofpress-tests-")) / RELEASE
    build_tiny(folder)
    return folder


def _records(name: str, purpose: str, keys: Sequence[str]) -> SplitRecords:
    return SplitRecords(
        name=name,
        purpose=purpose,
        keys={"record": keys},
        labels=["odd" if int(key[-1]) % 2 else "even" for key in keys],
    )


def _example(key: str, label: str, *, correct: int) -> Mapping[str, Any]:
    return {"key": key, "label": label, "prediction": label, "correct": correct, "slices": {"parity": label}}


def build_tiny(folder: Path, *, profile: str = "paper-demo") -> str:
    """Write the tiny pack by the public builders; the same bytes each time. Returns its pack_id."""
    at, identity = "2026-03-01T09:30:00Z", {"release_id": RELEASE}
    train, test = [f"r{n}" for n in (10, 11, 12, 13)], [f"t{n}" for n in (20, 21, 22, 23)]
    snapshot = write_dataset(
        folder,
        name="digits",
        splits=[_records("train", "Fitting the weights.", train), _records("test", "Held out.", test)],
        key_kinds={"record": "The record's own number."},
        files=[SnapshotFile(name="digits.csv", data=b"key,label\n", records=8)],
        description={
            "title": "Tiny digits",
            "description": "Eight numbers with their parity.",
            "licence": "CC0-1.0",
            "sources": [{"name": "counting", "reference": "The natural numbers.", "licence": "CC0-1.0"}],
            "features": [{"name": "number", "type": "integer", "description": "A natural number."}],
            "target": "parity",
            "preprocessing": ["Numbers are taken as they are."],
            "limitations": ["Only two-digit numbers are in it."],
        },
    ).dataset_snapshot_id
    identity |= {
        "model_id": write_model(
            folder,
            model_format="parity table",
            files=(
                ModelBytes(path="weights.bin", role="weights", data=b"\x00\x01" * 32),
                ModelBytes(path="config.json", role="config", data=b'{"classes": ["even", "odd"]}\n'),
            ),
        )
    }
    write_params(folder, PARAMETERS)
    write_bytes(folder, "training/dvc.lock", LOCK_TEXT)
    write_training(
        folder,
        release_id=RELEASE,
        run_id="train-1",
        commit=COMMIT,
        dataset_snapshot_id=snapshot,
        command=("python", "train.py", "--depth", "2"),
        seed=7,
        started_at="2026-03-01T08:00:00Z",
        duration_seconds=1.5,
        parameters=PARAMETERS,
        environment={"python": "3.11"},
        outputs=("model/weights.bin",),
        log=[{"step": 1, "name": "loss", "value": Number("0.25")}],
        notes=("Trained on one thread.",),
    )
    write_model_package(
        folder,
        **identity,
        run_id="train-1",
        commit=COMMIT,
        dataset_snapshot_id=snapshot,
        parameters=PARAMETERS,
        description={
            "architecture": {"name": "Parity table", "description": "Looks the last digit up."},
            "inputs": [{"name": "number", "type": "integer", "shape": "[n]", "description": "Numbers."}],
            "outputs": [{"name": "parity", "type": "text", "shape": "[n]", "description": "Even or odd."}],
            "usage": ["Give it numbers of two digits."],
            "limitations": ["It was never tried on negative numbers."],
        },
    )
    _evaluate(folder, identity, snapshot, at)
    write_efficiency(
        folder,
        **identity,
        run_id="eval-1",
        measured_at=at,
        environment={"python": "3.11"},
        rows=(
            EfficiencyRow(name="latency_p50", value=Number("0.0125"), unit="ms", batch_size=1, repeats=20),
            EfficiencyRow(
                name="energy",
                value=None,
                unit="J",
                absent=Absence(code="INFEASIBLE", reason="the machine has no power meter"),
            ),
        ),
        claim_boundary=("Measured on one machine, other machines will differ.",),
    )
    write_bytes(folder, "demo/inputs.jsonl", b'{"number": 21}\n')
    write_document(
        folder,
        DemoRun,
        {
            **identity,
            "command": ["python", "demo/predict.py", "demo/inputs.jsonl"],
            "started_at": at,
            "duration_seconds": Number("0.1"),
            "exit_code": 0,
            "inputs": [produced(folder, "demo/inputs.jsonl")],
            "outputs": [],
            "stdout": "odd\n",
            "stderr": "",
            "claim_boundary": ["One number shows that it runs, not how well."],
        },
        generated_by="proofpress.pack.demo",
    )
    write_release(
        folder,
        release_id=RELEASE,
        family="digits",
        released_at="2026-03-02T10:00:00Z",
        predecessor=None,
        fields={
            "title": "Tiny digits, first release",
            "summary": "Tells even from odd numbers.",
            "intended_use": ["Showing what a pack holds."],
            "out_of_scope": ["Arithmetic of any other kind."],
            "licence": "Apache-2.0",
            "authors": [{"name": "Proofpress example project", "kind": "organization"}],
            "headline": [{"name": "accuracy", "split": "test"}],
            "changelog": {"added": ["The first model of its family."]},
        },
    )
    return assemble(folder, profile=profile, template_set=TemplateSets().newest())


def _evaluate(folder: Path, identity: Mapping[str, str], snapshot: str, at: str) -> None:
    examples = write_examples(
        folder,
        "test",
        [
            _example("t20", "even", correct=1),
            _example("t21", "odd", correct=1),
            _example("t22", "even", correct=1),
            _example("t23", "odd", correct=0),
        ],
    )
    majority = Examples(
        split="test", rows=tuple({**row, "correct": int(row["label"] == "even")} for row in examples.rows)
    )
    accuracy = Metric(name="accuracy", unit="fraction", higher_is_better=True, field="correct")

    def interval(_metric: Metric, chosen: Examples) -> Interval | None:
        return Interval(low=0.301, high=0.954, level="0.95", method="Wilson score") if len(chosen.rows) == 4 else None

    rows = [
        measure(
            accuracy,
            examples,
            baseline=("majority", majority),
            interval=interval,
            target=Target(op=">=", value=Number("0.7")),
        )
    ]
    rows += [
        measure(accuracy, examples, part=SliceKey(dimension="parity", value=value), baseline=("majority", majority))
        for value in ("even", "odd")
    ]
    write_evaluation(
        folder,
        identity={
            **identity,
            "run_id": "eval-1",
            "training_run_id": "train-1",
            "commit": COMMIT,
            "dataset_snapshot_id": snapshot,
        },
        evaluated_at=at,
        parameters=PARAMETERS,
        examples=(examples,),
        rows=rows,
        baselines=[{"name": "majority", "description": "Always answers even."}],
        slice_dimensions=[{"name": "parity", "description": "By the true answer.", "partition": True}],
        negative_findings=["The number t23 is told wrongly."],
        limitations=["Four numbers were tried."],
    )
