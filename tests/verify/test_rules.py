"""Every rule of the book: passing on a valid pack, and one minimal mutation that yields exactly its id."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pack_builder import EVAL, FIXED_SCORES, REMOVE, PackBuilder
from proofpress.evidence.deprecated import DeprecatedField
from proofpress.evidence.dvc import LOCK
from proofpress.evidence.finding import Finding
from proofpress.evidence.policy import FamilyPolicy, Policy, Profile, RequiredCost, RequiredMetric
from proofpress.evidence.slices import SliceSuite, SuiteDimension, SuiteMetric
from proofpress.evidence.values import Number
from proofpress.ingest import DirectorySource, load_pack
from proofpress.pack.training import write_run_manifest
from proofpress.pack.writer import produced
from proofpress.verify import Profiles, verify
from proofpress.verify.book import ACROSS, PACK_RULES, READING, rule_book
from proofpress.verify.rules import charter, derivations, evaluation, readiness, signatures

Mutation = Callable[[PackBuilder], object]
COST, DATA, DEMO = "model/efficiency_report.json", "dataset/dataset_package.json", "demo/terminal_demo_manifest.json"
MODEL, RUN, SPLITS = "model/model_package.json", "training/training_run.json", "dataset/split_integrity.json"
SPEC, CHECK = "dataset/dataset_spec.json", "dataset/dataset_input_check_report.json"
RISKS, FAILURES, PLAN = "assurance/risks.json", "assurance/failure_modes.json", "assurance/monitoring_plan.json"
GUARDRAILS, TRACE = "assurance/guardrails.json", "assurance/traceability.json"
SNAPSHOT, FACE = "dataset/dataset_snapshot_report.json", "interface.json"
PREFLIGHT, RUN_FILES = "training/training_preflight_report.json", "training/training_run_manifest.json"
DEMO_PREFLIGHT, RECEIPTS = "demo/runtime_preflight_report.json", "demo/receipts.jsonl"
OTHER = "d" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """A mutation of a valid pack, and the (rule, file, pointer) of every finding that it yields."""

    mutate: Mutation
    findings: tuple[tuple[str, str, str], ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    severity: str = "error"


def one(
    rule: str, file: str, pointer: str, mutate: Mutation, *, severity: str = "error", **options: Any
) -> tuple[str, Breakage]:
    """A mutation that yields one finding and no companion."""
    return rule, Breakage(mutate=mutate, findings=((rule, file, pointer),), options=options, severity=severity)


def sealed(path: str, pointer: str, value: Any) -> Mutation:
    """Set one value and seal the pack again, documents included."""
    return lambda pack: pack.corrupt(path, pointer, value).reseal()


def reviewed(path: str, pointer: str, value: Any) -> Mutation:
    """Set one value in a pack with a reviewed dataset; spec, check and report bind each other again."""
    return lambda pack: pack.with_spec().corrupt(path, pointer, value).rebound()


def bound(path: str, pointer: str, value: Any) -> Mutation:
    """Set one value in a pack with a reviewed dataset, and seal it without binding anything again."""
    return lambda pack: pack.with_spec().corrupt(path, pointer, value).reseal()


def promised(pointer: str, value: Any, *, path: str = FACE) -> Mutation:
    """Set one value in a pack with an interface, and seal it."""
    return lambda pack: pack.with_interface().corrupt(path, pointer, value).reseal()


def assured(path: str, pointer: str, value: Any) -> Mutation:
    """Set one value in a pack with assurance evidence, and seal it."""
    return lambda pack: pack.with_assurance().corrupt(path, pointer, value).reseal()


def _suited(pack: PackBuilder) -> PackBuilder:
    return pack.corrupt("manifest.json", "/profile", "suited").reseal()


def _unmeasured(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/slice_dimensions/0/partition", False)
    _suited(pack.corrupt(EVAL, "/rows/2", REMOVE))


def _moved_label(pack: PackBuilder) -> None:
    """The failing example calls itself even; all that follows from it is told again."""
    path = "model/per_example/test.jsonl"
    rows = (pack / path).read_text().splitlines(keepends=True)
    pack.write(path, "".join(rows[:3]) + rows[3].replace('"parity": "odd"', '"parity": "even"'))
    for index, value, keys, hits in ((1, "0.666667", ("t20", "t22", "t23"), 3), (2, "1.000000", ("t21",), 1)):
        digest = sha256("".join(f"{key}\n" for key in keys).encode()).hexdigest()
        for name, found in (("n", hits), ("value", Number(value)), ("evaluated_keys_sha256", digest)):
            pack.corrupt(EVAL, f"/rows/{index}/{name}", found)
        for name in ("baseline", "baseline_value", "delta_vs_baseline", "baseline_evaluated_keys_sha256"):
            pack.corrupt(EVAL, f"/rows/{index}/{name}", REMOVE)
    _suited(pack)


def _streamed_labels(pack: PackBuilder) -> None:
    path = "model/per_example/test.jsonl"
    rows = (pack / path).read_text().replace('"label":', f'"note": "{"x" * 300_000}", "label":')
    _suited(pack.write(path, rows))


def _same_id(pack: PackBuilder) -> None:
    pack.with_assurance().corrupt(GUARDRAILS, "/guardrails/1/id", "two-digits").reseal()


def _unwatched(pack: PackBuilder) -> None:
    pack.with_assurance().corrupt(RISKS, "/risks/0/signals", []).corrupt(PLAN, "/signals/0/risks", []).reseal()


def _streamed_rows(pack: PackBuilder) -> None:
    """Results too large to be held, that say the same as before; one failure mode is counted in them."""
    path = "model/per_example/test.jsonl"
    rows = (pack.with_assurance() / path).read_text().replace('"label":', f'"note": "{"x" * 300_000}", "label":')
    pack.corrupt(FAILURES, "/failure_modes/1", REMOVE).write(path, rows).reseal()


def _rare_class(pack: PackBuilder) -> None:
    pack.with_spec().corrupt(SPLITS, "/class_balance/0/n", 3).corrupt(SPLITS, "/class_balance/1/n", 1).rebound()


def _later_release(pack: PackBuilder) -> None:
    pack.with_interface().with_release("digits-v0.3.0-tiny-r1")
    gone = [{"name": "read", "since": "0.2.0", "replacement": "predict"}]
    pack.corrupt("release.json", "/deprecations", gone).reseal()


def _other_score(pack: PackBuilder) -> None:
    pack.with_interface().replace(FIXED_SCORES, '"odd"', '"even"').reseal()


def _other_answer(pack: PackBuilder) -> None:
    """The fixed input's record is an example of the evaluation, with an output that the model has."""
    pack.corrupt(MODEL, "/outputs/0/name", "prediction").with_interface()
    pack.corrupt(FACE, "/outputs/0/name", "prediction")
    pack.corrupt(FACE, "/fixed_input_scores/0/scores/0", {"key": "t23", "output": "prediction", "label": "odd"})
    pack.rescored().reseal()


