"""Commands of signing keys."""

import os
from pathlib import Path

import click

from proofpress.cli.base import cli, emit
from proofpress.errors import ExitCode


@cli.group()
def key() -> None:
    """Ed25519 keys that sign: made here, kept by their owner, named by their public half in the policy."""


@key.command("new")
@click.argument("file", type=click.Path(path_type=Path))
def key_new(file: Path) -> ExitCode:
    """Make a key, write its private half to FILE and print its public half for the policy.

    The file is encrypted when PROOFPRESS_KEY_PASSWORD is set.

    \b
    Example:  proofpress key new owner.pem
    """
    from proofpress.signing.keys import PASSWORD_VARIABLE, SigningKey, write_key

    made = SigningKey.new()
    write_key(file, made, os.environ.get(PASSWORD_VARIABLE))
    emit(made.public)
    return ExitCode.OK


@key.command("show")
@click.argument("file", type=click.Path(path_type=Path))
def key_show(file: Path) -> ExitCode:
    """Print the public half of the key in FILE, as the policy names it.

    \b
    Example:  proofpress key show owner.pem
    """
    from proofpress.signing.keys import read_key

    emit(read_key(file, os.environ).public)
    return ExitCode.OK
