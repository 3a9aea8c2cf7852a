"""The rules of the lifecycle log, for the rule book: id, title, severity, explanation."""

from typing import Final

from proofpress.evidence.finding import Severity

Rule = tuple[str, str, Severity, str]


def _error(rule: str, title: str, explanation: str) -> Rule:
    return rule, title, "error", explanation


def _warning(rule: str, title: str, explanation: str) -> Rule:
    return rule, title, "warning", explanation


REGISTRY_RULES: Final[tuple[Rule, ...]] = (
    _error(
        "REG001",
        "Every entry of the log can be read",
        "An entry, or a file of a request, is not one strict JSON object with a signed request in an envelope. No\n"
        "entry after such a one is believed, since it could have said anything.\n\n"
        "Mend it by restoring `packs/registry/log` from its last commit. A request that can't be read is signed\n"
        "again.",
    ),
    _error(
        "REG002",
        "Every entry is an event of a known kind",
        "The request's `kind` is unknown, or a field is missing, unknown or of the wrong form. A reader that\n"
        "skipped it could take a yanked bundle for an active one.\n\n"
        "Mend it by restoring the log from its last commit; write requests with `proofpress registry`. An event of\n"
        "a newer schema needs a newer Proofpress.",
    ),
    _error(
        "REG003",
        "The files of the log are those of its checkpoint",
        "The tree over the entries (RFC 6962) does not have the size and root that the checkpoint says, a tile of\n"
        "hashes is not that of the entries, or a file is missing. An entry was edited, removed, inserted or moved,\n"
        "or a merge mixed two logs.\n\n"
        "Mend it by taking one side of the merge whole, and sequencing the other side's requests again.",
    ),
    _error(
        "REG004",
        "Entries are numbered without gaps",
        "`seq` counts 1, 2, 3, … A gap or a repetition shows a lost, a doubled or a moved entry. Nothing from there\n"
        "on is believed.\n\n"
        "Mend it by restoring the log from its last commit.",
    ),
    _error(
        "REG005",
        "Time does not go backwards",
        "An entry was placed before the one in front of it, so that the question what was active at a time would\n"
        "have two answers; or a request was signed after it was placed, or fills in what happened after it was\n"
        "signed. The event has no effect.\n\n"
        "Mend it by signing and sequencing with a right clock.",
    ),
    _error(
        "REG006",
        "Events are about registered bundles",
        "The event names a bundle that was never registered, or a second bundle of a release whose first is not\n"
        "registered. The event has no effect.\n\n"
        "Mend it by registering the bundle first.",
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
        "A rehearsal is never registered",
        "The pack is a fixture (`fixture: true`): it holds rehearsed evidence, not measured one. The event has no\n"
        "effect.\n\n"
        "Mend it by measuring, and submitting the real pack.",
    ),
    _error(
        "REG012",
        "An upgrade path leads to a usable bundle",
        "The `upgrade_path` of a yanked bundle is not registered, is the bundle itself, or is rejected or yanked.\n"
        "The event has no effect.\n\n"
        "Mend it by naming a usable bundle, or none.",
    ),
    _error(
        "REG013",
        "A registered pack never changes",
        "A registered pack is not in the instance, or has another `pack_id` than its bundle was registered with: a\n"
        "file of it was changed after registration, or another pack took its name.\n\n"
        "Mend it by restoring the pack from its last commit. If its evidence was wrong, leave it as it is and\n"
        "submit a corrected pack as the next bundle (`.b2`).",
    ),
    _error(
        "REG014",
        "Events are signed by those who may",
        "The policy in force names the roles that may make each move, and how many different keys must have signed.\n"
        "A key counts when it holds the role for the bundle's family at the time of the log, and once, whatever its\n"
        "names. The event has no effect.\n\n"
        "Mend it by letting holders of the role sign the request (`proofpress registry cosign`).",
    ),
    _error(
        "REG015",
        "A request changes the state that it has seen",
        "A request binds the status of its bundle and what is active in its scope, as its signers saw them. Another\n"
        "event came first and changed that. The event has no effect, since nobody agreed to it as things stand now.\n\n"
        "Mend it by looking again, and signing a new request.",
    ),
    _error(
        "REG016",
        "A policy is adopted before it counts",
        "The first event of a log adopts a policy, signed by those whom that policy names; a later one is signed by\n"
        "those whom the policy in force names. The policy is kept by its digest, has a section `registry`, keeps\n"
        "the log's name, does not give the log's key to a role, and leaves somebody who may adopt the next one.\n\n"
        "Mend it by correcting the policy, and adopting it with `proofpress registry adopt`.",
    ),
    _error(
        "REG017",
        "A bundle passed its gates",
        "A registered bundle names a receipt of the gates with the verdict PASS for its `pack_id`. The receipt is\n"
        "not kept below `packs/registry/receipts/`, is not the one that is named, failed, or is another pack's.\n\n"
        "Mend it by running `proofpress gate --receipt`, and submitting the pack when it passes.",
    ),
    _error(
        "REG018",
        "A bundle fits the platform that it becomes active on",
        "What `release.json` needs under `compatibility` (features, schemas, runtime) is held against the platform\n"
        "record that the policy reviewed for the scope, by its digest. Without a record nothing is activated. Where\n"
        "the policy says `posture: warn`, a misfit is a warning.\n\n"
        "Mend it by activating the bundle where it fits, or by reviewing what the platform offers.",
    ),
    _error(
        "REG019",
        "A bundle is ready before it is approved",
        "The bundle's profile declares what makes a release ready, and its readiness report says that it is not; or\n"
        "the policy asks for a sign-off that is not there. The event has no effect.\n\n"
        "Mend it by reaching the targets, by a scope decision, or by collecting the signatures.",
    ),
    _error(
        "REG020",
        "A signed request counts once, in one log",
        "The same request stands in the log already, or was signed for a log of another name. Whoever copies a\n"
        "signed request can't make it count again. The event has no effect.\n\n"
        "Mend it by signing a new request.",
    ),
    _error(
        "REG021",
        "The checkpoint is the log's, and follows the earlier ones",
        "The checkpoint is not signed by the log's key, which the policy in force names; or the log does not begin\n"
        "with the entries of an earlier checkpoint that somebody kept (`registry verify --checkpoint`) or of the\n"
        "base branch (`--base`): history was cut off, rewritten, reordered or forked.\n\n"
        "Mend it by restoring the log that the earlier checkpoint was signed for.",
    ),
    _warning(
        "REG022",
        "The policy in force is the reviewed one",
        "`packs/policy.yaml` is not the policy that the log last adopted, and no pending request adopts it. Roles,\n"
        "scopes and platforms count as they were adopted.\n\n"
        "Mend it by adopting the policy (`proofpress registry adopt`), or by restoring the file.",
    ),
    _error(
        "REG023",
        "A scope has exactly the declared keys",
        "The policy declares the keys of scopes. Each scope names all of them and no other, so that no two scopes\n"
        "overlap and at most one bundle is active in each. A key `family` names the bundle's own family. The event\n"
        "has no effect.\n\n"
        "Mend it by naming a value for each declared key.",
    ),
)
