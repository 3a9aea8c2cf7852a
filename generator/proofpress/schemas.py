"""JSON Schemas (2020-12) of everything that Proofpress reads and writes, for other people's tools.

They say less than the models: an agreement between two fields is a rule's business. Numbers are exact decimals to
Proofpress; a schema can only call them numbers.
"""

import re
from collections.abc import Callable, Mapping
from inspect import getclosurevars
from pathlib import Path
from typing import Annotated, Any, Final, Union, get_args

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from proofpress.diff import report_schema
from proofpress.errors import IngestError
from proofpress.evidence import values
from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import KINDS
from proofpress.evidence.policy import Policy, Profile
from proofpress.registry.events import EVENTS
from proofpress.registry.events import SCHEMA_VERSION as EVENT_VERSION
from proofpress.registry.state import Status
from proofpress.repair.report import report_schemas
from proofpress.verify.formats import REPORT_SCHEMA

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_WORDS: Final[Mapping[str, str]] = {"ge": "minimum", "le": "maximum"}


def _grammars() -> Mapping[Callable[..., Any], str]:
    """The pattern behind each validator of an identifier, as ECMAScript writes it."""
    found = {}
    for alias in (
        *(values.Digest, values.Identity, values.ReleaseId, values.SemVer, values.UtcTime),
        *(values.IsoDate, values.Commit, values.Label),
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
    found["policy"] = _of_model(Policy, "policy", "1.0.0", "Policy of an instance")
    found["profile"] = _of_model(Profile, "profile", "1.0.0", "Profile")
    kinds: Any = Union[tuple(kind.model for kind in EVENTS.values())]  # noqa: UP007 - made of a list
    event = TypeAdapter(Annotated[kinds, Field(discriminator="kind")]).json_schema(schema_generator=_Generator)
    del event["discriminator"]  # OpenAPI's; `oneOf` and the constant `kind` say the same
    found["registry-event"] = {
        **_head("registry-event", EVENT_VERSION, "Registry event"),
        "description": "One line of the log `packs/registry/events.jsonl`.",
        **event,
    }
    found |= {name: {**_head(name, "1", ""), **schema} for name, schema in report_schemas().items()}
    found["diff"] = {**_head("diff", "1", ""), **report_schema()}
    for name, (title, body) in _API.items():
        shape = _closed({"schema": {"const": f"proofpress.{name.removesuffix('-api')}/1"}, **body})
        found[name] = {**_head(name, "1", title), **shape}
    for name, (title, body) in _OUTPUTS.items():
        schema = REPORT_SCHEMA if name == "findings" else f"proofpress.{name}/1"
        shape = _closed({"schema": {"const": schema}, **body})
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


def _closed(properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_RULE: Final = {"type": "string", "pattern": "^[A-Z]{3}[0-9]{3}$"}
_PACK_ID: Final = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
_SEVERITY: Final = {"enum": ["error", "warning", "note"]}
_FINDING: Final = _closed(
    {
        "rule": _RULE,
        "severity": _SEVERITY,
        "pack": {**_TEXT, "description": "<family>/<folder>; empty: between packs."},
        "file": {**_TEXT, "description": "Path in the pack, or from the instance's folder when `pack` is empty."},
        "pointer": {**_TEXT, "description": "JSON pointer, `line <n>`, or empty for the whole file."},
        **dict.fromkeys(("message", "expected", "found", "hint", "detail"), _TEXT),
    }
)
_VERDICT: Final = _closed(
    {
        "pack": _TEXT,
        "pack_id": {"anyOf": [_PACK_ID, {"type": "null"}], "description": "null: the manifest can't be read."},
        "verdict": {"enum": ["verified", "refused"]},
        "findings": _list(_FINDING),
        "passed": {**_list(_RULE), "description": "Skipped rules are not passed ones."},
        "skipped": _list(_closed({"rule": _RULE, "reason": _TEXT})),
    }
)
_OUTPUTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "findings": (
        "Output of verify and check with --format json",
        {
            "generated_by": _TEXT,
            "packs": _list(_VERDICT),
            "findings": {**_list(_FINDING), "description": "What no pack shows alone."},
        },
    ),
    "rules": (
        "Output of rules with --format json",
        {
            "rules": _list(
                _closed(
                    {
                        "id": _RULE,
                        "title": _TEXT,
                        "severity": _SEVERITY,
                        "rule_book": {"type": "integer", "minimum": 1},
                        "needs": {**_list(_TEXT), "description": "Evidence without which the rule is skipped."},
                        "after": {**_list(_RULE), "description": "Rules that must pass first."},
                        "explanation": _TEXT,
                    }
                )
            )
        },
    ),
    "identities": (
        "Output of verify --explain with --format json",
        {
            "packs": _list(
                _closed(
                    {
                        "pack": _TEXT,
                        "verdict": {"enum": ["verified", "refused"]},
                        "nodes": _list(_closed(dict.fromkeys(("id", "kind", "value"), _TEXT))),
                        "edges": _list(
                            _closed(
                                {
                                    **dict.fromkeys(("from", "to"), _TEXT),
                                    "relation": {"enum": ["states", "was made by"]},
                                    "pointer": _TEXT,
                                    "source": {"type": "boolean", "description": "Its word counts for the others."},
                                    "agrees": {"type": "boolean"},
                                    "rule": {"anyOf": [_RULE, {"type": "null"}]},
                                    "trouble": _list(_TEXT),
                                }
                            )
                        ),
                        "origins": {
                            "type": "object",
                            "additionalProperties": _list(_TEXT),
                            "description": "By file: the runs, model and snapshot that it came from.",
                        },
                        "diagnosis": {**_list(_TEXT), "description": "Every disagreement in a sentence."},
                    }
                )
            )
        },
    ),
    "render": (
        "Output of render with --format json",
        {
            "dry_run": {"type": "boolean"},
            "packs": _list(_closed({"pack": _TEXT, "pack_id": _PACK_ID, "written": _list(_TEXT)})),
        },
    ),
    "build": (
        "Output of build with --format json, unless it was refused: then it is that of check",
        {
            "packs": _COUNT,
            "changed": {"type": "boolean"},
            **dict.fromkeys(("units_built", "units_kept", "units_removed"), _COUNT),
        },
    ),
    "profiles": (
        "Output of profiles with --format json",
        {
            "profiles": _list(
                _closed(
                    {
                        "name": _TEXT,
                        "title": _TEXT,
                        "extends": {"type": ["string", "null"]},
                        **dict.fromkeys(("documents", "rendered", "metrics", "slice_dimensions"), _list(_TEXT)),
                    }
                )
            )
        },
    ),
    "pack": ("Output of pack release with --format json", {"pack_id": _PACK_ID, "profile": _TEXT}),
    "registry-log": (
        "Output of registry log with --format json",
        {
            "events": _list(
                _closed(
                    {
                        "seq": {"type": "integer", "minimum": 1},
                        "at": _TEXT,
                        "kind": {
                            "enum": [*EVENTS, "superseded", "restored"],
                            "description": "superseded, restored: what an event did to a second bundle.",
                        },
                        "bundle": _TEXT,
                        "status": {"enum": list(get_args(Status)), "description": "The bundle's, after the event."},
                    }
                )
            ),
            "active": _list(
                _closed(
                    {
                        "scope": {"type": "object", "additionalProperties": _TEXT},
                        "bundle": {"type": ["string", "null"], "description": "null: nothing is active."},
                    }
                )
            ),
        },
    ),
}
_NUMBER: Final = {"type": ["number", "null"]}
_OPTIONAL: Final = {"type": ["string", "null"]}
_DIGEST: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_STATUS: Final = {"enum": [*get_args(Status), "UNREGISTERED"]}
_BELOW: Final = {**_TEXT, "description": "From the site's root."}


def _metric(number: Mapping[str, Any]) -> dict[str, Any]:
    return _closed(
        {
            **dict.fromkeys(("key", "name", "split"), _TEXT),
            "slice": {"anyOf": [_closed({"dimension": _TEXT, "value": _TEXT}), {"type": "null"}]},
            "value": number,
            "text": {**_OPTIONAL, "description": "The value as it was written."},
            "absent": {"anyOf": [_closed({"code": _TEXT, "reason": _TEXT}), {"type": "null"}]},
            "unit": _TEXT,
            "higher_is_better": {"type": ["boolean", "null"]},
            "n": {"type": ["integer", "null"], "minimum": 0},
            **dict.fromkeys(("ci_low", "ci_high", "ci_level"), number),
            "baseline": _OPTIONAL,
            **dict.fromkeys(("baseline_value", "delta_vs_baseline"), number),
            "evaluated_keys_sha256": {"anyOf": [_DIGEST, {"type": "null"}]},
        }
    )


_API: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "release-api": (
        "A release as the site publishes it, api/v1/releases/<bundle id>.json",
        {
            **dict.fromkeys(("bundle_id", "release_id"), _TEXT),
            "bundle": {"type": "integer", "minimum": 1},
            **dict.fromkeys(("family", "title", "version", "summary", "released_at", "licence", "url"), _TEXT),
            "pack_id": _PACK_ID,
            "model_id": {"anyOf": [_PACK_ID, {"type": "null"}]},
            **dict.fromkeys(("dataset_snapshot_id", "training_run_id", "commit"), _OPTIONAL),
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            "status": _STATUS,
            "scopes": _list({"type": "object", "additionalProperties": _TEXT}),
            **dict.fromkeys(("yank_reason", "predecessor"), _OPTIONAL),
            "successors": _list(_TEXT),
            **dict.fromkeys(("profile", "template_set"), _TEXT),
            "rule_book": {"type": "integer", "minimum": 1},
            "metrics": _list(_metric(_NUMBER)),
            "parameters": {"type": "object"},
            "documents": _list(_closed({"name": _TEXT, "title": _TEXT, "path": _TEXT, "page": _BELOW})),
            "files": _list(
                _closed({"path": _TEXT, "role": _TEXT, "sha256": _DIGEST, "size": _COUNT, "url": _BELOW}),
            ),
        },
    ),
    "card-api": (
        "A release in brief, api/v1/cards/<bundle id>.json: what lists of releases are made from",
        {
            "label": {**_TEXT, "description": "<family>/<folder>."},
            **dict.fromkeys(("predecessor", "predecessor_pack_id"), _OPTIONAL),
            "identities": {
                **_list(_closed(dict.fromkeys(("kind", "name", "digest", "file"), _TEXT))),
                "description": "What the release names; equal names must stand for equal digests in every release.",
            },
            **dict.fromkeys(("bundle_id", "release_id", "family", "title", "version", "summary", "released_at"), _TEXT),
            "pack_id": _PACK_ID,
            "licence": _TEXT,
            "fixture": {"type": "boolean", "description": "Part of the pack was made to try the process."},
            "metrics": {
                **_list(_metric(_OPTIONAL)),
                "description": "The headline; numbers are texts, as they were written.",
            },
        },
    ),
    "family-api": (
        "Releases of a family, oldest first, api/v1/families/<family>.json and its older parts",
        {
            "family": _TEXT,
            "releases": _list(
                _closed(
                    {
                        **dict.fromkeys(("bundle_id", "release_id", "title", "version", "released_at"), _TEXT),
                        "pack_id": _PACK_ID,
                        "status": _STATUS,
                        "predecessor": _OPTIONAL,
                        **dict.fromkeys(("json", "page"), _BELOW),
                    }
                )
            ),
            "older": {**_OPTIONAL, "description": "The part with the releases before these, from the site's root."},
        },
    ),
    "index-api": (
        "All families, api/v1/index.json",
        {
            **dict.fromkeys(("site", "url"), _TEXT),
            "families": _list(_closed({"name": _TEXT, "releases": _COUNT, "json": _BELOW})),
        },
    ),
}
