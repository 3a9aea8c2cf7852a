"""What people edit in an instance, watched; one thing to do whenever some of it changed."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from watchfiles import Change, watch

FOLDERS: Final = ("packs", "site_src", "templates")
FILES: Final = ("mkdocs.yml",)
_DEBOUNCE: Final = 200
_STEP: Final = 30
_SCRATCH: Final = (".lock", "~", ".swp", ".tmp", ".swx")


def is_input(path: str) -> bool:
    """Whether a path is what people edit, and not a lock or an editor's scratch file."""
    name = Path(path).name
    return not name.startswith((".", "#")) and not name.endswith(_SCRATCH)


def on_change(root: Path, then: Callable[[], object], stop: threading.Event) -> None:
    """Call `then` after each burst of changes below an instance's folder, until `stop` is set.

    A change during a call leads to another one. Changes are told by the system (inotify, FSEvents, …).
    """
    dirty = threading.Event()

    def look(folders: tuple[Path, ...], *, deep: bool, wanted: Callable[[Change, str], bool]) -> None:
        for _ in _bursts(folders, deep=deep, wanted=wanted, stop=stop):
            dirty.set()
        dirty.set()

    def in_folder(_change: Change, path: str) -> bool:
        return is_input(path)

    def own_file(_change: Change, path: str) -> bool:
        return Path(path).name in FILES

    there = tuple(root / name for name in FOLDERS if (root / name).is_dir())
    lookers = [threading.Thread(target=look, args=(there,), kwargs={"deep": True, "wanted": in_folder}, daemon=True)]
    # an editor replaces a file by another: only its folder is told, so that is what is watched
    lookers += [threading.Thread(target=look, args=((root,),), kwargs={"deep": False, "wanted": own_file}, daemon=True)]
    for looker in lookers:
        looker.start()
    while not stop.is_set():
        dirty.wait()
        dirty.clear()
        if not stop.is_set():
            then()
    for looker in lookers:
        looker.join()


def _bursts(
    folders: tuple[Path, ...], *, deep: bool, wanted: Callable[[Change, str], bool], stop: threading.Event
) -> Iterator[object]:
    if not folders:
        return
    yield from watch(
        *folders,
        watch_filter=wanted,
        debounce=_DEBOUNCE,
        step=_STEP,
        stop_event=stop,
        rust_timeout=500,
        recursive=deep,
        raise_interrupt=False,
    )
