"""docs/cli.md shows the help of every command as it is. `python tests/docs/test_cli_page.py` writes it anew."""

from collections.abc import Iterator
from pathlib import Path

import click

from proofpress.cli import cli

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
MARK = "<!-- The help of every command; `make docs` writes what follows. -->\n"


def commands(group: click.Group = cli, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """(name, help) of a group and everything below it, in the order of their names."""
    name = "proofpress" if parent is None else group.name
    context = click.Context(group, parent, info_name=name, terminal_width=100, **group.context_settings)
    yield context.command_path, group.get_help(context)
    for command_name in sorted(group.commands):
        command = group.commands[command_name]
        if isinstance(command, click.Group):
            yield from commands(command, context)
        else:
            inner = click.Context(command, context, info_name=command_name, terminal_width=100)
            yield inner.command_path, command.get_help(inner)


def cli_page() -> str:
    """The page: its hand-written beginning, then the help of every command."""
    head, mark, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    assert mark, f"{PAGE}: the line {MARK!r} is gone"
    return head + mark + "".join(f"\n## {name}\n\n```text\n{text}\n```\n" for name, text in commands())


def test_every_command_is_documented_as_it_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == cli_page(), "run 'make docs'"


def test_every_command_has_an_example() -> None:
    names = ("changelog", "demo", "derive", "key", "pack", "paper", "publish", "registry")
    groups = {f"proofpress {name}" for name in names}
    assert not [name for name, text in commands() if name not in groups and f"Example:  {name}" not in text]


if __name__ == "__main__":
    PAGE.write_text(cli_page(), encoding="utf-8")