def _outside_twice(pack: PackBuilder) -> None:
    elsewhere = {"name": "weights.bin", "role": "model weights", "sha256": OTHER, "size": 64}
    pack.corrupt("manifest.json", "/external_artifacts", [elsewhere]).reseal_sums()


def _right_by_hand(pack: PackBuilder) -> None:
    """The wrong answer counts as right, and a right one as wrong: the mean stays."""
    path = "model/per_example/test.jsonl"
    rows = (pack / path).read_text().replace('"prediction": "even", "correct": 0', '"prediction": "odd", "correct": 0')
    pack.write(path, rows).reseal()


def _foreign_weights(pack: PackBuilder) -> None:
    pack.corrupt(RUN, "/outputs", [produced(pack.folder, "model/config.json")])
    write_run_manifest(pack.folder)
    pack.reseal()


def _gone_at_once(pack: PackBuilder) -> None:
    gone = [{"name": "read", "since": "0.1.0", "replacement": "predict"}]
    pack.with_interface().corrupt("release.json", "/deprecations", gone)
    pack.corrupt("release.json", "/changelog/removed", ["The function read, deprecated since 0.1.0."]).reseal()


def manifest(pointer: str, value: Any) -> Mutation:
    """Set one value of the manifest and write the checksum file anew."""
    return lambda pack: pack.corrupt("manifest.json", pointer, value).reseal_sums()


def added(path: str, text: str) -> Mutation:
    """Add a file that the manifest covers."""
    return lambda pack: pack.write(path, text).reseal()


def _outside(pack: PackBuilder) -> Path:
    file = pack.root.parent / "outside.txt"
    file.write_text("text\n", encoding="utf-8")
    return file


def _sparse(pack: PackBuilder) -> None:
    with (pack / "huge.bin").open("wb") as stream:
        stream.truncate(1 << 40)


def _model_size(pack: PackBuilder) -> None:
    size = pack.value("model/manifest.json", "/files/0/size")
    pack.corrupt("model/manifest.json", "/files/0/size", size + 1).with_model_id().reseal()


def _shared_key(pack: PackBuilder) -> None:
    text = b"r10\nr11\nr12\nt20\n"
    digest = sha256(text).hexdigest()
    pack.write("dataset/keys/record/train.txt", text).corrupt(SPLITS, "/keys/0/files/0/sha256", digest)
    pack.corrupt(DATA, "/generated_by", "foreign.dataset")  # whose snapshot ids are somebody's names
    pack.corrupt("manifest.json", "/profile", "foreign")
    pack.corrupt(DATA, "/splits/0/keys_sha256", digest).corrupt(SPLITS, "/overlaps/0/n", 1).reseal()


