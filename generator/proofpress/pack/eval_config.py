"""`model/eval_config.effective.yaml`: the committed evaluation configuration with the overrides of one run."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.pack import EFFECTIVE_CONFIG
from proofpress.evidence.values import JsonObject
from proofpress.ingest.strict import StrictError, parse_json, parse_yaml
from proofpress.pack.writer import PackError, write_text

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def read_config(data: bytes, name: str) -> JsonObject:
    """A committed configuration: strict YAML (or JSON), a mapping. Raises `PackError`."""
    try:
        found = parse_yaml(data)
    except StrictError as exc:
        raise PackError(f"{name}{exc.pointer}: {exc}") from exc
    if not isinstance(found, dict) or not found:
        raise PackError(f"{name} is not a mapping of names and values")
    return found


def overridden(config: Mapping[str, Any], overrides: Sequence[str]) -> JsonObject:
    """The configuration with `name=value` overrides; dots in a name lead into mappings, values are JSON, else text.

    Raises `PackError` for a name that the configuration does not have: a misspelt override would do nothing.
    """
    effective: JsonObject = _copy(config)
    for override in overrides:
        name, equals, text = override.partition("=")
        *parents, last = name.split(".")
        holder: Any = effective
        for step in parents:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if not equals or not isinstance(holder, dict) or last not in holder:
            raise PackError(
                f"the override '{override}' names nothing in the configuration",
                hint="write name=value, with dots between the names of nested mappings",
            )
        try:
            holder[last] = parse_json(text.encode("utf-8"))
        except StrictError:
            holder[last] = text
    return effective


def write_effective_config(folder: Path, effective: Mapping[str, Any]) -> None:
    """Write the configuration as block YAML whose scalars are JSON, so that the strict reader gives it back."""
    text = _yaml(effective, "")
    try:
        same = parse_yaml(text.encode("utf-8")) == effective
    except StrictError as exc:
        raise PackError(f"the configuration can't be written as strict YAML: {exc}") from exc
    if not same:
        raise PackError("the configuration can't be written as YAML that reads the same")
    write_text(folder, EFFECTIVE_CONFIG, text)


def _copy(value: Any) -> Any:
    return {name: _copy(item) for name, item in value.items()} if isinstance(value, Mapping) else value


def _yaml(config: Mapping[str, Any], indent: str) -> str:
    lines = []
    for name, value in config.items():
        key = name if _PLAIN_KEY.fullmatch(name) else dump_json(name, indent=None).strip()
        if isinstance(value, Mapping) and value:
            lines.append(f"{indent}{key}:\n{_yaml(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {dump_json(value, indent=None)}")
    return "".join(lines)
