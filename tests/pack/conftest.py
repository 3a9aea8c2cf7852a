"""What tests of builders share."""

from collections.abc import Callable
from pathlib import Path

import pytest

from proofpress.cli import main
from proofpress.errors import ExitCode

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in the instance; gives exit code, output and messages."""

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["-C", str(tmp_path), *argv])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert code != ExitCode.INTERNAL, err
        return code, out, err

    return call
