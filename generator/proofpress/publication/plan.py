"""The plan: every file to upload with its digest, size, destination and command, from the manifests alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from proofpress.errors import ExitCode, IngestError, ProofpressError, UsageError
from proofpress.evidence.pack import CHECKSUMS, MANIFEST
from proofpress.evidence.publication import (
    CONFIG,
    PARTS,
    Destination,
    PlannedFile,
    PublicationConfig,
    PublicationPlan,
)
from proofpress.ingest.schema import first_violation
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_yaml
from proofpress.pack.writer import private_path
from proofpress.verify.verdict import VerifiedPack

GENERATED_BY: Final = "proofpress.publish"
_LAST: Final = (CHECKSUMS, MANIFEST)
"""What announces a release, and so is uploaded after everything else."""


class PublicationError(ProofpressError):
    """The release can't be published as it was asked for."""

    exit_code = ExitCode.FINDINGS


def read_config(root: Path) -> PublicationConfig:
    """`packs/publication.yaml`. Raises `UsageError` when there is none, `IngestError` when it can't be used."""
    try:
        return PublicationConfig.model_validate(parse_yaml(read_file(root / CONFIG)))
    except FileNotFoundError as exc:
        raise UsageError(
            f"there is no {CONFIG}", hint="it names destinations; docs/guides/publishing-a-release.md shows one"
        ) from exc
    except OSError as exc:
        raise IngestError(f"{CONFIG}: can't be read ({exc.strerror or exc})") from exc
    except StrictError as exc:
        raise IngestError(f"{CONFIG}: {exc}") from exc
    except ValidationError as exc:
        raise IngestError(f"{CONFIG}: {first_violation(exc)}", hint="its schema is in docs/schemas") from exc


def plan(pack: VerifiedPack, bundle_id: str, config: PublicationConfig) -> PublicationPlan:
    """What would be uploaded where. Raises `PublicationError` for a rehearsal, a clash, or an absent part."""
    evidence = pack.evidence
    manifest = evidence.manifest
    if evidence.is_rehearsal:
        raise PublicationError(
            f"{bundle_id} is a rehearsal (fixture) and is never published", hint="remake it from a real run"
        )
    names = [item.name for item in config.destinations]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise PublicationError(f"two destinations are called '{twice[0]}'", hint=f"rename one in {CONFIG}")
    words = {"bundle_id": bundle_id, "release_id": manifest.release_id, "family": manifest.family}
    destinations = tuple(filled(item, words) for item in config.destinations)
    model = pack.raw.files.get("model/manifest.json")
    planned = PublicationPlan.model_validate(
        {
            "schema": "proofpress.publication-plan/1",
            "generated_by": GENERATED_BY,
            "release_id": manifest.release_id,
            "bundle_id": bundle_id,
            "pack_id": evidence.pack_id,
            "model_id": f"sha256:{model.sha256}" if model else None,
            "destinations": destinations,
            "files": tuple(item for place in destinations for item in _files(pack, place)),
            "issues": config.issues,
        }
    )
    _refuse_clashes(planned)
    return planned


def filled(destination: Destination, words: dict[str, str]) -> Destination:
    """A destination with its fields filled in. Raises `PublicationError` for an unknown field or a private path."""
    update = {}
    for name in ("to", "revision", "public"):
        text = getattr(destination, name)
        if text is None:
            continue
        try:
            update[name] = text.format(**words)
        except (KeyError, IndexError, ValueError) as exc:
            known = ", ".join(f"{{{word}}}" for word in words)
            raise PublicationError(
                f"destination '{destination.name}': '{name}' holds a field that is not known", hint=f"known: {known}"
            ) from exc
    made = destination.model_copy(update=update)
    if found := private_path(f"{made.to} {made.public or ''}"):
        raise PublicationError(
            f"destination '{destination.name}' would publish the private path {found}",
            hint="name a folder relative to the instance, and a public address",
        )
    if made.public is None and made.target in {"folder", "store"}:
        raise PublicationError(
            f"destination '{destination.name}' says no public address",
            hint="add 'public': what nobody can fetch can't be checked",
        )
    return made


def _files(pack: VerifiedPack, place: Destination) -> Iterator[PlannedFile]:
    sizes = {item.path: (item.sha256, item.size) for item in pack.raw.files.values()}
    paths = [path for path in sizes if _wanted(path, place.parts)]
    for part in place.parts:
        if part != "pack" and not any(path.startswith(f"{part}/") for path in paths):
            raise PublicationError(
                f"destination '{place.name}' publishes '{part}', and the pack has nothing of it",
                hint=f"leave it out of {CONFIG}, or build that part of the pack",
            )
    for path in sorted(paths, key=lambda path: (path in _LAST, path)):
        name = remote_name(path, place)
        sha256, size = sizes[path]
        yield PlannedFile(
            destination=place.name,
            path=path,
            name=name,
            sha256=sha256,
            size=size,
            public_url=public_url(place, name),
            command=_command(place, path, name),
        )


def _wanted(path: str, parts: Sequence[str]) -> bool:
    return "pack" in parts or path.partition("/")[0] in parts


def remote_name(path: str, place: Destination) -> str:
    """The name of a pack's file at a place: one part alone is the root there; assets of a release have no folders."""
    if len(place.parts) == 1 and place.parts[0] in PARTS:
        path = path.removeprefix(f"{place.parts[0]}/")
    return path.replace("/", ".") if place.target == "github" else path


def public_url(place: Destination, name: str) -> str:
    """Where everybody finds a file."""
    if place.target == "huggingface":
        kind = "datasets/" if place.kind == "dataset" else ""
        base = (place.public or "https://huggingface.co").rstrip("/")
        return f"{base}/{kind}{place.to}/resolve/{place.revision}/{name}"
    if place.target == "github":
        base = (place.public or "https://github.com").rstrip("/")
        return f"{base}/{place.to}/releases/download/{place.revision}/{name}"
    return f"{(place.public or '').rstrip('/')}/{name}"


def _command(place: Destination, path: str, name: str) -> tuple[str, ...]:
    """The command of the place's own tool that uploads this one file, run in the pack's folder."""
    if place.target == "huggingface":
        kind = ("--repo-type", place.kind)
        return ("hf", "upload", place.to, path, name, *kind, "--revision", place.revision)
    if place.target == "github":
        return ("gh", "release", "upload", place.revision, f"{path}#{name}", "--repo", place.to)
    if place.target == "store":
        return _store(place, path, name)
    return ("install", "-D", "-m", "644", path, f"{place.to.rstrip('/')}/{name}")


def _store(place: Destination, path: str, name: str) -> tuple[str, ...]:
    target = f"{place.to.rstrip('/')}/{name}"
    if place.to.startswith("s3://"):
        return ("aws", "s3", "cp", path, target)
    if place.to.startswith("gs://"):
        return ("gcloud", "storage", "cp", path, target)
    return ("rclone", "copyto", path, target)


def _refuse_clashes(planned: PublicationPlan) -> None:
    for label in ("name", "public_url"):
        seen: dict[tuple[str, str], str] = {}
        for item in planned.files:
            key = (item.destination if label == "name" else "", getattr(item, label))
            if key in seen:
                raise PublicationError(
                    f"{seen[key]} and {item.path} would both become {getattr(item, label)}",
                    hint="publish their parts to places of their own",
                )
            seen[key] = item.path
