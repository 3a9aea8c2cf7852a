"""The table of guarantees: every row names a rule or command that exists, and a test that exists."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from proofpress.cli import cli
from proofpress.pipeline import all_rules

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"


def rows() -> Iterator[tuple[str, str, str]]:
    """(guarantee, held by, shown by) of every row."""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("| ") and not line.startswith(("| guarantee", "| ---")):
            guarantee, held, shown = (cell.strip() for cell in line.strip("|").split(" | "))
            yield guarantee, held, shown


@cache
def functions_of(file: str) -> frozenset[str]:
    """Names of the test functions of a module below tests/."""
    return frozenset(re.findall(r"^def (test_\w+)", (ROOT / "tests" / file).read_text("utf-8"), re.MULTILINE))


def is_command(words: list[str]) -> bool:
    """Whether the words name a command of proofpress, or a target of make."""
    if words[0] == "make":
        return re.search(rf"^{re.escape(words[1])}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE) is not None
    command: click.Command = cli
    for word in words[1:]:
        if not isinstance(command, click.Group) or word not in command.commands:
            return False
        command = command.commands[word]
    return words[0] == "proofpress" and len(words) > 1


@pytest.mark.parametrize(("guarantee", "held", "shown"), [pytest.param(*row, id=row[0][:50]) for row in rows()])
def test_every_guarantee_is_held_and_shown(guarantee: str, held: str, shown: str) -> None:
    assert "planned" not in f"{guarantee} {held} {shown}".lower().replace("only planned", "")
    rules = re.findall(r"\[([A-Z]{3}\d{3})\]", held)
    commands = re.findall(r"`([^`]+)`", held)
    assert rules or commands
    assert [name for name in rules if name not in all_rules()] == []
    assert [words for words in commands if not is_command(words.split())] == []
    tests = re.findall(r"`([^`:]+)::(test_\w+)`", shown)
    assert tests
    assert [name for file, name in tests if name not in functions_of(file)] == []


def test_no_rule_of_a_pack_stands_for_nothing() -> None:
    """Each family of rules holds at least one guarantee."""
    page = PAGE.read_text("utf-8")
    families = {name[:3] for name in all_rules()} - {"ING", "SYS", "POL"}
    assert {name for name in families if name not in page} == set()
