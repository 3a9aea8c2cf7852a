"""The commands that build evaluation, costs, model and paper, and the one that judges readiness."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from complete_pack import CONFIG, METRICS, PROFILE, CompletePack, decision
from pack_builder import EVAL, RELEASE
from proofpress.cli import main
from proofpress.errors import ExitCode
from proofpress.evidence.jsontext import dump_json, plain
from proofpress.schemas import schemas
from registering import register

Run = Callable[..., tuple[int, str, str]]
PACK = f"packs/digits/{RELEASE}"
COST = "model/efficiency_report.json"
REPORTS = ("readiness/suite_report.json", "readiness/readiness_report.json")


@pytest.fixture
def instance(whole: CompletePack) -> Path:
    """An instance with the complete pack and the profile that it is judged by."""
    root = whole.root.parent
    profiles = whole.root / "profiles"
    profiles.mkdir()
    (profiles / "benchmarked.yaml").write_text(dump_json(plain(PROFILE)), encoding="utf-8")
    return root


@pytest.fixture
def run(instance: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in the instance; gives exit code, output and messages, and never a traceback."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["-C", str(instance), *argv])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert code != ExitCode.INTERNAL, err
        return code, out, err

    return call


def output(run: Run, *argv: str, code: int = 0) -> Any:
    """What a command prints as JSON, which obeys its schema."""
    found, out, err = run(*argv, "--format", "json")
    assert found == code, err
    report = json.loads(out)
    name = report["schema"].removeprefix("proofpress.").removesuffix("/1")
    assert list(Draft202012Validator(schemas()[name]).iter_errors(report)) == []
    return report


def contents(whole: CompletePack) -> dict[str, bytes]:
    """The files of the pack."""
    return {str(path): path.read_bytes() for path in whole.folder.rglob("*") if path.is_file()}


def given(instance: Path, name: str, value: Any) -> str:
    """Write a JSON file into the instance; returns its name."""
    (instance / name).write_text(value if isinstance(value, str) else dump_json(value), encoding="utf-8")
    return name


def test_the_whole_way_ends_in_a_verified_pack(run: Run, whole: CompletePack, instance: Path) -> None:
    config = given(instance, "eval.yaml", "parameters:\n  threshold: 0.65\n  depth: 2\n")
    plan = output(run, "readiness", PACK, "--plan", code=1)
    assert (plan["ok"], plan["steps"]) == (False, [{"name": "accuracy", "status": "planned"}])
    first = output(run, "readiness", PACK, "--execute", "--at", "2026-03-01T09:30:00Z", code=1)
    assert [row["status"] for row in first["rows"]] == ["passed", "failed"]
    built = output(
        *(run, "pack", "eval", PACK, "--metrics", f"{PACK}/{METRICS}", "--config", config),
        *("--set", "parameters.threshold=0.50", "--require-profile", "benchmarked"),
    )
    assert [item["path"] for item in built["outputs"]] == [EVAL, METRICS, CONFIG]
    found = output(run, "readiness", PACK, "--assess", "--at", "2026-03-01T11:00:00Z", code=1)
    assert found["blockers"] == [
        {
            "subject": "accuracy@test[parity=odd]",
            "reason": "the value 0.5 misses the target >= 0.8",
            "issue_refs": ["#8"],
        }
    ]
    file = given(instance, "odd.json", decision(whole.folder))
    at = ("--at", "2026-03-01T13:00:00Z")
    ready = output(run, "readiness", PACK, "--assess", "--scope-decision", file, *at)
    assert ready["ok"] is True
    assert [row["status"] for row in ready["rows"]] == ["passed", "rescoped"]
    assert output(run, "pack", "paper", PACK)["outputs"][0]["path"] == "paper/paper_draft.md"
    draft = (whole / "paper/paper_draft.md").read_bytes()
    assert run("pack", "release", PACK, "--profile", "benchmarked")[0] == 0
    assert (whole / "paper/paper_draft.md").read_bytes() == draft
    assert run("verify", PACK)[0] == 0


def test_a_pack_keeps_its_profile(run: Run, whole: CompletePack) -> None:
    assert output(run, "pack", "release", PACK)["profile"] == PROFILE.name
    assert output(run, "pack", "release", PACK, "--profile", "paper-demo")["profile"] == "paper-demo"
    assert output(run, "pack", "release", PACK)["profile"] == "paper-demo"
    assert output(run, "pack", "paper", PACK)["outputs"][0]["path"] == "paper/paper_draft.md"
    assert "the profile 'paper-demo' has no slice suite" in run("slices", PACK)[2]
    whole.remove("manifest.json")
    assert output(run, "pack", "release", PACK)["profile"] == "standard"


WRITTEN = ("title", "summary", "intended_use", "out_of_scope", "licence", "authors", "headline", "changelog")


def written_release(whole: CompletePack) -> dict[str, Any]:
    """What people write of the tiny release."""
    return {name: whole.json("release.json")[name] for name in (*WRITTEN, "released_at")}


def test_the_release_is_written_from_a_file(run: Run, whole: CompletePack, instance: Path) -> None:
    old = whole.json("release.json")
    fields = {**written_release(whole), "predecessor": old["predecessor"]}
    whole.remove("release.json")
    assert "--metadata" in run("pack", "release", PACK)[2]
    file = given(instance, "release.yaml", fields)
    assert output(run, "pack", "release", PACK, "--metadata", file)["profile"] == PROFILE.name
    new = whole.json("release.json")
    assert {name: new[name] for name in ("release_id", "family", "version")} == {
        name: old[name] for name in ("release_id", "family", "version")
    }
    assert run("verify", PACK)[0] == 0
    at = fields.pop("released_at")
    yaml = "".join(f"{name}: {dump_json(value, indent=None)}" for name, value in fields.items())
    file = given(instance, "release.yaml", f"{yaml}released_at: {at}\n")
    assert run("pack", "release", PACK, "--metadata", file)[0] == 0
    assert whole.json("release.json") == new


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"titel": "x"}, "has unknown fields titel"),
        ({"predecessor": "digits-v0.1.0-r1"}, "a predecessor has release_id and pack_id"),
        ({"release_id": 3}, "'3' is no release id"),
        ({"family": 3}, "release.json/family"),
        ({"licence": ""}, "release.json/licence"),
        ({"released_at": "today"}, "release.json/released_at"),
    ],
)
def test_a_release_that_is_none_changes_nothing(
    changes: dict[str, Any], words: str, run: Run, whole: CompletePack, instance: Path
) -> None:
    file = given(instance, "release.json", {**written_release(whole), **changes})
    before = contents(whole)
    code, _out, err = run("pack", "release", PACK, "--metadata", file)
    assert (code, words in err) == (ExitCode.USAGE, True), err
    assert contents(whole) == before


def test_the_demo_is_a_builder_too(run: Run, whole: CompletePack) -> None:
    found = output(run, "pack", "demo", PACK, "--at", "2026-03-01T10:00:00Z")
    assert "demo/terminal_demo_manifest.json" in {item["path"] for item in found["outputs"]}


def test_text_output_is_one_line_each(run: Run, whole: CompletePack) -> None:
    code, out, _err = run("readiness", PACK, "--assess")
    assert code == 1
    assert out.splitlines() == [
        "passed   row accuracy@test",
        "failed   row accuracy@test[parity=odd]",
        "blocked  accuracy@test[parity=odd]: the value 0.5 misses the target >= 0.8 (#8)",
        "not ready: readiness/readiness_report.json",
    ]
    _code, out, _err = run("pack", "eval", PACK, "--metrics", f"{PACK}/{METRICS}")
    assert [line.split("  ")[1] for line in out.splitlines()] == [EVAL, METRICS]


def test_a_failed_step_shows_its_last_words(run: Run, whole: CompletePack) -> None:
    whole.replace("model/measure.py", 'print("measured")', 'raise SystemExit("no scores today")')
    code, out, err = run("readiness", PACK, "--execute")
    assert code == 1
    assert "no scores today" in err
    assert "failed   step accuracy" in out
    assert "blocked  suite: step 'accuracy' failed: exit code 1 (#7)" in out


def test_a_decision_that_is_none_is_refused_before_anything_runs(run: Run, whole: CompletePack, instance: Path) -> None:
    file = given(instance, "odd.json", {**decision(whole.folder), "rationale": ""})
    before = contents(whole)
    code, _out, err = run("readiness", PACK, "--execute", "--scope-decision", file)
    assert (code, "rationale" in err) == (ExitCode.USAGE, True)
    assert contents(whole) == before


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("readiness", PACK), "--plan, --execute or --assess"),
        (("readiness", "packs/nothing", "--plan"), "no such folder"),
        (("readiness", PACK, "--plan", "--execute"), "--plan and --execute exclude each other"),
        (("readiness", PACK, "--assess", "--plan"), "--plan and --assess exclude each other"),
        (("pack", "dataset", PACK, "--spec", "a.yaml", "--check-spec", "--check-inputs"), "exclude each other"),
        (("readiness", PACK, "--plan", "--profile", "minimal"), "profile 'minimal' declares no suite"),
        (("readiness", PACK, "--assess", "--profile", "minimal"), "requires no rows"),
        (("pack", "eval", PACK, "--metrics", "none.json"), "can't be read"),
        (("pack", "eval", PACK, "--metrics", f"{PACK}/{METRICS}", "--set", "a=1"), "--config"),
        (("pack", "efficiency", PACK, "--measurements", f"{PACK}/release.json"), "lacks measured_at"),
        (("pack", "model", PACK, "--metadata", f"{PACK}/release.json"), "unknown fields"),
    ],
)
def test_usage(argv: tuple[str, ...], words: str, run: Run) -> None:
    code, _out, err = run(*argv)
    assert code in {ExitCode.USAGE, ExitCode.UNREADABLE}
    assert words in err


@pytest.mark.parametrize(
    "argv",
    [
        ("readiness", PACK, "--execute"),
        ("pack", "eval", PACK, "--metrics", f"{PACK}/{METRICS}"),
        ("pack", "paper", PACK),
    ],
)
def test_a_registered_pack_never_changes(argv: tuple[str, ...], run: Run, whole: CompletePack) -> None:
    register(whole.root.parent, RELEASE)
    before = contents(whole)
    code, _out, err = run(*argv)
    assert code == 2
    assert "never changes" in err
    assert contents(whole) == before


# ── costs, model, paper ──────────────────────────────────────────────────────────────────────────────

MEASURED = {
    "measured_at": "2026-03-01T09:30:00Z",
    "environment": {"python": "3.11"},
    "command": ["python", "bench.py", "--batch", "1"],
    "inputs": ["demo/inputs.jsonl"],
    "rows": [{"name": "latency_p50", "value": 0.0125, "unit": "ms", "batch_size": 1, "repeats": 20}],
    "limitations": ["One thread was used."],
    "claim_boundary": ["Measured on one machine, other machines will differ."],
}


def test_costs_are_bound_to_model_and_run(run: Run, whole: CompletePack, instance: Path) -> None:
    file = given(instance, "costs.json", MEASURED)
    assert [item["path"] for item in output(run, "pack", "efficiency", PACK, "--measurements", file)["outputs"]] == [
        COST
    ]
    report = whole.json(COST)
    assert report["model_id"] == whole.value("model/model_package.json", "/model_id")
    assert report["run_id"] == whole.value(EVAL, "/run_id")
    whole.assess()
    assert whole.verify().findings == ()
    draft = (whole / "paper/paper_draft.md").read_text()
    assert "Measured with `python bench.py --batch 1` on `demo/inputs.jsonl`." in draft
    assert "- One thread was used." in draft
    whole.corrupt(COST, "/inputs/0/size", 1).assess()
    assert [(finding.rule, finding.file) for finding in whole.verify().findings] == [("INT007", COST)]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("inputs", ["demo/none.jsonl"], "not a file of this folder"),
        ("inputs", ["../out.txt"], "not a file of this folder"),
        ("inputs", 3, "a list of paths"),
        ("inputs", [3], "a list of paths"),
        ("inputs", "demo/inputs.jsonl", "a list of paths"),
        ("rows", [{"name": "latency_p50"}], "unit"),
        ("claim_boundary", [], "claim_boundary"),
        ("environment", {"data": "/home/someone/data"}, "private path"),
        ("speed", 1, "unknown fields speed"),
    ],
)
def test_costs_that_are_no_evidence_are_refused(
    field: str, value: Any, words: str, run: Run, whole: CompletePack, instance: Path
) -> None:
    file = given(instance, "costs.json", {**MEASURED, field: value})
    before = contents(whole)
    code, _out, err = run("pack", "efficiency", PACK, "--measurements", file)
    assert code == 2
    assert words in err
    assert contents(whole) == before, "what is refused never costs the evidence that is there"


def test_costs_need_something_to_be_about(run: Run, whole: CompletePack, instance: Path) -> None:
    whole.remove("model/model_package.json").remove(EVAL)
    code, _out, err = run("pack", "efficiency", PACK, "--measurements", given(instance, "costs.json", MEASURED))
    assert code == 2
    assert "nothing states release_id, model_id, run_id" in err


def description(whole: CompletePack) -> dict[str, Any]:
    """What people write of the tiny model."""
    package, manifest = whole.json("model/model_package.json"), whole.json("model/manifest.json")
    names = ("architecture", "inputs", "outputs", "usage", "limitations")
    files = [{"path": item["path"], "role": item["role"]} for item in manifest["files"]]
    return {"format": manifest["format"], "files": files, **{name: package[name] for name in names}}


def test_the_model_is_hashed_where_it_lies(run: Run, whole: CompletePack, instance: Path) -> None:
    paths = ("model/manifest.json", "model/model_package.json")
    before = [(whole / path).read_bytes() for path in paths]
    file = given(instance, "model.json", description(whole))
    outputs = output(run, "pack", "model", PACK, "--metadata", file)["outputs"]
    assert [item["path"] for item in outputs] == [*paths, "model/config.json", "model/weights.bin"]
    assert [(whole / path).read_bytes() for path in paths] == before
    whole.write("model/weights.bin", b"other")
    run("pack", "model", PACK, "--metadata", file)
    assert whole.value("model/model_package.json", "/model_id") != whole.value(EVAL, "/model_id")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("files", [], "a list of path and role"),
        ("files", [{"path": "weights.bin"}], "a list of path and role"),
        ("files", [{"path": "none.bin", "role": "weights"}], "model/none.bin is not a file"),
        ("files", [{"path": "../release.json", "role": "other"}], "holds the segment '..'"),
        ("files", [{"path": "weights.bin", "role": "magic"}], "role"),
        ("limitations", [], "limitations"),
    ],
)
def test_a_model_that_is_not_there_is_refused(
    field: str, value: Any, words: str, run: Run, whole: CompletePack, instance: Path
) -> None:
    file = given(instance, "model.json", {**description(whole), field: value})
    before = contents(whole)
    code, _out, err = run("pack", "model", PACK, "--metadata", file)
    assert code == 2
    assert words in err
    assert contents(whole) == before


def test_the_paper_names_what_it_lacks(run: Run, whole: CompletePack) -> None:
    whole.remove("dataset/dataset_package.json").remove(EVAL)
    code, _out, err = run("pack", "paper", PACK)
    assert code == 2
    assert "dataset package (dataset/dataset_package.json), evaluation metrics" in err.replace("training run", "")
    assert not (whole / "paper/paper_draft.md").exists()


def test_the_paper_refuses_a_stale_report_beside_it(run: Run, whole: CompletePack) -> None:
    whole.replace("model/eval_report.md", "accuracy", "recall")
    code, _out, err = run("pack", "paper", PACK)
    assert code == 2
    assert "model/eval_report.md is stale" in err


def test_the_paper_names_artifacts_and_whom_to_cite(whole: CompletePack) -> None:
    draft = (whole / "paper/paper_draft.md").read_text()
    for words in (
        *("Generated: 2026-03-01T09:30:00Z", "| Authors | Proofpress example project |", "| Licence | Apache-2.0 |"),
        *(f"| `{path}` |" for path in (CONFIG, METRICS, *REPORTS, "model/eval_report.md", "demo/transcript.md")),
    ):
        assert words in draft
