"""GLW05x: a dataset package says what its files hold, and its splits don't leak."""

from typing import Any

from proofpress.exchange.genolewm.guarantee import Findings, guarantee, same, same_bytes
from proofpress.exchange.genolewm.layouts import rendered, stale
from proofpress.exchange.genolewm.package import INPUT_CHECK, SNAPSHOT_REPORT, Package
from proofpress.exchange.genolewm.splits import integrity
from proofpress.ingest.strict import pointer_of
from proofpress.verify.rule import trouble

CARD, MANIFEST, INTEGRITY = "data_card.md", "dataset_manifest.json", "split_integrity.json"
_IDENTITY = ("path", "sha256", "size_bytes", "split", "records", "description")


def derived_manifest(package: Package) -> dict[str, Any]:
    """The dataset manifest that `dataset_package.json` and the bytes of the data files give. Raises `TroubleError`."""
    return package.once("manifest", _derived)


def _derived(package: Package) -> dict[str, Any]:
    data, folder = package.dataset, package.part("dataset")
    stated = data.model_dump(exclude_none=True)
    for item in stated["files"]:
        item |= {"sha256": folder.sha256(item["path"]), "size_bytes": folder.size(item["path"])}
    return stated


def split_integrity(package: Package) -> dict[str, Any]:
    """The split integrity report that the data files give, with the time that the packaged one states."""
    return package.once("integrity", _integrity)


def _integrity(package: Package) -> dict[str, Any]:
    folder = package.part("dataset")
    raw = folder.json(INTEGRITY)
    return integrity(folder, derived_manifest(package), raw.get("generated_at") if isinstance(raw, dict) else None)


@guarantee("GLW050", "The dataset manifest is the package's own")
def manifest(package: Package) -> Findings:
    """`dataset_manifest.json` equals what `dataset_package.json` and the bytes of the data files give."""
    folder = package.part("dataset")
    wanted, found = derived_manifest(package), folder.json(MANIFEST)
    if wanted == found:
        return
    found = found if isinstance(found, dict) else {}
    names = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    for name in names:
        yield from same(
            folder.place(MANIFEST),
            pointer_of((name,)),
            f"'{name}'",
            wanted.get(name),
            found.get(name),
            "dataset_package.json and the data files",
        )


@guarantee("GLW051", "Data files are the ones that the manifest lists")
def files(package: Package) -> Findings:
    """Each data file is there, with the digest and size that `dataset_manifest.json` states."""
    folder = package.part("dataset")
    raw = folder.json(MANIFEST)
    for item in raw.get("files", ()) if isinstance(raw, dict) else ():
        if isinstance(item, dict) and isinstance(item.get("path"), str):
            yield from same_bytes(folder, item["path"], str(item.get("sha256")), item.get("size_bytes"), MANIFEST)


@guarantee("GLW052", "The data card is the dataset's own")
def card(package: Package) -> Findings:
    """`data_card.md` equals what `dataset_package.json` gives with the class balance counted from the data files."""
    listed = [{"records": "", "description": "", **item} for item in derived_manifest(package)["files"]]
    balance = split_integrity(package)["splits"]
    expected = rendered(CARD, it=package.dataset, files=listed, balance=balance)
    yield from stale(package.part("dataset"), CARD, expected, "dataset_package.json")


@guarantee("GLW053", "Split integrity is what the data files show")
def splits(package: Package) -> Findings:
    """`split_integrity.json` equals what is counted again from the data files: records, comparable keys and labels of
    each file and split. Declared numbers of records are the counted ones.
    """
    folder = package.part("dataset")
    wanted, found = split_integrity(package), folder.json(INTEGRITY)
    found = found if isinstance(found, dict) else {}
    if not isinstance(wanted["generated_at"], str) or not wanted["generated_at"]:
        yield trouble(folder.place(INTEGRITY), "/generated_at", "no time of the report", expected="a time")
    for name in sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name)):
        counted = (wanted.get(name), found.get(name))
        yield from same(folder.place(INTEGRITY), pointer_of((name,)), f"'{name}'", *counted, "the data files")


