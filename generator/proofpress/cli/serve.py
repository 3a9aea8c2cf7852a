"""The command that shows the site while it is written."""

import threading
from pathlib import Path

import click

from proofpress.cli.base import cli, coloured, emit, jobs_option, progress
from proofpress.errors import ExitCode, UsageError


@cli.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@jobs_option
@click.pass_obj
def serve(root: Path, port: int, jobs: int) -> ExitCode:
    """Build, serve to this machine only, and build again on each save; the open page reloads by itself.

    Packs, the policy, own templates, hand-written pages and mkdocs.yml are watched. What refuses a build is shown
    here and in the open page, over the site from before. Ctrl-C ends it.

    \b
    Example:  proofpress serve --port 8000
    """
    from proofpress.build.site import build_site
    from proofpress.preview.server import PreviewServer
    from proofpress.preview.state import Board, Built, Told, rebuild
    from proofpress.preview.watch import on_change
    from proofpress.verify.formats import finding_text

    def build(processes: int) -> Built:
        report = build_site(root, jobs=processes, progress=progress())
        return Built(
            changed=bool(report.outcome and report.outcome.changed),
            refused=report.refused,
            sentence=report.sentence(),
            findings=report.all_findings,
        )

    def tell(told: Told) -> None:
        for finding in told.findings:
            emit(coloured(finding_text(finding)))
        if told.more:
            emit(f"and {told.more} more: 'proofpress check' lists all")
        emit(told.sentence)

    board = Board()
    try:
        server = PreviewServer(root / "site", board, port)
    except OSError as exc:
        raise UsageError(
            f"port {port} can't be had ({exc.strerror or exc})", hint="choose another with --port"
        ) from exc
    stop = threading.Event()
    server.start()
    emit(f"serving {server.url} until Ctrl-C")
    try:
        tell(rebuild(board, lambda: build(jobs)))
        on_change(root, lambda: tell(rebuild(board, lambda: build(1))), stop)
    except KeyboardInterrupt:
        emit("ended")
    finally:
        stop.set()
        server.stop()
    return ExitCode.OK
