"""The rules of the lifecycle log, for the rule book: id, title, severity, explanation."""

from typing import Final

from proofpress.evidence.finding import Severity

Rule = tuple[str, str, Severity, str]


def _error(rule: str, title: str, explanation: str) -> Rule:
    return rule, title, "error", explanation


REGISTRY_RULES: Final[tuple[Rule, ...]] = (
    _error(
        "REG001",
        "Every line of the log can be read",
        "A line is not one strict JSON object, is longer than 64 KiB, or the last line has no line feed (a write\n"
        "was cut off). Nothing after such a line is believed, since it could have said anything.\n\n"
        "Mend it by restoring the log from its last commit. After a cut-off write, remove the incomplete last\n"
        "line and run the command again.",
    ),
    _error(
        "REG002",
        "Every line is an event of a known kind",
        "The line's `kind` is unknown, or a field is missing, unknown or of the wrong form. A reader that skipped\n"
        "it could take a yanked bundle for an active one.\n\n"
        "Mend it by restoring the log from its last commit; write events with `proofpress registry`. An event of a\n"
        "newer schema needs a newer Proofpress.",
    ),
    _error(
        "REG003",
        "The chain of digests holds",
        "`prev` is not the sha256 of the line before it (its line feed included; 64 zeros for the first event). A\n"
        "line was edited, removed or inserted, or two branches were merged line by line. Nothing from there on is\n"
        "believed.\n\n"
        "Mend it by taking one side of the merge whole and recording the other side's events again.",
    ),
    _error(
        "REG004",
        "Events are numbered without gaps",
        "`seq` counts 1, 2, 3, … A gap or a repetition shows a lost or a doubled line. Nothing from there on is\n"
        "believed.\n\nMend it by restoring the log from its last commit.",
    ),
    _error(
        "REG005",
        "Time does not go backwards",
        "An event's `at` is earlier than that of the event before it, so that the question what was active at a\n"
        "time would have two answers. The event has no effect.\n\n"
        "Mend it by restoring the log from its last commit and recording the event with a right clock.",
    ),
    _error(
        "REG006",
        "Events are about registered bundles",
        "The event names a bundle that was never registered, or a second bundle of a release whose first is not\n"
        "registered. The event has no effect.\n\nMend it by registering the bundle first.",
    ),
    _error(
        "REG007",
        "A bundle keeps its pack",
        "The event names another `pack_id` than the bundle was registered with, or registers a pack under a second\n"
        "name. A registered pack never changes; a correction is a new bundle. The event has no effect.\n\n"
        "Mend it by submitting the corrected pack as the next bundle (`.b2`).",
    ),
    _error(
        "REG008",
        "Only legal moves",
        "The lifecycle is REGISTERED, CANDIDATE, APPROVED, ACTIVE, RETIRED. A bundle may be rejected before it is\n"
        "ACTIVE, and yanked from everywhere but REJECTED; both are final. A RETIRED bundle may be activated in a\n"
        "scope that is new to it, and return to an old one by a rollback. The event has no effect.\n\n"
        "Mend it by recording the missing steps first; the finding lists the moves that are legal.",
    ),
    _error(
        "REG009",
        "One active bundle in a scope",
        "At most one bundle is active in a scope, so that everybody resolves the same. Activating over another\n"
        "names it in `supersedes`; naming one that is not active there is refused too, because the log was then\n"
        "written from an outdated view. The event has no effect.\n\n"
        "Mend it by naming the bundle that is active in the scope.",
    ),
    _error(
        "REG010",
        "A rollback returns to a bundle that was active there",
        "The event's bundle is the last one that was active in the scope, and `restores` is another bundle that was\n"
        "active there before and is neither yanked nor rejected. The event has no effect.\n\n"
        "Mend it by naming such a bundle, or by activating a bundle that is new to the scope.",
    ),
    _error(
        "REG011",
        "A rehearsal is never approved",
        "The bundle was registered with `fixture: true`: it holds rehearsed evidence, not measured one. The event\n"
        "has no effect.\n\nMend it by measuring, and submitting the real pack.",
    ),
    _error(
        "REG012",
        "An upgrade path leads to a usable bundle",
        "The `upgrade_path` of a yanked bundle is not registered, is the bundle itself, or is rejected or yanked.\n"
        "The event has no effect.\n\nMend it by naming a usable bundle, or none.",
    ),
    _error(
        "REG013",
        "A registered pack never changes",
        "A registered pack is not in the instance, or has another `pack_id` than its bundle was registered with: a\n"
        "file of it was changed after registration, or another pack took its name.\n\n"
        "Mend it by restoring the pack from its last commit. If its evidence was wrong, leave it as it is and\n"
        "submit a corrected pack as the next bundle (`.b2`).",
    ),
)