@guarantee("GLW054", "No key stands in training and evaluation")
def leaks(package: Package) -> Findings:
    """A training split and a held-out split share a variant key, or one of them holds no comparable key, so that
    nothing shows that they are apart.
    """
    for index, check in enumerate(split_integrity(package)["leakage_checks"]):
        if check["status"] != "passed":
            yield trouble(
                package.part("dataset").place(INTEGRITY),
                f"/leakage_checks/{index}",
                f"{check['split_a'] or 'no training split'} and {check['split_b'] or 'no held-out split'}: "
                + (check["failure_reason"].replace("_", " ") or "keys are shared"),
                expected="comparable keys on both sides, none of them shared",
                found=", ".join(check["examples"]) or "no comparable keys",
                hint="take the shared records out of training, and build the snapshot again",
            )


@guarantee("GLW055", "The snapshot report describes this package")
def snapshot(package: Package) -> Findings:
    """The snapshot report names the manifest's snapshot, the bytes of the package's documents, and every data file
    once, as the manifest has it and as it is.
    """
    folder, report = package.part("dataset"), package.snapshot
    place, wanted = folder.place(SNAPSHOT_REPORT), package.dataset.snapshot_id
    raw = folder.json(SNAPSHOT_REPORT)
    for pointer, found in (("/snapshot_id", report.snapshot_id), ("/package/snapshot_id", report.package.snapshot_id)):
        yield from same(place, pointer, "the snapshot", wanted, found, MANIFEST)
    for name, path, identity in (
        ("input_check", INPUT_CHECK, report.input_check),
        ("package/metadata", "dataset_package.json", report.package.metadata),
        ("package/manifest", MANIFEST, report.package.manifest),
        ("package/data_card", CARD, report.package.data_card),
        ("package/integrity", INTEGRITY, report.package.integrity),
    ):
        yield from same(place, f"/{name}/path", "the path", path, identity.path, "every snapshot")
        yield from same_bytes(folder, path, identity.sha256, identity.size_bytes, SNAPSHOT_REPORT)
    listed = [item.path for item in report.files]
    known = {item["path"]: item for item in derived_manifest(package)["files"]}
    for path in sorted({path for path in listed if path not in known or listed.count(path) > 1}):
        yield trouble(place, "/files", "a file is listed twice or is not in the manifest", found=path)
    for path in sorted(known.keys() - set(listed)):
        yield trouble(place, "/files", "a file of the manifest is not listed", expected=path)
    for index, item in enumerate(report.files):
        for name in ("split", "records", "description"):
            stated = (known.get(item.path, {}).get(name), raw["files"][index].get(name))
            yield from same(place, f"/files/{index}/{name}", f"the {name}", *stated, MANIFEST)
        if item.path in known:
            yield from same_bytes(folder, item.path, item.sha256, item.size_bytes, SNAPSHOT_REPORT)
    again = [{name: item[name] for name in _IDENTITY if name in item} for item in raw["files"]]
    yield from same(place, "/package/files", "the list of files", again, report.package.files, "/files")


@guarantee("GLW056", "The input check saw the snapshot's sources")
def input_check(package: Package) -> Findings:
    """The input check names the manifest's snapshot and, file by file and in order, the sources that the snapshot
    report says its files were made from.
    """
    folder, check = package.part("dataset"), package.input_check
    place = folder.place(INPUT_CHECK)
    yield from same(place, "/snapshot_id", "the snapshot", package.dataset.snapshot_id, check.snapshot_id, MANIFEST)
    package.snapshot  # noqa: B018 - compared only when it can be read
    wanted = [
        {
            "source_path": item["source_path"],
            "staged_path": item["path"],
            "split": item.get("split"),
            "description": item.get("description"),
            "sha256": item["source_sha256"],
            "size_bytes": item["source_size_bytes"],
        }
        for item in folder.json(SNAPSHOT_REPORT)["files"]
    ]
    found = [item.model_dump() for item in check.inputs]
    yield from same(place, "/inputs", "the list of sources", wanted, found, SNAPSHOT_REPORT)


DATASET = (manifest, files, card, splits, leaks, snapshot, input_check)
