"""Promises along a line of releases, and changelogs of pre-releases: what each version may take back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pack_builder import FIXED_SCORES, REMOVE, PackBuilder
from proofpress.evidence.values import Number, ReleaseParts
from proofpress.instance import open_instance
from proofpress.pipeline import check_instance
from proofpress.verify.facts import facts_from, facts_json, facts_of

FACE, SCORE = "interface.json", "/fixed_input_scores/0/scores/0"
Change = Callable[[PackBuilder], Any]


def found(root: Path) -> list[tuple[str, str, str]]:
    findings = check_instance(open_instance(root), jobs=1).all_findings
    for finding in findings:
        assert all((finding.message, finding.expected, finding.found, finding.hint)), finding
    return [(item.rule, item.pack.partition("/")[2], item.pointer) for item in findings]


def release(root: Path, release_id: str, before: PackBuilder | None, change: Change | None = None) -> PackBuilder:
    """A release with an interface, after another one."""
    pack = PackBuilder(root / "packs", release_id=release_id).with_interface()
    if (revision := ReleaseParts(release_id).revision) > 1:
        pack.with_training(revision)
    if before is not None:
        named = {"release_id": before.release_id, "pack_id": before.pack_id}
        pack.corrupt("release.json", "/predecessor", named)
    if change is not None:
        change(pack)
    return (pack.rescored() if (pack / FACE).is_file() else pack).reseal()


def sets(path: str, value: Any) -> Change:
    return lambda pack: pack.corrupt(FACE, path, value)


def deprecates(*names: str, since: str) -> Change:
    """Deprecate names, and tell of those that are gone."""
    gone = [{"name": name, "since": since, "replacement": "predict"} for name in names]
    told = [f"{name} was removed, deprecated since {since}." for name in names]
    return lambda pack: pack.corrupt("release.json", "/deprecations", gone).corrupt(
        "release.json", "/changelog/removed", told
    )


def both(*changes: Change) -> Change:
    return lambda pack: [change(pack) for change in changes]


def faceless(pack: PackBuilder) -> PackBuilder:
    """Take the interface away, and the scores that it told."""
    return pack.remove(FACE).remove(FIXED_SCORES)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (sets("/symbols/0", REMOVE), "/symbols"),
        (sets("/symbols/0/name", "forecast"), "/symbols"),
        (sets("/symbols/0/contract", "predict(path: str, top: int) -> list[str]"), "/symbols"),
        (sets("/symbols/1", REMOVE), "/symbols"),
        (sets("/exit_codes/0/contract", "Some numbers were told."), "/exit_codes"),
        (sets(f"{SCORE}/label", "even"), "/fixed_input_scores"),
        (sets(f"{SCORE}/key", "22"), "/fixed_input_scores"),
        (faceless, ""),
        (
            both(deprecates("predict", since="0.0.1"), sets("/symbols/0", REMOVE)),
            "/symbols",
        ),
    ],
)
def test_a_patch_takes_nothing_back(change: Change, pointer: str, tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None)
    release(tmp_path, "digits-v0.1.1-tiny-r1", first, change)
    assert found(tmp_path) == [("XPK004", "digits-v0.1.1-tiny-r1", pointer)]


@pytest.mark.parametrize(
    "change",
    [
        sets("/symbols/-", {"name": "rank", "contract": "rank()"}),
        sets(f"{SCORE[:-2]}/-", {"key": "22", "output": "parity", "label": "even"}),
        sets("/fixed_input_scores/0/name", "another name"),
    ],
)
def test_a_patch_may_add(change: Change, tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None)
    release(tmp_path, "digits-v0.1.1-tiny-r1", first, change)
    assert found(tmp_path) == []


def test_a_score_is_compared_as_a_number(tmp_path: Path) -> None:
    number = both(sets(f"{SCORE}/label", REMOVE), sets(f"{SCORE}/score", Number("0.970")))
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None, number)
    second = release(tmp_path, "digits-v0.1.1-tiny-r1", first, both(number, sets(f"{SCORE}/score", Number("0.97"))))
    assert found(tmp_path) == []
    release(tmp_path, "digits-v0.1.2-tiny-r1", second, both(number, sets(f"{SCORE}/score", Number("0.971"))))
    assert found(tmp_path) == [("XPK004", "digits-v0.1.2-tiny-r1", "/fixed_input_scores")]


def test_a_new_revision_keeps_the_interface_but_not_the_scores(tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None)
    release(tmp_path, "digits-v0.1.0-tiny-r2", first, sets(f"{SCORE}/label", "even"))
    assert found(tmp_path) == []
    release(tmp_path, "digits-v0.1.0-tiny-r3", first, sets("/symbols/0", REMOVE))
    assert found(tmp_path) == [("XPK004", "digits-v0.1.0-tiny-r3", "/symbols")]


def test_a_minor_takes_back_what_is_experimental_or_was_deprecated(tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None)
    gone = both(sets("/symbols/1", REMOVE), sets(f"{SCORE}/label", "even"))
    second = release(tmp_path, "digits-v0.2.0-tiny-r1", first, both(gone, deprecates("predict", since="0.2.0")))
    assert found(tmp_path) == []
    release(
        tmp_path,
        "digits-v0.3.0-tiny-r1",
        second,
        both(sets("/symbols", REMOVE), deprecates("predict", since="0.2.0")),
    )
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        sets("/symbols/0", REMOVE),
        sets("/exit_codes/0/contract", "Other."),
        faceless,
    ],
)
def test_a_minor_takes_back_nothing_else(change: Change, tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None)
    release(tmp_path, "digits-v0.2.0-tiny-r1", first, change)
    (finding,) = found(tmp_path)
    assert finding[:2] == ("XPK005", "digits-v0.2.0-tiny-r1")


@pytest.mark.parametrize("release_id", ["digits-v1.0.0-tiny-r1", "digits-v0.2.0-large-r1", "digits-v0.2.0rc1-tiny-r1"])
def test_a_major_another_variant_and_a_pre_release_are_free(release_id: str, tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None)
    release(tmp_path, release_id, first, sets("/symbols/0", REMOVE))
    assert found(tmp_path) == []


def test_the_line_goes_on_behind_other_variants_and_pre_releases(tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None)
    other = release(tmp_path, "digits-v0.1.0-large-r1", first, sets("/symbols/0", REMOVE))
    early = release(tmp_path, "digits-v0.2.0a1-tiny-r1", other, sets("/symbols/0", REMOVE))
    release(tmp_path, "digits-v0.2.0-tiny-r1", early, sets("/symbols/0", REMOVE))
    assert found(tmp_path) == [("XPK005", "digits-v0.2.0-tiny-r1", "/symbols")]


def test_a_release_that_names_no_predecessor_keeps_its_line_all_the_same(tmp_path: Path) -> None:
    for version in ("0.1.0", "0.2.0"):
        release(tmp_path, f"digits-v{version}-tiny-r1", None)
    release(tmp_path, "digits-v0.1.1-tiny-r1", None, sets(f"{SCORE}/label", "even"))
    assert found(tmp_path) == [("XPK004", "digits-v0.1.1-tiny-r1", "/fixed_input_scores")]


def test_a_final_release_carries_the_changelog_of_its_pre_releases(tmp_path: Path) -> None:
    def says(*texts: str) -> Change:
        return lambda pack: pack.corrupt("release.json", "/changelog", {"added": list(texts)})

    early = release(tmp_path, "digits-v0.2.0rc1-tiny-r1", None, says("A second class."))
    release(tmp_path, "digits-v0.2.0rc1-large-r1", None, says("A larger layer."))
    final = release(tmp_path, "digits-v0.2.0-tiny-r1", early, says("A third class."))
    assert found(tmp_path) == [("XPK006", "digits-v0.2.0-tiny-r1", "/changelog/added")]
    says("A second class.", "A third class.")(final)
    final.reseal()
    assert found(tmp_path) == []
    release(tmp_path, "digits-v0.2.0-tiny-r2", final, says("Another seed."))
    assert found(tmp_path) == []


def test_a_corrected_bundle_speaks_for_its_pre_release(tmp_path: Path) -> None:
    early = release(tmp_path, "digits-v0.2.0rc1-tiny-r1", None)
    early.corrupt("release.json", "/changelog", {"added": ["What was not so."]}).reseal()
    again = PackBuilder(tmp_path / "packs", release_id="digits-v0.2.0rc2-tiny-r1").with_interface()
    again.with_release("digits-v0.2.0rc1-tiny-r1", bundle=2)
    release(tmp_path, "digits-v0.2.0-tiny-r1", early)
    assert found(tmp_path) == []


def test_facts_come_back_from_a_card(pack: PackBuilder) -> None:

    evidence = pack.with_everything().load().evidence
    assert evidence is not None
    facts = facts_of("digits/x", evidence)
    assert facts.promises
    assert facts.changelog == ("added: The first model of its family.",)
    assert facts_from(json.loads(json.dumps(facts_json(facts)))) == facts


@pytest.mark.parametrize("both_lack", [True, False])
def test_a_patch_without_fixed_scores_is_no_patch(tmp_path: Path, *, both_lack: bool) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None, faceless)
    second = release(tmp_path, "digits-v0.1.1-tiny-r1", first, faceless if both_lack else None)
    assert found(tmp_path) == [("XPK004", second.release_id, "")]


def test_a_minor_may_be_the_first_that_promises(tmp_path: Path) -> None:
    first = release(tmp_path, "digits-v0.1.0-tiny-r1", None, faceless)
    release(tmp_path, "digits-v0.2.0-tiny-r1", first)
    assert found(tmp_path) == []
