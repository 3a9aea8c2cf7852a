"""Values of their documents: trimmed texts without placeholder words, `sha256:` digests, relative paths."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

PLACEHOLDER = re.compile(r"\b(?:tbd|todo|placeholder|coming soon|fake|dummy|lorem ipsum)\b", re.IGNORECASE)
"""Words that stand for something not yet written."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DRIVE = re.compile(r"[A-Za-z]:")
_SEPARATOR = re.compile(r"[/\\]")
COMMIT = re.compile(r"[0-9a-fA-F]{7,40}")


class Theirs(BaseModel):
    """A part of one of their documents: open, since their readers ignore fields that they don't know."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, defer_build=True)


class Closed(Theirs):
    """A part in which their readers refuse unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def _trimmed(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _filled(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("text", "a text that is not blank is expected")
    return value.strip()


def _finished(value: str) -> str:
    if found := PLACEHOLDER.search(value):
        raise PydanticCustomError("GLW006", "the placeholder word '{word}' stands here", {"word": found[0]})
    return value


def _digest(value: str) -> str:
    if not is_digest(value):
        raise PydanticCustomError("digest", "'sha256:' and 64 lowercase hex digits are expected")
    return value


def _relative(value: str) -> str:
    if trouble := path_trouble(value):
        raise PydanticCustomError("GLW002", "the path {trouble}", {"trouble": trouble})
    return value


def _commit(value: str) -> str:
    if not COMMIT.fullmatch(value):
        raise PydanticCustomError("commit", "7 to 40 hex digits of a Git commit are expected")
    return value


def _truthy(value: object) -> object:
    if not value:
        raise PydanticCustomError("empty", "a value that is not empty is expected")
    return value


def is_digest(value: object) -> bool:
    """Whether a value is `sha256:` and 64 lowercase hex digits."""
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def path_trouble(path: str) -> str | None:
    """Say why a path may lead out of its package, or None: it is absolute, of a drive, or climbs by `..`."""
    if path[:1] in {"/", "\\", "~"} or _DRIVE.match(path):
        return "is absolute, a path of somebody's machine"
    if ".." in _SEPARATOR.split(path):
        return "climbs out of its folder"
    return None if path.strip("./") else "is empty"


Text = Annotated[str, AfterValidator(_filled), AfterValidator(_finished)]
Texts = Annotated[list[Text], Field(min_length=1)]
Word = Annotated[str, Field(min_length=1)]
Digest = Annotated[str, AfterValidator(_digest)]
TrimmedDigest = Annotated[str, BeforeValidator(_trimmed), AfterValidator(_digest)]
Reference = Annotated[str, Field(pattern=r"\S"), AfterValidator(_relative)]
Path = Annotated[str, AfterValidator(_filled), AfterValidator(_finished), AfterValidator(_relative)]
Commit = Annotated[Text, AfterValidator(_commit)]
Version = Annotated[Literal["1.0.0"], BeforeValidator(_trimmed)]
Positive = Annotated[int, Field(gt=0)]
Natural = Annotated[int, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Cost = Annotated[float, Field(allow_inf_nan=False, gt=0)]
Something = Annotated[object, AfterValidator(_truthy)]
Trimmed = BeforeValidator(_trimmed)
