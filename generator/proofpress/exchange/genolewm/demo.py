"""GLW06x: a demo really ran, on packaged inputs, with this model, and its scores are the receipts' own."""

import hashlib
import re
import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from proofpress.exchange.genolewm.documents import Receipt, canonical_digest
from proofpress.exchange.genolewm.files import Folder, TroubleError
from proofpress.exchange.genolewm.guarantee import Findings, guarantee, same, same_bytes
from proofpress.exchange.genolewm.package import BATCH, DEMO, RECEIPTS, RUNTIME, SCORES, TRANSCRIPT, Package
from proofpress.exchange.genolewm.records import FileIdentity
from proofpress.verify.rule import trouble

OUTPUTS = {
    "scores": SCORES,
    "receipts": RECEIPTS,
    "runtime preflight report": RUNTIME,
    "batch receipt report": BATCH,
    "terminal transcript": TRANSCRIPT,
}
COMPARED = ("sigma_raw", "sigma_calibrated", "bucket_id", "confidence", "low_confidence")
STREAM = "jsonl_per_scored_alternate_v1"
_OPTIONS = ("--model-dir", "--vcf", "--fasta", "--output", "--receipt", "--no-progress")
_ANY, _COUNT, _SHA = ".+", "[1-9][0-9]*", "sha256:[0-9a-f]{64}"
_LINES = {
    "Generated": ".+Z",
    "Status": "passed",
    "Exit code": "0",
    "Model release": _ANY,
    "Model version": _ANY,
    "Model id": _SHA,
    "Input VCF records": _COUNT,
    "Input alternate alleles": _COUNT,
    "Input contigs": _ANY,
    "First input variants": _ANY,
    "Scores": _ANY,
    "Receipts": _ANY,
    "Runtime preflight report": _ANY,
    "Batch receipt report": _ANY,
    "Demo manifest": r".+terminal_demo_manifest\.json",
    "Scores SHA-256": _SHA,
    "Receipts SHA-256": _SHA,
    "Runtime Preflight Report SHA-256": _SHA,
    "Batch Receipt Report SHA-256": _SHA,
    "Scores JSONL rows": _COUNT,
    "Receipts JSONL rows": _COUNT,
    "Manifest": r".+manifest\.json",
    "VCF": _ANY,
    "FASTA": _ANY,
}
_HEADINGS = (
    "# GenoLeWM Terminal Inference Transcript",
    "## Command",
    "## Output Artifacts",
    "## Score And Receipt Summary",
    "## Artifact Inputs",
)
_OF_BATCH = (
    *("records", "model_id", "calibration_hash", "receipt_schema_version", "receipt_stream"),
    *("runtime", "checked_score_fields"),
)
_BOUNDARY = "f9165cd6642e0e41dcb5be4055f6170b"


@guarantee("GLW060", "The transcript tells the whole run")
def transcript(package: Package) -> Findings:
    """The transcript holds the command and that it passed, model, inputs, outputs with digests and numbers of rows,
    and the sentence that it shows no quality of the model; and, in a release, no word of a fixture.
    """
    folder = package.part("demo")
    text = folder.text(TRANSCRIPT)
    lines = text.split("\n")
    missing = [heading for heading in _HEADINGS if heading not in lines]
    missing += [f"- {name}: …" for name, form in _LINES.items() if not re.search(rf"(?m)^- {name}: {form}$", text)]
    missing += [] if "geno-lewm-score" in text else ["geno-lewm-score"]
    if not any(hashlib.sha256(line.encode()).hexdigest().startswith(_BOUNDARY) for line in lines):
        missing.append("the claim boundary")
    for name in missing:
        yield trouble(folder.place(TRANSCRIPT), "", "a line of the transcript is missing", expected=name)
    if not package.parts.allow_fixture and (word := re.search(r"(?i)fixture|dummy|test manifest", text)):
        yield trouble(folder.place(TRANSCRIPT), "", "the transcript speaks of a fixture", found=word[0])


@guarantee("GLW061", "The transcript records the outputs that are packaged")
def recorded(package: Package) -> Findings:
    """The transcript states the digest of scores, receipts, runtime preflight and batch report, and the number of rows
    and the fields of scores and receipts, as the packaged files have them.
    """
    folder = package.part("demo")
    text = folder.text(TRANSCRIPT)
    for label, path in list(OUTPUTS.items())[:4]:
        try:
            wanted = [f"- {label.title()} SHA-256: {folder.sha256(path)}"]
            if path in {SCORES, RECEIPTS}:
                count, fields = stream_facts(folder, path)
                wanted.append(f"- {label.title()} JSONL rows: {count}")
                wanted.append(f"- {label.title()} JSONL fields: {', '.join(fields) or '-'}")
        except TroubleError as exc:
            yield exc.finding
            continue
        for line in wanted:
            if line not in text:
                yield trouble(
                    folder.place(path), "", "the transcript does not record this file as it is", expected=line
                )


