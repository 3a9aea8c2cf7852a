"""What differs between committed packs and the same packs made again, measured times aside."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from proofpress.evidence.values import Number
from proofpress.ingest.strict import parse_json

_MEASURED = (
    r"training/training_run\.json#/(finished_at|duration_seconds|environment/.*)",
    r"model/efficiency_report\.json#/(rows/\d+/value|environment/.*)",
    r"training/training_preflight_report\.json#/(machine/.*|checks/\d+/found)",
    r"demo/terminal_demo_manifest\.json#/duration_seconds",
    r"demo/runtime_preflight_report\.json#/machine/.*",
    r"readiness/suite_report\.json#/steps/\d+/duration_seconds",
)
# What measured times reach by digest. The Markdown documents are proved fresh by `proofpress verify`.
_FOLLOWING = (
    r"release\.json#/predecessor/pack_id",
    r"(training/training_run_)?manifest\.json#/files/\d+/(sha256|size)",
    r"demo/terminal_demo_manifest\.json#/runtime_preflight/(sha256|size)",
    r"readiness/readiness_report\.json#/inputs/\d+/(sha256|size)",
    r"assurance/traceability\.json#/environment_sha256",
    r"((model|dataset|training|demo)/)?SHA256SUMS#.*",
    r".*\.md#.*",
)
_EXPECTED = re.compile("|".join(f"(?:{pattern})" for pattern in (*_MEASURED, *_FOLLOWING)))


def differences(committed: Path, fresh: Path) -> list[str]:
    """One line for each difference between the packs of a family: file, JSON pointer, committed, new."""
    found = []
    for name in sorted({item.name for folder in (committed, fresh) for item in _folders(folder)}):
        missing = next((folder for folder in (committed, fresh) if not (folder / name).is_dir()), None)
        if missing is not None:
            found.append(f"{name}: only {'made again' if missing == committed else 'committed'}")
        else:
            found += [f"{name}/{line}" for line in _pack(committed / name, fresh / name)]
    return found


def _folders(folder: Path) -> list[Path]:
    return [item for item in folder.iterdir() if item.is_dir()] if folder.is_dir() else []


def _pack(committed: Path, fresh: Path) -> Iterator[str]:
    files = [
        {item.relative_to(folder).as_posix() for item in folder.rglob("*") if item.is_file()}
        for folder in (committed, fresh)
    ]
    for path in sorted(files[0] ^ files[1]):
        yield f"{path}: only {'committed' if path in files[0] else 'made again'}"
    for path in sorted(files[0] & files[1]):
        old, new = ((folder / path).read_bytes() for folder in (committed, fresh))
        if old == new:
            continue
        for pointer, before, after in _values(_parsed(path, old), _parsed(path, new), ""):
            if not _EXPECTED.fullmatch(f"{path}#{pointer}"):
                yield f"{path} {pointer}: committed {_short(before)}, new {_short(after)}"


def _parsed(path: str, data: bytes) -> Any:
    if path.endswith(".json"):
        return parse_json(data)
    lines = data.decode("utf-8", errors="replace").splitlines()
    return [parse_json(line.encode("utf-8")) for line in lines] if path.endswith(".jsonl") else lines


def _values(old: Any, new: Any, pointer: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _values(old.get(key), new.get(key), f"{pointer}/{key}")
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _values(before, after, f"{pointer}/{index}")
    elif type(old) is not type(new) or str(old) != str(new):
        yield pointer, old, new


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"{len(value)} entries"
    text = str(value) if isinstance(value, Number) else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"
