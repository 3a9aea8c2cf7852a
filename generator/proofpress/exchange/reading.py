"""Read foreign JSON, JSON Lines and YAML: exact numbers, and every oddity noticed instead of resolved."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from proofpress.errors import IngestError
from proofpress.evidence.values import MAX_SAFE_INTEGER, Number
from proofpress.exchange.foreign import ForeignFile, RefusedError
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import pointer_of
from proofpress.verify.rules.privacy import private_in

MAX_BYTES: Final = 64 * 1024 * 1024
_TOKEN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|\+00:?00)")


class NotFinite(str):
    """A literal `NaN`, `Infinity` or `-Infinity` in a place where JSON has a number."""

    __slots__ = ()


class Ambiguous(str):
    """Stands for a value whose key stands twice in its object, with different values; the text shows them."""

    __slots__ = ()


@dataclass(slots=True)
class Read:
    """A parsed file, what identifies it, and what was odd in it."""

    value: Any
    file: ForeignFile
    remarks: list[str] = field(default_factory=list)


def identified(path: Path, root: Path) -> tuple[bytes, ForeignFile]:
    """The bytes of a source file, and its path below `root`, digest and size. Raises `RefusedError`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RefusedError(f"{path.name} is larger than {MAX_BYTES} bytes")
        data = read_file(path)
    except (OSError, IngestError) as exc:
        raise RefusedError(f"{path.name} can't be read: {exc}") from exc
    place = path.relative_to(root).as_posix() if path != root and path.is_relative_to(root) else path.name
    return data, ForeignFile(path=place, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def read_json(path: Path, root: Path) -> Read:
    """A JSON file. Repeated keys and values that are not finite are noticed. Raises `RefusedError`."""
    data, file = identified(path, root)
    found = Read(None, file)
    try:
        found.value = parse(data.decode("utf-8-sig"), found.remarks)
    except UnicodeDecodeError as exc:
        raise RefusedError(f"{file.path} is not UTF-8") from exc
    except (ValueError, RecursionError) as exc:
        raise RefusedError(f"{file.path} is not JSON: {exc}") from exc
    return found


def read_object(path: Path, root: Path) -> Read:
    """A JSON file that holds one object. Raises `RefusedError`."""
    found = read_json(path, root)
    if not isinstance(found.value, dict):
        raise RefusedError(f"{found.file.path} holds no object")
    return found


def parse(text: str, remarks: list[str]) -> Any:
    """JSON text with exact numbers; notes repeated keys in `remarks`. Raises `ValueError`."""

    def built(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen and seen[key] != value:
                made[key] = Ambiguous(f"{str(seen[key])[:60]} and {str(value)[:60]}")
                remarks.append(f"the key '{key[:80]}' stands twice with different values")
            elif key in seen:
                remarks.append(f"the key '{key[:80]}' stands twice with the same value")
            seen[key] = value
        return made

    return json.loads(text, object_pairs_hook=built, parse_float=number, parse_int=number, parse_constant=NotFinite)


def number(token: str) -> Number:
    """A number with its token. Raises `ValueError` on one that no pack can hold."""
    if len(token) > 128:
        raise ValueError(f"the number {token[:20]}… has more than 128 characters")
    return Number(token)


def measured(value: Any) -> tuple[Number | None, str]:
    """A value as a number, or why it is none. Texts that are written like a JSON number count as numbers."""
    if isinstance(value, NotFinite):
        return None, f"the source has {value} in place of a number"
    if isinstance(value, Ambiguous):
        return None, f"the source states two values: {value}"
    if value is None:
        return None, "the source has null in place of a number"
    if isinstance(value, str) and _TOKEN.fullmatch(value) and len(value) <= 128:
        value = Number(value)
    if not isinstance(value, Number):
        return None, "the source has something else in place of a number"
    if abs(value.adjusted()) > 308 and value != 0:
        return None, f"the number {str(value)[:40]} is outside the range of doubles"
    if value.is_integer_token and abs(value) > MAX_SAFE_INTEGER:
        return None, f"the integer {str(value)[:40]} is beyond 2^53"
    return value, ""


def utc(value: Any) -> str:
    """A time of the source in our form, empty when it is none or names no zone: seconds since 1970 or ISO 8601."""
    if isinstance(value, Decimal) or (isinstance(value, str) and re.fullmatch(r"\d{9,10}(\.\d+)?", value)):
        seconds = Decimal(value)
        if not 0 < seconds < 4_102_444_800:
            return ""
        return datetime.fromtimestamp(int(seconds), tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"{match[1]}T{match[2]}Z" if match else ""


def publishable(value: Any, withheld: dict[str, str], path: tuple[str | int, ...] = ()) -> Any:
    """A value that may stand under `extensions`; `withheld` gets the pointer of every part that may not, and why."""
    if isinstance(value, Number):
        found, reason = measured(value)
        if reason:
            withheld[pointer_of(path)] = f"{reason}; kept as text"
            return str(value)
        return found
    if isinstance(value, str):
        if what := private_in(value):
            withheld[pointer_of(path)] = f"withheld: it holds {what}"
            return None
        return str(value).encode("utf-8", "replace").decode("utf-8")
    if len(path) > 56:
        withheld[pointer_of(path)] = "nested too deep for a pack"
        return None
    if isinstance(value, Mapping):
        made: dict[str, Any] = {}
        for key, item in value.items():
            if publishable(str(key), {}, ()) is None:
                withheld[pointer_of((*path, "(a key)"))] = "withheld: a key holds something private"
                continue
            kept = publishable(item, withheld, (*path, key))
            if kept is not None or item is None:
                made[str(key)] = kept
        return made
    if isinstance(value, list | tuple):
        return [publishable(item, withheld, (*path, index)) for index, item in enumerate(value)]
    return value


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every scalar below a value with its path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def within(value: Any, *keys: str) -> Mapping[str, Any]:
    """The mapping at a path of keys; an empty one when there is something else, or nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items_of(value: Any) -> Sequence[Any]:
    """The items of a list; none of anything else."""
    return value if isinstance(value, list | tuple) else ()


def text_of(value: Any) -> str:
    """A text of the source on one line, trimmed; empty for anything else."""
    if not isinstance(value, str) or isinstance(value, NotFinite | Ambiguous):
        return ""
    text = "".join(char if char.isprintable() else " " for char in value)
    return " ".join(text.split())[:3900]
