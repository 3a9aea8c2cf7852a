"""Every guarantee of a GenoLeWM package holds for a valid one, and one mutation breaks it."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from exchange.genolewm_release import COMMIT, EVALUATED, KEYS, RELEASE, Release
from proofpress.cli import main
from proofpress.errors import ExitCode, NothingCheckedError, UsageError
from proofpress.exchange.genolewm.book import RULES, check
from proofpress.exchange.genolewm.convert import REPORT, release_id_for
from proofpress.exchange.genolewm.find import find_parts
from proofpress.exchange.genolewm.layouts import _equal
from proofpress.exchange.genolewm.package import Parts


def errors(root: Path, **options: Any) -> set[str]:
    """Rules that refuse the package in a folder."""
    return {item.rule for item in check(replace(find_parts(root), **options)).errors}


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A mutation and the rules that it breaks: before everything is derived, or (`after`) in what was written."""

    rules: str
    before: Callable[[Release], Any] = lambda _release: None
    after: Callable[[Release], Any] | None = None


def edit(path: str, *keys: str | int, value: Any, sums: str = "") -> Callable[[Release], None]:
    """Set a value of a written JSON document, and write the checksum file of a part anew."""

    def change(release: Release) -> None:
        document = release.get(path)
        inner = document
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = value
        release.put(path, document)
        if sums:
            release.sums(sums)

    return change


def text(path: str, old: str, new: str, *, sums: str = "") -> Callable[[Release], None]:
    """Replace a text in a written file, and write the checksum file of a part anew."""

    def change(release: Release) -> None:
        file = release.root / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))
        if sums:
            release.sums(sums)

    return change


def both(*changes: Callable[[Release], Any]) -> Callable[[Release], None]:
    """Several changes one after the other."""

    def change(release: Release) -> None:
        for each in changes:
            each(release)

    return change


def _shared_key(release: Release) -> None:
    release.texts["dataset/data/train.vcf"] = release.texts["dataset/data/eval.vcf"]


def _link(release: Release) -> None:
    file = release.root / "demo/ref.fa"
    file.rename(release.root / "ref.fa")
    file.symlink_to(release.root / "ref.fa")


def _calibrated(release: Release) -> None:
    release.model["extra_files"] = [*release.model["extra_files"], "calibration_report.json"]
    release.texts["model/calibration_report.json"] = "{}"


