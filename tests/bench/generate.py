"""Write an instance of cloned packs, and the same documents as pages for MkDocs:

    python tests/bench/generate.py OUT --releases 1000 --extra 4

OUT/instance  packs, registry, policy and the example site's look
OUT/extra     releases that follow the first family's last one, and what the registry's log grows by with each
OUT/peer      nine Markdown pages a release for MkDocs with the same theme, outside the navigation, no search
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from clones import PACKS, Cloned, Lineage

from proofpress.diff import diff, markdown_report
from proofpress.ingest import load_pack, source_of
from proofpress.pipeline import Rules, rules_at
from proofpress.registry import EVENTS, Event
from proofpress.registry.events import GENESIS, SCHEMA_VERSION
from proofpress.registry.log import line_of
from proofpress.verify import VerifiedPack

REPOSITORY = PACKS.parent
_KINDS = ("digits", "clinical", "digits", "clinical", "digits", "digits", "clinical", "digits")  # as in packs/: 5 to 3
_FAMILY_SIZE = 50
_PEER_CONFIG = """\
INHERIT: look.yml
docs_dir: docs
site_dir: site
strict: false
plugins: []
nav:
  - Home: index.md
  - How to read: reading.md
  - Verify: verify.md
not_in_nav: |
  /releases/
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One family: how many releases, and how many more that are kept apart."""

    out: Path
    kind: str
    number: int
    releases: int
    extra: int


def write_all(out: Path, *, releases: int, extra: int, jobs: int) -> dict[str, Any]:
    """Write everything and say what it is."""
    instance, peer = out / "instance", out / "peer"
    _write_look(instance, peer)
    families = max(2, releases // _FAMILY_SIZE)
    works = [
        Work(
            out=out,
            kind=_KINDS[number % len(_KINDS)],
            number=number,
            releases=releases // families + (number < releases % families),
            extra=extra if number == 0 else 0,
        )
        for number in range(families)
    ]
    with ProcessPoolExecutor(jobs) as pool:
        made = list(pool.map(_write_family, works))
    usual = [item for work, items in zip(works, made, strict=True) for item in items[: work.releases]]
    more = made[0][works[0].releases :]
    log = instance / "packs" / "registry" / "events.jsonl"
    log.parent.mkdir()
    state = _Log(head=GENESIS)
    log.write_bytes(b"".join(state.lines(_life(usual))))
    for number, item in enumerate(more):
        grown = b"".join(state.lines(_life([item])))
        (out / "extra" / f"{number}.jsonl").write_bytes(grown)
    facts = {
        "releases": len(usual),
        "families": families,
        "events": state.size - 4 * len(more),
        "log_bytes": log.stat().st_size,
        "extra": [f"{item.family}/{item.release_id}" for item in more],
        "evidence_files": sum(1 for path in (instance / "packs").rglob("*") if path.is_file()),
        "evidence_bytes": sum(path.stat().st_size for path in (instance / "packs").rglob("*") if path.is_file()),
        "peer_pages": sum(1 for _ in (peer / "docs" / "releases").rglob("*.md")),
        "peer_bytes": sum(path.stat().st_size for path in (peer / "docs" / "releases").rglob("*.md")),
    }
    (out / "facts.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return facts


def _write_look(instance: Path, peer: Path) -> None:
    shutil.copytree(REPOSITORY / "site_src", instance / "site_src")
    shutil.copy(REPOSITORY / "mkdocs.yml", instance / "mkdocs.yml")
    (instance / "packs").mkdir()
    shutil.copytree(PACKS / "profiles", instance / "packs" / "profiles")
    policy = 'schema_version: "1.0.0"\ndefault_profile: complete\n'
    (instance / "packs" / "policy.yaml").write_text(policy, encoding="utf-8")
    shutil.copytree(REPOSITORY / "site_src" / "pages", peer / "docs")
    shutil.copytree(REPOSITORY / "site_src" / "overrides", peer / "site_src" / "overrides")
    shutil.copy(REPOSITORY / "mkdocs.yml", peer / "look.yml")
    (peer / "mkdocs.yml").write_text(_PEER_CONFIG, encoding="utf-8")


def _write_family(work: Work) -> list[Cloned]:
    lineage = Lineage(kind=work.kind, number=work.number)
    rules = rules_at(work.out / "instance")
    before: VerifiedPack | None = None
    for index in range(work.releases + work.extra):
        usual = index < work.releases
        made = lineage.grow(work.out / "instance" / "packs" if usual else work.out / "extra")
        verified = _verified(made, rules)
        if usual:
            _write_pages(work.out / "peer" / "docs" / "releases" / made.release_id, verified, before)
        before = verified
    return lineage.made


def _verified(made: Cloned, rules: Rules) -> VerifiedPack:
    verdict = rules.judge(load_pack(source_of(made.folder, label=f"{made.family}/{made.release_id}")))
    wrong = [finding for finding in verdict.findings if finding.rule != "RDY009"]  # one real release is not ready
    if verdict.verified is None or wrong:
        raise ValueError(f"{made.release_id}: {wrong[0]}")
    return verdict.verified


def _write_pages(folder: Path, pack: VerifiedPack, before: VerifiedPack | None) -> None:
    """The release's seven documents, its changes and its files, as MkDocs would be given them."""
    folder.mkdir(parents=True)
    for document in pack.documents:
        (folder / Path(document.path).name).write_text(document.text, encoding="utf-8")
    report = markdown_report(diff(before, pack)) if before else "# Changes\n\nThe first release of its family.\n"
    (folder / "changes.md").write_text(report, encoding="utf-8")
    rows = [f"| `{item.path}` | {item.role} | {item.size} | `{item.sha256}` |" for item in pack.evidence.manifest.files]
    heading = (
        f"# Evidence files: {pack.evidence.bundle_id}\n\n| File | Role | Bytes | SHA-256 |\n| --- | --- | ---: | --- |"
    )
    (folder / "evidence.md").write_text("\n".join([heading, *rows, ""]), encoding="utf-8")


