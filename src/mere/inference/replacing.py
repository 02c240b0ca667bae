"""Folders that are written whole or not at all, whatever ends the process that writes them. Torch-free.

A model is written to a draft, ``.NAME.TOKEN.draft``, beside the folder NAME. Where there is an older one it is renamed
to ``.NAME.TOKEN.old`` first, then the draft to NAME. A process that is killed between the two leaves the older model
under its other name: who next reads or writes NAME gives it back. Who next writes also takes drafts away whose
writer is dead; that of a live one is locked. Names change and vanish only under a lock of the folder around.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from mere.data.locks import locked
from mere.errors import InputError


@contextmanager
def replacing(folder: Path, finish: Callable[[Path], None], belongs: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a draft directory that becomes ``folder`` when all went well.

    Parameters
    ----------
    finish:
        What is done with the draft before it takes its name.
    belongs:
        Whether a folder that is there may be replaced; an empty one always may.

    Raises
    ------
    InputError
        Where the folder holds other things or cannot be written, the disk being full, say; what was there stays.
    """
    target = Path(os.path.realpath(folder))
    with ExitStack() as stack:
        try:
            _check(target, folder, belongs)
            target.parent.mkdir(parents=True, exist_ok=True)
            with locked(target.parent, wait=True):
                _clean(target)
                draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}.draft")
                draft.mkdir()  # not tempfile's: it gets the permissions that the user's umask asks for
                stack.callback(shutil.rmtree, draft, ignore_errors=True)
                stack.enter_context(locked(draft))
            yield draft
            finish(draft)
            _sync(draft)
            with locked(target.parent, wait=True):
                _check(target, folder, belongs)
                _swap(draft, target)
        except OSError as error:
            raise _told(error, folder, target) from error


def recover(folder: Path) -> None:
    """Give ``folder`` back its name where a process was killed between taking that away and giving it to a newer one.

    Raises `OSError` where the folder around it cannot be read or written.
    """
    if os.path.lexists(folder) or not _beside(folder, "old"):
        return
    with locked(folder.parent, wait=True):
        _restore(folder)


def copy_files(source: Path, target: Path, without: Collection[str] = ()) -> None:
    """Copy what is in a folder to another, but for what is called as ``without`` says.

    Links are followed, and copies get the permissions that the user's umask asks for: the source may be a cache of
    links, or not writable.
    """
    for path in sorted(source.iterdir()):
        if path.name in without:
            continue
        if path.is_dir():
            (target / path.name).mkdir(exist_ok=True)
            copy_files(path, target / path.name, without)
        else:
            shutil.copyfile(path, target / path.name)


def _check(target: Path, folder: Path, belongs: Callable[[Path], bool]) -> None:
    if target.exists() and not target.is_dir():
        raise InputError("is a file; name a folder", path=folder)
    if target.is_dir() and not belongs(target) and any(target.iterdir()):
        raise InputError("holds other files and will not be replaced; choose another folder", path=folder)


def _swap(draft: Path, target: Path) -> None:
    if not target.exists():
        draft.rename(target)
        return
    old = draft.with_suffix(".old")
    target.rename(old)
    draft.rename(target)
    shutil.rmtree(old, ignore_errors=True)  # what cannot be removed now is removed by the next write


def _clean(target: Path) -> None:
    """Take away what dead writers of ``target`` left; under the lock of the folder around."""
    _restore(target)
    for old in _beside(target, "old"):
        shutil.rmtree(old, ignore_errors=True)
    for draft in _beside(target, "draft"):
        try:
            with locked(draft) as is_dead:
                if is_dead:
                    shutil.rmtree(draft, ignore_errors=True)
        except OSError:  # its writer lives, or has just ended and taken it away
            continue


def _restore(target: Path) -> None:
    left = _beside(target, "old")
    if left and not os.path.lexists(target):
        left[-1].rename(target)


def _beside(target: Path, kind: Literal["draft", "old"]) -> list[Path]:
    """Return what writers of ``target`` left, the latest last."""
    name = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{16}}\.{kind}")
    if not target.parent.is_dir():
        return []
    return sorted((path for path in target.parent.iterdir() if name.fullmatch(path.name)), key=_changed)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # a writer has just taken it away
        return 0.0


def _sync(folder: Path) -> None:
    """Have all files reach the disk before their folder gets its name."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())


def _told(error: OSError, folder: Path, target: Path) -> InputError:
    """Say what the system refused: the folder, or something else that was read for it."""
    reason = error.strerror or str(error).splitlines()[0]
    place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else target
    own = place.name.startswith(f".{target.name}.") or any(
        ancestor.name.startswith(f".{target.name}.") and ancestor.parent == target.parent for ancestor in place.parents
    )
    if own or target.is_relative_to(place):
        return InputError(f"cannot be written ({reason}); free some space there, or choose another folder", path=folder)
    return InputError(f"cannot be read or written ({reason}); check its permissions", path=place)
