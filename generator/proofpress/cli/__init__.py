"""argv → pipeline → text and exit code. The only room that prints or exits."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import click

from proofpress.cli import (
    changelog,
    check,
    derive,
    exchange,
    export,
    gate,
    init,
    keys,
    links,
    make,
    pack_assurance,
    pack_dataset,
    pack_eval,
    pack_model,
    pack_training,
    papers,
    prove,
    publish,
    readiness,
    registry,
    registry_read,
    repair,
    runs,
    serve,
    signoff,
    slices,
)
from proofpress.cli.base import cli, exit_code
from proofpress.console import printable
from proofpress.errors import ExitCode, ProofpressError

__all__ = [
    "changelog",
    "check",
    "cli",
    "derive",
    "entry_point",
    "exchange",
    "exit_code",
    "export",
    "gate",
    "init",
    "keys",
    "links",
    "main",
    "make",
    "pack_assurance",
    "pack_dataset",
    "pack_eval",
    "pack_model",
    "pack_training",
    "papers",
    "prove",
    "publish",
    "readiness",
    "registry",
    "registry_read",
    "repair",
    "runs",
    "serve",
    "signoff",
    "slices",
]


def _guarded(function: Callable[..., Any]) -> Callable[..., int]:
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> int:
        try:
            return int(function(*args, **kwargs) or 0)
        except click.exceptions.Exit as exc:
            return exc.exit_code
        except click.ClickException as exc:
            exc.show()
            return ExitCode.USAGE
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            return 130
        except ProofpressError as exc:
            click.echo(printable(f"proofpress: {exc}"), err=True)
            if exc.hint:
                click.echo(printable(f"    hint: {exc.hint}"), err=True)
            return exc.exit_code
        except BrokenPipeError:
            return 141  # as if SIGPIPE had ended it: whoever reads the code must not take it for a pass
        except OSError as exc:
            where = exc.filename or "the output"
            click.echo(printable(f"proofpress: {where}: {exc.strerror or exc}"), err=True)
            return ExitCode.PUBLISH_FAILED
        except Exception as exc:  # noqa: BLE001 - the one place that turns a bug into exit code 70
            click.echo(
                f"proofpress: internal error: {type(exc).__name__}: {exc}\n"
                "    hint: this is a bug; run again with PROOFPRESS_TRACEBACK=1 and report what it prints",
                err=True,
            )
            import traceback

            if os.environ.get("PROOFPRESS_TRACEBACK"):
                traceback.print_exc()
            return ExitCode.INTERNAL

    return run


@_guarded
def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    return int(cli.main(args=None if argv is None else list(argv), prog_name="proofpress", standalone_mode=False) or 0)


def entry_point() -> None:
    """The console command. It ends the process at once: taking its objects apart takes longer than a small build."""
    gc.set_threshold(50_000, 20, 100)  # evidence is made of trees; looking for cycles often costs a tenth of a command
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        os._exit(code or 141)
    os._exit(code)