# The registry's log: every release is registered and judged, most become active in their family's place


def _life(made: Iterable[Cloned]) -> list[dict[str, Any]]:
    """Events of releases in the order of time."""
    events: list[dict[str, Any]] = []
    for item in made:
        day = datetime.fromisoformat(item.released_at).replace(hour=8, minute=0)
        steps = [
            ("registered", day, "release-engineer"),
            ("candidate", day + timedelta(minutes=30), "release-engineer"),
        ]
        steps += [("approved", day + timedelta(hours=7), "owner"), ("activated", day + timedelta(hours=25), "operator")]
        events += [
            {
                "kind": kind,
                "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "release_id": item.release_id,
                "pack_id": item.pack_id,
                "by": by,
                "family": item.family,
            }
            for kind, at, by in steps
        ]
    return sorted(events, key=lambda event: event["at"])


class _Log:
    """Lines of the log, each naming the digest of the one before."""

    def __init__(self, head: str) -> None:
        self.size = 0
        self._head = head
        self._at = ""
        self._active: dict[str, str] = defaultdict(str)

    def lines(self, events: Sequence[dict[str, Any]]) -> Iterator[bytes]:
        """The events as lines."""
        for fields in events:
            said = {name: value for name, value in fields.items() if name != "family"}
            family, release_id = fields["family"], fields["release_id"]
            if fields["kind"] == "activated":
                said["scope"] = {"environment": "prod", "family": family}
                if self._active[family]:
                    said["supersedes"] = self._active[family]
                self._active[family] = release_id
            self._at = said["at"] = max(said["at"], self._at)
            self.size += 1
            header = {"schema_version": SCHEMA_VERSION, "generated_by": "proofpress.registry", "kind": said.pop("kind")}
            event = EVENTS[header["kind"]].model.model_validate(
                {**header, "seq": self.size, "prev": self._head, "bundle": 1, **said}
            )
            if not isinstance(event, Event):
                raise TypeError(header["kind"])
            line = line_of(event)
            self._head = hashlib.sha256(line).hexdigest()
            yield line


def main() -> int:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--releases", type=int, default=1000)
    parser.add_argument("--extra", type=int, default=4)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    facts = write_all(chosen.out, releases=chosen.releases, extra=chosen.extra, jobs=chosen.jobs)
    sys.stdout.write(json.dumps(facts) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
