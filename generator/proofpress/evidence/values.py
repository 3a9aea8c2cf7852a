"""Values that plain strings and floats would hide: exact numbers, digests, paths, identifiers, times."""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MAX_SAFE_INTEGER = 2**53


class Number(Decimal):
    """An exact JSON number: a decimal value that keeps the characters it was written with.

    `Number("0.970")` equals `Decimal("0.97")` and prints `0.970`. Arithmetic gives plain decimals.
    """

    __slots__ = ("token",)
    token: str

    def __new__(cls, token: str) -> Self:
        number = super().__new__(cls, token)
        number.token = token
        return number

    def __str__(self) -> str:
        return self.token

    def __repr__(self) -> str:
        return f"Number({self.token!r})"

    def __format__(self, spec: str, /) -> str:  # type: ignore[override]
        return super().__format__(spec) if spec else self.token

    def __reduce__(self) -> tuple[type["Number"], tuple[str]]:
        return (Number, (self.token,))

    def __deepcopy__(self, memo: object) -> "Number":
        return self

    @property
    def is_integer_token(self) -> bool:
        """Whether the number was written without fraction or exponent."""
        return self.token.lstrip("-").isdigit()

    @property
    def half_unit(self) -> Decimal:
        """Half a unit of the last written digit, e.g. `0.0005` for `0.970`."""
        exponent = self.as_tuple().exponent
        return Decimal(1).scaleb(int(exponent)) / 2

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(cls, cls_repr="number")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "number"}


class Unstated(str):
    """Stands where an imported source does not state a fact: reads `not stated`, and knows why.

    In JSON it is `{"code": "NOT_STATED", "reason": …}`. Only a profile with `unstated: true` accepts it.
    """

    __slots__ = ("reason",)
    reason: str

    def __new__(cls, reason: str) -> Self:
        text = super().__new__(cls, "not stated")
        text.reason = reason
        return text

    def __reduce__(self) -> tuple[type["Unstated"], tuple[str]]:
        return (Unstated, (self.reason,))

    @property
    def fields(self) -> dict[str, str]:
        """The object that stands for it in JSON."""
        return {"code": "NOT_STATED", "reason": self.reason}


class _MayBeUnstated:
    """Lets a text field hold an `Unstated` in its place."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_stated_or_not, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        absent = {
            "type": "object",
            "description": "The imported source does not state it; only for a profile that accepts this.",
            "additionalProperties": False,
            "required": ["code", "reason"],
            "properties": {
                "code": {"const": "NOT_STATED"},
                "reason": {"type": "string", "minLength": 1, "maxLength": 4000},
            },
        }
        return {"anyOf": [handler(schema), absent]}


def _stated_or_not(value: Any, inner: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(value, Unstated):
        return value
    if not isinstance(value, dict):
        return inner(value)
    reason = value.get("reason")
    if value.keys() != {"code", "reason"} or value["code"] != "NOT_STATED" or not isinstance(reason, str):
        raise PydanticCustomError("unstated", "a text, or the code NOT_STATED with a reason, is expected")
    return Unstated(_one_line(reason))


MAY_BE_UNSTATED = _MayBeUnstated()


def _integer(value: object) -> object:
    if isinstance(value, Number) and value.is_integer_token:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("integer", "an integer is expected")


def _matching(pattern: str, name: str, example: str, *, most: int = 4096) -> AfterValidator:
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if len(value) > most or not compiled.fullmatch(value):
            raise PydanticCustomError("grammar", f"not a {name}, for example {example}".replace("{", "{{"))
        return value

    return AfterValidator(check)


def _one_line(value: str) -> str:
    if value.isprintable() and value and not value.isspace():
        return value  # the usual case
    if not value.strip() or any(unicodedata.category(char) in {"Cc", "Cs"} for char in value):
        raise PydanticCustomError("text", "text without control characters, not blank, is expected")
    return value


def _visible(value: str) -> str:
    if not value.isprintable():
        raise PydanticCustomError("name", "a name of visible characters is expected, none of them invisible or turning")
    return value


def _calendar(value: str) -> str:
    try:
        date.fromisoformat(value[:10])
    except ValueError as exc:
        raise PydanticCustomError("date", "there is no such day in the calendar") from exc
    return value


def seconds_between(start: str, end: str) -> float:
    """Seconds from one UTC time of a document to another."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