BREACHES = {
    "a link": Breach(rules="GLW001", after=_link),
    "not UTF-8": Breach(rules="GLW001 GLW015", after=lambda it: (it.root / "model/model_card.md").write_bytes(b"\xff")),
    "address": Breach(rules="GLW021", before=lambda it: it.metrics["artifacts"].update(labels="https://example.org/x")),
    "climbing input": Breach(
        rules="GLW002",
        before=lambda it: it.efficiency["inputs"].update(x={"path": "../x", "sha256": KEYS, "size_bytes": 1}),
    ),
    "missing file": Breach(rules="GLW003", after=lambda it: (it.root / "model/train.log").unlink()),
    "missing field": Breach(rules="GLW004", before=lambda it: it.efficiency.pop("samples")),
    "by hand": Breach(rules="GLW005", before=lambda it: it.efficiency.update(generated_by="me")),
    "placeholder": Breach(rules="GLW006", before=lambda it: it.efficiency.update(hardware="TBD")),
    "fixture": Breach(rules="GLW010 GLW030", before=lambda it: it.manifest.update(release_id="geno-lewm-fixture-r1")),
    "other weights": Breach(
        rules="GLW011 GLW015 GLW017 GLW040 GLW064", after=text("model/predictor.safetensors", "w", "v")
    ),
    "stale card": Breach(rules="GLW012", after=text("model/model_card.md", "Research", "Any", sums="model")),
    "no extra file": Breach(
        rules="GLW003 GLW015",
        before=lambda it: it.model.update(extra_files=[*it.model["extra_files"], "notes.md"]),
    ),
    "calibration of another model": Breach(rules="GLW014", before=_calibrated),
    "unlisted": Breach(rules="GLW003 GLW015", after=text("model/SHA256SUMS", "model_card.md", "x")),
    "twice in sums": Breach(
        rules="GLW016", after=text("dataset/SHA256SUMS", "\n", "\n" + "0" * 64 + "  data_card.md\n")
    ),
    "other run file": Breach(
        rules="GLW003 GLW015 GLW017", after=text("model/training_run_SHA256SUMS", "train.log", "gone.log")
    ),
    "no configuration": Breach(rules="GLW020 GLW071", before=lambda it: it.metrics["artifacts"].pop("eval_config")),
    "missing scores": Breach(
        rules="GLW003 GLW015", before=lambda it: it.metrics["artifacts"].update(scores="eval/none.jsonl")
    ),
    "foreign rows": Breach(
        rules="GLW022", before=lambda it: it.texts.update({"model/eval/scores.jsonl": '{"generated_by": "me"}\n'})
    ),
    "silent conclusion": Breach(rules="GLW023", before=lambda it: it.metrics.update(conclusions=["auroc is fine."])),
    "no baseline scores": Breach(
        rules="GLW020 GLW024", before=lambda it: it.metrics["artifacts"].pop("baseline_scores")
    ),
    "rollout baseline only": Breach(
        rules="GLW024",
        before=lambda it: it.metrics["artifacts"].update(
            {"baseline_rollout_states": it.metrics["artifacts"].pop("baseline_scores")}
        ),
    ),
    "other release": Breach(rules="GLW030", before=lambda it: it.efficiency.update(model_release="other")),
    "other snapshot": Breach(rules="GLW031", before=lambda it: it.efficiency.update(dataset_snapshot="other")),
    "other model": Breach(rules="GLW032", before=lambda it: it.efficiency.update(model_id="sha256:" + "00" * 32)),
    "other commit": Breach(rules="GLW033", before=lambda it: it.efficiency.update(commit="abcdef0")),
    "other configuration": Breach(
        rules="GLW017 GLW034 GLW040 GLW045",
        after=edit("model/training_run_manifest.json", "artifacts", 1, "sha256", value=KEYS, sums="model"),
    ),
    "no log": Breach(
        rules="GLW017 GLW041 GLW045",
        after=edit("model/training_run_manifest.json", "artifacts", 4, "kind", value="notes", sums="model"),
    ),
    "no samples": Breach(rules="GLW042", before=lambda it: it.training_metrics.update(sample_count=0)),
    "preflight of another snapshot": Breach(
        rules="GLW043", before=lambda it: it.preflight.update(dataset_snapshot_id="other")
    ),
    "failed preflight": Breach(
        rules="GLW043", before=lambda it: it.preflight.update(issues=[{"severity": "error", "code": "x"}])
    ),
    "private path": Breach(rules="GLW044", before=lambda it: it.preflight.update(run={"run_path": "/data/run"})),
    "stale run card": Breach(
        rules="GLW017 GLW045", after=text("model/training_run_card.md", "converged", "diverged", sums="model")
    ),
    "stale manifest": Breach(
        rules="GLW050 GLW053 GLW055",
        after=edit("dataset/dataset_manifest.json", "license", value="Private.", sums="dataset"),
    ),
    "other data": Breach(
        rules="GLW016 GLW050 GLW051 GLW052 GLW053 GLW055", after=text("dataset/data/eval.vcf", "20", "21")
    ),
    "stale data card": Breach(
        rules="GLW052 GLW055", after=text("dataset/data_card.md", "Public", "Private", sums="dataset")
    ),
    "stale integrity": Breach(
        rules="GLW053 GLW055",
        after=edit("dataset/split_integrity.json", "files", 0, "comparable_keys", value=7, sums="dataset"),
    ),
    "leak": Breach(rules="GLW054", before=_shared_key),
    "snapshot of other bytes": Breach(
        rules="GLW055",
        after=edit("dataset/dataset_snapshot_report.json", "package", "manifest", "sha256", value=KEYS, sums="dataset"),
    ),
    "other source": Breach(
        rules="GLW055 GLW056",
        after=edit("dataset/dataset_input_check_report.json", "inputs", 0, "sha256", value=EVALUATED, sums="dataset"),
    ),
    "no claim boundary": Breach(
        rules="GLW060 GLW066", after=text("demo/terminal-demo-transcript.md", "shows no quality", "shows the quality")
    ),
    "unrecorded fields": Breach(
        rules="GLW061 GLW066", after=text("demo/terminal-demo-transcript.md", "sigma_raw", "sigma")
    ),
    "other score": Breach(
        rules="GLW062",
        after=both(text("demo/scores.jsonl", "0.2", "0.3"), lambda it: it.bind()),
    ),
    "stale batch report": Breach(
        rules="GLW061 GLW063 GLW066 GLW068", after=edit("demo/batch_receipt_report.json", "records", value=2)
    ),
    "fixture allowed": Breach(
        rules="GLW064",
        before=lambda it: it.runtime.update(requirements={"native_runtime": True, "fixture_manifest_allowed": True}),
    ),
    "other command": Breach(
        rules="GLW065",
        after=edit("demo/terminal_demo_manifest.json", "command", "argv", value=["geno-lewm-score", "--help"]),
    ),
    "model of another name": Breach(
        rules="GLW066", after=edit("demo/terminal_demo_manifest.json", "model", "model_id", value=EVALUATED)
    ),
    "stale variants": Breach(
        rules="GLW067",
        after=edit("demo/terminal_demo_manifest.json", "inputs", "vcf_summary", "variant_records", value=9),
    ),
    "other repetition": Breach(
        rules="GLW068", after=edit("demo/terminal_demo_manifest.json", "score_receipt_batch", "records", value=9)
    ),
    "no time": Breach(rules="GLW070 GLW071", after=text("paper.md", "Generated: 2026", "Generated: in 2026")),
    "stale paper": Breach(rules="GLW071", after=text("paper.md", "a delta of 0.25", "a delta of 0.5")),
}
ELSEWHERE = {"GLW007", "GLW013", "GLW025", "GLW026", "GLW027", "GLW028", "GLW029"}
"""Rules that tests of their own show below."""


