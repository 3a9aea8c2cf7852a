"""Small packs for tests: made once by the public builders, then copied, mutated and sealed again.

`PackBuilder(tmp_path).corrupt("model/eval_metrics.json", "/rows/0/value", Number("0.9")).reseal()` gives a pack
whose manifest, checksum files and documents agree with the mutated evidence, so that only the rule under test
fires.
"""

import hashlib
import re
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final, Self

from proofpress.evidence.base import Absence
from proofpress.evidence.evaluation import SliceKey, Target
from proofpress.evidence.interface import FixedInput, FixedScore
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.model import EfficiencyRow
from proofpress.evidence.pack import CHECKSUMS, KINDS, MANIFEST
from proofpress.evidence.preflight import Machine, Requirements, file_checks, program_check
from proofpress.evidence.roles import role_at, roles_of
from proofpress.evidence.values import Number, ReleaseParts
from proofpress.ingest import LoadedPack, load_pack, source_of
from proofpress.ingest.checksums import render_checksums
from proofpress.ingest.strict import parse_json
from proofpress.pack.assurance import (
    write_failure_modes,
    write_guardrails,
    write_monitoring_plan,
    write_risks,
    write_traceability,
)
from proofpress.pack.clean_run import Captured
from proofpress.pack.dataset import SnapshotFile, SplitRecords, write_dataset
from proofpress.pack.demo import record_demo
from proofpress.pack.efficiency import write_efficiency
from proofpress.pack.evaluation import Examples, Interval, Metric, measure, write_evaluation, write_examples
from proofpress.pack.interface import write_interface
from proofpress.pack.model import ModelBytes, write_model, write_model_package
from proofpress.pack.preflight import write_preflight
from proofpress.pack.release import assemble, write_release
from proofpress.pack.training import write_params, write_run_manifest, write_training
from proofpress.pack.writer import produced, write_bytes
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
ANSWERS: Final = "demo/answers.jsonl"
FIXED_SCORES: Final = "model/fixed_scores.jsonl"
PREDICT: Final = """\
import json
import pathlib
import sys

source, answers = map(pathlib.Path, sys.argv[1:])
numbers = [json.loads(line)["number"] for line in source.read_text().splitlines()]
found = ["odd" if number % 2 else "even" for number in numbers]
answers.write_text("".join(json.dumps({"parity": word}) + "\\n" for word in found))
print("\\n".join(found))
"""
MACHINE: Final = Machine(
    python="3.11.9",
    implementation="CPython",
    system="Linux",
    machine="x86_64",
    cpus=2,
    memory_bytes=4 * 1024**3,
    disk_free_bytes=10 * 1024**3,
)
REMOVE: Final = object()
"""Given to `corrupt` as a value: the field is removed."""
_BINDING: Final = (
    "training/training_preflight_report.json",
    "training/training_run_manifest.json",
    "demo/runtime_preflight_report.json",
    "demo/batch_receipt_report.json",
    "demo/terminal_demo_manifest.json",
)
"""Documents that name files by their digests, those that are named by others first."""
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
        self._earlier: dict[str, set[str]] = {}
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
        if (self / path).is_file():
            self._earlier.setdefault(path, set()).add(hashlib.sha256((self / path).read_bytes()).hexdigest())
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
            if not kind.path.endswith(".json") or not (old / kind.path).exists():
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

    def with_resumption(self, **changed: Any) -> Self:
        """Let the training run be one that went on at step 1 from a checkpoint of its own, and seal the pack.

        `changed` are fields of the checkpoint that say something else.
        """
        run, place = "training/training_run.json", "training/checkpoints/step-1.bin"
        self.write(place, b"state")
        splits = self.value("dataset/dataset_package.json", "/splits")
        checkpoint = {
            **produced(self.folder, place),
            "run_id": self.value(run, "/run_id"),
            "dataset_snapshot_id": self.value(run, "/dataset_snapshot_id"),
            "config_sha256": self.value("training/training_preflight_report.json", "/configuration/sha256"),
            "splits": [{"name": item["name"], "keys_sha256": item["keys_sha256"]} for item in splits],
            "step": 1,
        }
        self.corrupt(run, "/resumed_from", checkpoint | changed).corrupt(run, "/resumed_step", 1)
        self.corrupt(run, "/log/-", {"step": 1, "name": "resumed_step", "value": 1})
        self.corrupt(EVAL, "/resumed_step", 1)
        write_run_manifest(self.folder)
        return self.reseal()

    def with_model_id(self) -> Self:
        """Name the model as it stands now in every document that names one."""
        model_id = "sha256:" + hashlib.sha256((self / "model/manifest.json").read_bytes()).hexdigest()
        for path in (
            "model/model_package.json",
            EVAL,
            "model/efficiency_report.json",
            "demo/terminal_demo_manifest.json",
            "demo/runtime_preflight_report.json",
            "demo/batch_receipt_report.json",
            "interface.json",
        ):
            if (self / path).is_file():
                old = self.value(path, "/model_id")
                self.corrupt(path, "/model_id", model_id)
        return self.replace("demo/receipts.jsonl", old, model_id)

    def with_training(self, number: int) -> Self:
        """Let the model come from another training run and evaluation, those of this number, and seal the pack."""
        run, train, evaluation = "training/training_run.json", f"train-{number}", f"eval-{number}"
        self.corrupt(run, "/run_id", train).corrupt(run, "/seed", number)
        self.corrupt("training/training_run_manifest.json", "/run_id", train)
        self.corrupt("model/model_package.json", "/run_id", train)
        self.corrupt(EVAL, "/training_run_id", train).corrupt(EVAL, "/run_id", evaluation)
        self.corrupt("model/efficiency_report.json", "/run_id", evaluation)
        return self.corrupt("model/manifest.json", "/format", f"parity table {number}").with_model_id().reseal()

    def rebind(self) -> Self:
        """Let documents that name a file by the digest that it had name it by the digest that it has."""
        for path in _BINDING:
            if (self / path).is_file():
                before = self.json(path)
                now = {
                    old: hashlib.sha256((self / name).read_bytes()).hexdigest()
                    for name, digests in self._earlier.items()
                    if (self / name).is_file()
                    for old in digests
                }
                after = self._rebound(before, now)
                if after != before:
                    self.write(path, dump_json(after))
        return self

    # ── documents that the tiny pack does not hold ───────────────────────────────────────────────

    def with_spec(self) -> Self:
        """Add a reviewed dataset spec, the input check and the snapshot report, and seal the pack."""
        write_tiny_dataset(self.folder, spec=SPEC)
        return self.preflighted().reseal()

    def preflighted(self) -> Self:
        """Let the training preflight have seen the dataset as it stands now, whose checksum file it follows."""
        self.reseal()
        _preflight(self.folder)
        write_run_manifest(self.folder)
        return self

    def with_interface(self) -> Self:
        """Add a public interface with answers on the demo's input, and seal the pack."""
        fixed = FixedInput(
            name="one number",
            input_sha256=hashlib.sha256((self / "demo/inputs.jsonl").read_bytes()).hexdigest(),
            input_path="demo/inputs.jsonl",
            scores_path=FIXED_SCORES,
            scores=(FixedScore(key="21", output="parity", label="odd"),),
        )
        write_interface(
            self.folder,
            model_id=self.value("model/model_package.json", "/model_id"),
            surface=SURFACE,
            fixed_input_scores=[fixed],
        )
        return self.rescored().reseal()

    def rescored(self) -> Self:
        """Let the file of scores hold the answers that the interface tells."""
        rows: dict[str, dict[str, Any]] = {}
        for score in self.value("interface.json", "/fixed_input_scores/0/scores"):
            answer = score["score"] if score.get("score") is not None else score["label"]
            rows.setdefault(score["key"], {"key": score["key"]})[score["output"]] = answer
        return self.write(FIXED_SCORES, "".join(dump_json(rows[key], indent=None) for key in sorted(rows)))

    def with_assurance(self) -> Self:
        """Add risks, failure modes, monitoring plan, guardrails and traceability, and seal the pack."""
        write_tiny_assurance(self.folder, first_seen=self.release_id)
        return self.reseal()

    def with_everything(self) -> Self:
        """Add every document that a pack may hold."""
        return self.with_spec().with_interface().with_assurance()

    def rebound(self) -> Self:
        """Let input check and snapshot report bind the dataset's files as they stand now, and seal the pack."""
        check, report = "dataset/dataset_input_check_report.json", "dataset/dataset_snapshot_report.json"
        spec = hashlib.sha256((self / "dataset/dataset_spec.json").read_bytes()).hexdigest()
        self.corrupt(check, "/spec_sha256", spec).corrupt(report, "/spec_sha256", spec)
        self.corrupt(report, "/input_check", produced(self.folder, check))
        paths = [item["path"] for item in self.value(report, "/artifacts")]
        return self.corrupt(report, "/artifacts", [produced(self.folder, path) for path in paths]).reseal()

    def _rebound(self, value: Any, now: Mapping[str, str]) -> Any:
        if isinstance(value, list):
            return [self._rebound(item, now) for item in value]
        if isinstance(value, str):
            return re.sub(r"[0-9a-f]{64}", lambda found: now.get(found[0], found[0]), value)
        if not isinstance(value, dict):
            return value
        after = {name: self._rebound(item, now) for name, item in value.items()}
        if "size" in value and after["sha256"] != value["sha256"]:
            after["size"] = (self / value["path"]).stat().st_size
        return after

    def reseal(self, *, documents: bool = True, bindings: bool = True, sets: TemplateSets | None = None) -> Self:
        """Rebind, render the documents, then write the sections' checksum files, the manifest's list and SHA256SUMS.

        The manifest's other fields stay as they are. Documents are left alone when the evidence can't be read.
        """
        if bindings:
            self.rebind()
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
        evidence = self.load().evidence
        held = {kind.name: getattr(evidence, kind.name) for kind in KINDS if evidence and evidence.holds(kind.name)}
        roles = roles_of(held)
        files = [
            {"path": path, "role": role_at(path, roles), "sha256": digest, "size": size}
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
    prediction = label if correct else "odd" if label == "even" else "even"
    return {"key": key, "label": label, "prediction": prediction, "correct": correct, "slices": {"parity": label}}


SPEC: Final[Mapping[str, Any]] = {
    "inputs": {"digits.csv": {"reference": "Counted for these tests.", "size": 10}},
    "assignment": {"train": "Numbers from 10 to 13.", "test": "Numbers from 20 to 23."},
    "limits": {"least_records_per_split": 4, "least_records_per_class": 2},
    "reviewed_by": "data steward",
    "reviewed_at": "2026-02-27T12:00:00Z",
}
SURFACE: Final[Mapping[str, Any]] = {
    "symbols": [
        {"name": "predict", "contract": "predict(path: str) -> list[str]"},
        {"name": "explain", "contract": "explain(path: str) -> str", "stability": "experimental"},
    ],
    "exit_codes": [{"name": "0", "contract": "Every number was told."}],
    "inputs": [{"name": "number", "contract": "integer of two digits"}],
    "outputs": [{"name": "parity", "contract": "text, 'even' or 'odd'"}],
    "metrics": [{"name": "accuracy", "contract": "fraction, higher is better"}],
}


ASSURANCE: Final[Mapping[str, Sequence[Mapping[str, Any]]]] = {
    "risks": [
        {
            "id": "wrong-parity",
            "title": "An odd number is told as even",
            "description": "Whoever sorts by the answer sorts some numbers wrongly.",
            "severity": "medium",
            "likelihood": "likely",
            "affected_groups": ["People with odd numbers"],
            "mitigations": [
                {"description": "Answers are shown with the number.", "status": "in_place"},
                {"description": "A second reader for odd numbers.", "status": "planned"},
            ],
            "signals": ["odd-share"],
            "owner": "model owner",
        },
        {
            "id": "negative-numbers",
            "title": "Negative numbers were never tried",
            "description": "What is told of them is chance.",
            "severity": "low",
            "likelihood": "rare",
            "status": "accepted",
            "affected_groups": ["People with negative numbers"],
            "accepted_reason": "The input guardrail refuses them.",
            "owner": "product owner",
        },
    ],
    "signals": [
        {
            "id": "odd-share",
            "title": "Share of odd answers",
            "metric": "share of answers that are odd",
            "source": "answer log",
            "threshold": {"op": "<", "value": Number("0.40"), "unit": "fraction"},
            "window": {"size": 7, "unit": "days"},
            "action": "Stop the reader and look at the last hundred numbers.",
            "owner": "operations",
            "risks": ["wrong-parity"],
        }
    ],
    "guardrails": [
        {
            "id": "two-digits",
            "kind": "input",
            "description": "Only numbers of two digits are read",
            "policy": "A number with fewer or more than two digits, or with a sign, is refused.",
            "enforced_in": "the reader's input check",
            "owner": "operations",
            "tests": ["demo/inputs.jsonl"],
        },
        {
            "id": "second-reader",
            "kind": "process",
            "description": "A person looks at every tenth answer",
            "policy": "Every tenth answer is read by a person.\nDisagreements are counted.",
            "enforced_in": "the sorting room",
            "owner": "operations",
            "absent": {"code": "NOT_APPLICABLE", "reason": "people leave no file"},
        },
    ],
}


def failure_modes_of(release_id: str) -> list[Mapping[str, Any]]:
    """A counted failure mode, one that was fixed, and one that nothing counts."""
    odd = {"dimension": "parity", "value": "odd"}
    wrong = {"path": "model/per_example/test.jsonl", "where": [{"field": "correct", "op": "==", "value": 0}]}
    return [
        {
            "id": "odd-as-even",
            "title": "Odd numbers told as even",
            "description": "The last digit is misread.",
            "first_seen": release_id,
            "selection": {**wrong, "slice": odd},
            "risks": ["wrong-parity"],
        },
        {
            "id": "even-as-odd",
            "title": "Even numbers told as odd",
            "description": "Zeros looked like nines.",
            "status": "fixed",
            "first_seen": "digits-v0.0.1-tiny-r1",
            "selection": {**wrong, "slice": {**odd, "value": "even"}},
        },
        {
            "id": "slow-answers",
            "title": "Answers that come late",
            "description": "Seen once on a busy machine.",
            "status": "known",
            "first_seen": "digits-v0.0.1-tiny-r1",
            "absent": {"code": "NOT_MEASURED", "reason": "times are not in the results"},
        },
    ]


def write_tiny_assurance(folder: Path, *, first_seen: str) -> None:
    """Write the tiny pack's assurance evidence by the public builders."""
    write_risks(folder, ASSURANCE["risks"])
    write_monitoring_plan(folder, ASSURANCE["signals"])
    write_guardrails(folder, ASSURANCE["guardrails"])
    write_failure_modes(folder, failure_modes_of(first_seen), release_id=first_seen)
    write_traceability(folder)


def write_tiny_dataset(folder: Path, *, spec: Mapping[str, Any] | None = None) -> str:
    """Write the tiny pack's dataset; the same snapshot each time. Returns its id."""
    train, test = [f"r{n}" for n in (10, 11, 12, 13)], [f"t{n}" for n in (20, 21, 22, 23)]
    return write_dataset(
        folder,
        spec=spec,
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


def _preflight(folder: Path) -> None:
    write_preflight(
        folder,
        config=folder / "training/params.yaml",
        requirements=Requirements(python=">=3.11", min_memory_bytes=1024),
        machine=MACHINE,
        at="2026-03-01T07:59:00Z",
    )


def build_tiny(folder: Path, *, profile: str = "paper-demo") -> str:
    """Write the tiny pack by the public builders; the same bytes each time. Returns its pack_id."""
    at, identity = "2026-03-01T09:30:00Z", {"release_id": RELEASE}
    snapshot = write_tiny_dataset(folder)
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
    _preflight(folder)
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
    write_run_manifest(folder)
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
    write_bytes(folder, "demo/predict.py", PREDICT.encode())
    inputs = ["demo/inputs.jsonl", "demo/predict.py", "model/config.json", "model/weights.bin"]
    digests = [(path, produced(folder, path)["sha256"]) for path in ("model/manifest.json", *inputs)]
    record_demo(
        folder,
        Captured(exit_code=0, stdout="odd\n", stderr="", seconds=0.1, written={ANSWERS: b'{"parity": "odd"}\n'}),
        machine=MACHINE,
        checks=[*file_checks(dict(digests), dict(digests[:1] + digests[-2:])), program_check("python", there=True)],
        inputs=inputs,
        rows=None,
        fields={
            **identity,
            "command": ["python", "demo/predict.py", "demo/inputs.jsonl", ANSWERS],
            "started_at": at,
            "claim_boundary": ["One number shows that it runs, not how well."],
        },
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
        return (
            Interval(low=0.300642, high=0.954413, level="0.95", method="Wilson score")
            if len(chosen.rows) == 4
            else None
        )

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
