"""The CI files for users obey the schemas of their systems, and call commands that exist as they are called."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from proofpress.cli import cli

ROOT = Path(__file__).parents[2]
CI = ROOT / "docs" / "ci"
FILES = {
    "github-workflows": CI / "github-release-evidence.yml",
    "gitlab-ci": CI / "gitlab-ci.yml",
    "github-actions": CI / "action" / "action.yml",
}
HOOKS = ROOT / ".pre-commit-hooks.yaml"


@pytest.mark.parametrize("schema", FILES)
def test_a_file_obeys_its_schema(schema: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(FILES[schema])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def scripts(value: Any) -> list[str]:
    """Every shell text below a document."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in scripts(item)]
    if isinstance(value, list):
        return [text for item in value for text in scripts(item)]
    return [value] if isinstance(value, str) and "proofpress" in value else []


def calls(path: Path) -> list[list[str]]:
    """The words of every call of `proofpress` in a file."""
    joined = "\n".join(scripts(yaml.safe_load(path.read_bytes()))).replace("\\\n", " ")
    found = [part for line in joined.splitlines() for part in re.split(r"\|\||&&|[|;]", line)]
    lines = [re.sub(r"\s>.*", "", part.strip()) for part in found if part.strip().startswith("proofpress ")]
    return [shlex.split(line) for line in lines]


@pytest.mark.parametrize("path", [*FILES.values(), HOOKS], ids=lambda path: path.name)
def test_every_call_is_one_that_the_program_takes(path: Path) -> None:
    found = calls(path)
    assert found
    for words in found:
        command: click.Command = cli
        arguments = words[1:]
        while isinstance(command, click.Group):
            if arguments[0] == "-C":  # the one option before a command, with its value
                arguments = arguments[2:]
            command, arguments = command.commands[arguments[0]], arguments[1:]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        given = {word.partition("=")[0] for word in arguments if word.startswith("-")}
        assert given <= known | {"--help"}, words
