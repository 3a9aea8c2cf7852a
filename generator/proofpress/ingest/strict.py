"""Strict readers for JSON, JSON Lines rows and YAML: what is ambiguous is refused, numbers stay exact."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded, Subnormal, Underflow
from functools import lru_cache
from typing import Any, NoReturn

import yaml

from proofpress.evidence.values import MAX_SAFE_INTEGER, Number

MAX_DEPTH = 64
MAX_STRUCTURED_BYTES = 16 * 1024 * 1024
_MAX_NUMBER_LENGTH = 128
_MAX_EXPONENT = 308
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class StrictError(ValueError):
    """Text that a strict reader refuses. `rule` is the finding's rule id, `pointer` where it is known."""

    def __init__(self, message: str, *, rule: str = "ING007", pointer: str = "", found: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.pointer = pointer
        self.found = found


class _Repeated:
    """Stands where an object repeated a key, so that its pointer can be told."""

    __slots__ = ("key",)

    def __init__(self, key: str) -> None:
        self.key = key


@lru_cache(maxsize=16384)
def _number(token: str) -> Number:
    if len(token) < 16 and "e" not in token and "E" not in token:
        return Number(token)  # the usual case, inside every limit
    if len(token) > _MAX_NUMBER_LENGTH:
        raise StrictError("number is longer than 128 characters", rule="ING009", found=token[:40] + "…")
    exponent = token.lower().partition("e")[2]
    if len(exponent) > 5:
        raise StrictError("number is outside the range of doubles", rule="ING009", found=token)
    number = Number(token)
    if number.is_integer_token:
        if abs(number) > MAX_SAFE_INTEGER:
            raise StrictError("integer is beyond ±2^53, other readers would change it", rule="ING009", found=token)
    elif exponent and abs(number.adjusted()) > _MAX_EXPONENT:
        raise StrictError("number is outside the range of doubles", rule="ING009", found=token)
    return number


def _constant(token: str) -> NoReturn:
    raise StrictError(f"{token} is not a JSON value", rule="ING009", found=token)


def _object(pairs: list[tuple[str, Any]]) -> Any:
    built = dict(pairs)
    if len(built) == len(pairs):
        return built
    seen: set[str] = set()
    for key, _value in pairs:
        if key in seen:
            return _Repeated(key)
        seen.add(key)
    raise AssertionError("unreachable")  # pragma: no cover


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_constant)


