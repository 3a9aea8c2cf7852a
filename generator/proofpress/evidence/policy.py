"""What an instance asks of its packs: `packs/policy.yaml` and profiles. Both are reviewed files."""

from typing import Annotated

from pydantic import Field

from proofpress.evidence.base import Model
from proofpress.evidence.gates import Gates, Waiver
from proofpress.evidence.readiness import ReadinessProfile
from proofpress.evidence.registration import RegistryPolicy
from proofpress.evidence.signed import PolicyKey, Role
from proofpress.evidence.signoff import SignoffRule
from proofpress.evidence.slices import SliceSuite
from proofpress.evidence.values import Count, Identity, Name, PackPath, SemVer, Slug, Text


class RequiredMetric(Model):
    """A row that an evaluation must hold: metric and split, without slice."""

    name: Name
    split: Name


class RequiredCost(Model):
    """A cost that the efficiency report must hold, by its name (`*` stands for any end), and how it was measured."""

    name: Name
    repeats: Count | None = Field(default=None, description="How many timed calls are behind it at least")
    warm_up: Count | None = Field(default=None, description="How many untimed calls came before them at least")


class Profile(Model):
    """Which documents a pack must hold, who may write them and which rows must be there.

    A profile that `extends` another asks for everything that one asks for, and more.
    """

    schema_version: Annotated[SemVer, Field(pattern=r"^1\.")]
    name: Name
    title: Text
    extends: Name | None = None
    documents: tuple[Name, ...] = Field(default=(), description="Names of JSON documents")
    since: dict[Name, Count] = Field(
        default_factory=dict, description="Rule book from which on one of the documents is asked for; 1 when not named"
    )
    rendered: tuple[Name, ...] = Field(default=(), description="Names of rendered documents")
    generators: dict[str, tuple[Name, ...]] = Field(
        default_factory=dict,
        description="Accepted generated_by labels by document name, '*' for all; a label may end in '*'. "
        "'score_rows' and 'baseline_rows' name those of per-example rows.",
    )
    row_markers: bool = Field(default=False, description="Whether score and baseline rows must carry generated_by")
    metrics_files: bool = Field(
        default=False, description="Whether the evaluation must be aggregated from metrics files and a configuration"
    )
    per_sample: bool = Field(
        default=False, description="Whether each measured row must name its per-example results, or say why it has none"
    )
    preflight_schema: bool = Field(
        default=False, description="Whether the training preflight must have validated the configuration by a schema"
    )
    identities: dict[Name, Text] = Field(
        default_factory=dict,
        description="Form (a regular expression) of each identity of another project in the release's extensions",
    )
    unstated: bool = Field(
        default=False,
        description="Whether a fact that an imported source does not state may be absent, with the reason",
    )
    metrics: tuple[RequiredMetric, ...] = ()
    costs: tuple[RequiredCost, ...] = ()
    slice_dimensions: tuple[Name, ...] = ()
    slice_suite: SliceSuite | None = None
    readiness: ReadinessProfile | None = None
    infeasible_reasons: tuple[Slug, ...] = Field(
        default=(), description="Why a charter's value can't be derived, beside those that every profile knows"
    )


class FamilyPolicy(Model):
    """What the packs of one family must reach at least."""

    least_profile: Name


class PrivacyPolicy(Model):
    """What may be published although it looks private, each exactly as it stands in the text."""

    allow: tuple[Text, ...] = ()


class OwnTemplateSet(Model):
    """A named set of an instance: single templates that override those of a numbered set.

    It lies below `templates/` in the instance's folder, which the build watches for changes.
    """

    base: Annotated[str, Field(pattern=r"^[0-9]+$")]
    path: Annotated[PackPath, Field(pattern=r"^templates/.+")]


class AcceptedOlder(Model):
    """A pack that may keep an older template set or rule book, since it was made before the newer one."""

    pack_id: Identity
    reason: Text


class Policy(Model):
    """`packs/policy.yaml`."""

    schema_version: Annotated[SemVer, Field(pattern=r"^1\.")]
    families: dict[str, FamilyPolicy] = Field(default_factory=dict)
    default_profile: Name = "standard"
    privacy: PrivacyPolicy = PrivacyPolicy()
    template_sets: dict[str, OwnTemplateSet] = Field(default_factory=dict)
    template_set: Name | None = Field(default=None, description="The set that new packs are rendered with")
    accepted_older: tuple[AcceptedOlder, ...] = ()
    gates: dict[str, Gates] = Field(
        default_factory=dict, description="By family; '*' stands for every family without gates of its own"
    )
    waivers: tuple[Waiver, ...] = ()
    keys: dict[Name, PolicyKey] = Field(default_factory=dict, description="Public keys by the name that pages show")
    roles: dict[Name, Role] = Field(
        default_factory=dict, description="Who may do what: roles and the keys that hold them"
    )
    signoff: dict[str, SignoffRule] = Field(
        default_factory=dict,
        description="Who must sign off before a deployment, by family; '*' stands for every family without its own",
    )
    registry: RegistryPolicy | None = None

    def gates_of(self, family: str) -> Gates | None:
        """The gates of a family, None when the policy has none for it."""
        return self.gates.get(family) or self.gates.get("*")

    def signoff_of(self, family: str) -> SignoffRule | None:
        """Who must sign off a family's releases, None when the policy asks nobody."""
        return self.signoff.get(family) or self.signoff.get("*")

    def holders(self, role: str, family: str, at: str) -> dict[str, str]:
        """The keys (name → text) that hold a role for a family at a time; empty when the policy has no such role."""
        held = self.roles.get(role)
        if held is None or not ({"*", family} & set(held.families)):
            return {}
        known = {name: self.keys[name] for name in held.keys if name in self.keys}
        return {
            name: each.key
            for name, each in known.items()
            if (each.since is None or each.since <= at) and (each.until is None or at < each.until)
        }
