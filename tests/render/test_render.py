"""Documents: golden texts, the same bytes everywhere, explanations of what is stale, and versions of templates."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack_builder import ASSURANCE, EVAL, REMOVE, PackBuilder
from proofpress.errors import BuildError, UsageError
from proofpress.evidence.policy import AcceptedOlder, Policy
from proofpress.evidence.release import TemplateSetRef
from proofpress.evidence.values import Number
from proofpress.ingest import DirectorySource, load_pack
from proofpress.pack.assurance import write_risks
from proofpress.render import TemplateSets, render_documents, sets
from proofpress.resources import packaged
from proofpress.verify import RULE_BOOK, verify
from proofpress.verify.rules import documents as document_rules

FROZEN = sorted((Path(__file__).parents[1] / "frozen").glob("set-*/*/*"))
CARD, REPORT, DRAFT = "model/model_card.md", "model/eval_report.md", "paper/paper_draft.md"
NEWEST, NEXT = "2", "3"
LATER = "2027-06-01T00:00:00Z"
Golden = Callable[[str, str], None]


def rendered(pack: PackBuilder, template_sets: TemplateSets | None = None) -> dict[str, str]:
    evidence = pack.load().evidence
    assert evidence is not None
    chosen = (template_sets or TemplateSets()).newest()
    return {document.name: document.text for document in render_documents(evidence, chosen)}


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("folder", FROZEN, ids=lambda folder: folder.parents[1].name)
def test_frozen_pack_stays_fresh(folder: Path) -> None:
    label = f"{folder.parent.name}/{folder.name}"
    verdict = verify(load_pack(DirectorySource(folder, label=label)), registered_at=sets.RELEASED["1"])
    assert verdict.errors == ()
    assert verdict.verified is not None
    if verdict.verified.evidence.manifest.rule_book == RULE_BOOK:
        assert verdict.findings == (), "only an older pack may be warned, by rules that are newer than it"
    for document in verdict.verified.documents:
        assert document.text.encode() == (folder / document.path).read_bytes()


def test_every_template_set_and_rule_book_has_a_frozen_pack() -> None:
    manifests = [load_pack(DirectorySource(folder)).evidence for folder in FROZEN]
    assert {item.manifest.template_set.name for item in manifests if item} >= set(sets.SHIPPED)
    assert {item.manifest.rule_book for item in manifests if item} >= set(range(1, RULE_BOOK + 1))


def rich(pack: PackBuilder) -> PackBuilder:
    """Every optional part of every document is there."""
    preflight = "training/training_preflight_report.json"
    schema = {"path": "training/config.schema.json", "sha256": "e" * 64, "size": 90, "closed": True}
    pack.with_resumption().corrupt(preflight, "/configuration/validated_by", schema)
    release, demo, data = "release.json", "demo/terminal_demo_manifest.json", "dataset/dataset_package.json"
    pack.with_everything()
    sections = {name: [f"Something was {name}."] for name in ("added", "changed", "removed", "fixed", "security")}
    pack.corrupt(release, "/changelog", sections)
    pack.corrupt(release, "/deprecations", [{"name": "old_name", "since": "0.1.0", "replacement": "Use new_name."}])
    pack.corrupt(release, "/support", {"until": "2027-01-01", "note": "Fixes of errors only."})
    pack.corrupt(release, "/predecessor", {"release_id": "digits-v0.0.9-tiny-r1", "pack_id": "sha256:" + "0" * 64})
    pack.corrupt(release, "/fixture", True)
    pack.corrupt("model/model_package.json", "/architecture/trainable_parameters", 12)
    pack.corrupt("model/model_package.json", "/parameters", {"a": {"b": [1, Number("2.50")]}, "c": None, "d": {}})
    pack.corrupt(EVAL, "/rows/0/notes", "Counts are *small* & [few].")
    absent = {"code": "INFEASIBLE", "reason": "one class only"}
    row = {"name": "auc", "split": "test", "value": None, "absent": absent, "unit": "area"}
    pack.corrupt(EVAL, "/rows/-", row | {"higher_is_better": None, "n": 4})
    pack.corrupt("model/efficiency_report.json", "/rows/0/notes", "Median of calls.")
    pack.corrupt(data, "/features/0/unit", "1")
    pack.corrupt(demo, "/stderr", "warning: ```\n\n\n\nlast | line\n")
    pack.corrupt(demo, "/environment_note", "In a clean folder.")
    return pack.corrupt(demo, "/outputs", pack.value(demo, "/inputs"))


def poor(pack: PackBuilder) -> PackBuilder:
    """Every optional part of every document is absent."""
    reports = ("training/training_preflight_report.json", "training/training_run_manifest.json")
    reports += ("demo/runtime_preflight_report.json", "demo/batch_receipt_report.json")
    documents = ("demo/terminal_demo_manifest.json", "model/efficiency_report.json", "model/manifest.json")
    for path in (*reports, *documents):
        pack.remove(path)
    for index in (2, 1):
        pack.corrupt(EVAL, f"/rows/{index}", REMOVE)
    for name in ("baseline", "baseline_value", "delta_vs_baseline", "target", "ci_low", "ci_high"):
        pack.corrupt(EVAL, f"/rows/0/{name}", REMOVE)
    pack.corrupt(EVAL, "/parameters", {}).corrupt("release.json", "/changelog", {})
    pack.corrupt("model/model_package.json", "/usage", []).corrupt("dataset/split_integrity.json", "/overlaps", [])
    pack.corrupt("dataset/dataset_package.json", "/preprocessing", [])
    pack.corrupt("training/training_run.json", "/log", [])
    return pack.corrupt("training/training_run.json", "/notes", [])


@pytest.mark.parametrize(("shape", "count"), [(rich, 7), (poor, 5)], ids=["rich", "poor"])
def test_golden_documents(
    shape: Callable[[PackBuilder], PackBuilder], count: int, pack: PackBuilder, golden: Golden
) -> None:
    documents = rendered(shape(pack))
    assert len(documents) == count
    for name, text in documents.items():
        golden(f"{shape.__name__}-{name}.md", text)


def test_golden_assurance_card_of_risks_alone(pack: PackBuilder, golden: Golden) -> None:
    write_risks(pack.folder, [{**ASSURANCE["risks"][1], "id": "alone"}])
    golden("lean-assurance_card.md", rendered(pack)["assurance_card"])


def test_same_bytes_under_any_time_zone_locale_and_hash_seed(pack: PackBuilder) -> None:
    rich(pack)
    program = (
        "import hashlib, sys\n"
        "from pathlib import Path\n"
        "from proofpress.ingest import DirectorySource, load_pack\n"
        "from proofpress.render import TemplateSets, render_documents\n"
        "evidence = load_pack(DirectorySource(Path(sys.argv[1]))).evidence\n"
        "for item in render_documents(evidence, TemplateSets().newest()):\n"
        "    print(item.name, hashlib.sha256(item.text.encode()).hexdigest())\n"
    )
    wanted = "".join(f"{name} {hashlib.sha256(text.encode()).hexdigest()}\n" for name, text in rendered(pack).items())
    package = str(Path(__file__).resolve().parents[2] / "generator")
    for zone, locale, seed in (("Asia/Kathmandu", "C", "1"), ("America/Caracas", "tr_TR.UTF-8", "77")):
        env = {"PATH": os.defpath, "PYTHONPATH": package, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", program, str(pack.folder)], env=env, capture_output=True, text=True, check=True
        )
        assert done.stdout == wanted


# ── staleness ────────────────────────────────────────────────────────────────────────────────────────


def test_stale_document_names_sections_and_fields(pack: PackBuilder) -> None:
    pack.corrupt(EVAL, "/negative_findings", ["The numbers t22 and t23 are hard."]).reseal(documents=False)
    findings = pack.verify().findings
    assert [(finding.rule, finding.file) for finding in findings] == [
        ("FRS001", path) for path in (REPORT, CARD, DRAFT)
    ]
    for finding in findings:
        assert finding.message == "the document is stale in 'Negative findings'"
        assert finding.expected.endswith(f"come from {EVAL}#/negative_findings/0")
        assert "-- The number t23 is told wrongly." in finding.detail
        assert "+- The numbers t22 and t23 are hard." in finding.detail
        assert "proofpress render" in finding.hint


def test_stale_cells_are_led_back_to_their_rows(pack: PackBuilder) -> None:
    pack.replace(REPORT, "| even | accuracy | 1.000000", "| even | accuracy | 0.900000").reseal(documents=False)
    (finding,) = pack.verify().findings
    assert finding.message == "the document is stale in 'parity on test'"
    assert f"{EVAL}#/rows/1/value" in finding.expected


def test_missing_document_is_stale(pack: PackBuilder) -> None:
    pack.remove(CARD).reseal(documents=False)
    (finding,) = pack.verify().findings
    assert (finding.rule, finding.file, finding.found) == ("FRS001", CARD, "no such file")


@pytest.mark.parametrize(
    "data", [b"", b"# Other\n", b"\n" * 500_000, b"[" * 500_000, b"> " * 200_000, b"| a |\n" * 50_000]
)
def test_any_text_can_be_explained(data: bytes, pack: PackBuilder) -> None:
    pack.write(CARD, data).reseal(documents=False)
    (finding,) = pack.verify().findings
    assert finding.rule == "FRS001"
    assert finding.detail
    assert len(finding.detail.split("\n")) <= 62


def test_long_document_is_compared_from_its_first_difference(pack: PackBuilder) -> None:
    log = [{"step": step, "name": "loss", "value": Number("0.5")} for step in range(3_000)]
    pack.corrupt("training/training_run.json", "/log", log).reseal()
    path = "training/training_run_card.md"
    pack.replace(path, "| 2500 | loss | 0.5 |", "| 2500 | loss | 0.4 |").reseal(documents=False)
    (finding,) = pack.verify().findings
    assert finding.message == "the document is stale in 'Log'"
    assert "#/log/2500/value" in finding.expected
    assert "-| 2500 | loss | 0.4 |" in finding.detail


# ── sets of an instance ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with a template that overrides one of the newest set."""
    folder = tmp_path / "house"
    folder.mkdir()
    text = (packaged("templates") / "documents" / NEWEST / "model_card.md.j2").read_text("utf-8")
    (folder / "model_card.md.j2").write_text(text + "\nReviewed by the house.\n", encoding="utf-8")
    return folder


