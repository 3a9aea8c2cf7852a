"""The suite really runs, stale files never satisfy it, and readiness follows from the evidence alone."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from complete_pack import CHAIN, DECISION, METRICS, PROFILE, STEP, CompletePack, decision
from pack_builder import EVAL
from proofpress.evidence.policy import Profile
from proofpress.evidence.readiness import ReadinessReport, ScopeDecision, SuiteReport, SuiteStep
from proofpress.ingest.strict import parse_yaml
from proofpress.pack.readiness import read_decision, write_readiness
from proofpress.pack.suite import SuiteOutcome, write_suite
from proofpress.pack.writer import PackError

AT = "2026-03-01T13:00:00Z"
OUT = "model/out.txt"


def step(
    script: str,
    *,
    outputs: Sequence[str] = (OUT,),
    inputs: Sequence[str] = (),
    name: str = "one",
    program: str = "python",
) -> SuiteStep:
    """A step that runs a line of Python."""
    return SuiteStep(
        name=name,
        command=(program, "-c", script),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        issue_refs=("#1",),
    )


def write(path: str = OUT, text: str = "x") -> str:
    """A line that writes a file."""
    return f"open({path!r}, 'w').write({text!r})"


def run(whole: CompletePack, *steps: SuiteStep, execute: bool = True, **options: Any) -> SuiteOutcome:
    """Run steps as the suite of the pack."""
    return write_suite(whole.folder, steps, profile=PROFILE.name, at=AT, execute=execute, **options)


# ── the suite ────────────────────────────────────────────────────────────────────────────────────────


def test_a_step_that_writes_what_it_declares_passes(whole: CompletePack) -> None:
    report = run(whole, step(write(), inputs=["model/config.json"])).report
    (done,) = report.steps
    assert report.ok
    assert (done.status, done.exit_code) == ("passed", 0)
    assert [item.path for item in done.outputs] == [OUT]
    assert done.inputs[0].size == (whole / "model/config.json").stat().st_size
    assert report.claim_boundary
    assert report.negative_findings


def test_a_plan_runs_nothing_and_is_never_ok(whole: CompletePack) -> None:
    report = run(whole, step(write()), execute=False).report
    assert not report.ok
    assert report.steps[0].status == "planned"
    assert not (whole / OUT).exists()
    assert not (whole / "readiness/readiness_report.json").exists()


FAILURES = {
    "exit code 3": step("raise SystemExit(3)"),
    "model/out.txt was not written": step("print('done')"),
    "model/out.txt is not a regular file": step(f"import os; os.symlink('config.json', {OUT!r})"),
    "did not end within 0.5 seconds": step("import time; time.sleep(60)"),
    "it wrote or removed model/notes.txt, not among": step(f"{write()}; {write('model/notes.txt')}"),
    "it wrote or removed model/config.json, not among": step(f"{write()}; {write('model/config.json', '{}')}"),
    "could not be started": step("pass", program="no-such-program-anywhere"),
    "its input model/none.txt was not written": step(write(), inputs=["model/none.txt"]),
}


@pytest.mark.parametrize("words", FAILURES)
def test_a_step_that_fails_fails_the_suite(words: str, whole: CompletePack) -> None:
    whole.write(OUT, "left by an earlier run")
    limit = 0.5 if "within" in words else 60
    later = step(write("model/later.txt"), name="later", outputs=["model/later.txt"])
    report = run(whole, FAILURES[words], later, limit_seconds=limit).report
    assert not report.ok
    first, second = report.steps
    assert first.status == "failed"
    assert words in (first.reason or "")
    assert first.outputs == ()
    assert second.status == "skipped"
    assert not (whole / "model/later.txt").exists()
    assert any("'one' failed" in text for text in report.negative_findings)


FORKS = (
    "import os, signal, subprocess, sys; "
    "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']); "
    "open(os.environ['CHILD'], 'w').write(str(child.pid)); "
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked up in /proc")
@pytest.mark.parametrize(("end", "limit"), [("signal.pause()", 5.0), ("open('model/out.txt', 'w').write('x')", 60.0)])
def test_nothing_that_a_step_started_outlives_it(
    end: str, limit: float, whole: CompletePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHILD", str(tmp_path / "child"))
    report = run(whole, step(FORKS + end), limit_seconds=limit).report
    assert report.ok == ("out.txt" in end)
    child = int((tmp_path / "child").read_text())
    for _ in range(1000):  # the kernel may still be taking it down
        if not alive(child):
            return
        os.sched_yield()
    assert not alive(child)


def alive(process: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def test_stale_outputs_of_every_step_are_cleared_first(whole: CompletePack) -> None:
    whole.write("model/later.txt", "stale")
    look = "import os, sys; sys.exit(os.path.exists('model/later.txt'))"
    steps = (step(f"{write()}; {look}"), step(write("model/later.txt"), name="later", outputs=["model/later.txt"]))
    assert run(whole, *steps).report.ok


def test_what_a_later_step_changes_was_not_what_the_step_wrote(whole: CompletePack) -> None:
    later = step(f"{write(OUT, 'y')}; {write('model/later.txt')}", name="later", outputs=["model/later.txt"])
    report = run(whole, step(write()), later).report
    assert not report.ok
    assert report.steps[0].reason == f"a later step changed {OUT}"


def test_the_end_of_what_a_failed_step_printed_is_given_back(whole: CompletePack) -> None:
    outcome = run(whole, step("print('x' * 9999 + ' at ' + 'last'); raise SystemExit(1)"))
    assert outcome.last_words.endswith(" at last\n")
    assert len(outcome.last_words) == 4000
    assert "at last" not in (whole / "readiness/suite_report.json").read_text()


def test_commands_run_in_the_work_folder_and_know_the_pack(whole: CompletePack, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "measure.py").write_text("import sys; open(sys.argv[1] + '/model/out.txt', 'w').write('x')")
    there = SuiteStep(name="one", command=("python", "measure.py", "{pack}"), outputs=(OUT,), issue_refs=("#1",))
    report = run(whole, there, work=work).report
    assert report.ok
    assert report.steps[0].step.command == ("python", "measure.py", "{pack}")
    assert str(tmp_path) not in (whole / "readiness/suite_report.json").read_text()


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((), "declares no suite"),
        ((step(write()), step(write(), outputs=["model/b.txt"])), "step 'one' twice"),
        ((step(write()), step(write(), name="two")), f"output '{OUT}' twice"),
        ((step(write(), inputs=["readiness/suite_report.json"]),), "what judges it"),
        ((step(write(), outputs=["readiness/readiness_report.json"]),), "what judges it"),
        ((step(write(), outputs=["manifest.json"]),), "what judges it"),
        ((step(write(), inputs=[OUT]),), "this or a later step writes"),
    ],
)
def test_a_suite_that_could_satisfy_itself_is_refused(
    steps: Sequence[SuiteStep], words: str, whole: CompletePack
) -> None:
    whole.write(OUT, "kept")
    with pytest.raises(PackError, match=words):
        run(whole, *steps)
    assert (whole / OUT).read_text() == "kept"


def test_a_suite_needs_a_model(whole: CompletePack) -> None:
    whole.remove("model/model_package.json")
    with pytest.raises(PackError, match="no model package"):
        run(whole, step(write()))


# ── readiness ────────────────────────────────────────────────────────────────────────────────────────


def assess(
    whole: CompletePack, *, chain: Sequence[Profile] = CHAIN, decided: bool = True, **changes: Any
) -> ReadinessReport:
    """Assess the pack, with the usual decision or a changed one."""
    given = {"odd.json": {**decision(whole.folder), **changes}} if decided else {}
    return write_readiness(whole.folder, chain, at=AT, decisions=given)


def blocked(report: ReadinessReport) -> list[tuple[str, str]]:
    """What blocks, without issues."""
    assert report.ok is not bool(report.blockers)
    return [(item.subject, item.reason) for item in report.blockers]


def test_a_rescoped_row_is_never_passed(whole: CompletePack) -> None:
    report = assess(whole)
    assert report.ok
    passed, rescoped = report.rows
    assert (passed.status, rescoped.status) == ("passed", "rescoped")
    assert rescoped.decision == DECISION
    for words in (
        "misses the target >= 0.8",
        "The target stays missed",
        "Release owner",
        "https://example.org/decisions/8",
    ):
        assert words in rescoped.conclusion
    for words in ("Odd numbers are rare in use.", "Replacement target: >= 0.45.", "#8, #9"):
        assert words in rescoped.conclusion
    for words in ("0.75", "0.301 to 0.954", "0.25 to 0.5 of majority", passed.evaluated_keys_sha256 or "-"):
        assert words in passed.conclusion
    assert "Half of the odd numbers are told wrongly." in report.negative_findings


def test_a_missed_target_without_decision_blocks(whole: CompletePack) -> None:
    report = assess(whole, decided=False)
    assert blocked(report) == [("accuracy@test[parity=odd]", "the value 0.5 misses the target >= 0.8")]
    assert report.blockers[0].issue_refs == ("#8",)
    assert not (whole / DECISION).exists(), "a decision of an earlier run must not stand"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"binds": {"path": METRICS, "sha256": "0" * 64, "size": 1}}, "another report"),
        ({"accepted_at": "2026-03-01T09:00:00Z"}, "accepted before the evaluation"),
        ({"generated_at": "2026-03-01T11:00:00Z"}, "recorded before it was accepted"),
        ({"issue_refs": ["#9"]}, "does not name the issues"),
        ({"decision_url": "ftp://example.org/8"}, "decision_url"),
        ({"negative_findings": []}, "negative_findings"),
        ({"claim_boundary": []}, "claim_boundary"),
        ({"rationale": ""}, "rationale"),
    ],
)
def test_a_decision_that_binds_nothing_is_refused(changes: dict[str, Any], words: str, whole: CompletePack) -> None:
    before = [(whole / path).read_bytes() for path in (DECISION, "readiness/readiness_report.json")]
    with pytest.raises(PackError, match=words):
        assess(whole, **changes)
    assert [(whole / path).read_bytes() for path in (DECISION, "readiness/readiness_report.json")] == before


def test_what_an_earlier_assessment_left_is_never_read(whole: CompletePack) -> None:
    given = decision(whole.folder)
    whole.write(DECISION, "{}").write("readiness/readiness_report.json", "{}")
    assert write_readiness(whole.folder, CHAIN, at=AT, decisions={"odd.json": given}).ok


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("value", "0.6", "did not miss its target with 0.6"),
        ("target", "0.9", "no target >= 0.9 is required"),
        ("metric", "recall", "no target >= 0.8 is required of recall"),
    ],
)
def test_a_decision_names_what_was_missed(field: str, value: str, words: str, whole: CompletePack) -> None:
    text = (whole / DECISION).read_text()
    old = {"value": '"value": 0.5,', "target": '"value": 0.8', "metric": '"accuracy"'}[field]
    new = old.replace("0.5", value).replace("0.8", value).replace("accuracy", value)
    assert old in text
    given = read_decision("odd.json", text.replace(old, new).encode())
    with pytest.raises(PackError, match=words):
        write_readiness(whole.folder, CHAIN, at=AT, decisions={"odd.json": given})


def test_missing_rows_and_gaps_block(whole: CompletePack) -> None:
    rows = whole.value(EVAL, "/rows")
    del rows[0]["ci_low"], rows[0]["evaluated_keys_sha256"], rows[2]
    whole.corrupt(EVAL, "/rows", rows)
    report = assess(whole, decided=False)
    assert [row.status for row in report.rows] == ["failed", "missing"]
    assert blocked(report) == [
        ("accuracy@test", "no confidence interval; no digest of the evaluated keys"),
        ("accuracy@test[parity=odd]", "no such row was measured"),
    ]
    assert "no confidence interval" in report.rows[0].conclusion


def test_a_target_is_not_reached_in_another_unit(whole: CompletePack) -> None:
    """75 percent is no more than 0.7 as long as the row does not say that 0.7 is a fraction."""
    chain = [
        profile.model_copy(
            update={
                "readiness": profile.readiness.model_copy(
                    update={"rows": tuple(row.model_copy(update={"unit": "percent"}) for row in profile.readiness.rows)}
                )
            }
        )
        if profile.readiness
        else profile
        for profile in CHAIN
    ]
    report = assess(whole, chain=chain, decided=False)
    assert {row.status for row in report.rows} == {"failed"}
    assert "the value is in fraction, the target is meant in percent" in report.rows[0].conclusion


def suite_blocks(whole: CompletePack) -> str:
    """The first reason for which the suite blocks."""
    (found, *_more) = [reason for subject, reason in blocked(assess(whole)) if subject == "suite"]
    return found


def test_without_a_finished_suite_nothing_is_ready(whole: CompletePack) -> None:
    report = whole.json("readiness/suite_report.json")
    whole.remove("readiness/suite_report.json")
    assert suite_blocks(whole) == "there is no suite report"
    run(whole, STEP, execute=False)
    assert suite_blocks(whole) == "the suite was planned, not executed"
    whole.corrupt("readiness/suite_report.json", "/mode", "execute")
    whole.corrupt("readiness/suite_report.json", "/steps", report["steps"])
    assert suite_blocks(whole) == "the suite report is not ok"


def test_the_suite_must_cover_every_metrics_file(whole: CompletePack) -> None:
    whole.corrupt("readiness/suite_report.json", "/steps/0/outputs", [])
    assert suite_blocks(whole) == f"no step wrote {METRICS}, which was aggregated"


def test_an_evaluation_that_names_no_files_is_covered_by_no_suite(whole: CompletePack) -> None:
    whole.corrupt(EVAL, "/inputs", [])
    assert suite_blocks(whole) == "the evaluation names no metrics files to cover"


def test_what_the_suite_wrote_must_still_stand(whole: CompletePack) -> None:
    given = decision(whole.folder)
    whole.replace(METRICS, '"n": 4', '"n":  4')
    report = write_readiness(whole.folder, CHAIN, at=AT, decisions={})
    assert ("suite", f"{METRICS} was changed after the suite wrote it") in blocked(report)
    with pytest.raises(PackError, match="another report"):
        write_readiness(whole.folder, CHAIN, at=AT, decisions={"odd.json": given})


def test_another_suite_than_the_declared_one_blocks(whole: CompletePack) -> None:
    whole.corrupt("readiness/suite_report.json", "/steps/0/step/command/1", "model/easier.py")
    assert suite_blocks(whole) == "it ran other steps than the profile declares"


def test_a_fixture_is_never_ready(whole: CompletePack) -> None:
    whole.corrupt("model/efficiency_report.json", "/fixture", True)
    report = assess(whole)
    assert [subject for subject, _reason in blocked(report)] == ["fixture"]
    whole.reseal()
    assert {finding.rule for finding in whole.verify().findings} == {"MRK001", "RDY009"}
    whole.corrupt("readiness/readiness_report.json", "/ok", True).reseal()
    assert {finding.rule for finding in whole.verify().findings} == {"MRK001", "RDY005"}


def test_a_suite_alone_makes_every_row_missing(whole: CompletePack) -> None:
    whole.remove(EVAL).remove("model/eval_config.effective.yaml")
    report = assess(whole, decided=False)
    assert {row.status for row in report.rows} == {"missing"}
    assert report.evaluation_run_id is None
    assert report.limitations == ("No evaluation was aggregated, so nothing is known of the model's quality.",)


def test_a_profile_without_rows_can_not_be_assessed(whole: CompletePack) -> None:
    with pytest.raises(PackError, match="requires no rows"):
        assess(whole, chain=CHAIN[1:])


def test_reports_say_who_wrote_them(whole: CompletePack) -> None:
    found = whole.load().evidence
    assert found is not None
    assert isinstance(found.suite, SuiteReport)
    assert {item.generated_by for item in (found.suite, found.readiness) if item} == {
        "proofpress.pack.suite",
        "proofpress.pack.readiness",
    }


def test_the_guide_shows_a_profile_and_a_decision_that_fit() -> None:
    text = (Path(__file__).parents[2] / "docs/guides/benchmark-readiness.md").read_text(encoding="utf-8")
    shown = {kind: text.partition(f"```{kind}\n")[2].partition("```")[0] for kind in ("yaml", "json")}
    profile = Profile.model_validate(parse_yaml(shown["yaml"].encode()))
    given = read_decision("north.json", shown["json"].encode())
    header = {"schema_version": "1.0.0", "generated_by": "guide", "generated_at": AT}
    (failed,) = ScopeDecision.model_validate({**header, **given}).failed_targets
    assert profile.readiness is not None
    assert (failed.key, failed.target) in {(row.key, row.target) for row in profile.readiness.rows}