def pointer_of(parts: tuple[str | int, ...]) -> str:
    """JSON pointer (RFC 6901) of a path of keys and indexes."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _decode(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise StrictError("file begins with a byte order mark")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise StrictError(f"not UTF-8 at byte {exc.start}") from exc


def _frozen(value: Any, path: tuple[str | int, ...], surrogates: bool) -> Any:
    if len(path) > MAX_DEPTH:
        raise StrictError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            inner = type(item)
            if surrogates:
                _no_surrogate(key, path)
            if inner is dict or inner is list or inner is _Repeated or (surrogates and inner is str):
                value[key] = _frozen(item, (*path, key), surrogates)
        return value
    if kind is list:
        return tuple([_frozen(item, (*path, index), surrogates) for index, item in enumerate(value)])
    if kind is _Repeated:
        raise StrictError(
            f"key '{value.key}' stands twice in one object",
            rule="ING008",
            pointer=pointer_of((*path, value.key)),
            found=value.key,
        )
    if surrogates and kind is str:
        _no_surrogate(value, path)
    return value


def _no_surrogate(text: str, path: tuple[str | int, ...]) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise StrictError("string holds half of a surrogate pair", pointer=pointer_of(path))


def parse_json(data: bytes) -> Any:
    """Read one JSON text: UTF-8 without mark, no repeated key, no NaN, safe integers, at most 64 levels.

    Arrays come as tuples, numbers as `Number`. Raises `StrictError`.
    """
    if len(data) > MAX_STRUCTURED_BYTES:
        raise StrictError("larger than 16 MiB", rule="ING005", found=f"{len(data)} bytes")
    text = _decode(data)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as exc:
        raise StrictError(f"not JSON: {exc.msg} (line {exc.lineno}, column {exc.colno})") from exc
    except RecursionError as exc:
        raise StrictError(f"nested deeper than {MAX_DEPTH} levels") from exc
    return _frozen(value, (), "\\ud" in text or "\\uD" in text)


def _row_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        raise StrictError("a key stands twice in one object", rule="ING008")
    return built


def _row_float(token: str) -> Decimal:
    return Decimal(_number(token) if len(token) > 24 or "e" in token.lower() else token)


def _row_integer(token: str) -> int:
    return int(token) if len(token) < 16 else int(_number(token))


def _unique_object(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise StrictError("a key stands twice in one object", rule="ING008")


_CHECKER = json.JSONDecoder(
    object_pairs_hook=_unique_object, parse_float=_row_float, parse_int=_row_integer, parse_constant=_constant
)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check_json(data: bytes) -> None:
    """Refuse what `parse_json` refuses, without making exact numbers of a file that nobody reads further."""
    depth = deepest = 0
    for char in data.translate(None, _NO_BRACKETS):  # brackets inside texts count too: at worst, more are careful
        depth += 1 if char in b"[{" else -1
        deepest = max(deepest, depth)
    if len(data) > MAX_STRUCTURED_BYTES or deepest > MAX_DEPTH or b"\\u" in data:
        parse_json(data)
        return
    try:
        _CHECKER.decode(_decode(data))
    except (ValueError, RecursionError):
        parse_json(data)  # says the same with the place
        raise


_QUICK_ROW = json.JSONDecoder(parse_float=_row_float, parse_int=_row_integer, parse_constant=_constant)
_SHORT_NUMBERS = Context(
    prec=28, Emin=-100, Emax=100, traps=[Clamped, InvalidOperation, Inexact, Overflow, Rounded, Subnormal, Underflow]
)
"""Makes exact decimals of short tokens and refuses all others."""
_BATCH_OF_ROWS = json.JSONDecoder(
    parse_float=_SHORT_NUMBERS.create_decimal, parse_int=_row_integer, parse_constant=_constant
)
_CAREFUL_ROW = json.JSONDecoder(
    object_pairs_hook=_row_object, parse_float=_row_float, parse_int=_row_integer, parse_constant=_constant
)
_BLANK_AFTER_QUOTE = (b'" ', b'"\t', b'"\r')


def parse_row(line: bytes) -> dict[str, Any]:
    """Read one line of a JSON Lines file: an object. Fractions come as decimals, integers as int.

    Keys are counted against the text's `":`; only where these differ, or where a blank may stand before a
    colon, is each object looked at for a key that stands twice, for calling back on every object would cost
    more than the parsing.
    """
    try:
        text = line.decode("utf-8")
        value = _QUICK_ROW.decode(text)
        if isinstance(value, dict) and (
            line.count(b'":') != _count_keys(value) or any(mark in line for mark in _BLANK_AFTER_QUOTE)
        ):
            value = _CAREFUL_ROW.decode(text)
        if "\\ud" in text or "\\uD" in text or text.count("[") + text.count("{") > MAX_DEPTH:
            value = _frozen(value, (), surrogates=True)
    except json.JSONDecodeError as exc:
        raise StrictError(f"not JSON: {exc.msg} (column {exc.colno})") from exc
    except UnicodeDecodeError as exc:
        raise StrictError(f"not UTF-8 at byte {exc.start}") from exc
    except (RecursionError, ValueError) as exc:
        if isinstance(exc, StrictError):
            raise
        raise StrictError("nested too deep, or a number too long") from exc
    if not isinstance(value, dict):
        raise StrictError("a row is an object")
    return value


_SLOW_MARKS = (b"\\", b"\t", b"\r", b'" ', b"} ")
_TWO_OBJECTS = re.compile(rb"\},\s*\{")


def parse_rows(lines: Sequence[bytes]) -> list[dict[str, Any]] | None:
    """Read many ordinary rows at once, or return None: then `parse_row` reads, or refuses, them one by one.

    Ordinary rows are objects of scalars and lists of scalars, with one object of these at most. Joined by commas they
    parse as one array: as many rows as lines need every comma between lines, since a line can't hold two of them
    without `},{`. Keys are counted against the text's `":` as in `parse_row`.
    """
    block = b",".join(lines)
    inner = b"".join(lines)
    if (
        inner.count(b"{") > 2 * len(lines)
        or any(mark in inner for mark in _SLOW_MARKS)
        or _TWO_OBJECTS.search(inner)
        or not all(line[:1] == b"{" and line[-1:] == b"}" for line in lines)
    ):
        return None
    try:
        text = f"[{block.decode('utf-8')}]"
        rows, end = _BATCH_OF_ROWS.raw_decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    if end != len(text) or len(rows) != len(lines) or any(type(row) is not dict for row in rows):
        return None
    return rows if block.count(b'":') == sum(map(_count_keys, rows)) else None


def _count_keys(value: dict[str, Any]) -> int:
    """Number of keys of an object and of the objects in it; a list that is not of scalars makes it less than none."""
    total = len(value)
    for item in value.values():
        kind = type(item)
        if kind is dict:
            total += _count_keys(item)
        elif kind is list and any(type(inner) is dict or type(inner) is list for inner in item):
            return -sys.maxsize
    return total


def _yaml_scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if not event.implicit[0]:  # quoted
        return text
    constants = {"null": None, "true": True, "false": False}
    if text in constants:
        return constants[text]
    return _number(text) if _NUMBER.fullmatch(text) else text


def parse_yaml(data: bytes) -> Any:
    """Read one YAML document without anchors, aliases and tags; plain scalars by JSON's grammar, else text.

    Raises `StrictError`.
    """
    if len(data) > MAX_STRUCTURED_BYTES:
        raise StrictError("larger than 16 MiB", rule="ING005", found=f"{len(data)} bytes")
    text = _decode(data)
    try:
        events = iter(_checked_events(text))
        value = _yaml_value(next(events), events, ())
        if next(events, None) is not None:
            raise StrictError("more than one YAML document in a file")
    except yaml.YAMLError as exc:
        problem = str(exc).replace("\n", " ")
        raise StrictError(f"not YAML: {problem}") from exc
    except StopIteration as exc:
        raise StrictError("empty YAML document") from exc
    return value


def _checked_events(text: str) -> Iterator[yaml.Event]:
    depth = 0
    for event in yaml.parse(text, Loader=_YAML_LOADER):
        if anchor := getattr(event, "anchor", None):
            raise StrictError("YAML anchors and aliases are refused", found=str(anchor))
        if (tag := getattr(event, "tag", None)) not in {None, "!"}:
            raise StrictError("YAML tags are refused", found=str(tag))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise StrictError(f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.CollectionStartEvent | yaml.CollectionEndEvent | yaml.ScalarEvent):
            yield event


def _yaml_value(event: yaml.Event, events: Iterator[yaml.Event], path: tuple[str | int, ...]) -> Any:
    if isinstance(event, yaml.ScalarEvent):
        return _yaml_scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_yaml_value(item, events, (*path, len(items))))
        return tuple(items)
    mapping: dict[str, Any] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise StrictError("a mapping key is a text", pointer=pointer_of(path))
        name: str = key.value
        where = (*path, name)
        if name in mapping:
            raise StrictError(
                f"key '{name}' stands twice in one mapping",
                rule="ING008",
                pointer=pointer_of(where),
                found=name,
            )
        mapping[name] = _yaml_value(next(events), events, where)
    return mapping


PARSERS: dict[str, Callable[[bytes], Any]] = {".json": parse_json, ".yaml": parse_yaml, ".yml": parse_yaml}
