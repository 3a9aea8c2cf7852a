"""JSON Schemas (2020-12) of everything that Proofpress reads and writes, for other people's tools.

They say less than the models: an agreement between two fields is a rule's business. Numbers are exact decimals to
Proofpress; a schema can only call them numbers.
"""

import re
from collections.abc import Callable, Mapping
from inspect import getclosurevars
from pathlib import Path
from typing import Any, Final, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from proofpress.diff import report_schema
from proofpress.errors import IngestError
from proofpress.evidence import values
from proofpress.evidence.attestation import GateReceipt, PairedComparison
from proofpress.evidence.gates import Thresholds
from proofpress.evidence.handoff import Handoff, Rerun
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS
from proofpress.evidence.policy import Policy, Profile
from proofpress.evidence.publication import PUBLICATION_REPORTS, PublicationConfig
from proofpress.evidence.registration import Platform
from proofpress.evidence.signoff import Answers, Signoff
from proofpress.evidence.withdrawn import Withdrawals
from proofpress.registry.events import SCHEMA_VERSION as EVENT_VERSION
from proofpress.repair.report import report_schemas
from proofpress.schemas.citing import CITING
from proofpress.schemas.exchange import OUTPUTS as EXCHANGE
from proofpress.schemas.outputs import OUTPUTS
from proofpress.schemas.published import API
from proofpress.schemas.registry import OUTPUTS as REGISTRY_OUTPUTS
from proofpress.schemas.registry import contracts
from proofpress.schemas.shapes import closed
from proofpress.verify.formats import REPORT_SCHEMA

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_WORDS: Final[Mapping[str, str]] = {"ge": "minimum", "le": "maximum"}


def _grammars() -> Mapping[Callable[..., Any], str]:
    """The pattern behind each validator of an identifier, as ECMAScript writes it."""
    found = {}
    for alias in (
        *(values.Digest, values.Identity, values.ReleaseId, values.SemVer, values.UtcTime),
        *(values.IsoDate, values.Commit, values.Label, values.Slug, values.Role),
    ):
        check = get_args(alias)[1].func
        pattern = getclosurevars(check).nonlocals["compiled"].pattern
        found[check] = f"^(?:{re.sub(r'[(][?]P<[a-z]+>', '(?:', pattern)})$"
    return found


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with the grammars of identifiers, bounds of integers, and no invented titles."""

    grammars: Final = _grammars()

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the signature is Pydantic's
        return False

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        found = super().function_after_schema(schema)
        pattern = self.grammars.get(schema["function"]["function"])
        return {**found, "pattern": pattern} if pattern else found

    def generate(self, schema: core_schema.CoreSchema, mode: Any = "validation") -> JsonSchemaValue:
        return {name: _bounded(value) for name, value in super().generate(schema, mode).items()}


def _bounded(value: Any) -> Any:
    """Bounds that a validator hid from Pydantic, under the names that JSON Schema has for them."""
    if isinstance(value, dict):
        integer = value.get("type") == "integer"
        return {_WORDS.get(name, name) if integer else name: _bounded(item) for name, item in value.items()}
    return [_bounded(item) for item in value] if isinstance(value, list) else value


def schemas() -> Mapping[str, dict[str, Any]]:
    """Every schema by its name, which is also its file name before `.schema.json`."""
    found: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        title = kind.role.capitalize()
        found[kind.name.replace("_", "-")] = _of_model(kind.model, kind.name, kind.schema_version, title)
    found["policy"] = _of_model(Policy, "policy", "1.2.0", "Policy of an instance")
    found["thresholds"] = _of_model(Thresholds, "thresholds", "1.0.0", "Pre-registered thresholds")
    found["gate"] = _of_model(GateReceipt, "gate", "1", "Receipt of the gates, and output of gate with --format json")
    found["comparison"] = _of_model(PairedComparison, "comparison", "1", "Paired tests of two releases")
    found["rerun"] = _of_model(Rerun, "rerun", "1", "A derivation executed again, and output of derive rerun")
    found["handoff"] = _of_model(Handoff, "handoff", "1", "The package for whoever locks a charter")
    found["signoff"] = _of_model(Signoff, "signoff", "1", "Sign-off: the predicate of a signed statement")
    found["signoff-answers"] = _of_model(Answers, "signoff-answers", "1.0.0", "Answers to the checklist of a sign-off")
    found["publication"] = _of_model(PublicationConfig, "publication", "1.0.0", "Where releases are published")
    found["withdrawn"] = _of_model(Withdrawals, "withdrawn", "1.0.0", "Pages that were taken back")
    for name, report in PUBLICATION_REPORTS.items():
        found[name] = _of_model(report, name, "1", f"Report of proofpress publish: {name}")
    found["profile"] = _of_model(Profile, "profile", "1.0.0", "Profile")
    found["registry-contracts"] = {
        **_head("registry-contracts", EVENT_VERSION, "Registry: all public messages"),
        "description": "Requests (the payload of a signed envelope), entries of the log, statements, answers, errors.",
        **_bounded(contracts(_Generator)),
    }
    found["platform"] = _of_model(Platform, "platform", "1.0.0", "Platform: what it offers to releases")
    found |= {name: {**_head(name, "1", ""), **schema} for name, schema in report_schemas().items()}
    found["diff"] = {**_head("diff", "1", ""), **report_schema()}
    for name, (title, body) in API.items():
        shape = closed({"schema": {"const": f"proofpress.{name.removesuffix('-api')}/1"}, **body})
        found[name] = {**_head(name, "1", title), **shape}
    for name, (title, body) in {**OUTPUTS, **EXCHANGE, **CITING, **REGISTRY_OUTPUTS}.items():
        schema = REPORT_SCHEMA if name == "findings" else f"proofpress.{name}/1"
        shape = closed({"schema": {"const": schema}, **body})
        found[name] = {**_head(name, "1", title), **shape}
    return dict(sorted(found.items()))


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write every schema to `<folder>/<name>.schema.json`; returns the paths. Raises `IngestError`."""
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, schema in schemas().items():
            path = folder / f"{name}.schema.json"
            path.write_text(dump_json(schema), encoding="utf-8")
            paths.append(path)
    except OSError as exc:
        raise IngestError(f"{folder}: can't be written ({exc.strerror or exc})") from exc
    return tuple(paths)


def _head(name: str, version: str, title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:proofpress:schema:{name.replace('_', '-')}:{version}", "title": title}


def _of_model(model: type[Any], name: str, version: str, title: str) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_Generator)
    return {**_head(name, version, title), "description": model.__doc__, **(schema | {"title": title})}
