"""Bytes → models: the one boundary through which evidence comes in."""

from proofpress.errors import SchemaCompatError
from proofpress.ingest.load import LoadedPack, content_of, digest_pack, interpret, load_pack
from proofpress.ingest.raw import RawFile, RawPack
from proofpress.ingest.schema import document_of
from proofpress.ingest.sources import DirectorySource, Source, ZipSource, source_of

__all__ = [
    "DirectorySource",
    "LoadedPack",
    "RawFile",
    "RawPack",
    "SchemaCompatError",
    "Source",
    "ZipSource",
    "content_of",
    "digest_pack",
    "document_of",
    "interpret",
    "load_pack",
    "source_of",
]
