"""Folders that are written whole or not at all: kills, drafts of the dead and the living, full disks, permissions."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mere.errors import ArtifactError, InputError
from mere.inference.artifact import CARD, check_manifest, replacing, save_card, write_manifest
from mere.inference.extractor import Extractor

NEVER_ENDS = (
    "import os, sys, time\n"
    "from pathlib import Path\n"
    "from mere.inference import artifact\n"
    "with artifact.replacing(Path(sys.argv[1])) as draft:\n"
    "    (draft / 'new').write_text('new')\n"
    "    print('ready', flush=True)\n"
    "    time.sleep(60)\n"
)
DIES_BETWEEN = (
    "import os, pathlib, signal, sys\n"
    "from mere.inference import artifact\n"
    "rename, moved = pathlib.Path.rename, []\n"
    "def once(self, target):\n"
    "    if moved:\n"
    "        os.kill(os.getpid(), signal.SIGKILL)\n"
    "    moved.append(rename(self, target))\n"
    "pathlib.Path.rename = once\n"
    "artifact.save_card(pathlib.Path(sys.argv[1]), '# newer')\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a model."""
    path = tmp_path / "around" / "model"
    path.mkdir(parents=True)
    (path / "weights").write_text("old")
    (path / CARD).write_text("# old")
    write_manifest(path)
    return path


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _killed_between_renames(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIES_BETWEEN, str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not folder.exists()
    assert len(_names(folder.parent)) == 2, "the older model and the draft of the newer one"


def test_a_kill_between_the_renames_leaves_a_model_to_the_next_reader(folder: Path) -> None:
    _killed_between_renames(folder)
    check_manifest(folder)
    assert (folder / CARD).read_text() == "# old"


def test_a_kill_between_the_renames_leaves_a_model_to_the_next_writer(folder: Path) -> None:
    _killed_between_renames(folder)
    with pytest.raises(ZeroDivisionError), replacing(folder):
        raise ZeroDivisionError
    assert (folder / CARD).read_text() == "# old"
    assert _names(folder.parent) == ["model"], "what the dead left is taken away"


def test_what_a_kill_after_the_renames_left_is_taken_away(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name(f".model.{'0' * 16}.old"))
    save_card(folder, "# newer")
    assert _names(folder.parent) == ["model"]
    assert (folder / CARD).read_text() == "# newer"


def test_the_draft_of_a_live_writer_stays_and_that_of_a_dead_one_goes(folder: Path) -> None:
    command = [sys.executable, "-c", NEVER_ENDS, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        save_card(folder, "# newer")
        drafts = [name for name in _names(folder.parent) if name.endswith(".draft")]
        assert len(drafts) == 1
        assert (folder.parent / drafts[0] / "new").exists()
        writer.kill()
    save_card(folder, "# newest")
    assert _names(folder.parent) == ["model"]


def test_drafts_of_other_models_stay(folder: Path) -> None:
    others = [f".model.b.{'0' * 16}.draft", f".model.{'0' * 16}", ".model.draft"]
    for name in others:
        (folder.parent / name).mkdir()
    save_card(folder, "# newer")
    assert _names(folder.parent) == sorted([*others, "model"])


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027])
def test_permissions_are_what_the_umask_says(mask: int, exported_model: str, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        target = tmp_path / "model"
        with replacing(target) as draft:
            shutil.copyfile(Path(exported_model) / CARD, draft / CARD)
        save_card(target, "# another")
    finally:
        os.umask(before)
    assert stat.S_IMODE(target.stat().st_mode) == 0o777 & ~mask
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()} == {0o666 & ~mask}


def test_a_linked_folder_stays_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    save_card(tmp_path / "link", "# newer")
    assert (tmp_path / "link").is_symlink()
    assert (folder / CARD).read_text() == "# newer"


def test_a_file_in_place_of_a_folder_is_said(folder: Path) -> None:
    with pytest.raises(InputError, match="weights: is a file; name a folder"), replacing(folder / "weights"):
        pass


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=False).returncode
    if mounted:
        pytest.skip("mounting a small tmpfs is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_one_line_and_the_old_model_stays(small_disk: Path) -> None:
    target = small_disk / "model"
    with replacing(target) as draft:
        (draft / "weights").write_text("old")
    with pytest.raises(InputError) as caught, replacing(target) as draft:
        (draft / "weights").write_bytes(bytes(2 << 20))
    assert str(caught.value).startswith(f"{target}: cannot be written (No space left on device); free some space")
    assert _names(small_disk) == ["model"]
    check_manifest(target)
    assert (target / "weights").read_text() == "old"


def test_a_disk_that_is_full_at_the_end_is_one_line_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match=r"model: cannot be written \(No space left"):
        save_card(folder, "# newer")
    assert (folder / CARD).read_text() == "# old"
    assert _names(folder.parent) == ["model"]


def test_a_source_that_cannot_be_read_is_not_blamed_on_the_target(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"elsewhere/weights: cannot be read or written"), replacing(folder):
        (tmp_path / "elsewhere" / "weights").read_bytes()


def _as_nobody(code: str, *arguments: str) -> str:
    """Run code as a user without rights and return what it says."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user, and only another user is refused anything")
    start = (
        "import os, sys\nsys.path[:] = eval(sys.argv[1])\nimport mere.inference.extractor, mere.inference.onnx_scorer\n"
    )
    start += "import onnxruntime\nos.setuid(65534)\n"
    command = [sys.executable, "-c", start + code, repr(sys.path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("closed", ["", "config.json", "manifest.json", "onnx/entities.onnx", "onnx"])
def test_what_may_not_be_read_is_one_line(closed: str, exported_model: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported_model, tmp_path / "model"))
    for parent in tmp_path.parents[:3]:
        parent.chmod(0o755)
    tmp_path.chmod(0o755)
    (folder / closed).chmod(0)
    code = (
        "from mere import Extractor, ArtifactError\n"
        "try:\n    Extractor.from_pretrained(sys.argv[2])\nexcept ArtifactError as error:\n    print(error)\n"
    )
    said = _as_nobody(code, str(folder))
    assert "cannot be read (Permission denied)" in said
    assert said.count("\n") == 1


def test_a_folder_in_place_of_a_file_is_said(exported_model: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(exported_model, tmp_path / "model"))
    (folder / "config.json").unlink()
    (folder / "config.json").mkdir()
    with pytest.raises(ArtifactError, match=r"config.json: is a folder where a file should be"):
        Extractor.from_pretrained(folder)
