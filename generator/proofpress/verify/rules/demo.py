"""DEM: the demo really ran, on this model and these inputs, and each row of its answer has a receipt."""

from collections import Counter
from collections.abc import Iterator
from posixpath import normpath
from typing import Any

from proofpress.evidence.demo import RECEIPTS, receipts_of, rows_of
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import KINDS
from proofpress.evidence.preflight import contradicted, file_checks, program_check
from proofpress.evidence.values import path_trouble
from proofpress.verify.rule import Case, rule, trouble

_PATHS = {kind.name: kind.path for kind in KINDS}
_DEMO, _PREFLIGHT, _RECEIPTS = _PATHS["demo"], _PATHS["demo_preflight"], _PATHS["receipts"]
_MODEL = _PATHS["model_manifest"]
_HINT = "run the demo again with the files of this pack: proofpress demo run"


@rule("DEM001", "The demo run succeeded", needs="demo")
def succeeded(case: Case) -> Iterator[Finding]:
    """The captured demo ended with another exit code than 0, so it demonstrates a failure."""
    run = case.evidence.demo
    if run is not None and run.exit_code != 0:
        yield trouble(
            _DEMO,
            "/exit_code",
            "the captured demo run failed",
            expected=0,
            found=run.exit_code,
            hint="mend the demo and run it again",
        )


@rule("DEM002", "The demo run names its own preflight and receipts", needs="demo", book=2)
def reports(case: Case) -> Iterator[Finding]:
    """The demo run names a runtime preflight or a report of receipts by another digest, verdict or number than that of
    the pack's file, or the pack holds one that the run does not name.

    The run and its reports are written together. One of another run says nothing about this one.
    """
    run, preflight, receipts = case.evidence.demo, case.evidence.demo_preflight, case.evidence.receipts
    if run is None:
        return
    named: tuple[tuple[str, str, Any, Any], ...] = (
        ("runtime_preflight", _PREFLIGHT, run.runtime_preflight, preflight and ("ok", preflight.ok)),
        ("receipts", _RECEIPTS, run.receipts, receipts and ("n", receipts.n)),
    )
    for field, path, summary, said in named:
        if path in case.broken:
            continue  # told by the schema's rules
        file = case.listed.get(path)
        if summary is None:
            if file is not None:
                problem = f"the run does not name {path}: it is of another run"
                yield trouble(_DEMO, f"/{field}", problem, expected="its digest", found="nothing", hint=_HINT)
            continue
        stated = {"path": summary.path, "sha256": summary.sha256, "size": summary.size}
        there = {"path": path, "sha256": file.sha256, "size": file.size} if file else {"path": "no such file"}
        if said:
            there |= {said[0]: said[1]}
            stated |= {said[0]: getattr(summary, said[0])}
        for name, value in stated.items():
            if value != there.get(name, value):
                yield trouble(
                    _DEMO,
                    f"/{field}/{name}",
                    f"the run names {path} with another {name} than it has",
                    expected=there[name],
                    found=value,
                    hint=_HINT,
                )


@rule("DEM003", "The runtime preflight passed, on the model and inputs of the run", needs="demo_preflight", book=2)
def runtime(case: Case) -> Iterator[Finding]:
    """The runtime preflight failed, is younger than the run that it went before, names another model manifest than the
    pack's, or checked other inputs than the demo ran on.
    """
    preflight, run = case.evidence.demo_preflight, case.evidence.demo
    if preflight is None:
        return
    manifest, listed = case.listed.get(_MODEL), case.evidence.model_manifest
    digests = {item.path: item.sha256 for item in (preflight.model_manifest, *preflight.inputs)}
    own = {f"model/{item.path}": item.sha256 for item in (listed.files if listed else ())}
    wanted = list(file_checks(digests, {**own, _MODEL: preflight.model_id.removeprefix("sha256:")}))
    wanted += [program_check(run.command[0], there=True)] if run else []
    for check, found in contradicted(preflight.checks, wanted):
        source = _DEMO if check.name == "program" else "the model and inputs that were checked"
        yield trouble(
            _PREFLIGHT,
            "/checks",
            f"the check '{check.name}' is not that of {source}",
            expected=f"required {check.required}, found {check.found}",
            found=f"required {found.required}, found {found.found}" if found else "no such check",
            hint=_HINT,
        )
    for index, check in enumerate(preflight.checks):
        if not check.ok:
            yield trouble(
                _PREFLIGHT,
                f"/checks/{index}",
                f"the check '{check.name}' failed",
                expected=check.required,
                found=check.found,
                hint=_HINT,
            )
    if preflight.ok != all(check.ok for check in preflight.checks):
        problem = "the verdict is not that of the checks"
        yield trouble(_PREFLIGHT, "/ok", problem, expected=not preflight.ok, found=preflight.ok, hint=_HINT)
    there = (_MODEL, manifest.sha256, manifest.size) if manifest else ()
    model = preflight.model_manifest
    if (model.path, model.sha256, model.size) != there:
        yield trouble(
            _PREFLIGHT,
            "/model_manifest",
            "the preflight checked another model manifest than the pack's",
            expected=", ".join(map(str, there)) or "a pack with a model manifest",
            found=f"{model.path}, {model.sha256}, {model.size}",
            hint=_HINT,
        )
    if run is None:
        return
    if preflight.checked_at > run.started_at:
        yield trouble(
            _PREFLIGHT,
            "/checked_at",
            "the preflight is younger than the run that it went before",
            expected=f"not after {run.started_at}",
            found=preflight.checked_at,
            hint=_HINT,
        )
    checked, used = (Counter((item.path, item.sha256, item.size) for item in part.inputs) for part in (preflight, run))
    for path, sha256, size in sorted((checked - used) + (used - checked)):
        more = checked[path, sha256, size] > used[path, sha256, size]
        yield trouble(
            _PREFLIGHT,
            "/inputs",
            f"the preflight checked a {path} that the run ({_DEMO}) did not use"
            if more
            else f"the preflight did not check {path} as the run ({_DEMO}) used it",
            expected="the inputs of the run",
            found=f"{path}, sha256 {sha256}, {size} bytes",
            hint=_HINT,
        )


