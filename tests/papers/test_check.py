"""What a checker of papers says of citations, identifiers, claims and standing, one trouble at a time."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from paper_shelf import BIB, ROOT, SITE_URL, shelf
from proofpress.build.cite import citing_of
from proofpress.cli import cli, main
from proofpress.errors import ExitCode
from proofpress.papers.bib import entries
from proofpress.papers.check import check_paper
from proofpress.papers.ledger import PaperReport
from proofpress.papers.macros import Macros
from proofpress.papers.rules import PAPER_RULES
from proofpress.schemas import schemas
from proofpress.site import cite

RELEASE = "digits-v0.3.0-mlp64-r1"
YANKED = "digits-v0.2.0-mlp64-r1"


def check(text: str, name: str = "paper.tex", **files: str) -> PaperReport:
    there = {key.replace("__", "."): value for key, value in files.items()}
    return check_paper(name, text, [], there.get, shelf())


def found(report: PaperReport) -> list[tuple[str, int]]:
    """(rule, line) of each finding."""
    return [(item.rule, int(item.pointer.removeprefix("line ") or 0)) for item in report.findings]


# Numbers -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quoted", "agrees"),
    [
        ("0.975352", True),
        ("0.97535", True),
        ("0.975", True),
        ("0.98", True),
        (".975", True),
        ("97.5\\,\\%", True),
        ("97.54\\%", True),
        ("98 \\%", True),
        ("97.5 per cent", True),
        ("\\num{0.9754}", True),
        ("\\qty{97.5}{\\percent}", True),
        ("$0.975$", True),
        ("\\textbf{0.975}", True),
        ("9.75 \\times 10^{-1}", True),
        ("9.754e-1", True),
        ("0,975", True),
        ("0.976", False),
        ("0.974", False),
        ("0.9753521", False),
        ("97.4\\%", False),
        ("97 \\%", False),
        ("9.75 \\times 10^{-2}", False),
        ("0,974", False),
    ],
)
def test_a_quoted_number_is_compared_to_its_last_digit(quoted: str, agrees: bool) -> None:
    report = check(f"\nOn the test split, the accuracy is {quoted} \\cite{{{RELEASE}}}.\n")
    assert [item.agrees for item in report.quotes] == [agrees]
    assert found(report) == ([] if agrees else [("PAP001", 2)])


@pytest.mark.parametrize(
    "sentence",
    [
        "The accuracy of Smith~\\cite{smith2020} is 0.91.",
        "With seed 7, 12 layers and 2 GPUs the accuracy on the test split is 0.975 \\cite{KEY} after 40 epochs.",
        "Balanced accuracy is 0.91 \\cite{KEY}.",
        "The training accuracy is 0.999 \\cite{KEY}.",
        "Accuracy on the test split is above 0.90 \\cite{KEY}.",
        "See Section 4.2, Table 3 and Figure 0.5 for the accuracy \\cite{KEY}.",
        "In 2026, accuracy on 2026-09-01 was measured as \\cite{KEY} says.",
        "The accuracy is 0.91 for theirs~\\cite{smith2020} and 0.975 for ours~\\cite{KEY}.",
        "Accuracy rose from 0.91~\\cite{smith2020} to 0.975~\\cite{KEY}.",
        "\\begin{verbatim}accuracy 0.5 \\cite{KEY}\\end{verbatim} Nothing.",
        "\\verb|accuracy 0.5 \\cite{KEY}| stands for itself.",
        "% accuracy is 0.5 \\cite{KEY}",
        "The learning rate of 0.002 \\cite{KEY} gives an accuracy of 97.5\\,\\%.",
        "We chose log loss with weight 0.5 over accuracy with weight 0.5 \\cite{KEY}.",
        "In a 5-fold cross-validation, accuracy was $0.971 \\pm 0.004$ \\cite{KEY}.",
        "Without rounding the weights, accuracy would be 0.977 \\cite{KEY}.",
        "On the training images, accuracy is 0.999 \\cite{KEY}.",
        "Trained on 1,229 images, the accuracy on the test split is 0.975 after 40 epochs on 6,290 more \\cite{KEY}.",
        "\\cite{KEY} reaches 0.975 accuracy, 0.975 macro F1 and 0.9375 worst-class recall on the test split.",
        "Digit 1 (accuracy 0.962, $n=53$) is harder than digit 2 (accuracy 1.0, $n=51$) \\cite{KEY}.",
        "Accuracy (test): 0.975; log loss (test): 0.077; see \\cite{KEY}.",
    ],
)
def test_numbers_of_something_else_are_left_alone(sentence: str) -> None:
    text = sentence.replace("KEY", RELEASE)
    assert check(f"\\addbibresource{{refs.bib}}\n{text}\n", refs__bib=BIB).findings == []


def test_numbers_of_two_releases_are_told_apart() -> None:
    other = "digits-v0.3.0-mlp64-r2"
    text = f"Log loss on the test split is 0.077 \\cite{{{RELEASE}}}, and 0.083 \\cite{{{other}}}."
    right = shelf().release(other)
    assert right is not None
    value = right.quotables["log_loss@test"].value
    assert found(check(text.replace("0.083", f"{value:.3f}"))) == []
    assert found(check(text.replace("0.083", f"{value + 1:.3f}"))) == [("PAP001", 1)]
    assert found(check(text.replace("0.077", "0.078").replace("0.083", f"{value:.3f}"))) == [("PAP001", 1)]


# Claims --------------------------------------------------------------------------------------------------------------


def test_a_claim_names_each_number_of_its_line() -> None:
    wrong = f"It is 0.975 for 568. % proofpress: accuracy@test of {RELEASE}"
    report = check(wrong)
    assert found(report) == [("PAP006", 1)]
    assert (report.findings[0].expected, report.findings[0].found) == ("accuracy@test", "0.975, 568")
    assert found(check(wrong.replace("accuracy@test of", "accuracy@test, _ of"))) == []
    assert found(check("It is 0.975. % proofpress: accuracy@test")) == [("PAP006", 1)]
    missing = check(f"It is 0.975. % proofpress: accuracy@tst of {RELEASE}")
    assert found(missing) == [("PAP005", 1)]
    assert "accuracy@test" in missing.findings[0].expected


def test_a_line_may_be_ignored() -> None:
    text = f"A later run has accuracy 0.91 on the test split \\cite{{{RELEASE}}}."
    assert found(check(text)) == [("PAP001", 1)]
    assert found(check(f"{text} % proofpress: ignore")) == []


def test_included_files_are_read_with_their_lines() -> None:
    report = check("\\input{part}\n\\input{gone}\n", part__tex=f"\n\nAccuracy is 0.5 \\cite{{{RELEASE}}}.\n")
    assert [(item.rule, item.file, item.pointer) for item in report.findings] == [
        ("PAP008", "paper.tex", "line 2"),
        ("PAP001", "part.tex", "line 3"),
    ]


# Macros --------------------------------------------------------------------------------------------------------------


def macros(**how: object) -> str:
    release = shelf().release(RELEASE)
    assert release is not None
    return Macros(evidence=release.evidence, **how).text()  # type: ignore[arg-type]


@pytest.mark.parametrize("decimals", [1, 3, 4, 8])
def test_the_macros_agree_with_the_evidence(decimals: int) -> None:
    text = macros(decimals=decimals)
    paper = "\\input{release-macros}\nThe accuracy is \\DigitsAccuracyTest{} on the test split.\n\\DigitsMetricsTable\n"
    report = check(paper, **{"release-macros__tex": text})
    assert report.findings == []
    assert len(report.quotes) == text.count("% proofpress: ") - 1 > 60


def test_an_edited_macro_is_found_once() -> None:
    text = macros().replace("\\DigitsAccuracyTest}{0.9754}", "\\DigitsAccuracyTest}{0.9854}")
    line = text[: text.index("0.9854")].count("\n") + 1
    paper = f"\\input{{release-macros}}\nAccuracy is \\DigitsAccuracyTest{{}} on the test split \\cite{{{RELEASE}}}.\n"
    report = check(paper, **{"release-macros__tex": text})
    assert [(item.file, item.pointer, item.found) for item in report.findings] == [
        ("release-macros.tex", f"line {line}", "0.9854")
    ]


def test_a_macro_that_is_defined_again_says_the_same() -> None:
    paper = "\\input{release-macros}\n\n\\renewcommand{\\DigitsAccuracyTest}{0.99}\n"
    assert found(check(paper, **{"release-macros__tex": macros()})) == [("PAP001", 3)]


def test_macros_have_names_of_letters_and_prefixes() -> None:
    text = macros(prefix="new2")
    names = re.findall(r"\\newcommand\{\\([A-Za-z]+)\}", text)
    assert len(names) == len(set(names)) == text.count("\\newcommand{")
    assert all(name.startswith("NewTwo") for name in names)
    assert "NewTwoMacroFOneTest" in names
    assert "NewTwoAccuracyTestDigitEight" in names


# Citations -----------------------------------------------------------------------------------------------------------


def entry(format_: str = "biblatex", *, below: str = "", metric: str = "") -> str:
    citing = citing_of(ROOT, RELEASE)
    record = citing.record(below)
    if metric:
        record = citing.metric(next(row for row in citing.rows if row.key == metric))
    return {"biblatex": cite.biblatex, "bibtex": cite.bibtex}[format_](record)


@pytest.mark.parametrize("format_", ["biblatex", "bibtex"])
@pytest.mark.parametrize(("below", "metric"), [("", ""), ("data-card/", ""), ("paper/", ""), ("", "accuracy@test")])
def test_our_own_entries_are_right(format_: str, below: str, metric: str) -> None:
    bib = entry(format_, below=below, metric=metric)
    (held,) = entries(bib)
    report = check(f"\\addbibresource{{refs.bib}}\nSee \\cite{{{held.key}}}.", refs__bib=bib)
    assert report.findings == []
    assert report.references >= 2
    assert len(report.quotes) == (4 if metric else 0)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("version = {0.3.0}", "version = {0.3.1}", "version"),
        ("date = {2026-09-01}", "date = {2026-08-01}", "date"),
        (f"releases/{RELEASE}/", "releases/digits-v0.1.0-logreg-r1/", "url"),
        ("swh:1:dir:", "swh:1:dir:0", "eprint"),
    ],
)
def test_an_entry_that_was_edited(old: str, new: str, field: str) -> None:
    bib = entry()
    assert old in bib
    changed = bib.replace(old, new)
    if field == "eprint":
        changed = re.sub(r"(swh:1:dir:0[0-9a-f]{39})[0-9a-f]", r"\1", changed)
    report = check(f"\\addbibresource{{refs.bib}}\n\\cite{{{RELEASE}}}", refs__bib=changed)
    line = next(number for number, text in enumerate(bib.split("\n"), 1) if text.strip().startswith(field))
    assert [(item.rule, item.file, item.pointer) for item in report.findings] == [
        ("PAP002", "refs.bib", f"line {line}")
    ]


def test_an_edited_note_of_classic_bibtex() -> None:
    bib = entry("bibtex").replace("Version 0.3.0", "Version 0.3.1").replace("month = sep", "month = oct")
    report = check(f"\\bibliography{{refs}}\n\\cite{{{RELEASE}}}", refs__bib=bib)
    assert [item.message.split(" of ")[0] for item in report.findings] == ["the month", "the version"]


def test_a_number_in_an_entry() -> None:
    bib = entry(metric="accuracy@test").replace("0.975352", "0.985352")
    report = check("\\addbibresource{refs.bib}", refs__bib=bib)
    assert [item.rule for item in report.findings] == ["PAP001"]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (f"See \\cite{{{YANKED}}}.", ["PAP004"]),
        (f"The release {YANKED} was good.", ["PAP004"]),
        (f"% proofpress: withdrawn {YANKED}\nSee \\cite{{{YANKED}}}.", []),
        ("See clinical-v0.2.0-gbt-r1.", ["PAP004"]),
        ("See \\cite{digits-v9.9.9-mlp64-r1}.", ["PAP005"]),
        ("See \\cite{digits-v9.9.9-mlp64-r1-eval-report}.", ["PAP005"]),
        ("See digits-v9.9.9-mlp64-r1 for it.", ["PAP005"]),
        ("See other-v9.9.9-mlp64-r1 for it.", []),
        (f"See \\url{{{SITE_URL}releases/digits-v9.9.9-x-r1/}}.", ["PAP005"]),
        (f"See \\url{{{SITE_URL}families/digits/latest/}}.", ["PAP003"]),
        (f"See \\href{{{SITE_URL}active/environment=production/}}{{it}}.", ["PAP003"]),
        ("See \\url{https://elsewhere.example/docs/latest/}.", []),
        (f"Digits 0.3.1~\\cite{{{RELEASE}}} is good.", ["PAP002"]),
        (f"Digits version~0.3.0 \\cite{{{RELEASE}}} is good.", []),
        (f"Python 3.11.4 and \\cite{{{RELEASE}}} are good.", []),
        (f"We used version 0.2.9~\\cite{{{RELEASE}}}.", ["PAP002"]),
        (f"The pack of \\cite{{{RELEASE}}} is sha256:{'0' * 64}.", ["PAP002"]),
        (f"The pack of \\cite{{{RELEASE}}} is swh:1:dir:{'0' * 40}.", ["PAP002"]),
        (f"Something else is sha256:{'0' * 64}.", []),
    ],
)
def test_references(text: str, rules: list[str]) -> None:
    assert [item.rule for item in check(text).findings] == rules


def test_identifiers_of_the_release_are_right() -> None:
    release = shelf().release(RELEASE)
    assert release is not None
    report = check(f"The pack of \\cite{{{RELEASE}}} is {release.evidence.pack_id}, or {release.swhid()}.")
    assert report.findings == []
    assert report.references >= 3
    assert check(f"We use {release.evidence.pack_id}.").references == 1


# The command ---------------------------------------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(ROOT), "check-paper", *arguments])


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    (tmp_path / "refs.bib").write_text(BIB, "utf-8")
    path = tmp_path / "paper.tex"
    path.write_text(f"Its accuracy is 0.5\non the test split \\cite{{{RELEASE}}}.\n", "utf-8")
    return path


def test_the_command_names_file_line_quoted_and_actual(paper: Path) -> None:
    done = run(str(paper), "--bib", str(paper.with_name("refs.bib")))
    assert f"error PAP001 {paper}:1: quoted 0.5, actual 0.975352 (accuracy@test)" in done.output
    assert main(["-C", str(ROOT), "check-paper", str(paper)]) == ExitCode.FINDINGS


@pytest.mark.parametrize("format_", ["json", "sarif", "junit", "github"])
def test_the_command_in_each_format(paper: Path, format_: str) -> None:
    done = run(str(paper), "--format", format_)
    assert "PAP001" in done.output
    if format_ == "json":
        report = json.loads(done.output)
        Draft202012Validator(schemas()["paper"]).validate(report)
        (quote,) = report["papers"][0]["quotes"]
        assert (quote["line"], quote["quoted"], quote["actual"], quote["agrees"]) == (1, "0.5", ["0.975352"], False)
    if format_ == "sarif":
        (result,) = json.loads(done.output)["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 1


def test_exit_codes(paper: Path) -> None:
    paper.write_text("Nothing about 0.5.", "utf-8")
    assert main(["-C", str(ROOT), "check-paper", str(paper)]) == ExitCode.NOTHING_CHECKED
    paper.write_text(f"See \\cite{{{RELEASE}}}.", "utf-8")
    assert main(["-C", str(ROOT), "check-paper", str(paper)]) == ExitCode.OK
    assert main(["-C", str(ROOT), "check-paper", str(paper), "--bib", "gone.bib"]) == ExitCode.UNREADABLE
    assert main(["-C", str(ROOT), "check-paper", str(paper.with_suffix(".odt"))]) == ExitCode.USAGE
    assert main(["-C", str(ROOT), "check-paper", str(paper.with_name("gone.tex"))]) == ExitCode.UNREADABLE


def test_every_rule_says_how_to_mend_it() -> None:
    assert [rule for rule, *_rest in PAPER_RULES] == [f"PAP00{number}" for number in range(1, 9)]
    for rule, _title, _severity, explanation in PAPER_RULES:
        assert "Mend it" in explanation or "`% proofpress: " in explanation, rule
