"""What events name by digest, kept in the registry's folder: policies, platforms and receipts of gates."""

import hashlib
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from proofpress.evidence.policy import Policy
from proofpress.evidence.registration import Platform
from proofpress.ingest.sources import read_file
from proofpress.ingest.strict import StrictError, parse_yaml
from proofpress.pack.writer import write_bytes

M = TypeVar("M", bound=BaseModel)
POLICIES: Final = "policies"
PLATFORMS: Final = "platforms"
RECEIPTS: Final = "receipts"
_ENDING: Final = {POLICIES: "yaml", PLATFORMS: "yaml", RECEIPTS: "json"}


class StoredRecords:
    """The records of a registry's folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._policies: dict[str, Policy | None] = {}
        self._platforms: dict[str, Platform | None] = {}

    def policy(self, sha256: str) -> Policy | None:
        """The policy with this digest; None when it is not kept, is other bytes, or can't be understood."""
        if sha256 not in self._policies:
            self._policies[sha256] = _model(self.data(POLICIES, sha256), Policy)
        return self._policies[sha256]

    def platform(self, sha256: str) -> Platform | None:
        """The platform's record with this digest; None as for policies."""
        if sha256 not in self._platforms:
            self._platforms[sha256] = _model(self.data(PLATFORMS, sha256), Platform)
        return self._platforms[sha256]

    def data(self, kind: str, sha256: str) -> bytes | None:
        """The bytes of a record, None when they are not there or have another digest."""
        try:
            data = read_file(self._folder / record_path(kind, sha256))
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def keep(self, kind: str, data: bytes) -> str:
        """Keep bytes by their digest, which is returned."""
        sha256 = hashlib.sha256(data).hexdigest()
        if self.data(kind, sha256) is None:
            write_bytes(self._folder, record_path(kind, sha256), data)
        self._policies.pop(sha256, None)
        self._platforms.pop(sha256, None)
        return sha256


def record_path(kind: str, sha256: str) -> str:
    """Where a record lies in the registry's folder."""
    return f"{kind}/{sha256}.{_ENDING[kind]}"


def _model(data: bytes | None, model: type[M]) -> M | None:
    try:
        return None if data is None else model.model_validate(parse_yaml(data))
    except (StrictError, ValidationError):
        return None
