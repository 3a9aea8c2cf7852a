"""The bench's instance is what it says: every pack verifies, and the site of all of them is built."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RELEASES = 6


def run(*command: str, cwd: Path) -> str:
    """Standard output of a command that must succeed."""
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[1] / "generator")}
    done = subprocess.run((sys.executable, *command), cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_generated_packs_verify_and_build(tmp_path: Path) -> None:
    facts = json.loads(run(str(HERE / "generate.py"), str(tmp_path), "--releases", str(RELEASES), cwd=tmp_path))
    instance = tmp_path / "instance"
    packs = sorted(path for path in (instance / "packs").glob("*/*") if (path / "manifest.json").exists())
    assert facts["releases"] == len(packs) == RELEASES
    assert facts["peer_pages"] == 9 * RELEASES
    assert len({(path / "manifest.json").read_bytes() for path in packs}) == RELEASES

    run("-m", "proofpress", "check", cwd=instance)
    run("-m", "proofpress", "build", "--jobs", "1", cwd=instance)
    assert {path.name for path in (instance / "site" / "releases").iterdir()} == {path.name for path in packs}

    label = facts["extra"][0]
    (tmp_path / "extra" / label).rename(instance / "packs" / label)
    shutil.rmtree(instance / "packs/registry/log")
    shutil.copytree(tmp_path / "extra/0.log", instance / "packs/registry/log")
    run("-m", "proofpress", "check", cwd=instance)
    report = run("-m", "proofpress", "build", "--jobs", "1", "--format", "json", cwd=instance)
    assert json.loads(report)["changed"] is True
