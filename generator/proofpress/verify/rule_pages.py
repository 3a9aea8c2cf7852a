"""The rule book as Markdown: an index and a page a rule, from the rules' own documentation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proofpress.errors import IngestError
from proofpress.verify.rule import Rule

INDEX: Final = "README.md"
_ALWAYS: Final = ", and it refuses packs of every book"
_GROUPS: Final[Mapping[str, str]] = {
    "ING": "Reading",
    "SCH": "Schemas",
    "SYS": "The rule book itself",
    "INT": "Integrity",
    "PRO": "Profiles",
    "GEN": "Who wrote it",
    "IDN": "Identity",
    "PAR": "Parameters",
    "LCK": "Pipeline lock",
    "MET": "Metrics",
    "EVL": "What an evaluation was made from",
    "LEA": "Splits and leakage",
    "DAT": "The reviewed snapshot",
    "CLM": "Claims in prose",
    "IFC": "The public interface",
    "CHG": "Changelog",
    "ASR": "Assurance",
    "DRV": "Derivations",
    "NEG": "Negative findings",
    "RDY": "Readiness",
    "TXT": "Unfinished text",
    "PRV": "Privacy",
    "ACT": "Active files",
    "FRS": "Freshness",
    "MRK": "Rehearsals",
    "RUN": "Training runs",
    "DEM": "Demo",
    "XPK": "Between packs",
    "POL": "Policy",
    "PUB": "Publication",
    "PAP": "Papers that quote a release",
    "REG": "Registry",
    "GAT": "Gates",
    "SGN": "Sign-off",
    "LNK": "Published links",
    "GLW": "Packages of GenoLeWM",
}


def rule_pages(book: Mapping[str, Rule]) -> Mapping[str, str]:
    """File name → Markdown text: `README.md`, and `<id>.md` for every rule of the book."""
    pages = {f"{rule.id}.md": _page(rule) for rule in book.values()}
    return {INDEX: _index(book), **pages}


def write_rule_pages(book: Mapping[str, Rule], folder: Path) -> tuple[Path, ...]:
    """Write the pages; returns their paths. Pages of rules that are gone stay. Raises `IngestError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in rule_pages(book).items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        raise IngestError(f"{folder}: can't be written ({exc.strerror or exc})") from exc
    return tuple(folder / name for name in rule_pages(book))


def _index(book: Mapping[str, Rule]) -> str:
    lines = [
        "# Rules",
        "",
        "An id is permanent and never used for another rule. An error refuses; a warning or note does not. A rule that",
        "is newer than the rule book in a pack's manifest warns instead of refusing, unless its page says otherwise.",
        "`proofpress rules --explain ID` prints the text of a page.",
    ]
    group = ""
    for rule in book.values():
        if _GROUPS.get(rule.id[:3], rule.id[:3]) != group:
            group = _GROUPS.get(rule.id[:3], rule.id[:3])
            lines += ["", f"## {group}", "", "| rule | title | severity | rule book |", "| --- | --- | --- | --- |"]
        lines.append(f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.severity} | {rule.book} |")
    return "\n".join(lines) + "\n"


def _page(rule: Rule) -> str:
    meaning = [part for part in rule.explanation.split("\n\n") if not part.startswith("Mend it")]
    mending = [part for part in rule.explanation.split("\n\n") if part.startswith("Mend it")]
    facts = [f"- Severity: {rule.severity}", f"- Rule book: {rule.book}" + (_ALWAYS if rule.always_refuses else "")]
    if rule.needs:
        facts.append(f"- Skipped without {' and '.join(rule.needs)} evidence")
    if rule.after:
        facts.append(f"- Runs after {' and '.join(f'[{name}]({name}.md)' for name in rule.after)}")
    return "\n\n".join(
        [
            f"# {rule.id}: {rule.title}",
            "\n".join(facts),
            "## What it means" if mending else "## What it means and how to mend it",
            *meaning,
            *(("## How to mend it", *mending) if mending else ()),
            "Each finding names the place, what was expected there, what was found, and what to do.",
            "[All rules](README.md)\n",
        ]
    )
