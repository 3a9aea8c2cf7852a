"""Record the life of the example releases in an instance's registry: python register.py [INSTANCE]

Runs the commands that the owners of the example would have run, at the times of the story. Commands that have
been recorded already change nothing, so that this can be run again.
"""

import sys
from pathlib import Path

from proofpress.cli import main as proofpress

DIGITS = ["--scope", "environment=prod", "--scope", "family=digits"]
CLINICAL = ["--scope", "environment=prod", "--scope", "family=clinical"]
LEAK = (
    "A leak found later: training held shifted copies of test images, so its results are too good. "
    "The evaluation of digits-v0.3.0-mlp64-r1 states how many and by how much."
)


def promote(bundle: str, day: str, until: str, scope: list[str], supersedes: str = "") -> list[list[str]]:
    """The usual way from a pack to the active release."""
    replaced = ["--supersedes", supersedes] if supersedes else []
    return [
        ["submit", bundle, "--by", "release-engineer", "--at", f"{day}T08:00:00Z"],
        ["record", "candidate", bundle, "--by", "release-engineer", "--at", f"{day}T08:30:00Z"],
        ["record", "approved", bundle, "--by", "owner", "--at", f"{day}T14:00:00Z"],
        ["record", "activated", bundle, "--by", "operator", "--at", f"{until}T09:00:00Z", *scope, *replaced],
    ]


STORY: list[list[str]] = [
    *promote("digits-v0.1.0-logreg-r1", "2026-06-03", "2026-06-04", DIGITS),
    *promote("clinical-v0.1.0-logreg-r1", "2026-06-10", "2026-06-11", CLINICAL),
    *promote("digits-v0.2.0-mlp64-r1", "2026-07-08", "2026-07-09", DIGITS, "digits-v0.1.0-logreg-r1"),
    *promote("digits-v0.2.1-mlp64-r1", "2026-07-15", "2026-07-16", DIGITS, "digits-v0.2.0-mlp64-r1"),
    ["submit", "clinical-v0.2.0-gbt-r1", "--by", "release-engineer", "--at", "2026-08-05T08:00:00Z"],
    ["record", "candidate", "clinical-v0.2.0-gbt-r1", "--by", "release-engineer", "--at", "2026-08-05T08:30:00Z"],
    [
        *("record", "rejected", "clinical-v0.2.0-gbt-r1", "--by", "owner", "--at", "2026-08-06T10:00:00Z"),
        *(
            "--reason",
            "Not ready: sensitivity is below its target and below the active release; nothing outweighs that.",
        ),
    ],
    *promote("digits-v0.3.0-mlp64-r1", "2026-09-02", "2026-09-03", DIGITS, "digits-v0.2.1-mlp64-r1"),
    *(
        [
            *("record", "yanked", bundle, "--by", "owner", "--at", "2026-09-03T10:00:00Z", "--reason", LEAK),
            *("--upgrade-path", "digits-v0.3.0-mlp64-r1"),
        ]
        for bundle in ("digits-v0.2.0-mlp64-r1", "digits-v0.2.1-mlp64-r1")
    ),
    *promote("clinical-v0.2.1-gbt-r1", "2026-09-16", "2026-09-17", CLINICAL, "clinical-v0.1.0-logreg-r1"),
    *promote("digits-v0.3.0-mlp64-r2", "2026-10-07", "2026-10-08", DIGITS, "digits-v0.3.0-mlp64-r1"),
    [
        *("record", "rolled_back", "digits-v0.3.0-mlp64-r2", "--by", "operator", "--at", "2026-10-20T16:00:00Z"),
        *("--restores", "digits-v0.3.0-mlp64-r1", *DIGITS),
        *("--reason", "The recall of the worst class and the log loss are worse than those of the first revision."),
    ],
]


def main(arguments: list[str]) -> int:
    """Run the story; stop at the first command that is refused."""
    instance = Path(arguments[0]) if arguments else Path()
    for command in STORY:
        code = proofpress(["-C", str(instance), "registry", *command])
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
