"""A build in which something changed: order the releases, build what is stale, judge the whole, exchange."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from proofpress.build.listings import ListingUnit, listing_units
from proofpress.build.registry_listings import registry_units
from proofpress.build.releases import FRAMES, ReleaseUnit, build_releases, chunks, frame_dir
from proofpress.build.report import BuildReport
from proofpress.build.site import Progress, code_digest, digest
from proofpress.build.sources import source_units
from proofpress.discovery import PackRef, attested_files, own_profiles, registry_files, rule_files
from proofpress.gate.store import RECEIPT, attestations, comparison_path
from proofpress.instance import Instance, open_instance
from proofpress.pipeline import RULES, Rules, between_packs, check_instance
from proofpress.registry import Registry, open_registry
from proofpress.registry.kept import read_kept
from proofpress.signoff.published import PUBLICATION_FILE
from proofpress.signoff.read import is_signoff
from proofpress.site.card import read_cards
from proofpress.site.catalogue import Entry, Family
from proofpress.site.frame import FrameSet, build_frame, frame_key, load_frame
from proofpress.site.pack_index import PackIndex, Peek
from proofpress.site.places import order_of, places_of
from proofpress.site.publish import Publication, Survey, write_unit
from proofpress.site.standing import Place
from proofpress.verify import Verdict
from proofpress.verify.facts import facts_from
from proofpress.workers import executor, run_units

_CHUNK = 24
_NOT_JUDGING = ("packs/registry/", "packs/withdrawn.yaml")


@dataclass(frozen=True, kw_only=True)
class SiteBuild:
    """One build; `run` does it.

    Packs and stamp come from `observe`, what is wrong with the tree that is not served from `survey`: other processes
    may still be looking.
    """

    root: Path
    refs: tuple[PackRef, ...]
    index: PackIndex
    publication: Publication
    observe: Callable[[], tuple[tuple[Peek, ...], str]]
    survey: Callable[[], Survey | None]
    jobs: int
    progress: Progress
    _verdicts: list[Verdict] = field(default_factory=list)

    @cached_property
    def _observed(self) -> tuple[tuple[Peek, ...], str]:
        return self.observe()

    @property
    def peeks(self) -> tuple[Peek, ...]:
        """What the build knows of each pack before it verifies one."""
        return self._observed[0]

    def run(self) -> BuildReport:
        """Build. The site is exchanged only when nothing was refused."""
        instance = open_instance(self.root)
        if len({ref.bundle_id for ref in self.refs}) < len(self.refs):
            checked = check_instance(instance, jobs=self.jobs)  # one address can't hold two packs
            return BuildReport(packs=len(self.refs), verdicts=checked.verdicts, findings=checked.findings)
        registry = self._registry(instance)
        RULES[self.root] = Rules.of(instance, registry, understood=False)
        publication = self.publication
        frames = self._frames()
        places = places_of(self.peeks, registry)
        releases = self._release_units(frames, registry, places, publication.staging)
        families = self._families(places)
        cards = partial(read_cards, publication.staging)
        listings = listing_units(
            frames,
            families,
            cards,
            code_digest(),
            own_profiles(self.root),
            registry_files(self.root),
            instance.withdrawn,
        )
        listings += registry_units(frames, families, cards, registry, code_digest())
        listings += source_units(self.root, [(peek.label, peek.pack_id) for peek in self.peeks])
        wanted = [(unit.name, unit.key) for unit in releases]
        wanted += [(unit.name, unit.key) for unit in listings]
        stale = set(publication.begin(wanted, self.survey()))
        refused = self._build_releases(publication, tuple(item for item in releases if item.name in stale), len(stale))
        if refused:  # the whole verdict, as a check gives it, and not what happened to be built anew
            checked = check_instance(instance, jobs=self.jobs)
            return BuildReport(packs=len(self.refs), verdicts=checked.verdicts, findings=checked.findings)
        there = [unit.ref.label for unit in releases]
        findings = between_packs(instance, registry, [facts_from(card) for card in cards(there)])
        report = BuildReport(packs=len(self.refs), verdicts=tuple(self._verdicts), findings=findings)
        if any(finding.severity == "error" for finding in report.all_findings):
            return report
        self._build_listings(publication, [unit for unit in listings if unit.name in stale])
        outcome = publication.commit()
        self.index.keep_published(self._observed[1], wanted)
        self.progress(len(stale), len(stale))
        return BuildReport(packs=report.packs, verdicts=report.verdicts, findings=findings, outcome=outcome)

    def _registry(self, instance: Instance) -> Registry:
        kept = read_kept(self.index.kept_registry(), code_digest())
        opened = open_registry(instance.registry, kept)
        if opened.stored.log or not opened.stored.known:
            self.index.keep_registry(opened.kept(code_digest()))
        return opened.registry()

    def _frames(self) -> FrameSet:
        # The frame's time is fixed: no part of it may depend on when a release was added.
        key = frame_key(self.root)
        frames = load_frame(frame_dir(self.root), key)
        if frames is None:
            frames = build_frame(self.root, frame_dir(self.root), source_date_epoch=0)
        FRAMES[frames.key] = frames
        return frames

    def _release_units(
        self, frames: FrameSet, registry: Registry, places: Mapping[str, Place], staging: Path
    ) -> tuple[ReleaseUnit, ...]:
        refs = {ref.bundle_id: ref for ref in self.refs}
        contents = {peek.bundle_id: peek.content for peek in self.peeks}
        judged_by = [item for item in rule_files(self.root) if not item[0].startswith(_NOT_JUDGING)]
        base = digest(code_digest(), judged_by, frames.digest, frames.site_name, frames.site_url)
        registered = {state.pack_id: state.registered_at for state in registry.bundles.values()}
        pack_ids = {peek.bundle_id: peek.pack_id for peek in self.peeks}
        attested = dict(attested_files(self.root))
        beside: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path, sha256 in attested.items():
            folder, _, name = path.rpartition("/")
            if name in {RECEIPT, PUBLICATION_FILE} or is_signoff(name):
                beside[folder].append((name, sha256))
        policy = hashlib.sha256(dict(judged_by).get("packs/policy.yaml", b"")).hexdigest()
        units = []
        for peek in sorted(self.peeks, key=lambda peek: (peek.family, order_of(peek))):
            place = places[peek.bundle_id]
            before = place.predecessor
            signed = tuple(beside.get(attestations(Path(), peek.pack_id).as_posix(), ()))
            record = comparison_path(Path(), pack_ids[before], peek.pack_id).as_posix() if before else ""
            units.append(
                ReleaseUnit(
                    name=f"release/{peek.bundle_id}",
                    key=digest(
                        base,
                        peek.content,
                        contents.get(before),
                        place,
                        registered.get(peek.pack_id),
                        attested.get(record),
                        signed,
                    ),
                    root=self.root,
                    ref=refs[peek.bundle_id],
                    content=peek.content,
                    predecessor=refs[before] if before else None,
                    predecessor_content=contents.get(before, ""),
                    place=place,
                    staging=staging,
                    frame_key=frames.key,
                    recorded=attested.get(record, ""),
                    attested=signed,
                    policy_sha256=policy,
                )
            )
        return tuple(units)

    def _families(self, places: Mapping[str, Place]) -> tuple[Family, ...]:
        by_name: dict[str, list[Peek]] = defaultdict(list)
        for peek in self.peeks:
            by_name[peek.family].append(peek)
        return tuple(
            Family(
                name=name,
                entries=tuple(
                    Entry(
                        label=peek.label,
                        content=peek.content,
                        released_at=peek.released_at,
                        place=places[peek.bundle_id],
                    )
                    for peek in sorted(peeks, key=order_of)
                ),
            )
            for name, peeks in sorted(by_name.items())
        )

    def _build_releases(self, publication: Publication, units: tuple[ReleaseUnit, ...], total: int) -> set[str]:
        """Build releases; returns the names of those that were refused."""
        refused: set[str] = set()
        work = list(chunks(units, _CHUNK if len(units) >= 2 * _CHUNK * self.jobs else 1))
        done = 0
        with executor(self.jobs, len(work)) as pool:
            for batch in run_units(pool, build_releases, work, window=2 * self.jobs):
                for built in batch:
                    self._verdicts.append(built.verdict)
                    if built.records:
                        publication.accept(built.unit.name, built.unit.key, built.records)
                    else:
                        refused.add(built.unit.name)
                done += len(batch)
                self.progress(done, total)
        return refused

    def _build_listings(self, publication: Publication, units: Sequence[ListingUnit]) -> None:
        for unit in units:
            publication.accept(unit.name, unit.key, write_unit(publication.staging, unit.files()))
