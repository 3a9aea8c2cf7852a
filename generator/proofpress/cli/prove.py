"""Commands of a published site: prove it, sign it."""

import hashlib
import os
from pathlib import Path

import click

from proofpress.cli.base import FORMATS, cli, coloured, emit, emit_json, format_option, jobs_option
from proofpress.console import printable
from proofpress.errors import ExitCode, UsageError


@cli.command("verify-site")
@click.argument("place")
@click.option(
    "--trust",
    multiple=True,
    metavar="KEY|FILE",
    help="A publisher's public key (ed25519:…), or a file with one a line; may be repeated.",
)
@jobs_option
@format_option(FORMATS)
def verify_site(place: str, trust: tuple[str, ...], jobs: int, format_: str) -> ExitCode:
    """Prove that a published site is what its JSON says: an address or a folder, no access to its source needed.

    Fetches packs and sources from the site, verifies and renders them, builds every page again and compares it byte
    for byte with what is served. With --trust a key of the publisher's must have signed the site's statement; without
    it, nothing that is code (hooks, plugins, own templates) is run, and what depends on it stays unproven.

    \b
    Example:  proofpress verify-site https://example.org/evidence/ --trust ed25519:…
    """
    from proofpress.prove.prove import lines, prove_site
    from proofpress.prove.reader import open_site

    proof = prove_site(open_site(place), trust=_keys(trust), jobs=jobs)
    if format_ == "json":
        emit_json("site-proof", proof.plain())
    else:
        for line in lines(proof):
            emit(coloured(printable(line)))
    return ExitCode.OK if proof.proven else ExitCode.FINDINGS


def _keys(given: tuple[str, ...]) -> dict[str, str]:
    from pydantic import TypeAdapter, ValidationError

    from proofpress.evidence.signed import PublicKey

    found: dict[str, str] = {}
    for item in given:
        texts = [item]
        if not item.startswith("ed25519:"):
            try:
                texts = [line.partition("#")[0].strip() for line in Path(item).read_text("utf-8").splitlines()]
            except (OSError, UnicodeDecodeError) as exc:
                raise UsageError(f"--trust {item}: neither a key nor a file that can be read") from exc
        for text in filter(None, texts):
            try:
                found[text] = TypeAdapter(PublicKey).validate_python(text)
            except ValidationError as exc:
                raise UsageError(f"--trust {text[:60]}: not an Ed25519 public key", hint="proofpress key show") from exc
    if given and not found:
        raise UsageError("--trust names no key", hint="a key looks like ed25519:…")
    return found


@cli.command("sign-site")
@click.option("--key", "key_file", type=click.Path(path_type=Path), required=True, help="The publisher's private key.")
@click.pass_obj
def sign_site(root: Path, key_file: Path) -> ExitCode:
    """Sign the statement of the site that was built last; the next build publishes the signature beside it.

    \b
    Example:  proofpress sign-site --key publisher.pem
    """
    from proofpress.build.sources import PREDICATE, SIGNATURE_FILE, STATEMENT
    from proofpress.evidence.signed import statement
    from proofpress.ingest.sources import read_file
    from proofpress.pack.writer import write_bytes
    from proofpress.signing.dsse import seal_statement
    from proofpress.signing.keys import read_key

    key = read_key(key_file, os.environ)
    try:
        digest = hashlib.sha256(read_file(root / "site" / STATEMENT)).hexdigest()
    except OSError as exc:
        raise UsageError(f"there is no site/{STATEMENT} to sign", hint="run proofpress build first") from exc
    folder, _, name = SIGNATURE_FILE.rpartition("/")
    (root / folder).mkdir(parents=True, exist_ok=True)
    write_bytes(root / folder, name, seal_statement(statement({STATEMENT: digest}, PREDICATE, {}), [key]))
    emit(f"{SIGNATURE_FILE}: sha256 {digest} signed by {key.public}")
    return ExitCode.OK
