"""Agreement between the packs of an instance: identities, predecessors, folders, policy, registry."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack_builder import EVAL, RELEASE, PackBuilder
from proofpress.discovery import find_packs
from proofpress.errors import UsageError
from proofpress.evidence.finding import Finding
from proofpress.evidence.values import Number
from proofpress.instance import open_instance
from proofpress.pipeline import Rules, check_instance, read_registry, select, verified
from registering import register

SECOND = "digits-v0.2.0-tiny-r1"
RUN, SPLITS = "training/training_run.json", "dataset/split_integrity.json"


def check(root: Path) -> tuple[Finding, ...]:
    return check_instance(open_instance(root), jobs=1).all_findings


@pytest.fixture
def two(tmp_path: Path) -> tuple[PackBuilder, PackBuilder]:
    """An instance with a release and its successor."""
    first = PackBuilder(tmp_path / "packs")
    return first, PackBuilder(tmp_path / "packs", release_id="digits-v0.3.0-tiny-r1").with_release(
        SECOND, predecessor=first
    )


Two = tuple[PackBuilder, PackBuilder]


def single(findings: tuple[Finding, ...]) -> Finding:
    (finding,) = findings
    for name in ("rule", "file", "message", "expected", "found", "hint"):
        assert getattr(finding, name).strip(), f"{finding.rule} has an empty {name}"
    return finding


def test_agreeing_packs_have_no_finding(two: Two, tmp_path: Path) -> None:
    report = check_instance(open_instance(tmp_path), jobs=1)
    assert report.all_findings == ()
    assert [verdict.label for verdict in report.verdicts] == [f"digits/{pack.release_id}" for pack in two]


def _moved_class(pack: PackBuilder) -> PackBuilder:
    """A record of the training split is told to be odd."""
    return pack.corrupt(SPLITS, "/class_balance/0/n", 3).corrupt(SPLITS, "/class_balance/1/n", 1)


@pytest.mark.parametrize("change", [("/seed", 8), ("/fixture", True)])
def test_one_training_run_with_two_stories(change: tuple[str, Any], two: Two, tmp_path: Path) -> None:
    two[1].corrupt(RUN, *change).reseal()
    findings = [item for item in check(tmp_path) if item.severity == "error"]
    assert {(item.rule, item.file, item.pack) for item in findings} == {("XPK001", RUN, f"digits/{SECOND}")}
    assert [item.message.partition(" train-1")[0] for item in findings] == [
        "training run",
        "training run, by its record",
    ]


@pytest.mark.parametrize(
    ("kind", "file", "change"),
    [
        ("training run, by its record", RUN, lambda pack: pack.corrupt(RUN, "/command/1", "other.py")),
        ("training run, by its record", RUN, lambda pack: pack.corrupt(RUN, "/environment/python", "3.12")),
        ("training run, by its record", RUN, lambda pack: pack.corrupt(RUN, "/log/0/value", Number("0.5"))),
        ("dataset snapshot, by its classes", SPLITS, _moved_class),
        (
            "dataset snapshot, by its files",
            "dataset/dataset_manifest.json",
            lambda pack: pack.corrupt("dataset/dataset_manifest.json", "/files/0/size", 11),
        ),
        ("evaluation run", EVAL, lambda pack: pack.corrupt(EVAL, "/evaluated_at", "2026-03-01T09:31:00Z")),
        ("model", "model/model_package.json", lambda pack: pack.corrupt("model/model_package.json", "/fixture", True)),
    ],
)
def test_one_identity_with_two_stories(kind: str, file: str, change: Any, two: Two, tmp_path: Path) -> None:
    change(two[1]).reseal()
    finding = single(tuple(item for item in check(tmp_path) if item.severity == "error"))
    assert (finding.rule, finding.file, finding.pack) == ("XPK001", file, f"digits/{SECOND}")
    assert kind in finding.message
    assert two[0].release_id in finding.message


def bundle(pack: PackBuilder, number: int, change: Callable[[PackBuilder], object]) -> PackBuilder:
    """Another bundle of a release, with something corrected."""
    other = PackBuilder(pack.root, release_id=SECOND).with_release(RELEASE, bundle=number)
    change(other)
    return other.reseal()


def test_a_later_bundle_may_correct_an_earlier_one(pack: PackBuilder, tmp_path: Path) -> None:
    bundle(pack, 2, lambda pack: pack.corrupt(RUN, "/finished_at", "2026-03-01T08:00:03Z"))
    bundle(pack, 3, lambda pack: pack.corrupt(EVAL, "/evaluated_at", "2026-03-01T09:31:00Z"))
    assert check(tmp_path) == ()


def test_a_release_has_one_model_in_all_bundles(pack: PackBuilder, tmp_path: Path) -> None:
    def other_format(pack: PackBuilder) -> None:
        pack.corrupt("model/manifest.json", "/format", "another table").with_model_id()

    bundle(pack, 2, other_format)
    finding = single(check(tmp_path))
    assert (finding.rule, finding.file) == ("XPK001", "model/model_package.json")
    assert f"model of release {RELEASE}" in finding.message


def test_another_revision_is_another_training(pack: PackBuilder, tmp_path: Path) -> None:
    again = PackBuilder(pack.root, release_id="digits-v0.1.0-tiny-r2")
    finding = single(check(tmp_path))
    assert (finding.rule, finding.file, finding.found) == ("XPK001", RUN, "r2")
    assert "revision of digits-v0.1.0-tiny" in finding.message
    again.with_training(2)
    assert check(tmp_path) == ()


def test_predecessor_that_is_not_there(two: Two, tmp_path: Path) -> None:
    two[1].corrupt("release.json", "/predecessor/release_id", "digits-v0.0.9-tiny-r1").reseal()
    finding = single(check(tmp_path))
    assert (finding.rule, finding.file, finding.pointer) == ("XPK002", "release.json", "/predecessor")


def test_predecessor_that_is_another_pack(two: Two, tmp_path: Path) -> None:
    two[1].corrupt("release.json", "/predecessor/pack_id", "sha256:" + "0" * 64).reseal()
    finding = single(check(tmp_path))
    assert (finding.rule, finding.pointer, finding.found) == ("XPK002", "/predecessor/pack_id", two[0].pack_id)


@pytest.mark.parametrize(("book", "severity"), [(2, "error"), (1, "warning")])
def test_release_that_is_older_than_its_predecessor(book: int, severity: str, two: Two, tmp_path: Path) -> None:
    two[1].corrupt("release.json", "/released_at", "2026-03-02T09:59:59Z").reseal()
    two[1].corrupt("manifest.json", "/rule_book", book).reseal_sums()
    finding = single(tuple(item for item in check(tmp_path) if item.rule != "FRS003"))
    assert (finding.rule, finding.pointer, finding.severity) == ("XPK007", "/released_at", severity)


def test_pack_below_another_family(pack: PackBuilder, tmp_path: Path) -> None:
    (tmp_path / "packs/digits").rename(tmp_path / "packs/letters")
    finding = single(check(tmp_path))
    assert (finding.rule, finding.file, finding.pointer) == ("XPK003", "manifest.json", "/family")


def test_same_bundle_twice(pack: PackBuilder, tmp_path: Path) -> None:
    pack.write_zip(tmp_path / "packs/digits" / f"{pack.release_id}.zip")
    assert single(check(tmp_path)).rule == "XPK003"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_stranger_among_packs(kind: str, pack: PackBuilder, tmp_path: Path) -> None:
    place = tmp_path / "packs" / "digits" / "stray"
    if kind == "file":
        place.write_text("x")
    else:
        place.symlink_to(pack.folder)
    finding = single(check(tmp_path))
    assert (finding.rule, finding.file) == ("XPK003", "packs/digits/stray")
    assert [ref.bundle_id for ref in find_packs(tmp_path)[0]] == [pack.release_id]


@pytest.mark.parametrize(
    ("text", "pointer", "words"),
    [
        ("schema_version: '1.0.0'\nfamily: {}\n", "/family", "unknown field"),
        ("schema_version: '1.0.0'\nschema_version: '1.0.0'\n", "/schema_version", "twice"),
        ("a: &a 1\n", "", "anchors"),
        ("schema_version: '1.0.0'\ndefault_profile: nope\n", "/default_profile", "no profile"),
        (
            "schema_version: '1.0.0'\nfamilies: {digits: {least_profile: nope}}\n",
            "/families/digits/least_profile",
            "no profile",
        ),
        (
            "schema_version: '1.0.0'\ntemplate_sets: {house: {base: '1', path: templates/nowhere}}\n",
            "/template_sets/house",
            "can't be read",
        ),
    ],
)
def test_policy_that_cannot_be_read(text: str, pointer: str, words: str, pack: PackBuilder, tmp_path: Path) -> None:
    (tmp_path / "packs/policy.yaml").write_text(text, encoding="utf-8")
    findings = [finding for finding in check(tmp_path) if finding.pointer == pointer]
    assert [finding.rule for finding in findings] == ["POL001"]
    assert findings[0].file == "packs/policy.yaml"
    assert words in findings[0].message
    assert all((findings[0].expected, findings[0].found, findings[0].hint))


def test_own_profile_is_read(pack: PackBuilder, tmp_path: Path) -> None:
    (tmp_path / "packs/profiles").mkdir()
    text = "schema_version: '1.0.0'\nname: strict\ntitle: Strict\nextends: paper-demo\n"
    text += "metrics: [{name: recall, split: test}]\nslice_dimensions: [colour]\n"
    (tmp_path / "packs/profiles/strict.yaml").write_text(text, encoding="utf-8")
    pack.corrupt("manifest.json", "/profile", "strict").reseal_sums()
    findings = check(tmp_path)
    assert [(finding.rule, finding.pointer) for finding in findings] == [("PRO001", "/rows")] * 2
    assert "recall@test" in findings[0].message
    assert "colour" in findings[1].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: circle\ntitle: x\nextends: circle\n", "extends itself"),
        ("name: circle\ntitle: x\nextends: nowhere\n", "no profile"),
    ],
)
def test_profile_that_leads_nowhere_is_a_finding(text: str, words: str, pack: PackBuilder, tmp_path: Path) -> None:
    (tmp_path / "packs/profiles").mkdir()
    (tmp_path / "packs/profiles/circle.yaml").write_text(f"schema_version: '1.0.0'\n{text}", encoding="utf-8")
    pack.corrupt("manifest.json", "/profile", "circle").reseal_sums()
    finding = single(check(tmp_path))
    assert finding.rule == "PRO003"
    assert words in finding.message


def test_registered_pack_that_changed(pack: PackBuilder, tmp_path: Path) -> None:
    register(tmp_path, pack.release_id)
    assert check(tmp_path) == ()
    pack.corrupt("release.json", "/keywords", ["new"]).reseal()
    finding = single(check(tmp_path))
    assert (finding.rule, finding.file, finding.found) == ("REG013", "manifest.json", pack.pack_id)


def test_refused_pack_is_never_compared(pack: PackBuilder, tmp_path: Path) -> None:
    pack.write(EVAL, (pack / EVAL).read_bytes() + b"\n")
    instance = open_instance(tmp_path)
    with pytest.raises(UsageError, match="refused"):
        verified(select(instance, [pack.release_id])[0], Rules.of(instance, read_registry(instance)))
    with pytest.raises(UsageError, match="no pack"):
        select(instance, ["digits-v9.9.9-tiny-r1"])
