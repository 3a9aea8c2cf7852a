"""Commands for whoever cites a release: cite, check-paper, paper macros."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proofpress.cli.base import FINDING_FORMATS, cli, emit, emit_json, exit_code, format_option
from proofpress.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from proofpress.evidence.evaluation import MetricRow
    from proofpress.papers.ledger import PaperReport
    from proofpress.site.citation import CitationRecord
    from proofpress.site.citing import Citing

_RECORD = ("biblatex", "bibtex", "ris", "csl-json", "cff", "apa", "datacite", "json")
_OTHER = ("codemeta", "ro-crate", "croissant", "linkset", "latex")
CITE_FORMATS = click.Choice([*_RECORD, *_OTHER])


@cli.command()
@click.argument("release")
@click.option(
    "--document", help="One of its pages: model-card, eval-report, data-card, paper, … [default: the release]"
)
@click.option("--metric", help="One number of its evaluation report: NAME@SPLIT or NAME@SPLIT[DIMENSION=VALUE].")
@click.option("--format", "format_", type=CITE_FORMATS, default="biblatex", show_default=True, help="Form of citation.")
@click.pass_obj
def cite(root: Path, release: str, document: str | None, metric: str | None, format_: str) -> ExitCode:
    """Print how a release, one of its documents or one of its numbers is cited, as the site publishes it.

    \b
    Example:  proofpress cite digits-v0.3.0-mlp64-r2 --metric accuracy@test --format bibtex
    """
    from proofpress.build.cite import citing_of

    if metric is not None and document not in {None, "eval-report"}:
        raise UsageError("a number stands in the evaluation report", hint="leave --document out")
    citing = citing_of(root, release)
    row = _row(citing, metric) if metric is not None else None
    record = citing.metric(row) if row else citing.record(_below(citing, document))
    if format_ in _RECORD:
        _print_record(citing, record, row, "" if row else _below(citing, document), format_)
        return ExitCode.OK
    whole = {"codemeta": "codemeta.json", "ro-crate": "ro-crate-metadata.json", "linkset": "linkset.json"}
    whole |= {"croissant": "croissant.json", "latex": "paper/release-macros.tex"}
    if row is not None or (document is not None and (document, format_) != ("data-card", "croissant")):
        raise UsageError(f"{format_} is made of the whole release", hint="leave --document and --metric out")
    texts = {item.file: item.text for item in citing.files()}
    if whole[format_] not in texts:
        raise UsageError(f"{citing.pack.evidence.bundle_id} has nothing to say as {format_}", hint=_there(citing))
    emit(texts[whole[format_]])
    return ExitCode.OK


def _there(citing: "Citing") -> str:
    return f"documents: {', '.join(below.rstrip('/') for below in citing.documents)}"


def _below(citing: "Citing", document: str | None) -> str:
    if document is None:
        return ""
    below = document.strip("/") + "/"
    if below not in citing.documents:
        raise UsageError(f"{citing.pack.evidence.bundle_id} has no document '{document}'", hint=_there(citing))
    return below


def _row(citing: "Citing", metric: str) -> "MetricRow":
    rows = {row.key: row for row in citing.rows}
    if metric not in rows:
        listed = ", ".join(list(rows)[:12]) or "none"
        raise UsageError(f"{citing.pack.evidence.bundle_id} has no number '{metric}'", hint=f"numbers: {listed}")
    return rows[metric]


def _print_record(
    citing: "Citing", record: "CitationRecord", row: "MetricRow | None", below: str, format_: str
) -> None:
    from proofpress.site import cite, deposits

    makers: Mapping[str, Callable[[Any], str]] = {
        "biblatex": cite.biblatex,
        "bibtex": cite.bibtex,
        "ris": cite.ris,
        "csl-json": cite.csl_json,
        "cff": cite.cff,
        "apa": cite.apa,
    }
    if format_ in makers:
        emit(makers[format_](record))
    elif format_ == "datacite":
        emit(deposits.datacite(record, citing.around(below)))
    else:
        emit_json(
            "citation",
            {
                "key": record.key,
                "kind": record.kind,
                "title": record.title,
                "version": record.version,
                "date": record.date,
                "authors": [author.name for author in record.authors],
                "publisher": record.publisher,
                "licence": record.licence,
                "url": record.url,
                "doi": record.doi,
                "swhid": record.swhid,
                "pack_id": citing.pack.evidence.pack_id,
                "bundle_id": record.bundle_id,
                "status": citing.place.status,
                "metric": row.key if row else None,
                "value": str(row.value) if row and row.value is not None else None,
                "macro": citing.macros.name(row.key) if row and row.value is not None else None,
                "formats": {name: maker(record) for name, maker in makers.items()},
            },
        )


@cli.group()
def paper() -> None:
    """What a paper takes from a release."""


@paper.command("macros")
@click.argument("release")
@click.option("--decimals", type=click.IntRange(0, 20), default=4, show_default=True, help="Decimals that are kept.")
@click.option("--prefix", default="", help="What each macro begins with. [default: the family]")
@click.pass_obj
def paper_macros(root: Path, release: str, decimals: int, prefix: str) -> ExitCode:
    """Print LaTeX macros for the numbers of a release, rounded as asked for, and tables made of them.

    \b
    Example:  proofpress paper macros digits-v0.3.0-mlp64-r2 --decimals 3 > release-macros.tex
    """
    from proofpress.build.cite import citing_of
    from proofpress.papers.macros import Macros

    evidence = citing_of(root, release).pack.evidence
    if evidence.evaluation is None:
        raise UsageError(f"{evidence.bundle_id} holds no evaluation", hint="name a release that was evaluated")
    emit(Macros(evidence=evidence, decimals=decimals, prefix=prefix).text())
    return ExitCode.OK


@cli.command("check-paper")
@click.argument("papers", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--bib", "bibs", multiple=True, type=click.Path(path_type=Path, dir_okay=False), help="Bibliography.")
@format_option(FINDING_FORMATS)
@click.option("--verbose", "-v", is_flag=True, help="Also print every number that agrees.")
@click.pass_obj
def check_paper(root: Path, papers: tuple[Path, ...], bibs: tuple[Path, ...], format_: str, verbose: bool) -> ExitCode:
    """Compare what papers say of releases with the evidence: numbers, versions, identifiers, standing.

    Reads LaTeX with what it includes, Markdown, Quarto and Typst. Exits with 6 when nothing refers to a release.

    \b
    Example:  proofpress check-paper paper.tex --bib refs.bib
    """
    from proofpress.build.cite import swhid_of
    from proofpress.instance import open_instance
    from proofpress.proofread import Shelf, check_papers
    from proofpress.site.frame_inputs import read_site_config

    shelf = Shelf(instance=open_instance(root), site_url=read_site_config(root).site_url, swhid=swhid_of)
    reports = check_papers(root, papers, bibs, shelf)
    findings = [item for report in reports for item in report.findings]
    checked = sum(report.checked for report in reports)
    _print_papers(format_, reports, verbose=verbose)
    code = exit_code(findings, checked)
    if code is ExitCode.NOTHING_CHECKED:
        click.echo("nothing was checked: no paper refers to a release of this instance", err=True)
    return code


def _print_papers(format_: str, reports: "list[PaperReport]", *, verbose: bool) -> None:
    from proofpress.papers.report import json_fields, text_report, verdict_of
    from proofpress.pipeline import all_rules
    from proofpress.verify.formats import github_report, junit_report, sarif_report

    findings = tuple(item for report in reports for item in report.findings)
    if format_ == "json":
        emit_json("paper", json_fields(reports))
    elif format_ == "sarif":
        emit(sarif_report(findings, all_rules()))
    elif format_ == "junit":
        emit(junit_report([verdict_of(report) for report in reports]))
    elif format_ == "github":
        emit(github_report(findings) or "::notice::proofpress found nothing\n")
    else:
        emit(text_report(reports, verbose=verbose))
