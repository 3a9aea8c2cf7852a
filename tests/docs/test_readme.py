"""What README.md shows is what happens: its console blocks are run in a copy of the example instance."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proofpress.errors import ExitCode

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def shown() -> list[tuple[str, str]]:
    """(command, output) of every console block, in their order; of a make target, the command that it echoes."""
    blocks = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    steps = re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", "".join(blocks), re.MULTILINE)
    made = [output.split("\n", 1) for command, output in steps if command.startswith("make ") and output]
    typed = [[command, output] for command, output in steps if not command.startswith("make ")]
    return [(command.removeprefix(".venv/bin/"), output) for command, output in (*made, *typed)]


@pytest.mark.skipif(sys.platform == "darwin", reason="the sed of macOS has another -i")
def test_commands_print_what_the_readme_shows(tmp_path: Path) -> None:
    for folder in ("packs", "site_src"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    tool = tmp_path / "bin" / "proofpress"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m proofpress "$@"\n')
    tool.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "generator"),
        "PYTHONIOENCODING": "utf-8",
    }
    steps = shown()
    assert len(steps) >= 5
    for command, output in steps:
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        assert done.stdout + done.stderr == output, command


def test_every_target_and_exit_code_is_explained() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE)) - {"system"}
    assert targets == set(re.findall(r"`make ([a-z]+)`", README)) | {"site", "test"}
    for page in (README, (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")):
        assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} - {130} == {*map(int, ExitCode)}


def test_ci_runs_what_the_readme_says() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "set -eu",
        'cd "$(dirname "$0")/.."',
        "exec make test",
    ]