@rule("DEM004", "Each row of the demo has its receipt", needs="receipts", book=2)
def receipts(case: Case) -> Iterator[Finding]:
    """The receipts are not those of the pack's rows: another number, another order, other digests, another model, or
    rows of files that the demo neither read nor wrote.

    They are computed again from the rows: one receipt for each row of the input, with the digest of the row of the
    output that answers it.
    """
    report, run = case.evidence.receipts, case.evidence.demo
    if report is None or case.broken & {report.input, report.output, RECEIPTS}:
        return  # what can't be read was told while reading, and refuses the pack
    for field, path, used in (
        ("input", report.input, run.inputs if run else ()),
        ("output", report.output, run.outputs if run else ()),
    ):
        if path not in {item.path for item in used}:
            problem = f"{path} is no {field} of the demo run ({_DEMO})"
            known = ", ".join(item.path for item in used) or "a demo run"
            yield trouble(_RECEIPTS, f"/{field}", problem, expected=known, found=path, hint=_HINT)
            return
    data = [_bytes(case, path) for path in (report.input, report.output, RECEIPTS)]
    if None in data:
        lacking = (report.input, report.output, RECEIPTS)[data.index(None)]
        yield trouble(
            lacking,
            "",
            "the receipts can't be computed again without this file",
            expected="a file of at most 1 MiB",
            found="no such file, or a larger one",
            hint=_HINT,
        )
        return
    source, answers, stated = (item or b"" for item in data)
    file = case.raw.files[RECEIPTS]
    counts: tuple[tuple[str, Any, Any], ...] = (
        ("input_rows", len(rows_of(source)), report.input_rows),
        ("output_rows", len(rows_of(answers)), report.output_rows),
        ("n", len(rows_of(source)), report.n),
        ("receipts/path", RECEIPTS, report.receipts.path),
        ("receipts/sha256", file.sha256, report.receipts.sha256),
        ("receipts/size", file.size, report.receipts.size),
    )
    for field, expected, found in counts:
        if expected != found:
            problem = f"{field.replace('/', ' ')} is not what the rows give"
            yield trouble(_RECEIPTS, f"/{field}", problem, expected=expected, found=found, hint=_HINT)
    if (answered := len(rows_of(answers))) != (asked := len(rows_of(source))):
        problem = f"{report.output} answers {answered} of {asked} rows"
        yield trouble(report.output, "", problem, expected=asked, found=answered, hint=_HINT)
    wanted = receipts_of(source, answers, report.model_id)
    if stated != wanted:
        mine, theirs = rows_of(stated), rows_of(wanted)
        pairs = enumerate(zip(mine, theirs, strict=False), start=1)
        line = next((number for number, (left, right) in pairs if left != right), min(len(mine), len(theirs)) + 1)
        yield trouble(
            RECEIPTS,
            f"line {line}",
            "the receipt is not that of its rows",
            expected=theirs[line - 1].decode() if line <= len(theirs) else "no further receipt",
            found=mine[line - 1].decode("utf-8", "replace")[:300] if line <= len(mine) else "no receipt",
            hint=_HINT,
        )


@rule("DEM005", "The demo ran on the files that its command names, and on the model", needs="demo", book=2)
def bound(case: Case) -> Iterator[Finding]:
    """A word of the demo's command names a path below `demo/` or `model/` that is neither an input nor an output of the
    run, or a file of the model that lies in the pack is no input of it.

    The captured output would come from files that nobody can look at, or from another model than the released one.
    """
    run, model = case.evidence.demo, case.evidence.model_manifest
    if run is None:
        return
    given = {item.path for item in run.inputs}
    recorded = given | {item.path for item in run.outputs}
    for index, word in enumerate(run.command):
        for path in _named(word):
            if path not in recorded and not any(item.startswith(f"{path}/") for item in recorded):
                yield trouble(
                    _DEMO,
                    f"/command/{index}",
                    f"the command names {path}, which the run neither read nor wrote",
                    expected="a recorded input or output",
                    found=path,
                    hint=_HINT,
                )
    for path in sorted(f"model/{item.path}" for item in (model.files if model else ())):
        if path in case.raw.files and path not in given:
            yield trouble(
                _DEMO,
                "/inputs",
                f"the run did not read {path}, which is part of the model",
                expected=path,
                found=", ".join(sorted(given)),
                hint=_HINT,
            )


def _named(word: str) -> Iterator[str]:
    """The paths of model and demo that a word of a command holds, also behind the `=` of an option."""
    for part in dict.fromkeys((word, word.rpartition("=")[2])):
        path = normpath(part)
        if path.startswith(("demo/", "model/")) and path_trouble(path) is None:
            yield path


def _bytes(case: Case, path: str) -> bytes | None:
    file = case.raw.files.get(path)
    return file.data if file else None


RULES = (succeeded, reports, runtime, receipts, bound)
