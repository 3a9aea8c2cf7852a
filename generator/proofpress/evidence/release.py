"""`release.json` and the root `manifest.json`."""

from typing import Annotated, Literal

from pydantic import Field

from proofpress.evidence.base import Document, Model, StatedTexts
from proofpress.evidence.values import (
    Count,
    Digest,
    Identity,
    Integer,
    IsoDate,
    JsonObject,
    Name,
    PackPath,
    ReleaseId,
    StatedName,
    StatedText,
    StatedTime,
    Text,
)

CHANGELOG_SECTIONS = ("added", "changed", "deprecated", "removed", "fixed", "security")


class Author(Model):
    """A person or an organisation that answers for the release."""

    name: StatedName
    kind: Literal["person", "organization"] = "person"
    affiliation: Name | None = None
    orcid: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$")] | None = None


class Predecessor(Model):
    """The release that this one is compared with."""

    release_id: ReleaseId
    bundle: Annotated[Integer, Field(ge=1)] = 1
    pack_id: Identity


class Changelog(Model):
    """The release's entry, in the six sections of Keep a Changelog."""

    added: tuple[Text, ...] = ()
    changed: tuple[Text, ...] = ()
    deprecated: tuple[Text, ...] = ()
    removed: tuple[Text, ...] = ()
    fixed: tuple[Text, ...] = ()
    security: tuple[Text, ...] = ()


class Deprecation(Model):
    """A name that will go, since when, and what replaces it."""

    name: Name
    since: Name
    replacement: Text


class Compatibility(Model):
    """What a platform must offer to run the release."""

    features: tuple[Name, ...] = ()
    schemas: tuple[Name, ...] = ()
    runtime: JsonObject = Field(default_factory=dict)


class Support(Model):
    """Until when fixes are offered. Published as a date; pages never say what has expired."""

    until: IsoDate
    note: Text


class HeadlineMetric(Model):
    """A metric row that stands for the release at a glance: no slice, named by metric and split."""

    name: Name
    split: Name


class Release(Document):
    """Identity, purpose and history of one release."""

    release_id: ReleaseId
    bundle: Annotated[Integer, Field(ge=1)] = 1
    family: Name
    title: Name
    version: Name
    summary: StatedText
    released_at: StatedTime
    predecessor: Predecessor | None
    intended_use: StatedTexts
    out_of_scope: StatedTexts
    licence: StatedName = Field(description="SPDX expression")
    authors: Annotated[tuple[Author, ...], Field(min_length=1)]
    keywords: tuple[Name, ...] = ()
    headline: Annotated[tuple[HeadlineMetric, ...], Field(min_length=1)]
    compatibility: Compatibility = Compatibility()
    support: Support | None = None
    deprecations: tuple[Deprecation, ...] = ()
    changelog: Changelog


class FileEntry(Model):
    """One file that the manifest covers."""

    path: PackPath
    role: Name
    sha256: Digest
    size: Count


class ExternalArtifact(Model):
    """A file that belongs to the release but lies elsewhere; its address is said by attestations."""

    name: Name
    role: Name
    sha256: Digest
    size: Count


class TemplateSetRef(Model):
    """The template set that rendered the pack's documents; a set of an instance's own has a digest."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60)]
    base: Annotated[str, Field(pattern=r"^[0-9]+$")] | None = None
    sha256: Digest | None = None


class PackManifest(Document):
    """Every file of the pack but this one and `SHA256SUMS`. Its own digest is the `pack_id`."""

    family: Name
    release_id: ReleaseId
    bundle: Annotated[Integer, Field(ge=1)] = 1
    profile: Name
    template_set: TemplateSetRef
    rule_book: Annotated[Integer, Field(ge=1)]
    files: Annotated[tuple[FileEntry, ...], Field(min_length=1)]
    external_artifacts: tuple[ExternalArtifact, ...] = ()
