"""Exceptions and exit codes.

Trouble *in evidence* is a `Finding`; an exception means that Proofpress could not do its work.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status says."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    STALE = 3
    UNREADABLE = 4
    PUBLISH_FAILED = 5
    NOTHING_CHECKED = 6
    INTERNAL = 70


class ProofpressError(Exception):
    """Base of every error that a command reports in one line. `hint` says what to do."""

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ProofpressError):
    """The command was asked for something that does not exist or does not fit together."""

    exit_code = ExitCode.USAGE


class IngestError(ProofpressError):
    """A file, folder or archive could not be read at all."""

    exit_code = ExitCode.UNREADABLE


class SchemaCompatError(IngestError):
    """A document is of a schema that this reader can't read: another MAJOR, or a field that it must understand.

    `migration` names the steps that lead to the reader's schema, when there are any.
    """

    def __init__(self, message: str, *, hint: str = "", migration: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.migration = migration


class NothingCheckedError(ProofpressError):
    """There was nothing to check, which is not a pass."""

    exit_code = ExitCode.NOTHING_CHECKED


class PolicyError(ProofpressError):
    """The instance's policy could not be understood, so nothing is judged by it."""

    exit_code = ExitCode.FINDINGS


class BuildError(ProofpressError):
    """The site could not be composed: the frame, a template or the configuration is at fault."""

    exit_code = ExitCode.PUBLISH_FAILED


class PublishError(ProofpressError):
    """The finished site could not be written or exchanged; the old site is still there."""

    exit_code = ExitCode.PUBLISH_FAILED
