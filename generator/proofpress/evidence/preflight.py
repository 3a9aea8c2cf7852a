"""Preflights: what must hold before a run starts, what was found on the machine, and the verdict row by row."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Document, Model, ProducedFile
from proofpress.evidence.values import Count, Identity, JsonObject, Name, ReleaseId, Text, UtcTime


def _range(value: str) -> str:
    try:
        SpecifierSet(value)
    except InvalidSpecifier as exc:
        raise PydanticCustomError("range", "a range of versions is expected, for example >=3.11,<3.14") from exc
    return value


VersionRange = Annotated[Name, AfterValidator(_range)]


class Check(Model):
    """One row of a preflight: what was required, what was found, and whether that will do."""

    name: Name
    required: Text
    found: Text
    ok: bool


class AcceleratorNeed(Model):
    """An accelerator with at least this much memory of its own."""

    kind: Literal["cuda"]
    min_memory_bytes: Count = 0


class PackageNeed(Model):
    """An installed Python distribution, in a range of versions when one is named."""

    name: Name
    version: VersionRange | None = None


class Requirements(Model):
    """What a run declares that it needs of a machine."""

    python: VersionRange | None = None
    min_cpus: Count | None = None
    min_memory_bytes: Count | None = None
    min_disk_bytes: Count | None = None
    accelerator: AcceleratorNeed | None = None
    packages: tuple[PackageNeed, ...] = ()


class PackageFound(Model):
    """A distribution that was looked for; `version` is null when it is not installed."""

    name: Name
    version: Name | None


class Accelerator(Model):
    """A device that was found."""

    name: Name
    memory_bytes: Count


class Machine(Model):
    """What was probed; no host name and no path. Accelerators and packages are probed when they are required."""

    python: Name
    implementation: Name
    system: Name
    machine: Name
    cpus: Count
    memory_bytes: Count
    disk_free_bytes: Count
    accelerators: tuple[Accelerator, ...] = ()
    packages: tuple[PackageFound, ...] = ()


class ConfigurationSchema(ProducedFile):
    """The JSON Schema that the configuration was validated against; closed: it refuses unknown names everywhere."""

    closed: bool


class Configuration(ProducedFile):
    """The configuration of the run, by its path in the pack, and what it resolves to."""

    payload: JsonObject
    validated_by: ConfigurationSchema | None = None


class TrainingPreflight(Document):
    """`training/training_preflight_report.json`: data, configuration and machine as checked before the training."""

    dataset_snapshot_id: Name | None = Field(description="null: the dataset package could not be read.")
    checked_at: UtcTime
    inputs: tuple[ProducedFile, ...]
    configuration: Configuration
    requirements: Requirements
    machine: Machine
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    ok: bool


class RuntimePreflight(Document):
    """`demo/runtime_preflight_report.json`: model, inputs and machine as checked before the demo."""

    release_id: ReleaseId
    model_id: Identity
    checked_at: UtcTime
    model_manifest: ProducedFile
    inputs: Annotated[tuple[ProducedFile, ...], Field(min_length=1)]
    machine: Machine
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    ok: bool


def document_check(name: str, problem: str = "") -> Check:
    """Whether a document could be read, and is valid; `problem` says what is wrong with it."""
    wanted = "there and valid"
    return Check(name=name, required=wanted, found=problem or wanted, ok=not problem)


def configuration_checks(schema: str, opened: str | None, problem: str = "") -> tuple[Check, Check]:
    """Whether a JSON Schema is closed (`opened` points at a place that is not), and the configuration obeys it."""
    return (
        Check(
            name="schema of the configuration",
            required="closed: unknown names are refused everywhere",
            found="closed" if opened is None else f"open at {opened or '/'}",
            ok=opened is None,
        ),
        Check(name="configuration", required=f"valid by {schema}", found=problem or "valid", ok=not problem),
    )


def file_checks(digests: Mapping[str, str | None], wanted: Mapping[str, str]) -> tuple[Check, ...]:
    """Whether files are there, those in `wanted` with the digest that they must have."""
    return tuple(
        Check(
            name=path,
            required=f"sha256 {wanted[path]}" if path in wanted else "a file of the pack",
            found=f"sha256 {digest}" if digest else "no such file",
            ok=digest is not None and wanted.get(path, digest) == digest,
        )
        for path, digest in digests.items()
    )


def program_check(word: str, *, there: bool) -> Check:
    """Whether the program that a command names can be found."""
    return Check(name="program", required=word, found="there" if there else "none", ok=there)


def contradicted(checks: Iterable[Check], wanted: Iterable[Check]) -> Iterator[tuple[Check, Check | None]]:
    """(wanted, stated) of each check that is missing, or passes with other words than the values behind it give.

    A stated check that fails contradicts nothing: it refuses by itself.
    """
    stated = {check.name: check for check in checks}
    for check in wanted:
        found = stated.get(check.name)
        if found is None or (found.ok and found != check):
            yield check, found


def requirement_checks(needed: Requirements, machine: Machine) -> tuple[Check, ...]:
    """One row for each thing that is required of a machine. Rules compute the rows again from the same values."""
    rows = []
    if needed.python is not None:
        rows.append(_version("python", needed.python, machine.python))
    for name, least, found in (
        ("cpus", needed.min_cpus, machine.cpus),
        ("memory in bytes", needed.min_memory_bytes, machine.memory_bytes),
        ("free disk in bytes", needed.min_disk_bytes, machine.disk_free_bytes),
    ):
        if least is not None:
            rows.append(Check(name=name, required=f"at least {least}", found=str(found), ok=found >= least))
    if needed.accelerator is not None:
        rows.append(_accelerator(needed.accelerator, machine.accelerators))
    versions = {item.name: item.version for item in machine.packages}
    rows.extend(_version(f"package {item.name}", item.version, versions.get(item.name)) for item in needed.packages)
    return tuple(rows)


def _version(name: str, wanted: str | None, found: str | None) -> Check:
    try:
        inside = found is not None and (wanted is None or SpecifierSet(wanted).contains(Version(found), True))
    except InvalidVersion:
        inside = False
    return Check(name=name, required=wanted or "any version", found=found or "none", ok=inside)


def _accelerator(needed: AcceleratorNeed, devices: Iterable[Accelerator]) -> Check:
    best = max(devices, key=lambda device: device.memory_bytes, default=None)
    return Check(
        name=f"accelerator {needed.kind}",
        required=f"a device with at least {needed.min_memory_bytes} bytes",
        found="none" if best is None else f"{best.name} with {best.memory_bytes} bytes",
        ok=best is not None and best.memory_bytes >= needed.min_memory_bytes,
    )