def test_a_valid_release_passes(release: Release) -> None:
    verdict = check(find_parts(release.write()))
    assert verdict.findings == ()
    assert {rule for rule, _reason in verdict.skipped} == {"GLW028"}


@pytest.mark.parametrize("name", BREACHES)
def test_each_breach_is_found(release: Release, name: str) -> None:
    breach = BREACHES[name]
    breach.before(release)
    expected = set(breach.rules.split())
    found = errors(release.write(after=breach.after))
    assert found == expected


def test_every_rule_is_shown() -> None:
    shown = {rule for breach in BREACHES.values() for rule in breach.rules.split()}
    assert shown | ELSEWHERE == {rule.id for rule in RULES}


def test_repeated_keys_are_a_warning(release: Release) -> None:
    root = release.write(after=text("model/efficiency_report.json", '"samples": 5', '"samples": 4, "samples": 5'))
    release.sums("model")
    verdict = check(find_parts(root))
    assert [(item.rule, item.severity) for item in verdict.findings] == [("GLW007", "warning")]


def test_a_fixture_passes_when_it_is_allowed(release: Release) -> None:
    release.manifest["release_id"] = "geno-lewm-fixture-r1"
    release.metrics["model_release"] = release.efficiency["model_release"] = "geno-lewm-fixture-r1"
    root = release.write()
    assert errors(root) == {"GLW010"}
    assert errors(root, allow_fixture=True) == set()


