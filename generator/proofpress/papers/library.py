"""The releases that papers cite, as far as checking a paper needs them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from proofpress.evidence.pack import Evidence
from proofpress.papers.quotable import ALIASES, Quotable, quotables


@dataclass(frozen=True, kw_only=True)
class CitedRelease:
    """A release with its evidence and its standing. `swhid` computes its identifier when it is asked for."""

    evidence: Evidence
    status: str
    reason: str
    use_instead: str
    superseded_by: str
    swhid: Callable[[], str | None]

    @property
    def bundle_id(self) -> str:
        """Name of its folder and address."""
        return self.evidence.bundle_id

    @cached_property
    def quotables(self) -> Mapping[str, Quotable]:
        """Its numbers by name."""
        rows = self.evidence.evaluation.rows if self.evidence.evaluation else ()
        return {item.name: item for item in quotables(rows)}

    @cached_property
    def digests(self) -> frozenset[str]:
        """Every sha256 that the release states about itself: pack, model, files, keys."""
        evidence = self.evidence
        found = {evidence.pack_id.removeprefix("sha256:")}
        found |= {entry.sha256 for entry in evidence.manifest.files}
        found |= {entry.sha256 for entry in evidence.manifest.external_artifacts}
        if evidence.model:
            found.add(evidence.model.model_id.removeprefix("sha256:"))
        for item in self.quotables.values():
            found |= {item.row.evaluated_keys_sha256 or "", item.row.baseline_evaluated_keys_sha256 or ""}
        return frozenset(found - {""})

    def named(self, claim: str) -> Quotable | None:
        """The number that a claim names: `accuracy@test`, `accuracy@test.ci_low`.

        `accuracy` alone is enough when the release measured it on one split only.
        """
        if claim in self.quotables:
            return self.quotables[claim]
        key, _, field = claim.rpartition(".")
        name = ALIASES.get(field)
        if key and name:
            found = self.named(key)
            held = self.quotables.values() if found else ()
            return next((item for item in held if found and item.row is found.row and item.field == name), None)
        alone = [
            item
            for item in self.quotables.values()
            if item.field == "value" and item.row.slice is None and item.row.name == claim
        ]
        return alone[0] if len(alone) == 1 else None


class Library(Protocol):
    """Where releases are looked up."""

    @property
    def site_url(self) -> str:
        """The address of the published site; empty when it has none."""

    @property
    def bundles(self) -> Sequence[str]:
        """The names of all releases."""

    def release(self, bundle_id: str) -> CitedRelease | None:
        """A release whose evidence was verified; None when there is none of this name. Raises `RefusedRelease`."""

    def of_pack(self, digest: str) -> str | None:
        """The release whose pack has this sha256."""

    def of_swhid(self, swhid: str) -> str | None:
        """The release whose pack's folder has this identifier."""


class RefusedReleaseError(Exception):
    """The evidence of a release is there, but its rules refuse it: nothing that it says can be quoted."""


def names_of(bundles: Sequence[str]) -> frozenset[str]:
    """What release ids of an instance begin with, up to the version: an id with such a name means one of them."""
    return frozenset(found[1] for bundle in bundles if (found := re.match(r"(.+?)-v\d", bundle)))