def with_house(pack: PackBuilder, house: Path) -> TemplateSets:
    known = TemplateSets({"house": (NEWEST, house)}, default="house")
    ref = known.newest().ref
    pack.corrupt("manifest.json", "/template_set", {"name": "house", "base": NEWEST, "sha256": ref.sha256})
    pack.reseal(sets=known)
    return known


def test_own_set_overrides_single_templates(pack: PackBuilder, house: Path) -> None:
    before = (pack / REPORT).read_bytes()
    known = with_house(pack, house)
    assert pack.verify(sets=known).findings == ()
    assert (pack / CARD).read_text("utf-8").endswith("\nReviewed by the house.\n")
    assert (pack / REPORT).read_bytes() == before


@pytest.mark.parametrize("change", ["altered", "gone", "other base"])
def test_own_set_that_changed_is_unknown(change: str, pack: PackBuilder, house: Path) -> None:
    with_house(pack, house)
    if change == "altered":
        (house / "model_card.md.j2").write_text("# Other\n", encoding="utf-8")
    elif change == "gone":
        shutil.rmtree(house)
    else:
        pack.corrupt("manifest.json", "/template_set/base", "7").reseal_sums()
    verdict = pack.verify(sets=TemplateSets({"house": (NEWEST, house)}))
    (finding,) = verdict.findings
    assert (finding.rule, finding.pointer) == ("FRS002", "/template_set")
    assert verdict.verified is None