def _other_depth(pack: PackBuilder) -> None:
    pack.replace(LOCK, "depth: 2", "depth: 3").reseal()


def _newer_minor(pack: PackBuilder) -> None:
    pack.corrupt(COST, "/schema_version", "1.7.0").corrupt(COST, "/carbon", "not weighed").reseal()


def _unknown_split(pack: PackBuilder) -> None:
    row: dict[str, Any] = {"name": "recall", "split": "later", "slice": {"dimension": "month", "value": "May"}}
    row |= {"value": Number("0.5"), "unit": "fraction", "higher_is_better": True, "n": 1}
    month = {"name": "month", "description": "By month.", "partition": False}
    pack.corrupt(EVAL, "/slice_dimensions/-", month).corrupt(EVAL, "/rows/-", row).reseal()


def _other_seed(pack: PackBuilder) -> None:
    for path in (RUN, MODEL, EVAL):
        pack.corrupt(path, "/parameters/seed", 8)
    pack.write("training/params.yaml", (pack / "training/params.yaml").read_bytes() + b"seed: 8\n")
    pack.preflighted().reseal()


def _other_keys(pack: PackBuilder) -> None:
    row: dict[str, Any] = {"name": "recall", "split": "test", "value": None, "unit": "fraction", "n": 4}
    row |= {"absent": {"code": "NOT_MEASURED", "reason": "no time was left"}, "higher_is_better": True}
    pack.corrupt(EVAL, "/rows/-", {**row, "evaluated_keys_sha256": OTHER}).reseal()


def _input_twice(pack: PackBuilder) -> None:
    pack.corrupt(MODEL, "/inputs/-", pack.value(MODEL, "/inputs/0")).reseal()