def stream_facts(folder: Folder, path: str) -> tuple[int, list[str]]:
    """Number of rows of a stream of objects, and their fields in order of appearance. Raises `TroubleError`."""
    count = 0
    fields: dict[str, None] = {}
    for _number, row in objects(folder, path):
        count += 1
        fields |= dict.fromkeys(row)
    return count, list(fields)


def objects(folder: Folder, path: str) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a stream of objects, at least one. Raises `TroubleError`."""
    rows = folder.stream(path)
    if not rows:
        raise TroubleError(
            "GLW062", folder.place(path), "the file holds no row", expected="at least one row", found="none"
        )
    for number, row in rows:
        if not isinstance(row, dict):
            raise TroubleError("GLW062", folder.place(path), "a row is not an object", pointer=f"line {number}")
    return rows


@guarantee("GLW062", "Scores are the receipts' outputs")
def streams(package: Package) -> Findings:
    """Scores and receipts pair up row by row: every receipt is valid, of one model, calibration and runtime, numbered
    in order, with the commitment of its own output, and the score row has the receipt's values.
    """
    folder = package.streams
    scores, receipts = objects(folder, SCORES), objects(folder, RECEIPTS)
    place = folder.place(RECEIPTS)
    if len(scores) != len(receipts):
        yield trouble(place, "", "scores and receipts differ in number", expected=len(scores), found=len(receipts))
        return
    first: Receipt | None = None
    for index, ((number, score), (line, raw)) in enumerate(zip(scores, receipts, strict=True), start=1):
        try:
            receipt = Receipt.model_validate(raw)
            commitment = canonical_digest(receipt.output.model_dump())
        except (ValidationError, ValueError) as exc:
            why = exc.errors()[0]["msg"] if isinstance(exc, ValidationError) else str(exc)
            yield trouble(place, f"line {line}", f"the row is not a receipt: {why}")
            return
        first = first or receipt
        details = receipt.provenance.details or {}
        for what, wanted, found in (
            ("the model id", first.model_id, receipt.model_id),
            ("the calibration", first.calibration_hash, receipt.calibration_hash),
            ("the runtime", first.runtime, receipt.runtime),
            ("the commitment of its output", commitment, receipt.output_commitment),
            ("the scope", "vcf_row", details.get("scope")),
            ("the stream", STREAM, details.get("receipt_stream")),
            ("the row's number", index, details.get("row_index")),
        ):
            yield from same(place, f"line {line}", what, wanted, found, "the rest of the stream")
        for name in COMPARED:
            wanted, found = getattr(receipt.output, name), score.get(name)
            if isinstance(wanted, float) and isinstance(found, bool):
                found = f"the truth value {found}"
            yield from same(folder.place(SCORES), f"line {number}", f"the {name}", wanted, found, RECEIPTS)


@guarantee("GLW063", "The batch report is the streams' own")
def batch(package: Package) -> Findings:
    """`batch_receipt_report.json` equals what scores and receipts give, and names the manifest's model and
    calibration. Streams that stand alone may lack it.
    """
    folder = package.streams
    if "batch" in package.folders and not folder.has(BATCH):
        return
    found = folder.json(BATCH)
    found = found if isinstance(found, dict) else {}
    wanted = batch_report(folder, found.get("generated_at"))
    if not isinstance(wanted["generated_at"], str) or not wanted["generated_at"]:
        yield trouble(folder.place(BATCH), "/generated_at", "no time of the report", expected="a time")
    for name in sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name)):
        values = (wanted.get(name), found.get(name))
        yield from same(folder.place(BATCH), f"/{name}", f"'{name}'", *values, "scores and receipts")
    manifest = package.manifest
    for name, expected in (("model_id", manifest.model_id), ("calibration_hash", manifest.calibration.hash)):
        yield from same(folder.place(BATCH), f"/{name}", f"the {name}", expected, found.get(name), "manifest.json")


def batch_report(folder: Folder, generated_at: object) -> dict[str, Any]:
    """The batch report that scores and receipts give. Raises `TroubleError`."""
    number, first = objects(folder, RECEIPTS)[0]
    try:
        receipt = Receipt.model_validate(first)
    except ValidationError as exc:
        raise TroubleError("GLW062", folder.place(RECEIPTS), "not a receipt", pointer=f"line {number}") from exc
    files = {
        label: {
            "path": path,
            "sha256": folder.sha256(path),
            "size_bytes": folder.size(path),
            "jsonl_rows": len(objects(folder, path)),
        }
        for label, path in (("scores", SCORES), ("receipts", RECEIPTS))
    }
    return {
        "schema_version": "1.0.0",
        "generated_by": "tools.release.batch_receipt_report",
        "generated_at": generated_at,
        "model_id": receipt.model_id,
        "calibration_hash": receipt.calibration_hash,
        "receipt_schema_version": "1.0.0",
        "receipt_stream": STREAM,
        "records": len(objects(folder, SCORES)),
        "runtime": receipt.runtime.model_dump(),
        "checked_score_fields": list(COMPARED),
        **files,
    }


@guarantee("GLW064", "The runtime preflight let this demo start")
def runtime(package: Package) -> Findings:
    """The preflight is of the manifest's model, allowed no fixture in a release, found what it required, and the
    inputs and model files that it checked are the packaged ones.
    """
    report, place = package.runtime, package.part("demo").place(RUNTIME)
    if "model" in package.folders:
        yield from same(place, "/model_id", "the model id", package.manifest.model_id, report.model_id, "manifest.json")
    if not package.parts.allow_fixture:
        allowed = report.requirements.fixture_manifest_allowed
        yield from same(place, "/requirements", "the permission of fixtures", False, allowed, "every release")
    for index, item in enumerate(report.dependencies):
        if item.required is True and item.available is not True:
            yield trouble(place, f"/dependencies/{index}", "a required library was missing", found=item.import_name)
    for name in ("vcf", "fasta"):
        yield from _packaged(package, place, f"/inputs/{name}", getattr(report.inputs, name), "demo")
    for index, file in enumerate(report.artifacts):
        yield from _packaged(package, place, f"/artifacts/{index}", file, "model", "dataset", "demo")


def _packaged(package: Package, place: str, pointer: str, item: FileIdentity, *parts: str) -> Findings:
    target = package.locate(item.path, *parts)
    if target is None:
        yield TroubleError("GLW002", place, "the file is not in the package", pointer=pointer, found=item.path).finding
    else:
        yield from same_bytes(*target, item.sha256, item.size_bytes, place)


@guarantee("GLW065", "Preflight and demo are about one command on packaged files")
def command(package: Package) -> Findings:
    """Preflight and demo manifest state the same scoring command, which reads this model and inputs of the demo and
    writes the packaged scores and receipts.
    """
    folder = package.part("demo")
    commands = ((RUNTIME, package.runtime.command.argv), (DEMO, package.demo.command.argv))
    for path, argv in commands:
        missing = [name for name in _OPTIONS if name not in argv]
        if argv[0] != "geno-lewm-score" or missing:
            found = shlex.join(argv)
            yield trouble(folder.place(path), "/command/argv", "not the scoring command", expected=missing, found=found)
            continue
        for option, wanted in (
            ("--model-dir", ("model", ".")),
            ("--output", ("demo", SCORES)),
            ("--receipt", ("demo", RECEIPTS)),
            ("--vcf", ("demo", "")),
            ("--fasta", ("demo", "")),
        ):
            following = argv[argv.index(option) + 1 :][:1]
            target = package.locate(following[0], wanted[0]) if following and following[0][:2] != "--" else None
            if target is None or (wanted[1] and target[1] != wanted[1]):
                message = f"{option} does not lead to {'/'.join(wanted)} of this package"
                yield trouble(folder.place(path), "/command/argv", message, found=" ".join(following))
    yield from same(folder.place(DEMO), "/command/argv", "the command", commands[0][1], commands[1][1], RUNTIME)


@guarantee("GLW066", "The demo manifest binds inputs and outputs")
def bound(package: Package) -> Findings:
    """The demo manifest names the manifest's model, the packaged model manifest, variants and reference, and each of
    the five outputs by path, digest and size; of scores and receipts also the number of rows and the fields.
    """
    folder, demo = package.part("demo"), package.demo
    place = folder.place(DEMO)
    if "model" in package.folders:
        model_id = package.manifest.model_id
        yield from same(place, "/model/model_id", "the model id", model_id, demo.model.model_id, "manifest.json")
        yield from _packaged(package, place, "/inputs/model_manifest", demo.inputs.model_manifest, "model")
        target = package.locate(demo.inputs.model_manifest.path, "model")
        yield from same(place, "/inputs/model_manifest", "its path", "manifest.json", target and target[1], "the model")
    for name in ("vcf", "fasta"):
        yield from _packaged(package, place, f"/inputs/{name}", getattr(demo.inputs, name), "demo")
    for label in OUTPUTS.keys() - {item.label for item in demo.artifacts}:
        yield trouble(place, "/artifacts", "an output is not listed", expected=label)
    for index, item in enumerate(demo.artifacts):
        pointer = f"/artifacts/{index}"
        yield from _packaged(package, place, pointer, item, "demo")
        target = package.locate(item.path, "demo")
        if item.label in OUTPUTS:
            yield from same(place, pointer, "the path", OUTPUTS[item.label], target and target[1], "every demo")
        if item.label in {"scores", "receipts"} and target and folder.has(target[1]):
            stated = (item.jsonl_records, item.jsonl_fields)
            yield from same(place, pointer, "its rows and fields", stream_facts(*target), stated, target[1])


@guarantee("GLW067", "The demo manifest summarises its variants")
def summary(package: Package) -> Findings:
    """`vcf_summary` of the demo manifest is what the packaged VCF file gives: records, alleles, contigs and the first
    five variants.
    """
    target = package.locate(package.demo.inputs.vcf.path, "demo")
    if target is None:
        return
    wanted, found = vcf_summary(*target), package.demo.inputs.vcf_summary
    place = package.part("demo").place(DEMO)
    yield from same(place, "/inputs/vcf_summary", "the summary", wanted, found, "the packaged VCF file")


def vcf_summary(folder: Folder, path: str) -> dict[str, Any]:
    """Summary of a VCF file's scoreable rows. Raises `TroubleError`."""
    found: dict[str, Any] = {"format": "vcf", "variant_records": 0, "alternate_alleles": 0}
    contigs: dict[str, None] = {}
    first: list[dict[str, Any]] = []
    for number, line in folder.lines(path):
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) < 8 or not re.fullmatch(r"\s*\+?0*[1-9][0-9_]*\s*", columns[1]) or not columns[0].strip():
            raise TroubleError("GLW067", folder.place(path), "a row is not of a VCF file", pointer=f"line {number}")
        alts = [alt for alt in columns[4].upper().split(",") if alt and alt != "."]
        if not alts:
            continue
        found["variant_records"] += 1
        found["alternate_alleles"] += len(alts)
        contig = _contig(columns[0])
        contigs[contig] = None
        first.append({"chrom": contig, "pos": int(columns[1]), "ref": columns[3].upper(), "alts": alts})
    if not first:
        raise TroubleError("GLW067", folder.place(path), "no variant that can be scored", expected="at least one")
    return {**found, "contigs": list(contigs), "first_variants": first[:5]}