def test_own_set_must_override_something(tmp_path: Path, house: Path) -> None:
    (house / "model_cart.md.j2").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=r"model_cart\.md\.j2 overrides nothing"):
        TemplateSets({"house": (NEWEST, house)}).named("house")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no template"):
        TemplateSets({"empty": (NEWEST, tmp_path / "empty")}).named("empty")
    with pytest.raises(UsageError, match="no template set 'other'"):
        TemplateSets().named("other")


@pytest.mark.parametrize("text", ["{{ nothing.here }}", "{% if %}", "{{ release }}", "{{ evaluation.metrics }}"])
def test_broken_template_is_named(text: str, pack: PackBuilder, house: Path) -> None:
    (house / "model_card.md.j2").write_text(text, encoding="utf-8")
    with pytest.raises(BuildError, match=r"model_card\.md\.j2"):
        rendered(pack, TemplateSets({"house": (NEWEST, house)}, default="house"))


# ── newer sets ───────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TemplateSets:
    """A Proofpress that ships one more set and renders new packs with it."""
    shipped = tmp_path / "templates"
    shutil.copytree(packaged("templates") / "documents", shipped / "documents")
    (shipped / "documents" / NEXT).mkdir()
    card = (shipped / "documents" / NEWEST / "model_card.md.j2").read_text("utf-8")
    (shipped / "documents" / NEXT / "model_card.md.j2").write_text(
        card.replace("# Model card", "# Improved card"), "utf-8"
    )
    monkeypatch.setitem(sets.SHIPPED, NEXT, sets.SHIPPED[NEWEST])
    monkeypatch.setitem(sets.RELEASED, NEXT, LATER)
    monkeypatch.setitem(sets._BEFORE, NEXT, NEWEST)
    monkeypatch.setattr(sets, "packaged", lambda _name: shipped)
    return TemplateSets(default=NEXT)


