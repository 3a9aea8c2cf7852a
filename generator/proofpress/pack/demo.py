"""A demo run: the command really runs, in a clean folder that holds nothing but packaged files."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.base import Document
from proofpress.evidence.demo import MAX_ROWS_BYTES, RECEIPTS, BatchReceipts, DemoRun, receipts_of, rows_of
from proofpress.evidence.model import ModelManifest
from proofpress.evidence.pack import CHECKSUMS
from proofpress.evidence.preflight import Check, Machine, RuntimePreflight, file_checks, program_check
from proofpress.ingest.rows import lines_of, read_rows
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError
from proofpress.pack.clean_run import LIMIT_SECONDS, Captured, RunError, run_clean, words_of
from proofpress.pack.machine import probe
from proofpress.pack.model import model_id_of
from proofpress.pack.writer import (
    PackError,
    described,
    document_in,
    document_text,
    exact,
    kind_of,
    parse_document,
    produced,
    refuse_private,
    write_bytes,
)
from proofpress.render.sets import RENDERED

_LABEL: Final = "proofpress.pack.demo"
_MODEL: Final = kind_of(ModelManifest).path
_NONE: Final = "no such file"
_OWNED: Final = frozenset(
    {RECEIPTS, f"demo/{CHECKSUMS}", *(kind_of(item).path for item in (DemoRun, RuntimePreflight, BatchReceipts))}
    | {path for path in RENDERED if path.startswith("demo/")}
)
"""What a demo run writes besides the command's own files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """An input and an output of a demo whose rows belong together, with their bytes."""

    input: str
    output: str
    source: bytes
    answers: bytes


def run_demo(
    folder: Path,
    *,
    release_id: str,
    model_id: str,
    command: Sequence[str],
    inputs: Sequence[str],
    at: str,
    claim_boundary: Sequence[str],
    environment_note: str | None = None,
    outputs: Sequence[str] = (),
    rows: tuple[str, str] | None = None,
    seconds: int = LIMIT_SECONDS,
) -> DemoRun:
    """Run `command` on copies of the packaged `inputs` and model files, and write what happened.

    The first word `python` stands for the running interpreter. The clean folder mirrors the pack's layout; files
    that the command writes below `demo/` go into the pack at the same path, and declared `outputs` must be among
    them. `rows` names the input and the output whose rows belong together, one receipt each; without it they are
    the only `.jsonl` among the inputs and the only one among the outputs, if so. Raises `RunError` when the command
    does not do all that, or ends with another exit code than 0: then the pack is left as it was.
    """
    if not command or not inputs:
        raise PackError("a demo needs a command and at least one input")
    if taken := sorted({*outputs, *_OWNED} & set(inputs)):
        raise PackError(f"{taken[0]} can't be an input of the demo", hint="inputs are files that no run writes")
    given = sorted({*inputs, *_model_files(folder)})
    for path in given:
        if path.endswith(".jsonl") and (folder / path).is_file():
            _require_rows(path, read_file(folder / path))
    checks = _checks(folder, command, given, model_id)
    if failed := [check for check in checks if not check.ok]:
        said = "; ".join(f"{check.name}: {check.required} is required, found {check.found}" for check in failed)
        raise RunError(f"the demo can't run: {said}")
    machine = probe(folder)
    captured = run_clean(folder, command, given, seconds=seconds)
    missing = sorted(set(outputs) - captured.written.keys())
    if captured.exit_code != 0:
        last = captured.stderr.strip().rpartition("\n")[2] or "no message"
        raise RunError(f"the command ended with exit code {captured.exit_code}: {last}")
    if missing:
        raise RunError(f"the command did not write {', '.join(missing)}, which it declares")
    return record_demo(
        folder,
        captured,
        machine=machine,
        checks=checks,
        inputs=given,
        rows=rows,
        fields={
            "release_id": release_id,
            "model_id": model_id,
            "command": command,
            "started_at": at,
            **({"environment_note": environment_note} if environment_note else {}),
            "claim_boundary": claim_boundary,
        },
    )


