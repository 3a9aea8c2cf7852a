"""Requests on disk: one signed file each, which merges with all others, until it is sequenced."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from proofpress.errors import IngestError
from proofpress.evidence.finding import Finding
from proofpress.evidence.jsontext import dump_json
from proofpress.ingest.schema import schema_findings
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import parse_json
from proofpress.pack.writer import private_path
from proofpress.registry.authority import Refused, TooFew
from proofpress.registry.events import (
    EVENTS,
    GENERATED_BY,
    REQUEST_PAYLOAD,
    REQUESTS,
    SCHEMA_VERSION,
    BundleRequest,
    PolicyAdopted,
    Published,
    Request,
    bundle_id_of,
    scope_of,
)
from proofpress.registry.fold import Fold
from proofpress.registry.log import MAX_REQUEST, Logged, Signed, read_request
from proofpress.registry.messages import RegistryError, category_of
from proofpress.registry.state import scope_key
from proofpress.signing.dsse import EnvelopeError, cosign, open_envelope, seal
from proofpress.signing.keys import SigningKey

REQUEST_FOLDER: Final = "requests"
MOST_REQUESTS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A request that waits to be sequenced, and its file."""

    path: Path
    signed: Signed

    @property
    def name(self) -> str:
        """Its place from the instance's folder."""
        return f"{REQUESTS}/{self.path.name}"


def read_pending(folder: Path) -> tuple[tuple[Pending, ...], tuple[Finding, ...]]:
    """The requests of a registry's folder, in the order of their signing, and findings for files that are none."""
    waiting = folder / REQUEST_FOLDER
    names = sorted(path.name for path in waiting.iterdir()) if waiting.is_dir() else []
    if len(names) > MOST_REQUESTS:
        raise IngestError(f"{waiting}: more than {MOST_REQUESTS} requests", hint="sequence them in parts")
    found: list[Pending] = []
    findings: list[Finding] = []
    for name in names:
        if name.startswith("."):
            continue
        try:
            signed, notes = read_request(open_envelope(read_file(waiting / name, most=MAX_REQUEST), REQUEST_PAYLOAD))
        except (EnvelopeError, OSError) as exc:
            signed, notes = None, (_not_readable(str(exc)),)
        findings += [replace(note, file=f"{REQUESTS}/{name}") for note in notes]
        if signed is not None:
            found.append(Pending(path=waiting / name, signed=signed))
    return tuple(sorted(found, key=lambda each: (each.signed.event.signed_at, each.path.name))), tuple(findings)


def place_pending(fold: Fold, pending: Iterable[Pending], at: str, check: "Check | None" = None) -> "Placing":
    """Let requests have their effect on a fold, each as soon as the state that it has seen is there.

    Whatever order they come in, those that build on each other find their place; the result is the same.
    """
    placed: list[tuple[Pending, Logged]] = []
    repeated: list[Pending] = []
    waiting = list(pending)
    refused: dict[str, Refused] = {}
    moved = True
    while waiting and moved:
        moved = False
        left: list[Pending] = []
        for each in waiting:
            logged = Logged(seq=fold.size + 1, at=max(at, fold.at), signed=each.signed)
            if fold.repeats(each.signed):
                repeated.append(each)
                moved = True
                continue
            try:
                if check is not None:
                    check(each.signed.event)
                fold.accept(logged)
            except Refused as exc:
                refused[each.path.name] = exc
                left.append(each)
            else:
                placed.append((each, logged))
                moved = True
        waiting = left
    return Placing(
        placed=tuple(placed),
        repeated=tuple(repeated),
        refused=tuple((each, refused[each.path.name]) for each in waiting),
    )


class Check:
    """What a request claims about the instance: its pack, receipt and sign-offs. The default believes the request."""

    def __call__(self, event: Request) -> None:
        """Raise `Refused` when a claim does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What became of requests: placed with their entries, already true, or refused and why."""

    placed: tuple[tuple[Pending, Logged], ...]
    repeated: tuple[Pending, ...]
    refused: tuple[tuple[Pending, Refused], ...]

    def findings(self) -> tuple[Finding, ...]:
        """A finding for each request that is refused."""
        return tuple(
            Finding(
                rule=refused.rule,
                file=pending.name,
                message=f"the request ({pending.signed.event.kind}) can't be placed: {refused}",
                expected=refused.expected,
                found=refused.found,
                hint=refused.hint or "remove the request, and sign a new one",
            )
            for pending, refused in self.refused
        )


