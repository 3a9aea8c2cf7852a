"""What a guide tells to type is typed: every shell block of it, in its order, in an empty folder."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from proofpress.pipeline import rules_at
from proofpress.verify import Profiles

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guides" / "from-csv-to-a-complete-pack.md"
FENCES = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def typed(guide: Path) -> list[str]:
    """The shell blocks of a guide. It has no others, so that nothing in it stays untried."""
    blocks = FENCES.findall(guide.read_text(encoding="utf-8"))
    assert {language for language, _text in blocks} == {"sh"}
    return [text for _language, text in blocks]


@pytest.mark.skipif(sys.platform == "win32", reason="the guide is typed in a POSIX shell")
def test_the_guide_from_csv_makes_a_complete_pack(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, words in (("proofpress", "-m proofpress"), ("python3", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tools / name).chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "generator"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "TMPDIR": str(tmp_path),
    }
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["sh", "-eux"],
        input="\n".join(typed(GUIDE)),
        cwd=work,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    instance = work / "releases"
    pack = instance / "packs/fruit/fruit-v0.1.0-logreg-r1"

    # (1) the pack is complete, verified without a finding, and its documents are fresh
    assert "1 of 1 packs verified" in done.stdout
    assert not re.search(r"^(error|warning) ", done.stdout, re.MULTILINE), done.stdout
    manifest = json.loads((pack / "manifest.json").read_text())
    chain = rules_at(instance).profiles.chain(manifest["profile"])
    assert [profile.name for profile in chain] == [
        "fruit-release",
        *(profile.name for profile in Profiles().chain("complete")),
    ]
    for document in ("model_card", "eval_report"):
        assert (pack / "model" / f"{document}.md").is_file()
    for path in ("dataset/data_card", "training/training_run_card", "demo/transcript", "paper/paper_draft"):
        assert (pack / f"{path}.md").is_file()
    assert "fruit/fruit-v0.1.0-logreg-r1: fresh" in done.stdout
    assert (instance / "site/index.html").is_file()

    # (2) what was really run says so: the model learned, and beats the baseline on examples that it did not see
    rows = {
        row["name"]: row
        for row in json.loads((pack / "model/eval_metrics.json").read_text())["rows"]
        if "slice" not in row
    }
    assert list(rows) == ["accuracy", "balanced_accuracy", "macro_f1", "log_loss", "roc_auc", "brier_score"]
    assert rows["accuracy"]["delta_vs_baseline"] > 0.1
    assert rows["roc_auc"]["value"] > 0.8
    preflight = json.loads((pack / "training/training_preflight_report.json").read_text())
    assert preflight["ok"]
    assert preflight["configuration"]["validated_by"]["closed"]
    answers = [json.loads(line)["ripe"] for line in (pack / "demo/scores.jsonl").read_text().splitlines()]
    assert answers[:2] == ["no", "yes"]
