"""Commands that decide: gate, compare."""

from pathlib import Path

import click

from proofpress.cli.base import FORMATS, cli, emit, format_option, one_mode, print_report, utc_time
from proofpress.errors import ExitCode

GATE_FORMATS = click.Choice(["text", "json", "sarif", "junit", "github", "markdown"])


@cli.command()
@click.argument("new")
@click.option("--against", metavar="OLD", help="The pack to compare with. [default: the declared predecessor]")
@click.option("--at", help="UTC time at which waivers are judged. [default: now]")
@click.option(
    "--policy-before",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The policy to compare this one with. [default: that of the baseline's receipt]",
)
@click.option("--receipt", "keep", is_flag=True, help="Write the decisions below packs/attestations/.")
@click.option("--require-signoff", "signed", is_flag=True, help="Also ask for the sign-offs that the policy requires.")
@format_option(GATE_FORMATS)
@click.pass_obj
def gate(
    root: Path,
    new: str,
    against: str | None,
    at: str | None,
    policy_before: Path | None,
    keep: bool,
    signed: bool,
    format_: str,
) -> ExitCode:
    """Decide by the policy's gates whether a release is acceptable; one line a decision, worst first.

    What a gate can't judge, for want of a baseline, an input or a row, is refused like what it denies. With
    --require-signoff it is the one line that a deployment calls: gates, receipt and every required signature.

    \b
    Example:  proofpress gate digits-v0.3.0-mlp64-r1 --format markdown
    """
    from proofpress.approve import decide_deployment
    from proofpress.decide import clear_receipt, decide
    from proofpress.gate.report import markdown_report, text_report, verdict_of
    from proofpress.gate.store import attested_text, write_receipt
    from proofpress.instance import open_instance
    from proofpress.signoff.gates import RULES

    mode = one_mode({"--receipt": keep, "--require-signoff": signed})
    asked = RULES if mode == "--require-signoff" else ()
    instance = open_instance(root)
    if keep:
        clear_receipt(instance, new)
    before = None if policy_before is None else root / policy_before
    decider = decide_deployment if signed else decide
    decided = decider(instance, new, at=utc_time(at), against=against, policy_before=before)
    receipt = decided.receipt
    if keep:
        write_receipt(root, receipt, decided.policy)
    if format_ == "json":
        emit(attested_text(receipt))
    elif format_ == "text":
        emit(text_report(receipt))
    elif format_ == "markdown":
        emit(markdown_report(receipt, decided.comparison, family=decided.family, also=asked))
    else:
        print_report(format_, [verdict_of(receipt, decided.label, also=asked)], (), verbose=True)
    return ExitCode.OK if receipt.verdict == "PASS" else ExitCode.FINDINGS


@cli.command()
@click.argument("new")
@click.option("--against", metavar="OLD", help="The pack to compare with. [default: the declared predecessor]")
@click.option("--record", is_flag=True, help="Write the result below packs/attestations/, where pages read it.")
@format_option(FORMATS)
@click.pass_obj
def compare(root: Path, new: str, against: str | None, record: bool, format_: str) -> ExitCode:
    """Test each row of two releases for a difference, example by example.

    Hits and misses by McNemar's exact test, other values by a paired bootstrap; p-values are also corrected for
    the number of rows (Holm). Rows that can't be tested say why.

    \b
    Example:  proofpress compare digits-v0.3.0-mlp64-r1 --record
    """
    from proofpress.console import printable
    from proofpress.decide import paired
    from proofpress.gate.store import attested_text, write_comparison
    from proofpress.instance import open_instance

    found = paired(open_instance(root), new, against=against)
    written = write_comparison(root, found) if record else None
    if format_ == "json":
        emit(attested_text(found))
    else:
        for row in found.rows:
            emit(
                printable(
                    f"{row.key}: {row.difference} ({row.ci_low} to {row.ci_high}), p = {row.p_value}, "
                    f"corrected {row.p_adjusted}; {row.n} pairs, {row.method}"
                )
            )
        for item in found.untested:
            emit(printable(f"{item.row}: not tested, {item.reason}"))
        if written is not None:
            emit(f"wrote {written.relative_to(root)}")
    return ExitCode.OK if found.rows else ExitCode.NOTHING_CHECKED
