"""The stages composed: packs in, verdicts, documents and comparisons out. Nothing here prints."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from proofpress.diff import Comparison, diff
from proofpress.discovery import PackRef
from proofpress.errors import IngestError, PolicyError, UsageError
from proofpress.evidence.finding import Finding
from proofpress.evidence.pack import CHECKSUMS, MANIFEST, Evidence
from proofpress.evidence.policy import Policy
from proofpress.evidence.release import FileEntry
from proofpress.gate.judge import GATES
from proofpress.gate.store import read_comparison
from proofpress.ingest import LoadedPack, load_pack, source_of
from proofpress.ingest.sources import read_file
from proofpress.instance import Instance, open_instance
from proofpress.links.rules import LINK_RULES
from proofpress.pack.changelog import Told, render_changelog
from proofpress.pack.release import assemble
from proofpress.papers.rules import PAPER_RULES
from proofpress.registry import REGISTRY_RULES, Registry, open_registry
from proofpress.render.render import render_documents
from proofpress.render.sets import RENDERED, TemplateSet, TemplateSets
from proofpress.signoff import gates as signoff_gates
from proofpress.signoff import published
from proofpress.signoff import rules as signoff_rules
from proofpress.signoff.store import signoff_findings
from proofpress.verify import RULE_BOOK, Profiles, Rule, Verdict, VerifiedPack, verify
from proofpress.verify.across import across
from proofpress.verify.book import rule_book
from proofpress.verify.facts import PackFacts, facts_of
from proofpress.verify.identity_graph import IdentityGraph, identity_graph
from proofpress.workers import executor, run_units


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a worker says of one pack: the verdict without the pack's bytes, and its facts for other packs."""

    verdict: Verdict
    facts: PackFacts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceReport:
    """The verdict on an instance."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding of every pack and between packs."""
        return (*(item for verdict in self.verdicts for item in verdict.findings), *self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What packs are judged by: policy, profiles, template sets, and which packs were registered when."""

    policy: Policy
    profiles: Profiles
    sets: TemplateSets
    registered: Mapping[str, str]

    @classmethod
    def of(cls, instance: Instance, registry: Registry, *, understood: bool = True) -> "Rules":
        """The rules of an instance.

        Raises `PolicyError` when its policy or a profile was not understood: nothing is judged by a default instead.
        A check of the whole instance, which reports that itself, passes `understood=False`.
        """
        broken = [finding for finding in instance.findings if finding.rule == "POL001"]
        if broken and understood:
            raise PolicyError(
                f"{broken[0].file}{'#' + broken[0].pointer if broken[0].pointer else ''}: {broken[0].message}",
                hint="correct it first; 'proofpress check' tells all that is wrong with it",
            )
        registered = {state.pack_id: state.registered_at for state in registry.bundles.values()}
        return cls(policy=instance.policy, profiles=instance.profiles, sets=instance.sets, registered=registered)

    def judge(self, loaded: LoadedPack) -> Verdict:
        """Verify one pack by these rules."""
        pack_id = loaded.evidence.pack_id if loaded.evidence else ""
        return verify(
            loaded,
            policy=self.policy,
            profiles=self.profiles,
            sets=self.sets,
            registered_at=self.registered.get(pack_id),
        )


def read_registry(instance: Instance) -> Registry:
    """What the instance's log amounts to, with every signature checked."""
    return open_registry(instance.registry).registry()


def all_rules() -> Mapping[str, Rule]:
    """Every rule there is, by id."""
    from proofpress.exchange.genolewm.book import RULES as GENOLEWM  # noqa: PLC0415 - costs 30 ms, reports alone need it

    told = (
        Rule(id=name, title=title, severity=severity, explanation=explanation)
        for name, title, severity, explanation in (*REGISTRY_RULES, *PAPER_RULES)
    )
    gates = (*(each.rule for each in GATES), *signoff_gates.RULES)
    return rule_book((*told, *gates, *signoff_rules.RULES, *published.RULES, *LINK_RULES, *GENOLEWM))


def registered_id(folder: Path) -> str:
    """The id that the pack in a folder has now: the digest of its manifest, empty without one."""
    try:
        return "sha256:" + hashlib.sha256(read_file(folder / MANIFEST)).hexdigest()
    except OSError:
        return ""


def bundles_of(root: Path) -> frozenset[str]:
    """The bundles that the log of the instance at `root` knows; none when it is no instance."""
    return frozenset(read_registry(open_instance(root)).bundles) if (root / "packs").is_dir() else frozenset()


def is_registered(root: Path, folder: Path, rules: Rules) -> bool:
    """Whether the log knows the pack in a folder, by its id or by its name: one that was changed stays registered."""
    if registered_id(folder) in rules.registered:
        return True
    return folder.absolute().is_relative_to(root.absolute()) and folder.name in bundles_of(root)


def refuse_registered(root: Path, folder: Path, rules: Rules) -> None:
    """Raise `UsageError` when the pack in a folder is registered: whatever writes packs asks here first."""
    if is_registered(root, root / folder, rules):
        raise UsageError(
            f"{folder} is registered and never changes",
            hint='to correct it, copy it to <release id>.b2 and state "bundle": 2 in that release.json',
        )


def rules_at(root: Path) -> Rules:
    """The rules of the instance at `root`, or the defaults when there is none."""
    if not (root / "packs").is_dir():
        return Rules(policy=Policy(schema_version="1.0.0"), profiles=Profiles(), sets=TemplateSets(), registered={})
    instance = open_instance(root)
    return Rules.of(instance, read_registry(instance))


def verify_paths(paths: Sequence[Path], rules: Rules, *, threads: int) -> tuple[Verdict, ...]:
    """Verify single packs, folders or zip archives; large artifacts are hashed side by side."""
    return tuple(verdict for verdict, _graph in explain_paths(paths, rules, threads=threads))


def explain_paths(
    paths: Sequence[Path], rules: Rules, *, threads: int
) -> tuple[tuple[Verdict, IdentityGraph | None], ...]:
    """The verdict on single packs, each with the graph of its identities (None without manifest or release)."""
    found = []
    with ThreadPoolExecutor(threads) as hashing:
        for path in paths:
            if not path.exists():
                raise IngestError(f"{path}: no such file or folder", hint="name a pack folder or a zip archive")
            label = "" if path.is_file() else label_of(path.absolute())
            loaded = load_pack(source_of(path, label=label), hashing=hashing)
            graph = identity_graph(loaded.evidence, loaded.raw) if loaded.evidence else None
            found.append((rules.judge(loaded), graph))
    return tuple(found)


def label_of(path: Path) -> str:
    """`<family>/<name>` for a pack below a folder `packs`, else its name alone."""
    return f"{path.parent.name}/{path.name}" if path.parent.parent.name == "packs" else path.name


RULES: dict[Path, Rules] = {}
"""Rules by instance, read once in each worker process."""


def rules_of(root: Path) -> Rules:
    """The rules of an instance, read once in each process."""
    if root not in RULES:
        RULES[root] = rules_at(root)
    return RULES[root]


def check_pack(unit: tuple[Path, PackRef]) -> Checked:
    """Work unit: verify one pack of an instance."""
    root, ref = unit
    with ThreadPoolExecutor(2) as hashing:
        loaded = load_pack(source_of(ref.path, label=ref.label), hashing=hashing)
    verdict = rules_of(root).judge(loaded)
    facts = facts_of(ref.label, loaded.evidence) if loaded.evidence else None
    return Checked(verdict=replace(verdict, verified=None), facts=facts)


def check_instance(instance: Instance, *, jobs: int) -> InstanceReport:
    """Every pack's rules, agreement between packs, policy and registry, in one verdict."""
    registry = read_registry(instance)
    RULES[instance.root] = Rules.of(instance, registry, understood=False)
    units = [(instance.root, ref) for ref in instance.refs]
    with executor(jobs, len(units)) as pool:
        checked = list(run_units(pool, check_pack, units, window=4 * jobs))
    return InstanceReport(
        verdicts=tuple(item.verdict for item in checked),
        findings=between_packs(instance, registry, [item.facts for item in checked if item.facts]),
    )


def between_packs(instance: Instance, registry: Registry, facts: Sequence[PackFacts]) -> tuple[Finding, ...]:
    """Findings that no pack shows alone: policy, identities, predecessors, registry."""
    understood = not any(finding.rule == "POL001" for finding in instance.findings)
    signoffs = signoff_findings(instance.root, instance.policy, facts) if understood else ()
    found = (*instance.findings, *across(facts), *registry.findings, *registered_packs(registry, facts), *signoffs)
    return tuple(sorted(found, key=lambda finding: finding.sort_key))


def registered_packs(registry: Registry, facts: Iterable[PackFacts]) -> Iterable[Finding]:
    """A registered pack is there, and its bytes are those that were registered."""
    there = {pack.bundle_id: pack for pack in facts}
    for bundle_id, state in registry.bundles.items():
        pack = there.get(bundle_id)
        if pack is None or pack.pack_id != state.pack_id:
            yield Finding(
                rule="REG013",
                pack=pack.label if pack else "",
                file="manifest.json" if pack else "packs/registry/log",
                message=f"the registered pack {bundle_id} "
                + ("was changed after its registration" if pack else "is not in this instance"),
                expected=state.pack_id,
                found=pack.pack_id if pack else "no readable pack",
                hint="restore the registered pack; a correction is a new bundle (.b2) in a folder of its own",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What rendering one pack did, or would do."""

    label: str
    written: tuple[str, ...]
    pack_id: str


def render_pack(ref: PackRef, rules: Rules, *, template_set: str | None, upgrade: bool, write: bool) -> Rendered:
    """Render a pack's documents and assemble its manifest anew when one of them changes.

    A registered pack is never written: raises `UsageError` when its documents would change.
    """
    loaded = load_pack(source_of(ref.path, label=ref.label))
    if loaded.evidence is None or not ref.path.is_dir():
        raise IngestError(
            f"{ref.label}: no evidence that can be rendered", hint=f"run 'proofpress verify {ref.path}' first"
        )
    evidence = loaded.evidence
    require_listed(loaded, evidence.manifest.files)
    chosen = _chosen_set(rules.sets, loaded, template_set, upgrade=upgrade)
    wanted = {document.path: document.text.encode() for document in render_documents(evidence, chosen)}
    changed = sorted(
        path for path, data in wanted.items() if (file := loaded.raw.files.get(path)) is None or file.data != data
    )
    moved = evidence.manifest.template_set != chosen.ref or (upgrade and evidence.manifest.rule_book != RULE_BOOK)
    if not (changed or moved):
        return Rendered(label=ref.label, written=(), pack_id=evidence.pack_id)
    if evidence.pack_id in rules.registered:
        raise UsageError(
            f"{ref.label} is registered and never changes; rendering would rewrite "
            + (", ".join(changed) or "its manifest"),
            hint="make a new bundle (.b2) in a folder of its own",
        )
    pack_id = evidence.pack_id
    if write:
        pack_id = assemble(
            ref.path,
            profile=evidence.manifest.profile,
            template_set=chosen,
            rule_book=RULE_BOOK if upgrade else evidence.manifest.rule_book,
            external_artifacts=evidence.manifest.external_artifacts,
        )
        changed = sorted({*changed, "manifest.json", "SHA256SUMS"})
    return Rendered(label=ref.label, written=tuple(changed), pack_id=pack_id)


def require_listed(loaded: LoadedPack, listed: Iterable[FileEntry]) -> None:
    """Refuse a pack whose files are not those of its manifest: assembling it again would hide that."""
    for entry in listed:
        file = loaded.raw.files.get(entry.path)
        made = entry.path in RENDERED or entry.path.endswith(CHECKSUMS)
        if not made and (file is None or file.sha256 != entry.sha256):
            raise UsageError(
                f"{loaded.raw.label}/{entry.path} is not the file that the manifest lists; rendering would hide that",
                hint="plan its repair with 'proofpress repair', or assemble the pack again: proofpress pack release",
            )


def _chosen_set(sets: TemplateSets, loaded: LoadedPack, name: str | None, *, upgrade: bool) -> TemplateSet:
    if name is not None:
        return sets.named(name)
    if upgrade or loaded.evidence is None:
        return sets.newest()
    recorded = loaded.evidence.manifest.template_set
    found = sets.find(recorded)
    if found is None:
        raise UsageError(
            f"{loaded.raw.label}: template set '{recorded.name}' is not known here, or was changed",
            hint="restore it, or move to the newest set with --upgrade",
        )
    return found


def select(instance: Instance, names: Sequence[str]) -> tuple[PackRef, ...]:
    """The packs of an instance that are named by label, folder name or path; all when none is named."""
    if not names:
        return instance.refs
    chosen = []
    for name in names:
        wanted = name.rstrip("/").removesuffix(".zip")
        matches = [
            ref
            for ref in instance.refs
            if wanted in {ref.label, ref.bundle_id} or ref.path == instance.root / name or str(ref.path) == wanted
        ]
        if len(matches) != 1:
            known = ", ".join(ref.bundle_id for ref in instance.refs[:12])
            raise UsageError(f"no pack '{name}' in this instance", hint=f"packs: {known}")
        chosen.append(matches[0])
    return tuple(chosen)


def verified(ref: PackRef, rules: Rules) -> VerifiedPack:
    """One pack of an instance as a verified pack. Raises `UsageError` when it is refused."""
    verdict = rules.judge(load_pack(source_of(ref.path, label=ref.label)))
    if verdict.verified is None:
        raise UsageError(
            f"{ref.label} is refused with {len(verdict.errors)} errors ({verdict.errors[0].rule}: "
            f"{verdict.errors[0].message}); nothing is compared with it",
            hint=f"run 'proofpress verify {ref.path}'",
        )
    return verdict.verified


def compare(instance: Instance, old: str, new: str) -> Comparison:
    """The typed changes between two packs of an instance, with the tests that were recorded of them."""
    rules = Rules.of(instance, read_registry(instance))
    before, after = select(instance, (old, new))
    was, now = verified(before, rules), verified(after, rules)
    recorded = read_comparison(instance.root, was.evidence.pack_id, now.evidence.pack_id)
    return diff(was, now, recorded=recorded)


def family_changelog(instance: Instance, family: str) -> str:
    """The changelog of a family, from the newest bundle of each release. Raises `UsageError` on a refused pack."""
    refs = [ref for ref in instance.refs if ref.family == family]
    if not refs:
        known = ", ".join(sorted({ref.family for ref in instance.refs}))
        raise UsageError(f"no family '{family}' in this instance", hint=f"families: {known or 'none'}")
    registry = read_registry(instance)
    if not registry.intact:
        raise UsageError("the registry is refused, so nobody knows what was yanked", hint="run 'proofpress check'")
    rules = Rules.of(instance, registry)
    newest: dict[str, Evidence] = {}
    for evidence in (verified(ref, rules).evidence for ref in refs):
        before = newest.get(evidence.release.release_id)
        if before is None or before.manifest.bundle < evidence.manifest.bundle:
            newest[evidence.release.release_id] = evidence
    return render_changelog(family, [_told(evidence, registry) for evidence in newest.values()])


def _told(evidence: Evidence, registry: Registry) -> Told:
    standing = registry.standing(evidence.bundle_id)
    yanked = None
    if standing is not None and standing.status == "YANKED":
        yanked = (standing.since[:10], standing.yank_reason or "", standing.upgrade_path or "")
    return Told(release=evidence.release, yanked=yanked)
