"""A release's pages: a pure function of its verified pack, its predecessor's, and its place among the others."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from proofpress.diff import Comparison, diff
from proofpress.diff import json_report as diff_json
from proofpress.evidence.attestation import GateReceipt, PairedComparison
from proofpress.evidence.evaluation import MetricRow
from proofpress.evidence.jsontext import published_json
from proofpress.evidence.pack import CHECKSUMS, MANIFEST
from proofpress.evidence.release import CHANGELOG_SECTIONS
from proofpress.ingest.sources import open_artifact
from proofpress.render.document import RenderedDocument
from proofpress.site import changes, cite_page, figures
from proofpress.site.addresses import place_of
from proofpress.site.badge import release_badge
from proofpress.site.card import card_of, card_path, release_json
from proofpress.site.citing import Citing, pack_swhid
from proofpress.site.decisions import RECEIPT_PLACE, decisions
from proofpress.site.frame import FrameSet
from proofpress.site.layout import PageText, body, cell, column, page, row, safe
from proofpress.site.markdown_page import Heading, slug
from proofpress.site.nav_html import NavItem
from proofpress.site.publish import OutputFile
from proofpress.site.registry_facts import event_place
from proofpress.site.signoff_page import SIGNOFF_PAGE, ReleaseSignoff
from proofpress.site.standing import TONES, WORDS, Place
from proofpress.site.strip import strip
from proofpress.verify import VerifiedPack


@dataclass(frozen=True, kw_only=True)
class ReleasePages:
    """Everything that a release's pages are made from."""

    pack: VerifiedPack
    predecessor: VerifiedPack | None
    place: Place
    rules_passed: int
    frames: FrameSet
    signoff: ReleaseSignoff
    recorded: PairedComparison | None = None
    receipt: GateReceipt | None = None

    @property
    def bundle_id(self) -> str:
        """Name of the release's folder under /releases/."""
        return self.pack.evidence.bundle_id

    @property
    def path(self) -> str:
        """The release's folder, from the site's root."""
        return f"releases/{self.bundle_id}/"

    def files(self) -> Iterator[OutputFile]:
        """All files of the release: pages, evidence, charts' data, citations, JSON."""
        comparison = diff(self.predecessor, self.pack, recorded=self.recorded) if self.predecessor else None
        citing = Citing(
            pack=self.pack,
            place=self.place,
            base_url=self.frames.site_url,
            publisher=self.frames.site_name,
            swhid=pack_swhid(self.pack.raw.files.values()),
        )
        charts = figures.release_charts(self.pack.evidence)
        yield self._overview(comparison, citing, charts)
        for document in self.pack.documents:
            yield self._document(document, citing, charts)
        moved = figures.change_charts(comparison)
        yield self._changes(comparison, citing, moved)
        yield self._evidence(citing)
        if self.signoff.told:
            yield self._signoff(citing)
            yield from self.signoff.files(self.path)
        yield from self._citations(citing)
        for chart in (*charts, *moved):
            yield OutputFile(path=f"{self.path}charts/{chart.name}.vl.json", data=published_json(chart.chart.spec))
        for file in self.pack.raw.files.values():
            target = f"{self.path}files/{file.path}"
            if file.data is not None:
                yield OutputFile(path=target, data=file.data)
            else:
                opener = partial(open_artifact, Path(self.pack.raw.origin), file.path)
                yield OutputFile(path=target, copy_from=opener, sha256=file.sha256)
        yield OutputFile(path=f"api/v1/releases/{self.bundle_id}.json", data=self._json())
        card = card_of(self.pack.raw.label, self.pack.evidence)
        yield from release_badge(self.path, self.bundle_id, self.place)
        yield OutputFile(path=card_path(self.bundle_id), data=published_json(card))
        if comparison is not None:
            yield OutputFile(path=f"api/v1/changes/{self.bundle_id}.json", data=diff_json(comparison).encode())

    def _json(self) -> bytes:
        pages = {item.path: self.path + place_of(item) for item in self.pack.documents}
        url, decided = self.frames.site_url + self.path, self.signoff.json(self.path)
        return published_json(release_json(self.pack, self.place, url=url, pages=pages, decided=decided))

    # Pages

    def _text(self, below: str, title: str, lead: str = "", *, description: str = "") -> PageText:
        evidence = self.pack.evidence
        family = evidence.release.family
        path = self.path + below
        trail = [("Families", "families/"), (family, f"families/{family}/")]
        if below:
            trail.append((self.bundle_id, self.path))
        return PageText(
            path=path,
            title=title,
            description=description or lead,
            lead=lead,
            trail=tuple(trail),
            here="" if below else self.bundle_id,
            owner=self.bundle_id,
            banners=self.place.banners("../" * (below.count("/") + 1), rehearsal=evidence.is_rehearsal),
        )

    def _page(self, text: PageText, html: str, headings: Sequence[Heading], citing: Citing) -> OutputFile:
        active = text.path.removeprefix(self.path)
        items = [
            NavItem(title=title, href=self._href(active, below), active=below == active)
            for title, below in self._contents()
        ]
        head = citing.head(active, text.title)
        return page(self.frames, text, html, headings=headings, nav=items, nav_title=self.bundle_id, head=head)

    @staticmethod
    def _href(active: str, below: str) -> str:
        return ("../" * active.count("/") + below) or "./"

    def _contents(self) -> list[tuple[str, str]]:
        documents = [(document.title, place_of(document)) for document in self.pack.documents]
        return [
            ("Overview", ""),
            *documents,
            ("Changes", "changes/"),
            *((("Sign-off", SIGNOFF_PAGE),) if self.signoff.told else ()),
            ("Evidence files", "evidence/"),
            ("Cite", "cite/"),
        ]

    def _overview(
        self, comparison: Comparison | None, citing: Citing, charts: Sequence[figures.NamedChart]
    ) -> OutputFile:
        evidence = self.pack.evidence
        release = evidence.release
        text = self._text("", release.title, release.summary)
        shown = [chart for chart in charts if chart.overview]
        negative = evidence.evaluation.negative_findings if evidence.evaluation else ()
        html = body(
            "overview.html.j2",
            text,
            verdict=strip(self.pack, self.place, self.rules_passed, self.signoff),
            tiles=[changes.tile(item, comparison, self.place) for item in self._headline()],
            charts=[chart.view("charts/") for chart in shown],
            facts=self._facts(),
            intended_use=release.intended_use,
            out_of_scope=release.out_of_scope,
            negative_findings=negative,
            changelog=[
                {"section": name.capitalize(), "entries": getattr(release.changelog, name)}
                for name in CHANGELOG_SECTIONS
                if getattr(release.changelog, name)
            ],
            documents=[
                {"title": title, "href": below, "note": _NOTES.get(below, "rendered from the pack's JSON")}
                for title, below in self._contents()[1:]
            ],
            history_columns=[
                column(title, whole=title != "Reason") for title in ("When", "Event", "By", "Status", "Reason")
            ],
            history=[
                row(
                    cell(step.at.replace("T", " ").replace("Z", " UTC")),
                    cell(step.kind.replace("_", " "), href=f"{text.root}{event_place(step.seq)}"),
                    cell(step.by),
                    cell(WORDS[step.after], badge=TONES[step.after]),
                    cell(step.reason or ""),
                    id_=f"event-{step.seq}",
                )
                for step in (self.place.standing.history if self.place.standing else ())
            ],
            family=release.family,
            previous=self._link(self.place.predecessor),
            next=self._link(self.place.successors[0] if self.place.successors else ""),
            cite=cite_page.box(citing, ""),
        )
        headings = _headings(
            ("results", "Results at a glance"),
            ("intended-use", "Intended use"),
            ("out-of-scope", "Out of scope"),
            *((("negative-findings", "Negative findings"),) if negative else ()),
            ("what-changed", "What changed"),
            ("identity", "Identity"),
            ("documents", "Documents"),
            ("history", "History"),
            *cite_page.heading(citing, ""),
        )
        return self._page(text, html, headings, citing)

    def _link(self, bundle_id: str) -> dict[str, str] | None:
        return {"href": f"../{bundle_id}/", "title": bundle_id} if bundle_id else None

    def _headline(self) -> list[MetricRow]:
        evaluation = self.pack.evidence.evaluation
        wanted = {(item.name, item.split): index for index, item in enumerate(self.pack.evidence.release.headline)}
        rows = [
            item
            for item in (evaluation.rows if evaluation else ())
            if item.slice is None and (item.name, item.split) in wanted
        ]
        return sorted(rows, key=lambda item: wanted[item.name, item.split])

    def _facts(self) -> list[dict[str, Any]]:
        evidence = self.pack.evidence
        release, model, run, data = evidence.release, evidence.model, evidence.training, evidence.dataset
        predecessor = self.place.predecessor
        facts: list[dict[str, Any]] = [
            {"name": "Release", "text": release.release_id},
            {"name": "Bundle", "text": str(release.bundle)},
            {"name": "Version", "text": release.version},
            {"name": "Released", "text": release.released_at.replace("T", " ").replace("Z", " UTC")},
            {"name": "Family", "text": release.family, "href": f"../../families/{release.family}/"},
            {"name": "Licence", "text": release.licence},
            {"name": "Authors", "text": ", ".join(author.name for author in release.authors)},
            {"name": "Predecessor", "text": predecessor or "none", "href": f"../{predecessor}/" if predecessor else ""},
        ]
        if self.place.successors:
            facts.append(
                {"name": "Followed by", "text": self.place.successors[0], "href": f"../{self.place.successors[0]}/"}
            )
        if release.support:
            facts.append(
                {"name": "Supported until", "text": f"{release.support.until}. {release.support.note}", "wide": True}
            )
        if release.deprecations:
            going = (f"{item.name} since {item.since}: {item.replacement}" for item in release.deprecations)
            facts.append({"name": "Names that will go", "text": "; ".join(going), "wide": True})
        if run:
            facts += [
                {"name": "Training run", "text": run.run_id},
                {"name": "Commit", "text": run.commit, "code": True, "wide": True},
            ]
        if data:
            facts.append({"name": "Dataset snapshot", "text": data.dataset_snapshot_id, "code": True, "wide": True})
        if model:
            facts.append({"name": "Model id", "text": model.model_id, "code": True, "wide": True})
        facts.append({"name": "Pack id", "text": evidence.pack_id, "code": True, "wide": True})
        return [{"href": "", "code": False, "wide": False, **fact} for fact in facts]

    def _document(self, document: RenderedDocument, citing: Citing, charts: Sequence[figures.NamedChart]) -> OutputFile:
        below = place_of(document)
        rendered = citing.bodies[below]
        shown = [chart for chart in charts if document.name in chart.documents]
        text = self._text(below, rendered.title or document.title, description=f"{document.title} of {self.bundle_id}")
        html = body(
            "document.html.j2",
            text,
            body=safe(figures.illustrate(rendered.html, shown, "../charts/")),
            source={"href": f"../files/{document.path}", "name": f"{document.path.rpartition('/')[2]}"},
            sources=[
                {"title": entry.path, "href": f"../files/{entry.path}"}
                for entry in self.pack.evidence.manifest.files
                if entry.path in _SOURCES.get(document.name, ())
            ],
            cite=cite_page.box(citing, below),
        )
        return self._page(text, html, [*rendered.headings, *_headings(*cite_page.heading(citing, below))], citing)

    def _changes(
        self, comparison: Comparison | None, citing: Citing, charts: Sequence[figures.NamedChart]
    ) -> OutputFile:
        before = comparison.old.bundle_id if comparison else ""
        lead = f"Everything that differs from {before}, worst first." if before else ""
        text = self._text("changes/", f"Changes: {self.bundle_id}", lead, description=f"Changes of {self.bundle_id}")
        json = f"{text.root}api/v1/changes/{self.bundle_id}.json"
        view = changes.view(comparison, json, charts) if comparison else None
        gate = decisions(self.receipt, href=f"../{RECEIPT_PLACE}") if self.receipt else None
        html = body("changes.html.j2", text, comparison=view, gate=gate)
        listed = ([gate] if gate else []) + ([*view["sections"], *view["parts"]] if view else [])
        return self._page(text, html, _headings(*((part["id"], part["title"]) for part in listed)), citing)

    def _evidence(self, citing: Citing) -> OutputFile:
        evidence = self.pack.evidence
        raw = self.pack.raw.files
        text = self._text(
            "evidence/",
            f"Evidence files: {self.bundle_id}",
            "Every file of the release, with its role and digest, as it was verified.",
        )
        listed = [
            *((name, role, raw[name].size, raw[name].sha256) for name, role in _SEALS),
            *((entry.path, entry.role, entry.size, entry.sha256) for entry in evidence.manifest.files),
        ]
        folders: dict[str, list[dict[str, Any]]] = {}
        for path, role, size, sha256 in listed:
            top = path.partition("/")[0] if "/" in path else ""
            file = {"name": path, "role": role, "size": _thousands(size), "sha256": sha256, "href": f"../files/{path}"}
            folders.setdefault(top, []).append(file)
        groups: list[dict[str, Any]] = [
            {
                "id": f"files-{slug(top)}" if top else "files-top",
                "title": f"{top}/" if top else "Top of the pack",
                "files": files,
            }
            for top, files in sorted(folders.items())
        ]
        html = body(
            "evidence.html.j2",
            text,
            pack_id=evidence.pack_id,
            bundle_id=self.bundle_id,
            verification=(
                f"{self.rules_passed} rules of rule book {evidence.manifest.rule_book} passed under the profile "
                f"'{evidence.manifest.profile}'; documents equal a fresh render by template set "
                f"'{evidence.manifest.template_set.name}'."
            ),
            publication=self.signoff.publication(),
            remarks=[f"{item.rule} {item.file}{item.pointer}: {item.message}" for item in self.pack.remarks],
            folders=groups,
            external=[
                {"name": item.name, "role": item.role, "size": _thousands(item.size), "sha256": item.sha256, "href": ""}
                for item in evidence.manifest.external_artifacts
            ],
        )
        headings = _headings(("contract", "The contract"), ("verification", "Verification"), ("files", "Files"))
        headings += [Heading(level=3, id=group["id"], title=group["title"]) for group in groups]
        if evidence.manifest.external_artifacts:
            headings += _headings(("external", "External artifacts"))
        return self._page(text, html, headings, citing)

    def _signoff(self, citing: Citing) -> OutputFile:
        title = f"Sign-off: {self.bundle_id}"
        text = self._text(SIGNOFF_PAGE, title, "Who answers for the release, and what they were shown.")
        return self._page(text, body("signoff.html.j2", text, **self.signoff.view()), self.signoff.headings(), citing)

    def _citations(self, citing: Citing) -> Iterator[OutputFile]:
        formats = list(citing.files())
        for item in formats:
            yield OutputFile(path=f"{self.path}{item.file}", data=item.text.encode())
        text = self._text(
            "cite/", f"Cite {self.bundle_id}", "The address and identifiers below never change and never die."
        )
        html = body("cite.html.j2", text, **cite_page.view(citing, formats))
        yield self._page(text, html, _headings(*cite_page.contents(citing, formats)), citing)


