"""The training preflight: data, configuration and machine, checked before the run and written down as found."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable

from proofpress.evidence.base import Document
from proofpress.evidence.dataset import (
    DatasetInputCheck,
    DatasetManifest,
    DatasetPackage,
    DatasetSnapshot,
    DatasetSpec,
    SplitIntegrity,
)
from proofpress.evidence.pack import CHECKSUMS, PARAMS
from proofpress.evidence.preflight import (
    Check,
    Machine,
    Requirements,
    TrainingPreflight,
    configuration_checks,
    document_check,
    requirement_checks,
)
from proofpress.evidence.values import Number, path_trouble
from proofpress.ingest.checksums import parse_checksums
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import pointer_of
from proofpress.pack.dataset import every_problem
from proofpress.pack.machine import probe
from proofpress.pack.writer import (
    PackError,
    document_in,
    files_below,
    kind_of,
    produced,
    read_structured,
    write_bytes,
    write_document,
    write_text,
)

_LABEL: Final = "proofpress.pack.preflight"
CONFIGURATION_SCHEMA: Final = "training/config.schema.json"
_DATA: Final[tuple[type[Document], ...]] = (DatasetPackage, DatasetManifest, SplitIntegrity)
_REVIEWED: Final[tuple[type[Document], ...]] = (DatasetSpec, DatasetInputCheck, DatasetSnapshot)
_SAYS: Final = frozenset({"type", "properties", "$ref", "enum", "const", "anyOf", "oneOf", "allOf"})
_MOST: Final = 300


def write_preflight(
    folder: Path,
    *,
    config: Path,
    at: str,
    schema: Path | None = None,
    requirements: Requirements | None = None,
    machine: Machine | None = None,
) -> TrainingPreflight:
    """Check dataset, configuration and machine, and write `training/training_preflight_report.json`.

    A configuration from outside the pack is promoted: copied byte for byte to `training/params.yaml`, which must
    not hold other parameters yet. The JSON Schema, when there is one, is copied beside it. `machine` is what was
    probed, if not here and now. The report is written whatever the verdict: ask its `ok`.
    """
    # (1) read all of it first: nothing is cleared for a preflight that can't be made
    needed = requirements or Requirements()
    parameters = read_structured(config)
    if not isinstance(parameters, dict):
        raise PackError(f"{config.name} is no mapping of names and values")
    rules = read_structured(schema) if schema else None
    validator = _validator(rules) if schema else None
    path = _place_of(folder, config)
    data = read_file(config)
    if path == PARAMS and (folder / PARAMS).exists() and read_file(folder / PARAMS) != data:
        raise PackError(
            f"{PARAMS} holds other parameters than {config.name}",
            hint=f"name {PARAMS} itself as the configuration, or remove it if it is of an earlier run",
        )
    for owned in (kind_of(TrainingPreflight).path, CONFIGURATION_SCHEMA):
        if schema is None or (folder / owned).resolve() != schema.resolve():
            (folder / owned).unlink(missing_ok=True)

    # (2) configuration
    write_text(folder, path, data.decode("utf-8"))
    checks = list(_dataset_checks(folder))
    configuration: dict[str, Any] = {**produced(folder, path), "payload": parameters}
    if schema is not None:
        write_bytes(folder, CONFIGURATION_SCHEMA, read_file(schema))
        opened = open_place(rules)
        checks += configuration_checks(CONFIGURATION_SCHEMA, opened, _problem(validator, parameters))
        configuration["validated_by"] = {**produced(folder, CONFIGURATION_SCHEMA), "closed": opened is None}

    # (3) machine, and the verdict
    machine = machine or probe(folder, needed)
    checks += requirement_checks(needed, machine)
    dataset = _readable(folder, DatasetPackage)
    return write_document(
        folder,
        TrainingPreflight,
        {
            "dataset_snapshot_id": dataset.dataset_snapshot_id if isinstance(dataset, DatasetPackage) else None,
            "checked_at": at,
            "inputs": [produced(folder, item) for item in files_below(folder, "dataset")],
            "configuration": configuration,
            "requirements": needed,
            "machine": machine,
            "checks": checks,
            "ok": all(check.ok for check in checks),
        },
        generated_by=_LABEL,
    )


def open_place(schema: Any, pointer: str = "") -> str | None:
    """JSON pointer of the first place of a JSON Schema where unknown names may pass; None: it is closed.

    The parts of an `allOf` are left to the object that they add to.
    """
    if not isinstance(schema, Mapping):
        return pointer if schema is True else None
    kinds = schema.get("type", ())
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if not schema.keys() & _SAYS or ("array" in kinds and not schema.keys() & {"items", "prefixItems"}):
        return pointer
    if "object" in kinds or "properties" in schema:
        rest = (schema.get(name, True) for name in ("additionalProperties", "unevaluatedProperties"))
        if all(item is True for item in rest):
            return pointer
    return next((found for found in _inner(schema, pointer) if found is not None), None)


def _inner(schema: Mapping[str, Any], pointer: str) -> Iterator[str | None]:
    for name in ("properties", "$defs", "definitions", "patternProperties"):
        for key, item in schema.get(name, {}).items():
            yield open_place(item, pointer + pointer_of((name, key)))
    for name in ("anyOf", "oneOf", "prefixItems"):
        for index, item in enumerate(schema.get(name, ())):
            yield open_place(item, f"{pointer}/{name}/{index}")
    for name in ("items", "additionalProperties", "unevaluatedProperties"):
        if isinstance(schema.get(name), Mapping):
            yield open_place(schema[name], f"{pointer}/{name}")


def _validator(schema: Any) -> Any:
    """A validator that fetches nothing. Raises `PackError` when the schema is none."""
    try:
        Draft202012Validator.check_schema(_plain(schema))
    except SchemaError as exc:
        raise PackError(f"the schema of the configuration is no JSON Schema: {exc.message[:_MOST]}") from exc
    return Draft202012Validator(_plain(schema), registry=Registry())


def _problem(validator: Any, parameters: Any) -> str:
    """The first thing that a schema refuses in a configuration; empty when it is valid."""
    try:
        errors = sorted(validator.iter_errors(_plain(parameters)), key=lambda item: str(item.json_path))
    except Unresolvable as exc:
        raise PackError(f"the schema of the configuration refers to what it does not hold: {exc}") from exc
    return " ".join(f"{errors[0].json_path}: {errors[0].message}".split())[:_MOST] if errors else ""


def _plain(value: Any) -> Any:
    """Values as JSON Schema counts them: integers as int (1.0 is one), other numbers as exact decimals."""
    if isinstance(value, Number):
        return int(value) if value == value.to_integral_value() else Decimal(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _place_of(folder: Path, config: Path) -> str:
    """Where the pack holds the configuration: where it is, when it is in the pack, else at the promoted parameters."""
    inside = config.resolve()
    home = folder.resolve()
    return inside.relative_to(home).as_posix() if inside.is_relative_to(home) else PARAMS


def _dataset_checks(folder: Path) -> Iterator[Check]:
    for model in _DATA:
        document = _readable(folder, model)
        yield document_check(kind_of(model).path, document if isinstance(document, str) else "")
    yield from _review_checks(folder)
    path = f"dataset/{CHECKSUMS}"
    if (folder / path).is_file():
        wrong = list(_unlike(folder, parse_checksums(read_file(folder / path))))
        yield Check(
            name=path,
            required="each listed file has its digest",
            found="; ".join(wrong)[:_MOST] or "each has",
            ok=not wrong,
        )


def _review_checks(folder: Path) -> Iterator[Check]:
    """Whether spec, input check and snapshot report tell of one build that went well; none when none is there."""
    spec, check, report = (kind_of(model).path for model in _REVIEWED)
    if not any((folder / path).is_file() for path in (spec, check, report)):
        return
    yield document_check(spec, _untold(folder, DatasetSpec))
    yield document_check(check, _untold(folder, DatasetInputCheck) or "; ".join(_check_troubles(folder))[:_MOST])
    yield document_check(report, _untold(folder, DatasetSnapshot) or "; ".join(_report_troubles(folder))[:_MOST])


def _untold(folder: Path, model: type[Document]) -> str:
    document = _readable(folder, model)
    return document if isinstance(document, str) else ""


def _check_troubles(folder: Path) -> Iterator[str]:
    check = document_in(folder, DatasetInputCheck)
    if check is not None:
        if not check.ok:
            yield f"the input check failed: {'; '.join(every_problem(check)) or 'not ok'}"
        if check.spec_sha256 != _sha256(folder, DatasetSpec):
            yield "another spec was checked"


def _report_troubles(folder: Path) -> Iterator[str]:
    report, package = document_in(folder, DatasetSnapshot), _readable(folder, DatasetPackage)
    if report is not None:
        if report.spec_sha256 != _sha256(folder, DatasetSpec):
            yield "it was built from another spec"
        if report.input_check.sha256 != _sha256(folder, DatasetInputCheck):
            yield "it was built after another input check"
        if isinstance(package, DatasetPackage) and package.dataset_snapshot_id != report.dataset_snapshot_id:
            yield f"it is of snapshot {report.dataset_snapshot_id}, not {package.dataset_snapshot_id}"
        for item in report.artifacts:
            if not (folder / item.path).is_file() or produced(folder, item.path)["sha256"] != item.sha256:
                yield f"{item.path} is not the file that was built"


def _sha256(folder: Path, model: type[Document]) -> str | None:
    path = kind_of(model).path
    return produced(folder, path)["sha256"] if (folder / path).is_file() else None


def _unlike(folder: Path, listed: tuple[Mapping[str, str], Iterable[tuple[int, str, str]]]) -> Iterator[str]:
    sums, bad = listed
    for number, problem, _line in bad:
        yield f"line {number}: {problem}"
    for name, digest in sums.items():
        if path_trouble(name):
            continue  # told above
        file = folder / "dataset" / name
        if not file.is_file() or produced(folder, f"dataset/{name}")["sha256"] != digest:
            yield f"{name} differs" if file.is_file() else f"{name} is missing"


def _readable(folder: Path, model: type[Document]) -> Document | str:
    """A document of the dataset, or what is wrong with it."""
    try:
        return document_in(folder, model) or "no such file"
    except PackError as exc:
        return str(exc)[:_MOST]