def _contig(name: str) -> str:
    short = name.strip()
    short = short[3:] if short.lower().startswith("chr") else short
    upper = "MT" if short.upper() == "M" else short.upper()
    return upper if upper in {"X", "Y", "XY", "MT"} else short


@guarantee("GLW068", "The demo manifest repeats its reports")
def repeats(package: Package) -> Findings:
    """The demo manifest's `runtime_preflight` and `score_receipt_batch` are what the reports say."""
    folder, demo = package.part("demo"), package.demo
    package.runtime  # noqa: B018 - compared only when it can be read
    preflight, report = folder.json(RUNTIME), folder.json(BATCH)
    argv = preflight["command"]["argv"]
    names = ("schema_version", "generated_by", "ok", "model_id", "release_id", "requested_backend", "selected_backend")
    summed = {name: preflight.get(name) for name in names}
    summed |= {"requirements": preflight["requirements"], "command": {"argv": argv, "shell": shlex.join(argv)}}
    yield from _repeated(folder, "runtime_preflight", summed, demo.runtime_preflight, RUNTIME)
    report = report if isinstance(report, dict) else {}
    of_batch = {name: report.get(name) for name in _OF_BATCH}
    yield from _repeated(folder, "score_receipt_batch", of_batch, demo.score_receipt_batch, BATCH)


def _repeated(folder: Folder, name: str, wanted: Mapping[str, Any], found: Mapping[str, Any], source: str) -> Findings:
    yield from same(folder.place(DEMO), f"/{name}", f"'{name}'", wanted, found, source)


DEMONSTRATION = (transcript, recorded, streams, batch, runtime, command, bound, summary, repeats)
