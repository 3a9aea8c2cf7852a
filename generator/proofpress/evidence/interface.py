"""What consumers of a release rely on: its public surface, and its scores on fixed inputs."""

from typing import Annotated, Literal

from pydantic import Field

from proofpress.evidence.base import Document, Model
from proofpress.evidence.values import Digest, Identity, Name, Number, PackPath, Text

SURFACE = ("symbols", "flags", "exit_codes", "defaults", "inputs", "outputs", "metrics", "errors", "events")
"""The lists of an interface, in the order in which they are shown."""


class Promise(Model):
    """One thing that has a name, and the exact form that consumers rely on.

    `contract` is the signature of a symbol; accepted values and default of a flag; the meaning of an exit code,
    error or event; the value of a default; type, shape and range of an input or output; unit and direction of a
    metric. Whatever is not stable may change in any MINOR.
    """

    name: Name
    contract: Text
    stability: Literal["stable", "experimental"] = "stable"


class FixedScore(Model):
    """What the model answers for one record of a fixed input: a number (`score`) or a word (`label`)."""

    key: Name
    output: Name
    score: Number | None = None
    label: Name | None = None


class FixedInput(Model):
    """An input that never changes, by its digest, and the model's exact outputs for it."""

    name: Name
    input_sha256: Digest
    input_path: PackPath | None = Field(default=None, description="Where the pack holds it")
    scores_path: PackPath | None = Field(default=None, description="JSON Lines of the pack that the scores are from")
    key_field: Name = Field(default="key", description="Field of those rows that is the key, else their number")
    scores: Annotated[tuple[FixedScore, ...], Field(min_length=1)]


class Interface(Document):
    """`interface.json`: the public surface of what is released, and scores on fixed inputs."""

    model_id: Identity
    symbols: tuple[Promise, ...] = ()
    flags: tuple[Promise, ...] = ()
    exit_codes: tuple[Promise, ...] = ()
    defaults: tuple[Promise, ...] = ()
    inputs: tuple[Promise, ...] = ()
    outputs: tuple[Promise, ...] = ()
    metrics: tuple[Promise, ...] = ()
    errors: tuple[Promise, ...] = ()
    events: tuple[Promise, ...] = ()
    fixed_input_scores: Annotated[tuple[FixedInput, ...], Field(min_length=1)]

    def surface(self) -> tuple[tuple[str, int, Promise], ...]:
        """Every promise with its list and its place in it."""
        return tuple((name, index, item) for name in SURFACE for index, item in enumerate(getattr(self, name)))
