"""The rules for papers, for the rule book: id, title, severity, explanation."""

from typing import Final

from proofpress.evidence.finding import Severity

PaperRule = tuple[str, str, Severity, str]


def _error(rule: str, title: str, explanation: str) -> PaperRule:
    return rule, title, "error", explanation


def _warning(rule: str, title: str, explanation: str) -> PaperRule:
    return rule, title, "warning", explanation


PAPER_RULES: Final[tuple[PaperRule, ...]] = (
    _error(
        "PAP001",
        "A quoted number is the recorded one",
        "A number in the paper, rounded as it is printed, differs from the evidence of the release that it cites.\n"
        "Half a unit of its last digit is allowed, so 0.986 and 98.6 % both say 0.985915, and 0.985 does not.\n\n"
        "Mend it by quoting the recorded value, or by citing the release that has the quoted one. The macros of\n"
        "`release-macros.tex` can't go wrong.",
    ),
    _error(
        "PAP002",
        "What a citation says of a release is so",
        "A version, date, title, address or identifier beside a release's citation is not that of the release: the\n"
        "entry was edited, or it was copied from another one.\n\n"
        "Mend it by taking the entry anew: `proofpress cite RELEASE --format biblatex`.",
    ),
    _error(
        "PAP003",
        "A citation names a release, not an alias that moves",
        "The address leads to whatever is newest or active on the day it is opened (`/latest/`, `/active/…`), so what\n"
        "the paper says of it can become wrong without anybody touching it.\n\n"
        "Mend it by citing the release's own address, `…/releases/<bundle id>/`.",
    ),
    _error(
        "PAP004",
        "A cited release may be relied on",
        "The release was yanked or rejected, or it is a rehearsal, which must not be cited, or its evidence is\n"
        "refused by its rules. What is said of it must say so, or be said of another release.\n\n"
        "Where a paper is about a withdrawn release, `% proofpress: withdrawn RELEASE` states that this is meant.",
    ),
    _error(
        "PAP005",
        "What a paper names exists",
        "A release id, citation key, identifier or metric of this instance is named that is not there: there is no\n"
        "such release, or it has no such metric.\n\nMend it by naming one of those that the finding lists.",
    ),
    _error(
        "PAP006",
        "A claim can be compared",
        "An annotation can't be read, or it names more or fewer numbers than stand on its line, so nobody can tell\n"
        "which is which. Numbers that are not claimed get an underscore: `% proofpress: accuracy@test, _ of …`.",
    ),
    _warning(
        "PAP007",
        "A cited release is the corrected one",
        "The evidence of the release was corrected: there is a later bundle of it, whose numbers may differ.\n\n"
        "Mend it by citing the later bundle.",
    ),
    _warning(
        "PAP008",
        "Every file of the paper was read",
        "A file that the paper includes, or its bibliography, can't be read from its folder: what stands there was\n"
        "not checked.\n\nMend it by checking the paper where all of its files are.",
    ),
)
