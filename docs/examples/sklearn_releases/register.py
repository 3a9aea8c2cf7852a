"""Record the life of the example releases in an instance: python register.py [INSTANCE]

Runs the commands that the owners of the example would have run, at the times of the story, by the policy that was in
force then; the last one stays as `packs/policy.yaml`. The instance must hold no log yet.

THE KEYS OF THIS EXAMPLE PROTECT NOTHING. They are made of a text that stands below, so that everybody gets the same
signatures, and so that everybody can forge them. Never copy them to an instance of yours: `proofpress key new` makes
a key that only its owner has.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from example_keys import example_key

from proofpress.cli import main as proofpress
from proofpress.instance import open_instance
from proofpress.pipeline import registered_id, select
from proofpress.signing.keys import write_key

POLICIES = Path(__file__).resolve().parent / "policies"
PLATFORMS = POLICIES.with_name("platforms")
ANSWERS = POLICIES.with_name("answers")
DIGITS = ["--scope", "environment=prod", "--scope", "family=digits"]
CLINICAL = ["--scope", "environment=prod", "--scope", "family=clinical"]
LEAK = (
    "A leak found later: training held shifted copies of test images, so its results are too good. "
    "The evaluation of digits-v0.3.0-mlp64-r1 states how many and by how much."
)


def judged(bundle: str, day: str) -> list[list[str]]:
    """The gate on a release, before it is submitted, and the paired tests against its predecessor."""
    gate = ["gate", bundle, "--receipt", "--at", f"{day}T07:30:00Z", "--format", "json"]
    compared = [] if "-v0.1.0-" in bundle else [["compare", bundle, "--record", "--format", "json"]]
    return [gate, *compared]


def submitted(bundle: str, day: str) -> list[list[str]]:
    """The gate, then the release as a candidate."""
    return [
        *judged(bundle, day),
        ["registry", "submit", bundle, "--by", "engineer", "--at", f"{day}T08:00:00Z"],
        ["registry", "request", "candidate", bundle, "--by", "engineer", "--at", f"{day}T08:30:00Z"],
    ]


def signed(bundle: str, role: str, at: str, answers: str = "approved.yaml") -> list[str]:
    """The sign-off of one role, with its answers."""
    return ["signoff", bundle, "--role", role, "--at", at, "--answers", str(ANSWERS / answers), "--format", "json"]


def promote(bundle: str, day: str, until: str, scope: list[str], supersedes: str = "") -> list[list[str]]:
    """The usual way from a pack that passed its gate, by two signatures, to the active release."""
    replaced = ["--supersedes", supersedes] if supersedes else []
    return [
        *submitted(bundle, day),
        signed(bundle, "engineer", f"{day}T10:00:00Z"),
        signed(bundle, "owner", f"{day}T13:00:00Z"),
        ["gate", bundle, "--require-signoff", "--at", f"{day}T13:30:00Z", "--format", "json"],
        ["registry", "request", "approved", bundle, "--by", "owner", "--at", f"{day}T14:00:00Z"],
        [
            *("registry", "request", "activated", bundle, "--by", "operator", "--at", f"{until}T09:00:00Z"),
            *(*scope, *replaced),
        ],
    ]


STORY: list[list[str]] = [
    ["policy", "2026-06.yaml", "2026-06-01T08:00:00Z"],
    *promote("digits-v0.1.0-logreg-r1", "2026-06-03", "2026-06-04", DIGITS),
    *promote("clinical-v0.1.0-logreg-r1", "2026-06-10", "2026-06-11", CLINICAL),
    *promote("digits-v0.2.0-mlp64-r1", "2026-07-08", "2026-07-09", DIGITS, "digits-v0.1.0-logreg-r1"),
    *promote("digits-v0.2.1-mlp64-r1", "2026-07-15", "2026-07-16", DIGITS, "digits-v0.2.0-mlp64-r1"),
    *judged("clinical-v0.2.0-gbt-r1", "2026-08-05"),
    signed("clinical-v0.2.0-gbt-r1", "owner", "2026-08-06T09:30:00Z", "refused.yaml"),
    [
        *("registry", "submit", "clinical-v0.2.0-gbt-r1", "--refusal", "--by", "owner"),
        *("--at", "2026-08-06T10:00:00Z"),
        *(
            "--reason",
            "Not ready: sensitivity is below its target and below the active release; nothing outweighs that.",
        ),
    ],
    ["policy", "2026-09.yaml", "2026-09-01T08:00:00Z"],
    *promote("digits-v0.3.0-mlp64-r1", "2026-09-02", "2026-09-03", DIGITS, "digits-v0.2.1-mlp64-r1"),
    *(
        [
            *("registry", "request", "yanked", bundle, "--by", "owner", "--at", "2026-09-03T10:00:00Z"),
            *("--reason", LEAK, "--upgrade-path", "digits-v0.3.0-mlp64-r1"),
        ]
        for bundle in ("digits-v0.2.0-mlp64-r1", "digits-v0.2.1-mlp64-r1")
    ),
    *promote("clinical-v0.3.0-gbt-r1", "2026-09-16", "2026-09-17", CLINICAL, "clinical-v0.1.0-logreg-r1"),
    ["policy", "2026-10.yaml", "2026-10-01T08:00:00Z"],
    *promote("digits-v0.3.0-mlp64-r2", "2026-10-07", "2026-10-08", DIGITS, "digits-v0.3.0-mlp64-r1"),
    [
        *("registry", "request", "rollback_requested", "digits-v0.3.0-mlp64-r2", "--by", "monitor"),
        *("--at", "2026-10-20T15:30:00Z", "--noticed-by", "weekly review", "--observed-at", "2026-10-20T15:00:00Z"),
        *(*DIGITS, "--reason", "The recall of the worst class fell after the activation."),
    ],
    [
        *("registry", "request", "rolled_back", "digits-v0.3.0-mlp64-r2", "--by", "operator"),
        *("--at", "2026-10-20T16:00:00Z", "--restores", "digits-v0.3.0-mlp64-r1", *DIGITS),
        *("--reason", "The recall of the worst class and the log loss are worse than those of the first revision."),
    ],
    ["registry", "refresh", "--by", "publisher", "--at", "2026-10-21T08:00:00Z", "--days", "365"],
]
EXPECTED = {
    ("gate", "clinical-v0.2.0-gbt-r1"): 1,
    ("signoff", "clinical-v0.2.0-gbt-r1"): 1,
    ("compare", "digits-v0.2.0-mlp64-r1"): 6,
}
"""What does not end with 0, and is meant to: a gate and a person that refuse, a pair without common examples."""


def policy_text(instance: Path, name: str) -> str:
    """A policy of the story; `{release}` stands for the pack_id of a release."""
    text = (POLICIES / name).read_text(encoding="utf-8")
    return re.sub(r"\{([a-z]+-v[^{}\s]+)\}", lambda found: _pack_id(instance, found[1]), text)


def _pack_id(instance: Path, bundle: str) -> str:
    return registered_id(select(open_instance(instance), [bundle])[0].path)


def run(instance: Path, command: list[str]) -> int:
    """Run a command of the story; who signs does so with a key in a file that is gone afterwards.

    What is asked of the registry is sequenced at once, as a pipeline on the main branch would do.
    """
    role = next((command[command.index(word) + 1] for word in ("--role", "--by") if word in command), "")
    if not role:
        return proofpress(["-C", str(instance), *command])
    with tempfile.TemporaryDirectory() as folder:
        key, log = Path(folder) / "example.pem", Path(folder) / "log.pem"
        write_key(key, example_key(role))
        write_key(log, example_key("log"))
        code = proofpress(["-C", str(instance), *command, "--key", str(key)])
        if code or command[0] != "registry" or command[1] == "refresh":
            return code
        at = command[command.index("--at") + 1]
        return proofpress(["-C", str(instance), "registry", "sequence", "--log-key", str(log), "--at", at])


def adopt(instance: Path, name: str, at: str) -> int:
    """Put a policy of the story in force, with the platform's record that it names."""
    (instance / "packs" / "policy.yaml").write_text(policy_text(instance, name), encoding="utf-8")
    shutil.copytree(PLATFORMS, instance / "packs" / "platforms", dirs_exist_ok=True)
    return run(instance, ["registry", "adopt", "--by", "owner", "--at", at])


def main(arguments: list[str]) -> int:
    """Run the story; stop at the first command whose outcome is not the story's."""
    instance = Path(arguments[0]) if arguments else Path()
    if (instance / "packs" / "registry").exists():
        print("packs/registry is there already; a log is never written twice", file=sys.stderr)
        return 2
    for command in STORY:
        code = adopt(instance, *command[1:]) if command[0] == "policy" else run(instance, command)
        if code != EXPECTED.get((command[0], command[1]), 0):
            return code or 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
