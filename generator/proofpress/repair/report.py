"""Repairs and migrations as text and as JSON, and the schemas of the latter."""

from typing import Any, Final, get_args

from proofpress.console import printable
from proofpress.evidence.jsontext import dump_json
from proofpress.repair.migrate import Migrated
from proofpress.repair.plan import Action
from proofpress.repair.repair import Repair

REPAIR_SCHEMA: Final = "proofpress.repair/1"
MIGRATE_SCHEMA: Final = "proofpress.migrate/1"
_STEP: Final = ("action", "path", "reason", "why", "source", "command")
_LEFT: Final = ("rule", "file", "pointer", "message")


def repair_json(done: Repair, target: str) -> str:
    """A plan, or what was done, as versioned JSON; see docs/schemas/repair.schema.json."""
    return dump_json(
        {
            "schema": REPAIR_SCHEMA,
            "pack": done.label,
            "target": target,
            "registered": done.registered,
            "applied": done.applied,
            "sealed": done.sealed,
            "verifies": done.whole,
            "steps": [{name: getattr(step, name) for name in _STEP} for step in done.steps],
            "left": [{name: getattr(finding, name) for name in _LEFT} for finding in done.left],
            "notes": done.notes,
        }
    )


def repair_text(done: Repair, target: str) -> str:
    """A plan, or what was done, for people."""
    if not done.steps:
        return _lines([f"{done.label}: nothing to repair, the pack verifies"])
    lines = [f"note: {note}" for note in done.notes]
    for step in done.steps:
        lines += [f"{step.action:10} {step.path}  ({step.reason})", f"    why: {step.why}"]
        lines += [f"    {name}: {value}" for name in ("source", "command") if (value := getattr(step, name))]
    outcome = f"{len(done.left)} errors: {', '.join(sorted({item.rule for item in done.left}))}"
    if done.applied:
        lines.append(f"{target} was written: " + ("it verifies" if done.whole else f"it is refused with {outcome}"))
    else:
        would = "it would verify" if done.whole else f"it would be refused with {outcome}"
        lines.append(f"{target} is not written yet (--apply): {would}")
    return _lines(lines)


def migrate_json(done: Migrated) -> str:
    """A migration as versioned JSON; see docs/schemas/migrate.schema.json."""
    return dump_json(
        {
            "schema": MIGRATE_SCHEMA,
            "pack": done.label,
            "pack_id": done.pack_id or None,
            "written": done.written,
            "moved": [
                {"path": item.path, "from": item.old, "to": item.new, "steps": item.steps} for item in done.moved
            ],
            "stuck": [{"path": path, "from": version, "why": why} for path, version, why in done.stuck],
        }
    )


def migrate_text(done: Migrated) -> str:
    """A migration for people."""
    lines = [f"{item.path}: {item.old} → {item.new}  ({', '.join(item.steps)})" for item in done.moved]
    lines += [f"{path}: stays {version}: {why}" for path, version, why in done.stuck]
    if not done.moved:
        return _lines([*lines, f"{done.label}: nothing to migrate"])
    end = f"was written, {done.pack_id}" if done.written else "is not written yet (--write)"
    return _lines([*lines, f"{done.label} {end}"])


def _lines(lines: list[str]) -> str:
    return "".join(printable(line, keep="") + "\n" for line in lines)


# ── schemas ──────────────────────────────────────────────────────────────────────────────────────────

_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def report_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas (2020-12) of what the two commands print, by name."""
    step = {
        **dict.fromkeys(_STEP, _TEXT),
        "action": {"enum": list(get_args(Action))},
        "reason": {**_TEXT, "description": "The rule whose finding asks for the step."},
        "source": {**_TEXT, "description": "A path in the run folder, or what the file is made from; may be empty."},
        "command": {**_TEXT, "description": "What has to be run again; empty but for 'rerun'."},
    }
    moved = {**dict.fromkeys(("path", "from", "to"), _TEXT), "steps": _list(_TEXT)}
    return {
        "repair": {
            "title": "Output of repair with --format json",
            **_closed(
                {
                    "schema": {"const": REPAIR_SCHEMA},
                    **dict.fromkeys(("pack", "target"), _TEXT),
                    **dict.fromkeys(("registered", "applied", "sealed"), _FLAG),
                    "verifies": {**_FLAG, "description": "Whether the repaired pack is, or would be, without error."},
                    "steps": _list(_closed(step)),
                    "left": _list(_closed(dict.fromkeys(_LEFT, _TEXT))),
                    "notes": _list(_TEXT),
                }
            ),
        },
        "migrate": {
            "title": "Output of migrate with --format json",
            **_closed(
                {
                    "schema": {"const": MIGRATE_SCHEMA},
                    "pack": _TEXT,
                    "pack_id": {"type": ["string", "null"]},
                    "written": _FLAG,
                    "moved": _list(_closed(moved)),
                    "stuck": _list(_closed(dict.fromkeys(("path", "from", "why"), _TEXT))),
                }
            ),
        },
    }