def record_demo(
    folder: Path,
    captured: Captured,
    *,
    machine: Machine,
    checks: Sequence[Check],
    inputs: Sequence[str],
    rows: tuple[str, str] | None,
    fields: Mapping[str, Any],
) -> DemoRun:
    """Write the documents of a captured run in place of those of an earlier one, and the files that it wrote.

    `fields` holds what the run is: release_id, model_id, command, started_at, claim_boundary.
    """
    # (1) all of it must be fit for a pack before anything of an earlier run goes
    for path, data in captured.written.items():
        refuse_private(path, data.decode("utf-8", errors="ignore"))
        if not path.startswith("demo/") or path in _OWNED:
            raise RunError(f"the command wrote {path}", hint="a demo writes below demo/, to files of its own")
        if path.endswith(".jsonl"):
            _require_rows(path, data)
    identity = {name: fields[name] for name in ("release_id", "model_id")}
    given = [produced(folder, path) for path in sorted(inputs)]
    verdict = all(check.ok for check in checks)
    made: dict[str, bytes] = {}
    preflight = {
        **identity,
        "checked_at": fields["started_at"],
        "model_manifest": produced(folder, _MODEL),
        "inputs": given,
        "machine": machine,
        "checks": checks,
        "ok": verdict,
    }
    bound: dict[str, Any] = {"runtime_preflight": {**_made(made, RuntimePreflight, preflight), "ok": verdict}}
    if batch := _batch(folder, captured, inputs, rows):
        made[RECEIPTS] = receipts_of(batch.source, batch.answers, identity["model_id"])
        if len(made[RECEIPTS]) > MAX_ROWS_BYTES:
            raise RunError(f"the receipts take more than {MAX_ROWS_BYTES} bytes", hint="a demo shows fewer rows")
        n = len(rows_of(batch.source))
        report = {
            **identity,
            "input": batch.input,
            "output": batch.output,
            "input_rows": n,
            "output_rows": n,
            "n": n,
            "receipts": described(RECEIPTS, made[RECEIPTS]),
        }
        bound["receipts"] = {**_made(made, BatchReceipts, report), "n": n}
    run = {
        **fields,
        "duration_seconds": exact(captured.seconds, 3),
        "exit_code": captured.exit_code,
        "inputs": given,
        "outputs": [described(path, captured.written[path]) for path in sorted(captured.written)],
        "stdout": captured.stdout,
        "stderr": captured.stderr,
        **bound,
    }
    _made(made, DemoRun, run)

    # (2) clear, then write: the run's own record comes last and names the others
    _clear(folder, keep=inputs)
    for path, data in {**captured.written, **made}.items():
        write_bytes(folder, path, data)
    return parse_document(DemoRun, made[kind_of(DemoRun).path])


def _require_rows(path: str, data: bytes) -> None:
    """Refuse rows that no pack may hold, before anything rests on them."""
    try:
        read_rows(lines_of(data))
    except StrictError as exc:
        raise RunError(
            f"{path}, {exc}", hint="write one JSON object a line, sorted by 'key' when rows have one"
        ) from exc


