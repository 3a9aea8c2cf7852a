"""`publish`: upload what a plan names and nothing else, compare each file after it was written, announce last."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from proofpress.evidence.publication import Identified, PlannedFile, PublicationPlan, PublishReport, UploadedFile
from proofpress.ingest.sources import open_artifact
from proofpress.publication.plan import GENERATED_BY, PublicationError
from proofpress.publication.targets import Target, TargetError, digest_of

TRIES: Final = 4
_FIRST_WAIT: Final = 0.5
T = TypeVar("T")
Told = Callable[[UploadedFile], None]


def publish(
    plan: PublicationPlan,
    folder: Path,
    targets: Mapping[str, Target],
    *,
    identity: Identified,
    at: str,
    told: Told = lambda _file: None,
    wait: Callable[[float], None] = time.sleep,
) -> PublishReport:
    """Upload every planned file of the pack in `folder`; what is there with equal bytes is left alone.

    Places are announced one after another once all of all places was written and compared. Raises `PublicationError`
    when a local file is not the planned one, or a place holds other bytes under a planned name of a release that is
    complete there; `TargetError` when a place fails for good. Either way nothing was announced, and running it again
    goes on where it ended.
    """
    for item in plan.files:
        with open_artifact(folder, item.path) as stream:
            if digest_of(stream) != (item.sha256, item.size):
                raise PublicationError(f"{item.path} is not the file that was planned", hint="plan the release again")
    done = []
    for target in targets.values():
        _retried(target.begin, wait)
    for item in plan.files:
        uploaded = _uploaded(item, folder, targets[item.destination], wait)
        told(uploaded)
        done.append(uploaded)
    for target in targets.values():
        _retried(target.finish, wait)
    return PublishReport.model_validate(
        {
            "schema": "proofpress.publish/1",
            "generated_by": GENERATED_BY,
            "release_id": plan.release_id,
            "bundle_id": plan.bundle_id,
            "pack_id": plan.pack_id,
            "plan": identity,
            "published_at": at,
            "files": tuple(done),
        }
    )


def _uploaded(item: PlannedFile, folder: Path, target: Target, wait: Callable[[float], None]) -> UploadedFile:
    wanted = (item.sha256, item.size)

    def written() -> bool:
        """Whether the file had to be written; raises when what is read back differs."""
        if target.digest(item.name) == wanted:
            return False
        target.put(item.name, folder / item.path)
        found = target.digest(item.name)
        if found != wanted:
            said = f"sha256 {found[0][:12]}…, {found[1]} bytes" if found else "nothing"
            raise TargetError(
                f"{item.name}: the place gives back {said} instead of {item.sha256[:12]}…, {item.size} bytes"
            )
        return True

    state = "uploaded" if _retried(written, wait) else "present"
    return UploadedFile.model_validate(
        {"destination": item.destination, "name": item.name, "sha256": item.sha256, "size": item.size, "state": state}
    )


def _retried(action: Callable[[], T], wait: Callable[[float], None]) -> T:
    """The action, tried again with growing pauses while its failure may pass."""
    for attempt in range(TRIES):
        try:
            return action()
        except TargetError as exc:
            if not exc.passing or attempt == TRIES - 1:
                raise
            wait(_FIRST_WAIT * 2**attempt)
    raise AssertionError  # pragma: no cover - the last try returns or raises