@lru_cache(maxsize=4096)
def path_trouble(path: str) -> str | None:
    """Say what is wrong with a pack-relative path, or None when it obeys the grammar.

    POSIX, relative, printable ASCII, at most 200 bytes, no empty, `.` or `..` segment, no drive or scheme.
    """
    if not path:
        return "is empty"
    if not path.isascii() or not path.isprintable():
        return "holds a character outside printable ASCII"
    if len(path) > 200:
        return "is longer than 200 bytes"
    if path.startswith("/"):
        return "is absolute"
    if any(char in path for char in '\\:*?"<>|'):
        return 'holds a character that some systems refuse (\\ : * ? " < > |)'
    for segment in path.split("/"):
        if segment in {"", ".", ".."}:
            return f"holds the segment '{segment}'"
        if segment != segment.strip() or segment.endswith("."):
            return f"holds the segment '{segment}' with a blank or dot at its edge"
    return None


def _path(value: str) -> str:
    if trouble := path_trouble(value):
        raise PydanticCustomError("path", "path {trouble}", {"trouble": trouble})
    return value


RELEASE_ID_PATTERN = (
    r"(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*?)"
    r"-v(?P<version>(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:(?:a|b|rc)\d+)?)"
    r"(?:-(?P<variant>[a-z0-9]+(?:-[a-z0-9]+)*?))?"
    r"-r(?P<revision>[1-9]\d*)"
)
_RELEASE_ID = re.compile(RELEASE_ID_PATTERN, re.ASCII)

Integer = Annotated[int, BeforeValidator(_integer), Field(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
Count = Annotated[int, BeforeValidator(_integer), Field(ge=0, le=MAX_SAFE_INTEGER)]
Text = Annotated[str, AfterValidator(_one_line), Field(min_length=1, max_length=4000)]
Name = Annotated[str, AfterValidator(_one_line), AfterValidator(_visible), Field(min_length=1, max_length=200)]
Block = Annotated[str, Field(max_length=200_000)]
PackPath = Annotated[str, AfterValidator(_path), Field(max_length=200)]
Digest = Annotated[str, _matching(r"[0-9a-f]{64}", "sha256 in lowercase hex", "9f86d081… (64 digits)")]
Identity = Annotated[str, _matching(r"sha256:[0-9a-f]{64}", "sha256 identity", "sha256:9f86d081… (64 digits)")]
ReleaseId = Annotated[str, _matching(RELEASE_ID_PATTERN, "release id", "digits-v0.2.0-mlp64-r1", most=128)]
SemVer = Annotated[str, _matching(r"\d+\.\d+\.\d+", "schema version", "1.0.0", most=40)]
UtcTime = Annotated[
    str,
    _matching(
        r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ",
        "UTC time",
        "2026-03-01T09:30:00Z",
    ),
    AfterValidator(_calendar),
]
IsoDate = Annotated[
    str,
    _matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "date", "2026-03-01"),
    AfterValidator(_calendar),
]
Commit = Annotated[str, _matching(r"[0-9a-f]{40}|[0-9a-f]{64}", "full commit id", "40 hex digits")]
Label = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9._/@+-]*", "label", "proofpress.pack.evaluation")]
Slug = Annotated[str, _matching(r"[a-z0-9]+(?:-[a-z0-9]+)*", "short name", "blurred-images", most=80)]
Role = Annotated[
    str, _matching(r"[a-z][a-z0-9]*(?:[ -][a-z0-9]+)*", "role in lower-case words", "model owner", most=80)
]
JsonObject = dict[str, Any]
StatedText = Annotated[Text, MAY_BE_UNSTATED]
StatedName = Annotated[Name, MAY_BE_UNSTATED]
StatedDigest = Annotated[Digest, MAY_BE_UNSTATED]
StatedIdentity = Annotated[Identity, MAY_BE_UNSTATED]
StatedCommit = Annotated[Commit, MAY_BE_UNSTATED]
StatedTime = Annotated[UtcTime, MAY_BE_UNSTATED]


class ReleaseParts:
    """The parts of a release id: `name`, `version`, `variant` (may be empty) and `revision`."""

    __slots__ = ("name", "revision", "variant", "version")

    def __init__(self, release_id: str) -> None:
        match = _RELEASE_ID.fullmatch(release_id)
        if match is None:
            raise ValueError(f"not a release id: {release_id!r}")
        self.name: str = match["name"]
        self.version: str = match["version"]
        self.variant: str = match["variant"] or ""
        self.revision: int = int(match["revision"])

    @property
    def is_pre_release(self) -> bool:
        """Whether the version is an alpha, beta or release candidate."""
        return not self.version.rpartition(".")[2].isdigit()

    @property
    def sort_key(self) -> tuple[tuple[int, ...], tuple[int, str, int], str, int]:
        """Order of versions: pre-releases before their release, then variant, then revision."""
        match = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(?:(a|b|rc)(\d+))?", self.version)
        if match is None:  # pragma: no cover - the pattern above guarantees it
            raise ValueError(self.version)
        pre = (0, match[4], int(match[5])) if match[4] else (1, "", 0)
        return (int(match[1]), int(match[2]), int(match[3])), pre, self.variant, self.revision