_SEALS = ((MANIFEST, "pack manifest"), (CHECKSUMS, "checksums for coreutils"))
_NOTES: Mapping[str, str] = {
    "assurance/": "what can go wrong, what is done about it, and who watches",
    "charter/": "the values that the release needs, their signed records, and what is blocked",
    SIGNOFF_PAGE: "who answers for the release, and what they were shown",
    "changes/": "what differs from the predecessor, worst first",
    "evidence/": "every file with role, digest and download",
    "cite/": "citation formats and permanent identifiers",
}
_SOURCES: Mapping[str, tuple[str, ...]] = {
    "model_card": ("model/model_package.json", "model/manifest.json", "release.json"),
    "eval_report": ("model/eval_metrics.json",),
    "data_card": ("dataset/dataset_package.json", "dataset/split_integrity.json"),
    "training_run_card": ("training/training_run.json", "training/params.yaml"),
    "transcript": ("demo/terminal_demo_manifest.json",),
    "assurance_card": (
        "assurance/risks.json",
        "assurance/failure_modes.json",
        "assurance/monitoring_plan.json",
        "assurance/guardrails.json",
        "assurance/traceability.json",
    ),
    "charter": ("derivations/charter.yaml",),
}


def _headings(*items: tuple[str, str]) -> list[Heading]:
    return [Heading(level=2, id=id_, title=title) for id_, title in items]


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
