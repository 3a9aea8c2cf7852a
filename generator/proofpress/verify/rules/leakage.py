"""LEA: splits share no keys, and what the split integrity document says of them is recomputed."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from operator import lt

from proofpress.evidence.dataset import SplitIntegrity
from proofpress.evidence.finding import Finding
from proofpress.verify.rule import Case, rule, trouble

SPLITS = "dataset/split_integrity.json"
_AGAIN = "build the dataset package again from the split's records"


def _splits(case: Case) -> SplitIntegrity:
    if case.evidence.splits is None:  # pragma: no cover - rules of this module need it
        raise ValueError("no split integrity")
    return case.evidence.splits


def _keys(case: Case, path: str) -> list[bytes] | None:
    file = case.raw.files.get(path)
    if file is None or file.data is None or not file.data.endswith(b"\n"):
        return None
    return file.data[:-1].split(b"\n")


@rule("LEA001", "Key files are sorted, unique and as stated", needs="splits", after="INT001")
def key_files(case: Case) -> Iterator[Finding]:
    """A key file is missing, not sorted, holds a key twice, or differs from the number and digest stated.

    A key file holds one key a line, sorted by bytes, so that its own digest is the digest of the keys.
    """
    for number, item in enumerate(_splits(case).keys):
        for index, file in enumerate(item.files):
            keys = _keys(case, file.path)
            raw = case.raw.files.get(file.path)
            problem = ""
            if keys is None or raw is None:
                problem = "is not a file of this pack with one key a line"
            elif keys[0] == b"" or not all(map(lt, keys, keys[1:])):
                problem = "is not sorted, or holds a key twice or an empty one"
            elif (len(keys), raw.sha256) != (file.n, file.sha256):
                problem = f"holds {len(keys)} keys with sha256 {raw.sha256}"
            if problem:
                yield trouble(
                    SPLITS,
                    f"/keys/{number}/files/{index}",
                    f"{file.path} {problem}",
                    expected=f"{file.n} sorted keys with sha256 {file.sha256}",
                    found=problem,
                    hint=_AGAIN,
                )


@rule("LEA002", "Stated overlaps are the recomputed ones", needs="splits", after="LEA001")
def overlaps(case: Case) -> Iterator[Finding]:
    """The number of keys that two splits share differs from what the key files give, or a pair is missing."""
    stated = {
        (item.kind, *sorted((item.left, item.right))): (index, item.n)
        for index, item in enumerate(_splits(case).overlaps)
    }
    for item in _splits(case).keys:
        sets = {file.split: set(_keys(case, file.path) or ()) for file in item.files}
        for left, right in combinations(sorted(sets), 2):
            shared = len(sets[left] & sets[right])
            index, found = stated.get((item.kind, left, right), (None, None))
            if found != shared:
                yield trouble(
                    SPLITS,
                    "/overlaps" if index is None else f"/overlaps/{index}/n",
                    f"the splits {left} and {right} share {shared} keys of kind '{item.kind}'",
                    expected=shared,
                    found="no statement" if found is None else found,
                    hint=_AGAIN,
                )


@rule("LEA003", "No key stands in two splits", needs="splits", always_refuses=True)
def leak(case: Case) -> Iterator[Finding]:
    """Two splits share keys: examples that were trained on are evaluated, so the metrics are too good.

    Split again by a key that keeps related records together, and train anew.
    """
    for index, item in enumerate(_splits(case).overlaps):
        if item.n:
            yield trouble(
                SPLITS,
                f"/overlaps/{index}/n",
                f"{item.n} keys of kind '{item.kind}' stand in {item.left} and in {item.right}: a leak",
                expected=0,
                found=item.n,
                hint="split by this key and train again; metrics of a leaking split can't be repaired",
            )


@rule("LEA004", "Splits, keys and class balance agree with the dataset package", needs="splits dataset")
def balance(case: Case) -> Iterator[Finding]:
    """Records, key digests or class counts of a split differ between dataset package and split integrity."""
    dataset = case.evidence.dataset
    splits = _splits(case)
    if dataset is None:
        return
    totals: Counter[str] = Counter()
    for entry in splits.class_balance:
        totals[entry.split] += entry.n
    digests = {(file.split, file.sha256) for item in splits.keys for file in item.files}
    for index, split in enumerate(dataset.splits):
        keyed = {file.n for item in splits.keys[:1] for file in item.files if file.split == split.name}
        if totals[split.name] != split.records and keyed == {totals[split.name]}:
            yield trouble(
                "dataset/dataset_package.json",
                f"/splits/{index}/records",
                f"'{split.name}' has {totals[split.name]} records by its keys and its classes",
                expected=totals[split.name],
                found=split.records,
                hint=_AGAIN,
            )
        elif totals[split.name] != split.records:
            yield trouble(
                SPLITS,
                "/class_balance",
                f"the classes of '{split.name}' add up to {totals[split.name]} records",
                expected=split.records,
                found=totals[split.name],
                hint=_AGAIN,
            )
        if (split.name, split.keys_sha256) not in digests:
            yield trouble(
                "dataset/dataset_package.json",
                f"/splits/{index}/keys_sha256",
                f"no key file of '{split.name}' has this digest",
                expected=", ".join(sorted(digest for name, digest in digests if name == split.name)) or "a key file",
                found=split.keys_sha256,
                hint=_AGAIN,
            )
    names = {split.name for split in dataset.splits}
    classed = {entry.split for entry in splits.class_balance}
    if names != classed and all({file.split for file in item.files} == classed for item in splits.keys):
        yield trouble(
            "dataset/dataset_package.json",
            "/splits",
            "the splits are not those that have keys and classes",
            expected=", ".join(sorted(classed)),
            found=", ".join(sorted(names)),
            hint=_AGAIN,
        )
        return
    for number, item in enumerate(splits.keys):
        covered = {file.split for file in item.files}
        if covered != names:
            yield trouble(
                SPLITS,
                f"/keys/{number}/files",
                f"keys of kind '{item.kind}' are not comparable: they do not cover every split",
                expected=", ".join(sorted(names)),
                found=", ".join(sorted(covered)),
                hint=_AGAIN,
            )


RULES = (key_files, overlaps, leak, balance)