@pytest.mark.parametrize("part", ["model", "dataset", "demo"])
def test_a_part_is_judged_alone(release: Release, part: str) -> None:
    root = release.write()
    assert errors(root / part) <= ({"GLW002"} if part == "demo" else set()) or part == "demo"
    shutil.rmtree(root / part)
    assert "GLW003" in errors(root)


def test_a_run_and_a_batch_are_judged_alone(release: Release, tmp_path: Path) -> None:
    root = release.write()
    run, batch = tmp_path / "run", tmp_path / "batch"
    run.mkdir()
    batch.mkdir()
    names = [item["path"] for item in release.get("model/training_run_manifest.json")["artifacts"]]
    for name in (*names, "training_run_manifest.json", "training_run_card.md"):
        shutil.copy(root / "model" / name, run / name)
    release.root = tmp_path
    release.sums("run", name="training_run_SHA256SUMS")
    assert errors(run) == set()
    (run / "training_preflight_report.json").unlink()
    assert "GLW003" in errors(run)
    for name in ("scores.jsonl", "receipts.jsonl"):
        shutil.copy(root / "demo" / name, batch / name)
    assert errors(batch) == set()
    with (batch / "scores.jsonl").open("a") as stream:
        stream.write("{}\n")
    assert errors(batch) == {"GLW062"}