def draft(fold: Fold, kind: str, bundle_id: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request about a registered bundle: what the caller says, and the state that the fold is in.

    Raises `RegistryError`, category `unknown_bundle`, when the bundle is not registered.
    """
    state = fold.lifecycle.bundles.get(bundle_id)
    if state is None:
        raise RegistryError(f"{bundle_id} is not registered", category="unknown_bundle", hint="submit its pack first")
    scope = said.get("scope")
    active = fold.lifecycle.current(scope_key(scope)) if scope else None
    return {
        **said,
        "kind": kind,
        "release_id": state.release_id,
        "bundle": state.bundle,
        "pack_id": state.pack_id,
        "expects": {"status": state.status, **({"active": active} if scope else {})},
    }


def seal_request(fields: Mapping[str, Any], keys: Sequence[SigningKey]) -> Signed:
    """A request of these fields, signed. Raises `RegistryError`, category `invalid_payload`."""
    kind = EVENTS.get(str(fields.get("kind")))
    if kind is None:
        raise RegistryError(
            f"there is no event '{fields.get('kind')}'", category="invalid_payload", hint=f"events: {', '.join(EVENTS)}"
        )
    raw = {"schema_version": SCHEMA_VERSION, "generated_by": GENERATED_BY, **fields}
    text = dump_json(
        {name: value for name, value in raw.items() if value is not None or name == "replaces"}, indent=None
    )
    payload = text.encode()
    try:
        kind.model.model_validate(parse_json(payload))
    except ValidationError as exc:
        finding = schema_findings(REQUESTS, exc)[0]
        message = f"{kind.name}: {finding.pointer}: {finding.message}"
        raise RegistryError(message, category="invalid_payload", hint=finding.hint) from exc
    if found := private_path(text):
        raise RegistryError(
            f"the request would publish the private path {found}", category="invalid_payload", hint="leave it out"
        )
    signed, _notes = read_request(open_envelope(seal(REQUEST_PAYLOAD, payload, keys), REQUEST_PAYLOAD))
    if signed is None or len(payload) > MAX_REQUEST // 2:
        raise RegistryError("the request is too long", category="invalid_payload", hint="give shorter reasons")
    return signed


def refuse(fold: Fold, signed: Signed, at: str, check: Check | None = None) -> int:
    """How many keys must still sign a request before it can be placed; the fold is grown by it when none must.

    Raises `RegistryError` when it could not be placed as things stand, whoever signs it too.
    """
    try:
        if check is not None:
            check(signed.event)
        fold.accept(Logged(seq=fold.size + 1, at=max(at, fold.at), signed=signed))
    except Refused as exc:
        if isinstance(exc, TooFew) and exc.missing:
            return exc.missing
        name = getattr(signed.event, "bundle_id", "")
        raise RegistryError(
            f"{exc.rule} {name or signed.event.kind}: {exc} (expected {exc.expected}, found {exc.found})",
            category=category_of(exc.rule),
            hint=exc.hint,
            rule=exc.rule,
            details={"expected": exc.expected, "found": exc.found},
        ) from exc
    return 0


def write_request(folder: Path, signed: Signed) -> Path:
    """Write a request as a new file, named after what it asks for. Raises `RegistryError` when it can't be written."""
    path = folder / REQUEST_FOLDER / _file_name(signed)
    return rewrite_request(path, signed)


def rewrite_request(path: Path, signed: Signed) -> Path:
    """Write a request into a file, whole or not at all."""
    data = dump_json(signed.envelope.raw()).encode()
    staged = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_bytes(data)
        staged.replace(path)
    except OSError as exc:
        raise RegistryError(f"{path}: can't be written ({exc.strerror or exc})", category="busy") from exc
    finally:
        staged.unlink(missing_ok=True)
    return path


def _file_name(signed: Signed) -> str:
    event = signed.event
    about = event.policy[:12] if isinstance(event, PolicyAdopted) else ""
    if isinstance(event, BundleRequest):
        about = bundle_id_of(event.release_id, event.bundle)
    scope = "" if isinstance(event, Published) else ".".join((scope_of(event) or {}).values())
    when = re.sub(r"[-:]", "", event.signed_at)
    return "_".join(part for part in (when, event.kind, about, scope, signed.digest[:8]) if part) + ".json"


def _not_readable(message: str) -> Finding:
    return Finding(
        rule="REG001",
        message=f"not a signed request: {message}",
        expected="an envelope that 'proofpress registry' wrote",
        found="",
        hint="remove the file, and sign the request again",
    )


def add_signature(path: Path, key: SigningKey) -> Signed:
    """Sign a request that waits with one more key. Raises `IngestError` when the file is no request."""
    try:
        signed, notes = read_request(open_envelope(read_file(path, most=MAX_REQUEST), REQUEST_PAYLOAD))
    except (EnvelopeError, OSError) as exc:
        raise IngestError(
            f"{path.name}: not a signed request ({exc})", hint="name a file of packs/registry/requests/"
        ) from exc
    if signed is None:
        raise IngestError(f"{path.name}: {notes[0].message}", hint=notes[0].hint)
    more = replace(signed, envelope=cosign(signed.envelope, key))
    rewrite_request(path, more)
    return more
