"""Where extraction writes: files, devices, pipes, standard output, and disks that are full."""

from __future__ import annotations

import json
import os
import resource
import shlex
import stat
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mere.data.files import atomic_write_bytes, is_replaced
from mere.errors import InputError
from tests.cli.conftest import FAKE, run_fake
from tests.conftest import Command

TEXT = "Karl Vogt wurde in Ulm geboren."
TRIPLE = ("Karl Vogt", "birth-place", "Ulm")


@pytest.mark.parametrize(
    ("name", "start"),
    [
        *(("a.jsonl", b"{"), ("a.ndjson", b"{"), ("a.jl", b"{"), ("a.JSONL", b"{"), ("a.json", b"[")),
        *(("a.csv", b"document,"), ("a.tsv", b"document\t"), ("a.txt", TEXT.encode()), ("a.parquet", b"PAR1")),
        *(("a.jsonl.gz", b"\x1f\x8b"), ("a.csv.gz", b"\x1f\x8b")),
    ],
)
@pytest.mark.usefixtures("fake")
def test_the_ending_tells_the_form(name: str, start: bytes, mere_command: Command, tmp_path: Path) -> None:
    done = mere_command("extract", TEXT, "-o", tmp_path / name)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert (tmp_path / name).read_bytes().startswith(start)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.usefixtures("fake")
def test_other_endings_are_errors_before_anything_is_read(mere_command: Command, tmp_path: Path) -> None:
    done = mere_command("extract", TEXT, "-o", tmp_path / "a.xml")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert ".parquet; or name the form with --format" in done.stderr
    assert mere_command("extract", TEXT, "-o", tmp_path / "a.xml", "-f", "csv").returncode == 0
    assert (tmp_path / "a.xml").read_text().startswith("document,")
    assert mere_command("extract", TEXT, "-f", "csv", "-o", "-").stdout.startswith("document,")


def test_parquet_without_pyarrow_names_the_command_that_brings_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pyarrow'] = None\n" + FAKE[-1]
    arguments = [*FAKE[:-1], code, "extract", TEXT, "-o", str(tmp_path / "a.parquet")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'mere[arrow]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("form", ["jsonl", "csv", "table", "parquet", "json"])
@pytest.mark.usefixtures("fake")
def test_a_fifo_is_written_to_and_stays(form: str, mere_command: Command, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = mere_command("extract", TEXT, "-f", form, "-o", pipe)
    reader.join(30)
    assert done.returncode == 0, done.stderr
    assert b"Karl Vogt" in read[0]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.usefixtures("fake")
def test_a_device_is_written_to_and_stays(mere_command: Command, tmp_path: Path) -> None:
    device = tmp_path / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        device.write_bytes(b"x")
    except OSError as error:
        pytest.skip(f"device nodes cannot be made here ({error})")
    for form in ("jsonl", "csv", "table"):
        assert mere_command("extract", TEXT, "-f", form, "-o", device).returncode == 0
        assert stat.S_ISCHR(device.stat().st_mode)
    assert os.listdir(tmp_path) == ["null"]


@pytest.mark.parametrize(("name", "form"), [("/dev/stdout", "jsonl"), ("/dev/fd/1", "csv"), ("link", "jsonl")])
def test_standard_output_by_name_is_appended_to(name: str, form: str, tmp_path: Path) -> None:
    os.symlink("/dev/stdout", tmp_path / "link")
    target = tmp_path / name if name == "link" else name
    out = tmp_path / "out"
    out.write_bytes(b"before\n")
    with out.open("ab") as handle:
        done = run_fake("extract", TEXT, "-f", form, "-o", target, capture_output=False, stdout=handle)
    assert done.returncode == 0
    assert out.read_bytes().startswith(b"before\n")
    assert b"Karl Vogt" in out.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["link", "out"]


def test_what_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    os.symlink("nowhere", tmp_path / "dangling")
    os.symlink("loop", tmp_path / "loop")
    for name in ("there", "new", "dangling", "loop"):
        assert is_replaced(tmp_path / name)
    for path in ("/dev/null", "/dev/stdout", "/dev/fd/7", "/proc/self/fd/7"):
        assert not is_replaced(path)
    with pytest.raises(InputError, match="cannot be written"), atomic_write_bytes("/dev/fd/987"):
        pass


@pytest.mark.usefixtures("fake")
def test_a_link_to_another_drive_is_followed(mere_command: Command, tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not (os.access(other, os.W_OK) and other.stat().st_dev != tmp_path.stat().st_dev):
        pytest.skip("there is no other drive to write to")
    for ending in ("jsonl", "csv"):
        target = other / f"mere-test-{os.getpid()}.{ending}"
        link = tmp_path / f"out.{ending}"
        link.symlink_to(target)
        try:
            assert mere_command("extract", TEXT, "-o", link).returncode == 0
            assert link.is_symlink()
            assert "Karl Vogt" in target.read_text()
        finally:
            target.unlink(missing_ok=True)
    assert not list(other.glob(f"mere-test-{os.getpid()}*"))


def test_output_is_utf8_whatever_the_surroundings_say(tmp_path: Path) -> None:
    surroundings = os.environ | {"PYTHONIOENCODING": "cp1252", "LC_ALL": "C"}
    done = run_fake("extract", "-", "-f", "table", input="Jan Nowak wurde in Łódź geboren.".encode(), env=surroundings)
    assert done.returncode == 0
    assert "Łódź" in done.stdout.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_a_reader_that_has_had_enough_ends_it_quietly(form: str) -> None:
    command = f"{shlex.join(FAKE)} extract --lines - -f {form} | true"
    done = subprocess.run(["bash", "-c", command], input=f"{TEXT}\n".encode() * 2000, capture_output=True, check=False)
    assert done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("form", ["jsonl", "csv", "table", "json", "parquet"])
def test_a_full_device_is_one_line(form: str, mere_command: Command, fake: object) -> None:
    done = mere_command("extract", TEXT, "-f", form, "-o", "/dev/full")
    assert done.returncode == 2
    assert done.stderr == "error: /dev/full: cannot be written (No space left on device)\n"


def _with_room(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("room", [10, 5000])
def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    room: int, mere_command: Command, fake: object, tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_text("\n".join(f"{TEXT} {number}" for number in range(60)))
    command = ("extract", "--lines", tmp_path / "in.txt", "-o")
    assert mere_command(*command, tmp_path / "whole.jsonl").returncode == 0
    done = run_fake(*command, tmp_path / "out.jsonl", preexec_fn=_with_room(room))
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"cannot be written (File too large); make room" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    assert mere_command(*command, tmp_path / "out.jsonl").returncode == 0
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    done = run_fake(*command, tmp_path / "out.csv", preexec_fn=_with_room(10))
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert sorted(os.listdir(tmp_path)) == ["in.txt", "out.jsonl", "whole.jsonl"]


@pytest.mark.usefixtures("fake")
def test_scores_are_rounded_and_every_sentence_has_its_record(mere_command: Command) -> None:
    records = [json.loads(line) for line in mere_command("extract", f"{TEXT} Ja.", "-f", "jsonl").stdout.splitlines()]
    assert [record["text"] for record in records] == [TEXT, "Ja."]
    assert [(t["head"]["text"], t["relation"], t["tail"]["text"]) for t in records[0]["triples"]] == [TRIPLE]