@pytest.fixture
def evaluation(release: Release, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """An evaluation that stands alone: one metrics file, and its document."""
    folder = tmp_path / "evaluation"
    folder.mkdir()
    (folder / "first.json").write_text(json.dumps(release.metrics))
    return folder, release.metrics


def test_metrics_that_stand_alone(evaluation: tuple[Path, dict[str, Any]]) -> None:
    folder, metrics = evaluation
    assert errors(folder) == set()
    (folder / "second.json").write_text(json.dumps(metrics | {"commit": "abcdef0"}))
    assert errors(folder) == {"GLW026", "GLW027"}
    assert errors(folder, coverage=("vep",)) >= {"GLW029"}


def test_an_effective_configuration_needs_its_aggregate(evaluation: tuple[Path, dict[str, Any]]) -> None:
    folder, metrics = evaluation
    (folder / "eval_config.effective.yaml").write_text("seed: 0\n")
    assert errors(folder) == {"GLW028"}
    artifacts = metrics["artifacts"] | {"metrics_input_1": "first.json"}
    (folder / "aggregate.json").write_text(json.dumps(metrics | {"artifacts": artifacts}))
    assert errors(folder) == set()
    (folder / "eval_report.md").write_text("# Evaluation Report\n")
    assert errors(folder) == {"GLW025"}


def test_an_extra_file_must_be_there(release: Release) -> None:
    release.model["extra_files"] = [*release.model["extra_files"], "notes.md"]
    found = check(find_parts(release.write())).errors
    assert any(item.rule == "GLW003" and item.file == "model/notes.md" for item in found)


def test_sentences_are_known_by_their_digest() -> None:
    digest = "\0" + hashlib.sha256(b"A sentence.").hexdigest()[:32]
    assert _equal("A sentence.", digest)
    assert not _equal("Another sentence.", digest)


def test_nothing_is_not_a_pass(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(UsageError):
        find_parts(tmp_path)
    with pytest.raises(NothingCheckedError):
        check(Parts())


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [
        (RELEASE, RELEASE),
        ("geno-lewm-fixture-r1", "geno-lewm-v0.3.0-fixture-r1"),
        ("geno-lewm-v0.2.0-rc1", "geno-lewm-v0.3.0-rc1-r1"),
    ],
)
def test_release_ids_obey_the_grammar(upstream: str, expected: str) -> None:
    assert release_id_for(upstream, "geno-lewm", "0.3.0") == expected


def test_a_release_becomes_a_pack(release: Release, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, into = release.write(), tmp_path / "packs" / "geno-lewm" / RELEASE
    assert main(["import", "genolewm", str(root), "--into", str(into), "--format", "json"]) == 0
    report = json.loads((into / REPORT).read_text())
    assert json.loads(capsys.readouterr().out)["documents"] == report["documents"]
    assert {item["path"] for item in report["documents"]} == {
        "release.json",
        "model/manifest.json",
        "model/eval_metrics.json",
        "model/efficiency_report.json",
        "dataset/dataset_manifest.json",
        "dataset/split_integrity.json",
    }
    for item in report["files"]:
        assert hashlib.sha256((into / item["path"]).read_bytes()).hexdigest() == item["sha256"]
    upstream = json.loads((into / "release.json").read_text())["extensions"]["upstream"]
    assert upstream["upstream_id"] == RELEASE
    assert upstream["evaluation_model_id"] == EVALUATED != upstream["manifest_model_id"]
    assert main(["verify", str(into)]) == 0
    assert main(["import", "genolewm", str(root), "--into", str(into)]) == 2


def test_a_refused_release_leaves_no_pack(release: Release, tmp_path: Path) -> None:
    root, into = release.write(after=text("paper.md", "First", "Last")), tmp_path / "pack"
    (root / "paper.md").write_text("nothing\n# Generated by tools.release.paper_draft\n")
    assert main(["import", "genolewm", str(root), "--into", str(into)]) == 1
    assert not into.exists()


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github"])
def test_the_command_judges(release: Release, form: str) -> None:
    root = release.write()
    parts = ["--model-dir", "model", "--dataset-dir", "dataset", "--demo-dir", "demo", "--paper", "paper.md"]
    assert main(["-C", str(root), "import", "genolewm", *parts, "--check", "--format", form]) == 0
    assert main(["-C", str(root), "import", "genolewm", "--metrics", "model/eval_metrics.json", "--check"]) == 0
    assert main(["-C", str(root), "import", "genolewm", "--receipt", "model/eval_metrics.json", "--check"]) == 1
    assert main(["-C", str(root), "import", "genolewm", *parts]) == 2


def test_a_fixture_becomes_a_rehearsal(release: Release, tmp_path: Path) -> None:
    """A model package alone is enough; the pack is marked, and its release id is rebuilt."""
    release.manifest["release_id"] = "geno-lewm-fixture-r1"
    release.metrics["model_release"] = release.efficiency["model_release"] = "geno-lewm-fixture-r1"
    release.metrics["commit"] = release.efficiency["commit"] = release.run["commit_sha"] = COMMIT[:12]
    root, into = release.write(), tmp_path / "packs" / "geno-lewm" / "geno-lewm-v0.3.0-fixture-r1"
    command = ["import", "genolewm", "--model-dir", str(root / "model"), "--allow-fixture", "--into", str(into)]
    assert main([*command, "--commit", "f" * 40]) == 2
    assert main(command) == 0
    released = json.loads((into / "release.json").read_text())
    assert released["fixture"] is True
    assert released["extensions"]["upstream"]["upstream_id"] == "geno-lewm-fixture-r1"
    missing = {item["path"]: item["reason"] for item in json.loads((into / REPORT).read_text())["missing"]}
    assert "abbreviated" in missing["model/eval_metrics.json"]
    shutil.rmtree(into)
    assert main([*command, "--commit", COMMIT]) == 0
    assert (into / "model/eval_metrics.json").exists()


def test_what_can_not_become_a_pack_leaves_nothing(release: Release, tmp_path: Path) -> None:
    release.efficiency["generated_at"] = release.metrics["generated_at"] = release.model["generated_at"] = "in March"
    root, into = release.write(), tmp_path / "packs" / "geno-lewm" / RELEASE
    assert main(["import", "genolewm", "--model-dir", str(root / "model"), "--into", str(into)]) == 2
    assert list(into.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_no_pack(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(tmp_path), "import", "genolewm", "none", "--check"]) == ExitCode.UNREADABLE
    assert "hint: name the folder of a GenoLeWM package" in capsys.readouterr().err
