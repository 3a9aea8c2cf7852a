"""`review.md` after a repair: what failed, what changed, what consumers should use."""

from collections.abc import Iterable, Sequence

from proofpress.evidence.finding import Finding
from proofpress.pipeline import all_rules
from proofpress.render.sourced import code, to_markdown
from proofpress.repair.plan import Step

HEADING = "## Repair"


def review_note(
    *,
    bundle_id: str,
    before: str,
    failed: Sequence[Finding],
    diagnosis: Iterable[str],
    steps: Sequence[Step],
    left: int,
) -> str:
    """The note. What stood in `before` is kept, but for the note of an earlier repair of the same bundle.

    Found values are quoted only from the graph of identities: a text that was refused must not return in the note.
    """
    book = all_rules()
    head, _, earlier = before.partition(f"\n{HEADING} of {bundle_id}\n")
    _, mark, tail = earlier.partition("\n## ")
    rules: dict[str, list[str]] = {}
    for finding in failed:
        rules.setdefault(finding.rule, []).append(finding.file)
    changed = [step for step in steps if step.action in {"recopy", "regenerate"}]
    lines = [f"{HEADING} of {bundle_id}", "", "### What failed", ""]
    lines += [f"- {to_markdown(text)}" for text in diagnosis]
    lines += [
        f"- {rule}{_title(rule, book[rule].title)}: {', '.join(code(file) for file in _few(files)) or 'the pack'}"
        for rule, files in rules.items()
    ]
    lines += ["", "### What changed", ""]
    lines += [
        f"- {code(step.path)} was "
        + (f"copied again from {code(step.source)} of the recorded run" if step.action == "recopy" else "made again")
        + f" ({step.reason})"
        for step in changed
    ]
    lines += [
        "- Rendered documents, checksum files and the manifest were made again from the evidence that is there.",
        "",
        "No value was edited by hand.",
        "",
        "### What consumers should use",
        "",
        f"Only the files that {code('manifest.json')} of this bundle lists. "
        + (f"{left} findings are left: do not use the bundle yet." if left else f"{code('proofpress verify')} passes."),
    ]
    return (
        (head.rstrip("\n") + "\n\n" if head.strip() else f"# Review of {bundle_id}\n\n")
        + "\n".join(lines)
        + f"\n{mark}{tail}"
    )


def _title(rule: str, title: str) -> str:
    """What a rule asks for; not of the rule about words that stand for unwritten text, whose title names them."""
    return "" if rule.startswith("TXT") else f" ({to_markdown(title)})"


def _few(files: Iterable[str], most: int = 4) -> list[str]:
    unique = list(dict.fromkeys(file for file in files if file))
    return unique[:most]
