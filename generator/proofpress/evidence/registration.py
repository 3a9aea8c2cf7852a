"""What a policy says of the registry: the log's identity, scopes, who may do what, and platforms."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from proofpress.evidence.base import Model
from proofpress.evidence.signed import PublicKey
from proofpress.evidence.values import Digest, Integer, JsonObject, Name, PackPath, SemVer

EventKind = Literal[
    "policy_adopted",
    "registered",
    "refused",
    "candidate",
    "approved",
    "rejected",
    "activated",
    "retired",
    "yanked",
    "rolled_back",
    "rollback_requested",
]
Permitted = EventKind | Literal["statement"]

_SCOPE_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SCOPE_VALUE = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


def _scope_name(value: str) -> str:
    if not _SCOPE_NAME.fullmatch(value):
        raise PydanticCustomError("grammar", "not a scope's key, for example environment")
    return value


def _scope_value(value: str) -> str:
    if not _SCOPE_VALUE.fullmatch(value):
        raise PydanticCustomError("grammar", "not a scope's value: lower-case letters, digits, '.', '_' and '-'")
    return value


ScopeName = Annotated[str, AfterValidator(_scope_name)]
ScopeValue = Annotated[str, AfterValidator(_scope_value)]
Scope = Annotated[dict[ScopeName, ScopeValue], Field(min_length=1, max_length=8)]
"""Where a bundle is active: a value for each key that the policy declares. The whole mapping is the key."""


class LogIdentity(Model):
    """The log's name, which its checkpoints begin with, and the key that signs them; no role holds that key."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._/-]*$", max_length=120)]
    key: PublicKey


class Permission(Model):
    """Who may make a move: one of the roles, with signatures by so many different keys that hold it."""

    roles: Annotated[tuple[Name, ...], Field(min_length=1)]
    threshold: Annotated[Integer, Field(ge=1, le=16)] = 1


class PlatformRef(Model):
    """The reviewed record of what a platform offers, for every scope that has these pairs; the first that fits counts.

    `deny` refuses to activate what does not fit the record, `warn` only says so.
    """

    scope: dict[ScopeName, ScopeValue] = Field(default_factory=dict)
    path: Annotated[PackPath, Field(pattern=r"^packs/platforms/.+\.yaml$")]
    sha256: Digest
    posture: Literal["deny", "warn"] = "deny"


class Platform(Model):
    """`packs/platforms/*.yaml`: what a platform offers to releases, in the words of their `compatibility`."""

    schema_version: Annotated[SemVer, Field(pattern=r"^1\.")]
    name: Name
    features: tuple[Name, ...] = ()
    schemas: tuple[Name, ...] = ()
    runtime: JsonObject = Field(default_factory=dict)


class RegistryPolicy(Model):
    """The registry's part of the policy. A move that `may` does not name is nobody's."""

    log: LogIdentity
    scopes: Annotated[tuple[ScopeName, ...], Field(min_length=1, max_length=8)]
    may: dict[Permitted, Permission]
    platforms: tuple[PlatformRef, ...] = ()

    def platform(self, scope: dict[str, str]) -> PlatformRef | None:
        """The platform of a scope, None when no record was reviewed for it."""
        return next((each for each in self.platforms if each.scope.items() <= scope.items()), None)
