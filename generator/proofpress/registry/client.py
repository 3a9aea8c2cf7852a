"""A runtime's side: ask a published site which bundle is active, and believe keys alone."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from proofpress.errors import IngestError
from proofpress.evidence.jsontext import dump_json
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_json
from proofpress.registry.messages import RegistryError, ResolveResponse
from proofpress.registry.opened import open_registry
from proofpress.registry.remote import fetch
from proofpress.registry.state import scope_key
from proofpress.registry.statements import (
    LastSeen,
    RevocationList,
    Revoked,
    ScopeStatement,
    check_age,
    read_statement,
    read_trust,
    resolve_statement,
    revocations,
    scope_path,
)


def ask(
    source: str,
    scope: Mapping[str, str],
    *,
    at: str,
    clock: str,
    trust: str,
    threshold: int = 1,
    max_age: int | None = None,
    state: Path | None = None,
    allow_yanked: bool = False,
) -> ResolveResponse:
    """The active bundle of a scope at the UTC time `at`, from the statement below a URL or folder.

    `clock` is the time by which the statement's age is judged, `trust` the text of the trusted keys, `state` a file
    that remembers the newest statement that was believed. Raises `RegistryError` and `IngestError`.
    """
    keys = read_trust(trust)
    data = fetch(source, scope_path(scope_key(scope)))
    statement = read_statement(data, ScopeStatement, keys, threshold=threshold)
    seen = check_age(statement, at=clock, most=max_age, seen=_seen(state))
    if state is not None:
        _remember(state, seen)
    return resolve_statement(statement, scope, at=at, allow_yanked=allow_yanked)


def revoked_models(folder: Path, source: str | None, *, trust: str, clock: str) -> Mapping[str, Revoked]:
    """Models that must not be used any more, by id: from a signed list, or from the registry in a folder.

    Raises `RegistryError` when the list is not to be believed, or the registry is refused.
    """
    if source is not None:
        listed = read_statement(fetch(source), RevocationList, read_trust(trust))
        check_age(listed, at=clock, most=None, seen=None)
        revoked = listed.revoked
    elif folder.is_dir():
        revoked = tuple(Revoked.model_validate(each) for each in revocations(open_registry(folder).intact()))
    else:
        revoked = ()
    return {each.model_id: each for each in revoked if each.revokes_model and each.model_id}


def _seen(path: Path | None) -> LastSeen | None:
    if path is None:
        return None
    try:
        return LastSeen.model_validate(parse_json(read_file(path)))
    except FileNotFoundError:
        return None
    except (OSError, StrictError, ValidationError) as exc:
        message = f"{path}: what was seen last can't be read"
        raise IngestError(message, hint="restore it; without it an old state could be served unseen") from exc


def _remember(path: Path, seen: LastSeen) -> None:
    staged = path.with_name(f".{path.name}.part")
    try:
        staged.write_text(dump_json(seen.model_dump(by_alias=True)), encoding="utf-8")
        staged.replace(path)
    except OSError as exc:
        raise RegistryError(f"{path}: can't be written ({exc.strerror or exc})", category="busy") from exc
    finally:
        staged.unlink(missing_ok=True)