def test_registered_pack_stays_fresh_when_templates_improve(newer: TemplateSets) -> None:
    folder = FROZEN[-1]
    loaded = load_pack(DirectorySource(folder, label=f"{folder.parent.name}/{folder.name}"))
    verdict = verify(loaded, sets=newer, registered_at="2027-05-31T23:59:59Z")
    assert verdict.findings == ()
    assert verdict.verified is not None
    assert newer.newest().ref == TemplateSetRef(name=NEXT)


@pytest.mark.parametrize("registered_at", [None, LATER, "2027-06-02T00:00:00Z"])
def test_new_pack_with_the_old_set_is_refused(
    registered_at: str | None, newer: TemplateSets, pack: PackBuilder
) -> None:
    verdict = pack.verify(sets=newer, registered_at=registered_at)
    (finding,) = verdict.findings
    assert (finding.rule, finding.pointer, finding.found, finding.expected) == ("FRS003", "/template_set", NEWEST, NEXT)
    assert verdict.verified is None


def test_policy_may_accept_an_old_set(newer: TemplateSets, pack: PackBuilder) -> None:
    accepted = (AcceptedOlder(pack_id=pack.pack_id, reason="Made before set 2 came out."),)
    assert pack.verify(sets=newer, policy=Policy(schema_version="1.0.0", accepted_older=accepted)).findings == ()
    pack.corrupt("release.json", "/keywords", ["other"]).reseal(sets=newer)
    verdict = pack.verify(sets=newer, policy=Policy(schema_version="1.0.0", accepted_older=accepted))
    assert [finding.rule for finding in verdict.findings] == ["FRS003"]


def test_new_pack_with_the_new_set_is_fresh(newer: TemplateSets, pack: PackBuilder) -> None:
    pack.corrupt("manifest.json", "/template_set/name", NEXT).reseal(sets=newer)
    assert (pack / CARD).read_text("utf-8").startswith("# Improved card")
    assert pack.verify(sets=newer).findings == ()
    known_by_old: Any = pack.verify(sets=TemplateSets({}, default=NEWEST)).findings
    assert known_by_old == ()


def test_own_set_over_an_old_base_is_a_downgrade(newer: TemplateSets, pack: PackBuilder, house: Path) -> None:
    with_house(pack, house)
    known = TemplateSets({"house": (NEWEST, house)}, default=NEXT)
    assert [finding.rule for finding in pack.verify(sets=known).findings] == ["FRS003"]


def test_older_rule_book_needs_leave(pack: PackBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_rules, "RULE_BOOK", RULE_BOOK + 1)
    monkeypatch.setattr(document_rules, "RULE_BOOK_RELEASED", {RULE_BOOK: "2026-11-25T00:00:00Z", RULE_BOOK + 1: LATER})
    (finding,) = pack.verify().findings
    assert (finding.rule, finding.pointer) == ("FRS003", "/rule_book")
    assert pack.verify(registered_at="2027-01-01T00:00:00Z").findings == ()