def _made(made: dict[str, bytes], model: type[Document], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Add a document to what will be written; returns its identity."""
    path = kind_of(model).path
    made[path] = document_text(model, fields, generated_by=_LABEL).encode("utf-8")
    return described(path, made[path])


def rerun_demo(folder: Path, *, seconds: int = LIMIT_SECONDS, interpreter: str = "") -> tuple[str, ...]:
    """Run the recorded demo again in a clean folder and say what differs from the record; nothing is written.

    Compared are model, inputs, exit code and the files that the command writes; of a demo that writes none, what it
    prints. `interpreter` is the one that `python` stands for, instead of the running one.
    """
    demo = document_in(folder, DemoRun)
    if demo is None:
        raise PackError("the folder holds no demo run", hint="make one first: proofpress demo run")
    found = []
    if (model := model_id_of(folder)) != demo.model_id:
        found.append(f"{_MODEL}: recorded {demo.model_id}, found {model}")
    for item in demo.inputs:
        now = _digest(folder, item.path)
        if now != item.sha256:
            found.append(f"{item.path}: recorded {item.sha256}, found {now}")
    if found:
        return tuple(found)
    try:
        paths = [item.path for item in demo.inputs]
        again = run_clean(folder, demo.command, paths, seconds=seconds, interpreter=interpreter)
    except RunError as exc:
        return (str(exc),)
    return tuple(_differences(demo, again))


def _differences(demo: DemoRun, again: Captured) -> Iterator[str]:
    if again.exit_code != demo.exit_code:
        yield f"exit code: recorded {demo.exit_code}, found {again.exit_code}"
    recorded = {item.path: item.sha256 for item in demo.outputs}
    written = {path: hashlib.sha256(data).hexdigest() for path, data in again.written.items()}
    for path in sorted(recorded.keys() | written.keys()):
        was, now = recorded.get(path, _NONE), written.get(path, _NONE)
        if was != now:
            yield f"{path}: recorded {was}, found {now}"
    if not recorded and again.stdout != demo.stdout:
        yield "stdout: the command prints something else than was recorded"


def _digest(folder: Path, path: str) -> str:
    try:
        return str(produced(folder, path)["sha256"])
    except PackError:
        return _NONE


def _model_files(folder: Path) -> list[str]:
    """The model's files that lie in the pack; large ones may lie elsewhere."""
    manifest = document_in(folder, ModelManifest)
    paths = (f"model/{item.path}" for item in manifest.files) if manifest else ()
    return [path for path in paths if (folder / path).is_file()]


def _checks(folder: Path, command: Sequence[str], given: Iterable[str], model_id: str) -> tuple[Check, ...]:
    manifest = document_in(folder, ModelManifest)
    wanted = {f"model/{item.path}": item.sha256 for item in manifest.files} if manifest else {}
    wanted[_MODEL] = model_id.removeprefix("sha256:")
    there = {path: None if (digest := _digest(folder, path)) == _NONE else digest for path in (_MODEL, *given)}
    program = shutil.which(words_of(command)[0], path=os.defpath) is not None
    return (*file_checks(there, wanted), program_check(command[0], there=program))


def _batch(folder: Path, captured: Captured, inputs: Sequence[str], rows: tuple[str, str] | None) -> _Batch | None:
    """The input and the output whose rows belong together."""
    if rows is None:
        lists = [[path for path in paths if path.endswith(".jsonl")] for paths in (inputs, captured.written)]
        if [len(item) for item in lists] != [1, 1]:
            return None
        rows = (lists[0][0], lists[1][0])
    source, answers = rows
    if source not in inputs or answers not in captured.written:
        raise RunError(f"{source} is no input, or {answers} no output of the demo, so their rows have no receipts")
    batch = _Batch(
        input=source, output=answers, source=(folder / source).read_bytes(), answers=captured.written[answers]
    )
    if max(len(batch.source), len(batch.answers)) > MAX_ROWS_BYTES:
        raise RunError(f"the rows of the demo take more than {MAX_ROWS_BYTES} bytes", hint="a demo shows fewer rows")
    asked, answered = len(rows_of(batch.source)), len(rows_of(batch.answers))
    if asked != answered:
        raise RunError(
            f"{source} holds {asked} rows and {answers} {answered}, so that not each has its receipt",
            hint="write one row for each input row; a result of another form is no .jsonl file",
        )
    return batch


def _clear(folder: Path, *, keep: Iterable[str]) -> None:
    """Remove what an earlier run left: its documents, and the files below `demo/` that it says it wrote."""
    try:
        earlier = document_in(folder, DemoRun)
    except PackError:
        earlier = None  # it goes, whatever it said
    written = {item.path for item in earlier.outputs if item.path.startswith("demo/")} if earlier else set()
    for path in (written | _OWNED) - set(keep):
        (folder / path).unlink(missing_ok=True)
