"""The base that all evidence models share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from proofpress.evidence.values import Count, Digest, JsonObject, Label, Name, PackPath, SemVer, StatedText, Text


class Model(BaseModel):
    """A closed, frozen part of a document: unknown fields and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True)


class Document(Model):
    """The header that every JSON document of a pack carries."""

    schema_version: SemVer
    generated_by: Label = Field(description="The program that wrote the document; profiles list who may.")
    fixture: bool = Field(default=False, description="True marks a rehearsal: never ready, never citable.")
    requires: tuple[Name, ...] = Field(
        default=(), description="Fields of a newer schema that a reader must understand to use the document."
    )
    extensions: JsonObject = Field(default_factory=dict, description="Free fields of other tools, kept.")


class ProducedFile(Model):
    """A file that a step read or wrote, by its path in the pack."""

    path: PackPath
    sha256: Digest
    size: Count


AbsenceCode = Literal["INFEASIBLE", "NOT_MEASURED", "NOT_APPLICABLE", "WITHHELD"]


class Absence(Model):
    """Why a value is absent. INFEASIBLE: it was tried and can't be had from the evidence there is."""

    code: AbsenceCode
    reason: Text


StatedTexts = Annotated[tuple[StatedText, ...], Field(min_length=1)]
NonEmptyTexts = Annotated[tuple[Text, ...], Field(min_length=1)]
