"""Signing keys: files, texts of public keys, and the keys of the policy."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from pydantic import TypeAdapter, ValidationError

from proofpress.cli import main
from proofpress.errors import IngestError, UsageError
from proofpress.evidence.policy import Policy
from proofpress.evidence.signed import PublicKey, key_text
from proofpress.instance import open_instance
from proofpress.signing.keys import PASSWORD_VARIABLE, SigningKey, read_key, verifies, write_key

KEY = SigningKey.from_seed(bytes(32))
PUBLIC = TypeAdapter(PublicKey)


def test_a_key_file_is_its_owners_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "owner.pem"
    assert main(["key", "new", str(path)]) == 0
    public = capsys.readouterr().out.strip()
    assert path.stat().st_mode & 0o777 == 0o600
    assert main(["key", "show", str(path)]) == 0
    assert capsys.readouterr().out.strip() == public
    assert main(["key", "new", str(path)]) == 2
    assert "is there already" in capsys.readouterr().err
    path.chmod(0o644)
    with pytest.raises(IngestError, match="others than its owner"):
        read_key(path, {})


def test_a_key_with_a_password_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "owner.pem"
    write_key(path, KEY, "correct horse")
    assert b"ENCRYPTED" in path.read_bytes()
    assert read_key(path, {PASSWORD_VARIABLE: "correct horse"}).public == KEY.public
    for environment in ({}, {PASSWORD_VARIABLE: "another"}):
        with pytest.raises(IngestError):
            read_key(path, environment)


def test_other_files_are_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "other.pem"
    ec = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for data, why in ((ec, "not an Ed25519 key"), (b"nothing", "not a private key"), (b"", "not a private key")):
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(IngestError, match=why):
            read_key(path, {})
    with pytest.raises(IngestError, match="can't be read"):
        read_key(tmp_path / "none.pem", {})
    with pytest.raises(UsageError, match="can't be written"):
        write_key(tmp_path / "no" / "folder.pem", KEY)


def test_a_signature_is_for_one_message_and_one_key() -> None:
    signature = KEY.sign(b"message")
    assert verifies(KEY.public, b"message", signature)
    assert not verifies(KEY.public, b"messagE", signature)
    assert not verifies(SigningKey.from_seed(bytes([1] * 32)).public, b"message", signature)
    assert not verifies(KEY.public, b"message", signature[:-1])
    assert KEY.sign(b"message") == signature


@pytest.mark.parametrize(
    "text",
    [
        "ed25519:",
        "ssh-ed25519 " + KEY.public[8:],
        KEY.public[:-1],
        KEY.public + "\n",
        KEY.public[:-2] + chr(ord(KEY.public[-2]) + 1) + "=",  # the same bytes, other spare bits
        *(key_text(y.to_bytes(32, "little")) for y in (0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18)),
        key_text(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")),
        key_text(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")),
    ],
)
def test_a_public_key_has_one_text(text: str) -> None:
    assert PUBLIC.validate_python(KEY.public) == KEY.public
    with pytest.raises(ValidationError, match="not an Ed25519 public key"):
        PUBLIC.validate_python(text)


def test_spare_bits_really_decode_to_the_same_key() -> None:
    other = KEY.public[8:-2] + chr(ord(KEY.public[-2]) + 1) + "="
    assert base64.b64decode(other) == base64.b64decode(KEY.public[8:])


def test_a_role_is_held_for_a_family_and_a_time() -> None:
    policy = Policy.model_validate(
        {
            "schema_version": "1.2.0",
            "keys": {"first": {"key": KEY.public, "since": "2026-01-01T00:00:00Z", "until": "2026-06-01T00:00:00Z"}},
            "roles": {"owner": {"keys": ("first",), "families": ("digits",)}},
        }
    )
    assert policy.holders("owner", "digits", "2026-01-01T00:00:00Z") == {"first": KEY.public}
    for role, family, at in (
        ("owner", "digits", "2025-12-31T23:59:59Z"),
        ("owner", "digits", "2026-06-01T00:00:00Z"),
        ("owner", "clinical", "2026-02-01T00:00:00Z"),
        ("reviewer", "digits", "2026-02-01T00:00:00Z"),
    ):
        assert policy.holders(role, family, at) == {}


def test_the_policy_names_keys_once_and_roles_by_them(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / "policy.yaml").write_text(
        "schema_version: '1.2.0'\n"
        f"keys:\n  one: {{key: '{KEY.public}'}}\n  two: {{key: '{KEY.public}'}}\n"
        "roles:\n  owner: {keys: [one, three]}\n",
        encoding="utf-8",
    )
    found = {(each.rule, each.pointer) for each in open_instance(tmp_path).findings}
    assert found == {("POL001", "/keys/two/key"), ("POL001", "/roles/owner/keys/1")}