def _twice(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/rows/-", pack.value(EVAL, "/rows/0")).reseal()


def _edited_card(pack: PackBuilder) -> None:
    pack.replace("model/model_card.md", "Tells even", "Always tells even").reseal(documents=False)


def _unbacked(pack: PackBuilder) -> None:
    """Every row says why it has no per-example results, which is too little for a headline."""
    for index in range(len(pack.value(EVAL, "/rows"))):
        pack.corrupt(EVAL, f"/rows/{index}/per_sample", None).corrupt(EVAL, f"/rows/{index}/notes", "Nobody kept them.")
    pack.remove("model/per_example/test.jsonl")
    pack.corrupt("manifest.json", "/profile", "backed").reseal()


def _measured_again(pack: PackBuilder) -> None:
    pack.corrupt("manifest.json", "/profile", "costly").reseal()


def _early_demo(pack: PackBuilder) -> None:
    early = "2026-02-28T00:00:00Z"
    pack.corrupt(DEMO, "/started_at", early).corrupt(DEMO_PREFLIGHT, "/checked_at", early).reseal()


def _other_model(pack: PackBuilder) -> None:
    for path in (DEMO, DEMO_PREFLIGHT):
        pack.corrupt(path, "/inputs/3", REMOVE)
    pack.reseal()


def _sentence(text: str) -> Mutation:
    return sealed(EVAL, "/conclusions/-", text)


def _keyword(text: str) -> Mutation:
    return sealed("release.json", "/keywords", [text])  # a field that no document prints


_STRICT = Profile(
    schema_version="1.0.0",
    name="strict",
    title="Asks for more",
    extends="paper-demo",
    metrics=(RequiredMetric(name="recall", split="test"),),
)
_SUITED = Profile(
    schema_version="1.0.0",
    name="suited",
    title="Measures slices by class",
    extends="paper-demo",
    slice_suite=SliceSuite(
        dimensions=(SuiteDimension(name="parity", description="The true answer.", field="label"),),
        metrics=(SuiteMetric(name="accuracy", kind="accuracy"),),
    ),
)
_SUITES = Profiles({"suited": _SUITED})
_TYPED = Profile(
    schema_version="1.0.0",
    name="typed",
    title="Types an identity of another project",
    extends="paper-demo",
    identities={"upstream_id": "[a-z-]+"},
)
_BACK = Profile(
    schema_version="1.0.0",
    name="backed",
    title="Asks for what values are recomputed from",
    extends="paper-demo",
    per_sample=True,
)
_COSTLY = Profiles(
    {
        "costly": Profile(
            schema_version="1.0.0",
            name="costly",
            title="Asks for costs",
            extends="paper-demo",
            costs=(RequiredCost(name="latency*", repeats=20), RequiredCost(name="*memory")),
        )
    }
)
_FOREIGN = Profiles(
    {
        "foreign": Profile(
            schema_version="1.0.0",
            name="foreign",
            title="Takes data as another program packed it",
            extends="paper-demo",
            generators={"dataset": ("foreign.dataset",)},
        )
    }
)
_BACKED = Profiles({"backed": _BACK})
_CHECKED = Profiles({"backed": _BACK.model_copy(update={"per_sample": False, "preflight_schema": True})})
_FILES = Profiles({"backed": _BACK.model_copy(update={"per_sample": False, "metrics_files": True})})
_UPSTREAM = "/extensions/upstream/upstream_id"
_FLOOR = Policy(schema_version="1.0.0", families={"digits": FamilyPolicy(least_profile="paper-demo")})

READING_CASES = dict(
    (
        one("ING001", "why?.txt", "", lambda pack: (pack / "why?.txt").write_text("x")),
        one("ING002", "notes.txt", "", lambda pack: (pack / "notes.txt").symlink_to(_outside(pack))),
        one("ING003", "notes.txt", "", lambda pack: os.link(_outside(pack), pack / "notes.txt")),
        one("ING004", "sha256sums", "", lambda pack: (pack / "sha256sums").write_text("x")),
        one("ING005", "huge.bin", "", _sparse),
        one("ING007", "attachments/e.json", "", added("attachments/e.json", "{")),
        one("ING008", "attachments/e.json", "/b/a", added("attachments/e.json", '{"b": {"a": 1, "a": 2}}')),
        one("ING009", "attachments/e.json", "", added("attachments/e.json", '{"a": NaN}')),
        one("ING010", "attachments/e.jsonl", "/1", added("attachments/e.jsonl", '{"key": "b"}\n{"key": "a"}\n')),
        one("SCH001", COST, "/carbon", sealed(COST, "/carbon", "not weighed")),
        one("SCH002", COST, "/schema_version", sealed(COST, "/schema_version", "2.0.0")),
        one("SCH003", COST, "/carbon", _newer_minor, severity="note"),
        one("SCH005", "release.json", "", lambda pack: pack.remove("release.json")),
    )
)
_UNSTATED = {"code": "NOT_STATED", "reason": "the source does not state it"}
PACK_CASES = dict(
    (
        one("INT001", "model/weights.bin", "", lambda pack: pack.write("model/weights.bin", b"\x01" * 64)),
        one("INT002", "model/weights.bin", "", lambda pack: pack.remove("model/weights.bin")),
        one("INT003", "notes.txt", "", lambda pack: pack.write("notes.txt", "text\n")),
        one("INT004", "manifest.json", "/files/0/size", manifest("/files/0/size", 1)),
        one("INT005", "SHA256SUMS", "", lambda pack: pack.remove("SHA256SUMS")),
        one("INT006", "model/manifest.json", "/files/0", _model_size),
        one("INT007", RUN, "/outputs/0", sealed(RUN, "/outputs/0/size", 65)),
        one("PRO003", "manifest.json", "/profile", manifest("/profile", "unheard-of")),
        one("PRO001", EVAL, "/rows", manifest("/profile", "strict"), profiles=Profiles({"strict": _STRICT})),
        one("PRO020", "release.json", _UPSTREAM, manifest("/profile", "typed"), profiles=Profiles({"typed": _TYPED})),
        one("PRO021", EVAL, "/rows/0/per_sample", _unbacked, profiles=_BACKED),
        one("PRO022", PREFLIGHT, "/configuration/validated_by", manifest("/profile", "backed"), profiles=_CHECKED),
        one("PRO030", "release.json", "/licence", sealed("release.json", "/licence", _UNSTATED)),
        one("PRO002", "manifest.json", "/profile", manifest("/profile", "standard"), policy=_FLOOR),
        one("GEN001", COST, "/generated_by", sealed(COST, "/generated_by", "by-hand")),
        one("IDN001", DEMO, "/release_id", sealed(DEMO, "/release_id", "digits-v0.2.0-tiny-r1")),
        one("IDN002", "release.json", "/version", sealed("release.json", "/version", "0.1.1")),
        one("IDN003", COST, "/model_id", sealed(COST, "/model_id", f"sha256:{OTHER}")),
        one("IDN004", SPLITS, "/dataset_snapshot_id", sealed(SPLITS, "/dataset_snapshot_id", "digits-other")),
        one("IDN005", MODEL, "/run_id", sealed(MODEL, "/run_id", "train-2")),
        one("IDN006", MODEL, "/commit", sealed(MODEL, "/commit", "e" * 40)),
        one("IDN007", DEMO, "/started_at", _early_demo),
        one("IDN008", COST, "/run_id", sealed(COST, "/run_id", "eval-2")),
        one(
            "IDN009",
            "dataset/dataset_manifest.json",
            "/dataset_snapshot_id",
            sealed("dataset/dataset_manifest.json", "/files/0/name", "other.csv"),
        ),
        one("PAR002", RUN, "/seed", _other_seed),
        one("MET021", EVAL, "/rows/1/unit", sealed(EVAL, "/rows/1/unit", "share")),
        (
            "MET022",
            Breakage(
                mutate=sealed(EVAL, "/slice_dimensions/0/name", "colour"),
                findings=tuple(("MET022", EVAL, f"/rows/{index}/slice/dimension") for index in (1, 2)),
            ),
        ),
        one("MET023", EVAL, "/rows/3/evaluated_keys_sha256", _other_keys),
        one("MET024", EVAL, "/rows/0/ci_level", sealed(EVAL, "/rows/0/ci_level", Number("1"))),
        one("SCH007", MODEL, "/inputs/1", _input_twice),
        one("LCK001", LOCK, "/stages/train/params/params.yaml/depth", _other_depth),
        one("PAR001", EVAL, "/parameters/threshold", sealed(EVAL, "/parameters/threshold", Number("0.65"))),
        one("INT008", "model/left_over.json", "", added("model/left_over.json", "{}\n")),
        one("MET001", EVAL, "/rows/0/delta_vs_baseline", sealed(EVAL, "/rows/0/delta_vs_baseline", Number("0.26"))),
        one("MET002", EVAL, "/rows/0/ci_low", sealed(EVAL, "/rows/0/ci_low", Number("0.8"))),
        one(
            "MET003",
            EVAL,
            "/rows/0/baseline_evaluated_keys_sha256",
            sealed(EVAL, "/rows/0/baseline_evaluated_keys_sha256", OTHER),
        ),
        one("MET004", EVAL, "/rows/3/split", _unknown_split),
        one("MET005", EVAL, "/rows/1/n", sealed(EVAL, "/rows/2", REMOVE)),
        one("MET006", EVAL, "/rows/1/per_sample/path", sealed(EVAL, "/rows/1/per_sample/path", "model/none.jsonl")),
        one("MET007", EVAL, "/rows/1/per_sample/field", sealed(EVAL, "/rows/1/per_sample/field", "cheered")),
        one("MET008", EVAL, "/rows/3", _twice),
        one("MET009", COST, "/rows/1/value", sealed(COST, "/rows/1/absent", REMOVE)),
        one("MET010", "release.json", "/headline/0", sealed("release.json", "/headline/0/name", "recall")),
        one("MET011", EVAL, "/rows/0/ci_high", sealed(EVAL, "/rows/0/ci_high", Number("95.4"))),
        one("LEA001", SPLITS, "/keys/0/files/0", sealed(SPLITS, "/keys/0/files/0/n", 5)),
        one("LEA002", SPLITS, "/overlaps", sealed(SPLITS, "/overlaps", [])),
        one("LEA003", SPLITS, "/overlaps/0/n", _shared_key, profiles=_FOREIGN),
        one("LEA004", SPLITS, "/class_balance", sealed(SPLITS, "/class_balance/0/n", 3)),
        (
            "DAT001",
            Breakage(  # the preflight, made again, asks for the report as well
                mutate=lambda pack: pack.with_spec().remove(SNAPSHOT).preflighted().reseal(),
                findings=(("DAT001", SNAPSHOT, ""), ("RUN001", PREFLIGHT, "/checks/5")),
            ),
        ),
        one("DAT002", SPEC, "/label_edges", reviewed(SPEC, "/label_edges", [1, 2])),
        one("DAT003", SNAPSHOT, "/spec_sha256", bound(SNAPSHOT, "/spec_sha256", OTHER)),
        one("DAT004", CHECK, "/ok", reviewed(CHECK, "/ok", False)),
        one("DAT005", SNAPSHOT, "/inputs/0", bound(SNAPSHOT, "/inputs/0/records", 9)),
        one("DAT006", SNAPSHOT, "/artifacts", bound(SNAPSHOT, "/artifacts/0", REMOVE)),
        one("DAT007", DATA, "/target", reviewed(DATA, "/target", "digit")),
        one("DAT008", SPLITS, "/class_balance", _rare_class),
        one("DAT009", SPEC, "/reviewed_at", reviewed(SPEC, "/reviewed_at", "2026-03-03T00:00:00Z")),
        one("ASR001", GUARDRAILS, "/guardrails/1/id", _same_id),
        one("ASR002", PLAN, "/signals/0/risks/1", assured(PLAN, "/signals/0/risks/-", "unheard-of")),
        one("ASR003", RISKS, "/risks/1", assured(RISKS, "/risks/1/accepted_reason", REMOVE)),
        one("ASR004", RISKS, "/risks/0/signals", _unwatched),
        one("ASR005", FAILURES, "/failure_modes/0/status", assured(FAILURES, "/failure_modes/0/status", "fixed")),
        one("ASR006", FAILURES, "/failure_modes/0/count", assured(FAILURES, "/failure_modes/0/count", 2)),
        one("ASR007", FAILURES, "/failure_modes/0/count", _streamed_rows, severity="note"),
        one("ASR008", GUARDRAILS, "/guardrails/0/tests/0", assured(GUARDRAILS, "/guardrails/0/tests/0", "none.txt")),
        one("ASR009", TRACE, "/commit", assured(TRACE, "/commit", "e" * 40)),
        one(
            "ASR010",
            "release.json",
            "/out_of_scope/1",
            sealed("release.json", "/out_of_scope/-", "showing  what a pack holds"),
        ),
        one("ASR011", EVAL, "/rows", _unmeasured, profiles=_SUITES),
        one("ASR012", "model/per_example/test.jsonl", "/3/slices/parity", _moved_label, profiles=_SUITES),
        one("ASR013", "model/per_example/test.jsonl", "", _streamed_labels, severity="note", profiles=_SUITES),
        one("IFC001", FACE, "/model_id", promised("/model_id", f"sha256:{OTHER}")),
        one("IFC002", FACE, "/fixed_input_scores/0/scores/0", promised("/fixed_input_scores/0/scores/0/label", REMOVE)),
        one("IFC003", FACE, "/fixed_input_scores/0/input_path", promised("/fixed_input_scores/0/input_sha256", OTHER)),
        one("IFC004", FACE, "/metrics", promised("/metrics/0/name", "recall")),
        one("IFC005", "release.json", "/deprecations/0", _gone_at_once),
        one("IFC006", "release.json", "/changelog/removed", _later_release),
        one("IFC007", FACE, "/fixed_input_scores/0/scores/0", _other_score),
        one("INT009", "manifest.json", "/external_artifacts/0/name", _outside_twice),
        one("MET026", "model/per_example/test.jsonl", "key t23", _right_by_hand),
        one("MET027", EVAL, "/rows/0/target/op", sealed(EVAL, "/rows/0/target/op", "<=")),
        one("RUN008", RUN, "/command/3", sealed(RUN, "/command/3", "9")),
        one("RUN009", RUN, "/outputs", _foreign_weights),
        one("IFC008", FACE, "/fixed_input_scores/0/scores/0", _other_answer),
        one(
            "CHG002",
            "release.json",
            "/support/until",
            sealed("release.json", "/support", {"until": "2026-03-01", "note": "Fixes on request."}),
        ),
        one("MET025", EVAL, "/rows/0/ci_low", sealed(EVAL, "/rows/0/ci_low", Number("0.60"))),
        one("PRO023", COST, "/rows", _measured_again, profiles=_COSTLY),
        one("CHG001", "release.json", "/changelog", sealed("release.json", "/changelog", {})),
        one("CLM001", EVAL, "/conclusions", sealed(EVAL, "/conclusions", ["It got better."])),
        one("CLM002", EVAL, "/conclusions/1", _sentence("On a good day it reached 0.93 of them.")),
        one("CLM004", "release.json", "/title", sealed("release.json", "/title", "Tiny digits, right in 99.1 %")),
        one("CLM003", EVAL, "/conclusions/1", _sentence("It was shown 37 numbers."), severity="warning"),
        one("NEG001", EVAL, "/negative_findings/0", sealed(EVAL, "/negative_findings", ["None known."])),
        one("NEG002", COST, "/claim_boundary/0", sealed(COST, "/claim_boundary/0", "There were none.")),
        one("TXT001", "release.json", "/keywords/0", _keyword("TODO")),
        one("PRV001", "release.json", "line *", _keyword("/home/someone/data")),
        one("PRV002", "release.json", "line *", _keyword("ghp_" + "a1" * 18)),
        one("PRV003", "release.json", "line *", _keyword("someone@example.org")),
        one("PRV004", "release.json", "line *", _keyword("gpu7.cluster.internal")),
        one("ACT001", "attachments/e.svg", "", added("attachments/e.svg", "<svg/>\n")),
        one("FRS001", "model/model_card.md", "", _edited_card),
        one("FRS002", "manifest.json", "/template_set", manifest("/template_set/name", "gone")),
        one("FRS003", "manifest.json", "/rule_book", manifest("/rule_book", 3)),
        one("MRK001", COST, "/fixture", sealed(COST, "/fixture", True), severity="warning"),
        one("RUN001", PREFLIGHT, "/ok", sealed(PREFLIGHT, "/ok", False)),
        one(
            "RUN002",
            PREFLIGHT,
            "/configuration/payload/threshold",
            sealed(PREFLIGHT, "/configuration/payload/threshold", Number("0.65")),
        ),
        one("RUN003", PREFLIGHT, "/inputs/0", sealed(PREFLIGHT, "/inputs/0/sha256", OTHER)),
        one("RUN004", PREFLIGHT, "/checked_at", sealed(PREFLIGHT, "/checked_at", "2026-03-01T08:00:01Z")),
        one("RUN005", RUN_FILES, "/files", sealed(RUN_FILES, "/files/0", REMOVE)),
        one("RUN006", RUN, "/resumed_from/run_id", lambda pack: pack.with_resumption(run_id="train-2")),
        one("RUN007", EVAL, "/resumed_step", sealed(EVAL, "/resumed_step", 5)),
        one("DEM001", DEMO, "/exit_code", sealed(DEMO, "/exit_code", 1)),
        one("DEM002", DEMO, "/receipts/n", sealed(DEMO, "/receipts/n", 2)),
        one("DEM003", DEMO_PREFLIGHT, "/inputs", sealed(DEMO_PREFLIGHT, "/inputs/0", REMOVE)),
        one("DEM004", RECEIPTS, "line 1", lambda pack: pack.replace(RECEIPTS, '"row": 1', '"row": 2').reseal()),
        one("DEM005", DEMO, "/command/3", sealed(DEMO, "/command/3", "demo/answers-2.jsonl")),
    )
)
CASES = READING_CASES | PACK_CASES
ELSEWHERE = {"ING006": "test_unsteady_file", "SYS001": "test_undecided_rule", "SCH006": "test_deprecated_field"}
IN_ACROSS = {
    "XPK001",
    "XPK002",
    "XPK003",
    "XPK004",
    "XPK005",
    "XPK006",
    "XPK007",
    "POL001",
    *(f"DRV{number:03}" for number in range(22, 26)),
}
"""Shown in test_across.py."""
IN_COMPLETE = {rule.id for rule in (*evaluation.RULES, *readiness.RULES)}
IN_DERIVATIONS = {rule.id for rule in (*charter.RULES, *signatures.RULES, *derivations.RULES)}
"""Shown by tests/verify/test_derivation_rules.py."""

"""Shown in test_complete_rules.py, on a pack with metrics files, suite and readiness report."""


FURTHER = (
    ("GEN001", COST, "/generated_by", sealed(COST, "/generated_by", "proofpress.pack.dataset")),
    ("MET027", COST, "/rows/0/value", sealed(COST, "/rows/0/value", Number("-1"))),
    ("MET027", COST, "/rows/0/repeats", sealed(COST, "/rows/0/repeats", 0)),
    ("RUN008", RUN, "/duration_seconds", sealed(RUN, "/duration_seconds", 90_000)),
    ("DEM003", DEMO_PREFLIGHT, "/checked_at", sealed(DEMO_PREFLIGHT, "/checked_at", "2026-03-01T09:30:01Z")),
    ("DEM005", DEMO, "/command/1", sealed(DEMO, "/command/1", "--program=./demo/other.py")),
    ("DEM005", DEMO, "/inputs", _other_model),
    ("NEG002", DEMO, "/claim_boundary/0", sealed(DEMO, "/claim_boundary/0", "—")),
    ("NEG002", COST, "/claim_boundary/0", sealed(COST, "/claim_boundary/0", "Small.")),
    ("NEG002", DATA, "/features/0/description", sealed(DATA, "/features/0/description", "To be confirmed later.")),
    ("NEG002", EVAL, "/limitations/0", sealed(EVAL, "/limitations/0", "There are no known limitations here.")),
    ("CHG001", "release.json", "/summary", sealed("release.json", "/summary", "N/A")),
    (
        "CHG001",
        "release.json",
        "/changelog/added/0",
        sealed("release.json", "/changelog/added/0", "No changes so far."),
    ),
)
"""Further mutations of rules that look at more than one thing."""


def assert_useful(finding: Finding) -> None:
    """A finding says what, where, expected, found and what to do."""
    for name in ("rule", "file", "message", "expected", "found", "hint"):
        assert getattr(finding, name).strip(), f"{finding.rule} has an empty {name}"


@pytest.mark.parametrize("rule", CASES)
def test_minimal_mutation_yields_exactly_its_rule(rule: str, pack: PackBuilder) -> None:
    case = CASES[rule]
    case.mutate(pack)
    verdict = pack.verify(**case.options)
    found = [(finding.rule, finding.file, finding.pointer) for finding in verdict.findings]
    assert len(found) == len(case.findings), found
    for mine, wanted in zip(found, case.findings, strict=True):
        assert mine[:2] == wanted[:2]
        assert fnmatchcase(mine[2], wanted[2]), (mine, wanted)
    for finding in verdict.findings:
        assert_useful(finding)
        assert finding.severity == case.severity == rule_book()[rule].severity
        assert finding.pack == f"digits/{pack.release_id}"
    assert (verdict.verified is None) == (case.severity == "error")
    if case.severity == "error":
        assert rule not in verdict.passed


@pytest.mark.parametrize(("rule", "file", "pointer", "mutate"), FURTHER)
def test_further_mutation_yields_exactly_its_rule(
    rule: str, file: str, pointer: str, mutate: Mutation, pack: PackBuilder
) -> None:
    mutate(pack)
    verdict = pack.verify()
    assert [(item.rule, item.file, item.pointer) for item in verdict.findings] == [(rule, file, pointer)]
    assert_useful(verdict.findings[0])
    assert verdict.verified is None


def test_a_profile_may_ask_for_metrics_files(pack: PackBuilder) -> None:
    pack.corrupt("manifest.json", "/profile", "backed").reseal_sums()
    assert pack.verify(profiles=_BACKED).findings == ()
    findings = pack.verify(profiles=_FILES).findings
    assert [(item.rule, item.pointer) for item in findings] == [("PRO021", "/effective_config"), ("PRO021", "/inputs")]


def test_every_rule_passes_on_the_valid_pack(pack: PackBuilder) -> None:
    verdict = pack.with_everything().verify()
    assert verdict.findings == ()
    absent = {rule.id for rule in PACK_RULES if {"suite", "readiness", "charter"} & set(rule.needs)}
    assert {rule for rule, _reason in verdict.skipped} == absent
    assert verdict.passed == tuple(rule.id for rule in PACK_RULES if rule.id not in absent)
    assert verdict.verified is not None


def test_no_rule_lacks_a_case() -> None:
    shown = set(CASES) | set(ELSEWHERE) | IN_ACROSS | IN_COMPLETE | IN_DERIVATIONS
    assert shown == set(rule_book())
    assert set(PACK_CASES) | IN_COMPLETE | IN_DERIVATIONS == {rule.id for rule in PACK_RULES} - set(ELSEWHERE)
    assert {rule.id for rule in READING} == set(READING_CASES) | set(ELSEWHERE) - {rule.id for rule in PACK_RULES}
    assert {rule.id for rule in ACROSS} == IN_ACROSS
    assert all(name in globals() for name in ELSEWHERE.values())


def test_every_rule_explains_itself() -> None:
    for rule in rule_book().values():
        assert rule.title.strip()
        assert len(rule.explanation.split()) >= 8, rule.id


class _Growing(DirectorySource):
    """A folder in which one file is longer when it is read than when it was listed."""

    def open(self, path: str) -> BinaryIO:
        if path == "model/weights.bin":
            with Path(self.origin, path).open("ab") as stream:
                stream.write(b"more")
        return super().open(path)


def test_unsteady_file(pack: PackBuilder) -> None:
    loaded = load_pack(_Growing(pack.folder, label="digits/digits-v0.1.0-tiny-r1"))
    (finding,) = verify(loaded).findings
    assert (finding.rule, finding.file) == ("ING006", "model/weights.bin")
    assert "changed while it was read" in finding.message
    assert_useful(finding)


def test_deprecated_field(pack: PackBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is empty until a field is deprecated, so the rule is shown with an entry of its own."""
    going = DeprecatedField(
        kind="efficiency", pointer="/rows/*/repeats", since="1.0.0", removal="2.0.0", instead="'runs'"
    )
    monkeypatch.setattr("proofpress.evidence.deprecated.DEPRECATED_FIELDS", (going,))
    verdict = pack.verify()
    (finding,) = verdict.findings
    assert (finding.rule, finding.file, finding.pointer) == ("SCH006", COST, "/rows/0/repeats")
    assert (finding.severity, finding.expected) == ("warning", "'runs'")
    assert_useful(finding)
    assert verdict.verified is not None


def test_undecided_rule(pack: PackBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        @property
        def rows(self) -> object:
            raise LookupError("no such thing")

    loaded = pack.load()
    assert loaded.evidence is not None
    monkeypatch.setitem(loaded.evidence.__dict__, "efficiency", Broken())
    verdict = verify(loaded)
    undecided = [finding for finding in verdict.findings if finding.rule == "SYS001"]
    assert undecided
    assert any("MET009" in finding.message for finding in undecided)
    assert verdict.verified is None
    assert "MET009" not in verdict.passed
