"""Record the life of the example releases in an instance: python register.py [INSTANCE]

Runs the commands that the owners of the example would have run, at the times of the story, by the policy that was in
force then; the last one stays as `packs/policy.yaml`. The instance must hold no log yet.

THE KEYS OF THIS EXAMPLE PROTECT NOTHING. They are made of a text that stands below, so that everybody gets the same
signatures, and so that everybody can forge them. Never copy them to an instance of yours: `proofpress key new` makes
a key that only its owner has.
"""

import hashlib
import re
import sys
import tempfile
from pathlib import Path

from proofpress.cli import main as proofpress
from proofpress.instance import open_instance
from proofpress.pipeline import registered_id, select
from proofpress.signing.keys import SigningKey, write_key

POLICIES = Path(__file__).resolve().parent / "policies"
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
        ["registry", "submit", bundle, "--by", "release-engineer", "--at", f"{day}T08:00:00Z"],
        ["registry", "record", "candidate", bundle, "--by", "release-engineer", "--at", f"{day}T08:30:00Z"],
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
        ["registry", "record", "approved", bundle, "--by", "owner", "--at", f"{day}T14:00:00Z"],
        [
            *("registry", "record", "activated", bundle, "--by", "operator", "--at", f"{until}T09:00:00Z"),
            *(*scope, *replaced),
        ],
    ]


STORY: list[list[str]] = [
    ["policy", "2026-06.yaml"],
    *promote("digits-v0.1.0-logreg-r1", "2026-06-03", "2026-06-04", DIGITS),
    *promote("clinical-v0.1.0-logreg-r1", "2026-06-10", "2026-06-11", CLINICAL),
    *promote("digits-v0.2.0-mlp64-r1", "2026-07-08", "2026-07-09", DIGITS, "digits-v0.1.0-logreg-r1"),
    *promote("digits-v0.2.1-mlp64-r1", "2026-07-15", "2026-07-16", DIGITS, "digits-v0.2.0-mlp64-r1"),
    *submitted("clinical-v0.2.0-gbt-r1", "2026-08-05"),
    signed("clinical-v0.2.0-gbt-r1", "owner", "2026-08-06T09:30:00Z", "refused.yaml"),
    [
        *("registry", "record", "rejected", "clinical-v0.2.0-gbt-r1", "--by", "owner", "--at", "2026-08-06T10:00:00Z"),
        *(
            "--reason",
            "Not ready: sensitivity is below its target and below the active release; nothing outweighs that.",
        ),
    ],
    ["policy", "2026-09.yaml"],
    *promote("digits-v0.3.0-mlp64-r1", "2026-09-02", "2026-09-03", DIGITS, "digits-v0.2.1-mlp64-r1"),
    *(
        [
            *("registry", "record", "yanked", bundle, "--by", "owner", "--at", "2026-09-03T10:00:00Z"),
            *("--reason", LEAK, "--upgrade-path", "digits-v0.3.0-mlp64-r1"),
        ]
        for bundle in ("digits-v0.2.0-mlp64-r1", "digits-v0.2.1-mlp64-r1")
    ),
    *promote("clinical-v0.3.0-gbt-r1", "2026-09-16", "2026-09-17", CLINICAL, "clinical-v0.1.0-logreg-r1"),
    ["policy", "2026-10.yaml"],
    *promote("digits-v0.3.0-mlp64-r2", "2026-10-07", "2026-10-08", DIGITS, "digits-v0.3.0-mlp64-r1"),
    [
        *("registry", "record", "rolled_back", "digits-v0.3.0-mlp64-r2", "--by", "operator"),
        *("--at", "2026-10-20T16:00:00Z", "--restores", "digits-v0.3.0-mlp64-r1", *DIGITS),
        *("--reason", "The recall of the worst class and the log loss are worse than those of the first revision."),
    ],
]
EXPECTED = {
    ("gate", "clinical-v0.2.0-gbt-r1"): 1,
    ("signoff", "clinical-v0.2.0-gbt-r1"): 1,
    ("compare", "digits-v0.2.0-mlp64-r1"): 6,
}
"""What does not end with 0, and is meant to: a gate and a person that refuse, a pair without common examples."""


def example_key(role: str) -> SigningKey:
    """The key of a role in this example. It protects nothing: whoever reads this line has it."""
    text = f"proofpress example key of the {role}, which protects nothing"
    return SigningKey.from_seed(hashlib.sha256(text.encode()).digest())


def policy_text(instance: Path, name: str) -> str:
    """A policy of the story; `{release}` stands for the pack_id of a release."""
    text = (POLICIES / name).read_text(encoding="utf-8")
    return re.sub(r"\{([a-z]+-v[^{}\s]+)\}", lambda found: _pack_id(instance, found[1]), text)


def _pack_id(instance: Path, bundle: str) -> str:
    return registered_id(select(open_instance(instance), [bundle])[0].path)


def run(instance: Path, command: list[str]) -> int:
    """Run a command of the story, who signs with a key in a file that is gone afterwards."""
    if command[0] != "signoff":
        return proofpress(["-C", str(instance), *command])
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "example.pem"
        write_key(key, example_key(command[command.index("--role") + 1]))
        return proofpress(["-C", str(instance), *command, "--key", str(key)])


def main(arguments: list[str]) -> int:
    """Run the story; stop at the first command whose outcome is not the story's."""
    instance = Path(arguments[0]) if arguments else Path()
    if (instance / "packs" / "registry").exists():
        print("packs/registry is there already; a log is never written twice", file=sys.stderr)
        return 2
    for command in STORY:
        if command[0] == "policy":
            text = policy_text(instance, command[1])
            (instance / "packs" / "policy.yaml").write_text(text, encoding="utf-8")
            continue
        code = run(instance, command)
        if code != EXPECTED.get((command[0], command[1]), 0):
            return code or 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
