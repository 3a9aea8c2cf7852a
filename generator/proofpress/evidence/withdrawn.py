"""Withdrawn addresses: what an instance once published and took back, so that their addresses still answer."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Model
from proofpress.evidence.values import SemVer, Text, UtcTime

WITHDRAWN: Final = "packs/withdrawn.yaml"
_ADDRESS: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._=,+-]*/){1,4}(?:[A-Za-z0-9_][A-Za-z0-9._-]*\.json)?")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise PydanticCustomError(
            "grammar", "not the address of a page or a JSON file, such as releases/digits-v0.1.0-mlp64-r1/"
        )
    return value


Address = Annotated[str, AfterValidator(_address)]
"""Below the site's root: a page's folder with its slash, or a JSON file."""


class Withdrawal(Model):
    """What was taken back: since when, why, and where to read instead."""

    addresses: Annotated[tuple[Address, ...], Field(min_length=1)]
    at: UtcTime
    reason: Text
    instead: Address | None = Field(default=None, description="What to read instead, of this site")


class Withdrawals(Model):
    """`packs/withdrawn.yaml`: what was published and taken back. Entries are added, never removed."""

    schema_version: Annotated[SemVer, Field(pattern=r"^1\.")]
    withdrawn: tuple[Withdrawal, ...] = ()
