"""Fold ↔ bytes: entries whose signatures were checked once are only hashed when the log is read again.

A fold is kept when nothing was found. It counts for a log that begins with the same entries, by the root of their
tree, while the policies and platforms that it was judged by are there as they were.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, Final

from proofpress.evidence.jsontext import dump_json
from proofpress.evidence.policy import Policy
from proofpress.evidence.release import Compatibility
from proofpress.ingest.strict import parse_json
from proofpress.registry.fold import Fold
from proofpress.registry.records import StoredRecords
from proofpress.registry.state import Adoption, BundleState, Step, Tenure

_DIGEST: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A fold that was kept, and the size and root of the tree of its entries."""

    size: int
    root: bytes
    state: Mapping[str, Any]

    def resume(self, records: StoredRecords) -> Fold | None:
        """The fold as it was; None when what it was judged by is gone, or is other bytes."""
        if any(records.platform(sha256) is None for sha256 in self.state["platforms"]):
            return None
        adoptions = list(_named(Adoption, self.state["policies"]))
        policies = [records.policy(each["sha256"]) for each in adoptions]
        if None in policies:
            return None
        fold = Fold(records)
        fold.policies += [
            Adoption(**{**each, "policy": policy}) for each, policy in zip(adoptions, policies, strict=True)
        ]
        fold.lifecycle.resume(
            (
                BundleState(**{**each, "compatibility": _needs(each["compatibility"])})
                for each in _named(BundleState, self.state["bundles"])
            ),
            {
                _tuples(scope): [Tenure(**each) for each in _named(Tenure, rows)]
                for scope, rows in self.state["tenures"]
            },
            (Step(**each) for each in _named(Step, self.state["steps"])),
        )
        fold.size, fold.at, fold.digests = self.size, self.state["at"], set(self.state["digests"])
        return fold


def keep(fold: Fold, records: StoredRecords, root: str, program: str) -> bytes:
    """A fold of the log with a root (hex), as `program` makes it; no bytes if anything was found."""
    if fold.findings or not fold.size:
        return b""
    lifecycle = fold.lifecycle
    state = {
        "program": program,
        "size": fold.size,
        "root": root,
        "at": fold.at,
        "digests": sorted(fold.digests),
        "platforms": records.platforms,
        "policies": _rows(Adoption, fold.policies),
        "bundles": _rows(BundleState, lifecycle.bundles.values()),
        "tenures": [(scope, _rows(Tenure, held)) for scope, held in lifecycle.tenures.items()],
        "steps": _rows(Step, lifecycle.steps),
    }
    data = json.dumps(state, separators=(",", ":"), default=_plain).encode()
    return hashlib.sha256(data).hexdigest().encode() + data


def read_kept(data: bytes, program: str) -> Kept | None:
    """What `keep` gave; None when the bytes are not those, or another program made them."""
    body = data[_DIGEST:]
    if hashlib.sha256(body).hexdigest().encode() != data[:_DIGEST]:
        return None
    state = json.loads(body)
    if state["program"] != program:
        return None
    return Kept(size=state["size"], root=bytes.fromhex(state["root"]), state=state)


def _rows(kind: type[Any], items: Iterable[Any]) -> list[Any]:
    return list(map(attrgetter(*(each.name for each in fields(kind))), items))


def _plain(value: Any) -> Any:
    return None if isinstance(value, Policy) else dump_json(value, indent=None)  # a policy is kept by its digest


def _named(kind: type[Any], rows: Iterable[list[Any]]) -> Iterator[dict[str, Any]]:
    names = [each.name for each in fields(kind)]
    for row in rows:
        yield dict(zip(names, map(_tuples, row), strict=True))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


@cache
def _needs(text: str) -> Compatibility:
    return Compatibility.model_validate(parse_json(text.encode()))
