"""docs/rules holds a page for every rule, made from the rule's own documentation."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from proofpress.cli import cli
from proofpress.pipeline import all_rules
from proofpress.verify.rule import Rule
from proofpress.verify.rule_pages import rule_pages

RULES = Path(__file__).parents[2] / "docs" / "rules"


def test_the_pages_are_those_of_the_rule_book() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in RULES.iterdir()}
    assert written == dict(rule_pages(all_rules())), "run 'make docs'"


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_every_rule_explains_itself(rule: Rule) -> None:
    assert len(rule.title) > 10
    assert len(rule.explanation.split()) >= 10
    index = (RULES / "README.md").read_text(encoding="utf-8")
    assert f"| [{rule.id}]({rule.id}.md) | {rule.title} |" in index
    assert f"## {rule.id[:3]}" not in index, "give the rule's prefix a heading in rule_pages"


def test_the_command_writes_them(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["-C", str(tmp_path), "rules", "--write", "pages"])
    assert done.output == f"{len(all_rules()) + 1} pages in pages\n"
    assert {path.name for path in (tmp_path / "pages").iterdir()} == {
        "README.md",
        *(f"{id_}.md" for id_ in all_rules()),
    }
