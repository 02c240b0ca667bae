from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from mere.data.files import MAX_LINE, atomic_write, atomic_write_bytes, read_lines
from mere.data.report import Report
from mere.errors import InputError


def interrupted() -> Iterator[str]:
    yield "new"
    raise KeyboardInterrupt


def lines(path: Path) -> list[str]:
    return [line for _, line in read_lines(path)]


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("one\u2028still\x85one\x0b\x0c\x1c\ntwo\r\n\nlast".encode())
    assert list(read_lines(path)) == [(1, "one\u2028still\x85one\x0b\x0c\x1c"), (2, "two"), (3, ""), (4, "last")]


def test_line_ends_are_kept_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\n\nlast\r")
    assert [line for _, line in read_lines(path, keep_ends=True)] == ["one\r\n", "two\n", "\n", "last\r"]


def test_gzip_and_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n"))
    assert lines(path) == ["one", "\ufefftwo"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b"\xef\xbb\xbf", "is empty"),
        ("a.gz", b"", "is empty"),
        ("a.txt", b"PK\x03\x04\x00\x00", "binary or UTF-16"),
        ("a.txt", "wide".encode("utf-16"), "binary or UTF-16"),
        ("a.txt", gzip.compress(b"a"), r"name that ends in '\.gz'"),
        ("a.gz", b"no gzip at all", "take '.gz' off its name"),
        ("a.gz", gzip.compress(b"abc")[:9], "damaged or cut off"),
    ],
)
def test_files_that_are_no_text_are_refused(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        lines(path)
    assert str(path) in str(caught.value)


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        lines(tmp_path / "none.txt")
    with pytest.raises(InputError, match="is a folder"):
        lines(tmp_path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that even root cannot read: /proc")
def test_file_that_fails_while_it_is_read_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        lines(Path("/proc/self/mem"))


@pytest.mark.parametrize("bad", [b"caf\xe9", b"nul \0 byte", b"\xed\xa0\xbd half a pair"])
def test_bad_encoding_names_the_line_and_a_collecting_report_goes_on(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 100_000 + b"\n" + bad + b"\nthree")
    with pytest.raises(InputError, match="UTF-8") as caught:
        lines(path)
    assert caught.value.line == 2
    report = Report(collect_errors=True)
    assert [number for number, _ in read_lines(path, report)] == [1, 3]
    assert report.counts == {"bad-encoding": 1}


def test_gzip_that_breaks_off_gives_what_it_holds_and_then_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress("".join(f"{number * 7919}\n" for number in range(100_000)).encode())[:-3000])
    with pytest.raises(InputError, match="damaged or cut off"):
        lines(path)
    report = Report(collect_errors=True)
    assert len(list(read_lines(path, report))) > 50_000
    assert report.counts == {"damaged-file": 1}


def test_long_line_is_refused_without_being_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"one\n" + b"x" * 60_000_000 + b"\nthree\n", 1))
    report = Report(collect_errors=True)
    tracemalloc.start()
    try:
        assert list(read_lines(path, report)) == [(1, "one"), (3, "three")]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert report.counts == {"long-line": 1}
    with pytest.raises(InputError, match="longer than") as caught:
        lines(path)
    assert caught.value.line == 2


def test_line_limit_counts_characters_not_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    longest = "\U0001f9d1" * MAX_LINE
    path.write_text(f"{longest}\nend")
    assert lines(path) == [longest, "end"]
    path.write_text(f"{longest}é\nend")
    with pytest.raises(InputError, match="longer than"):
        lines(path)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_written_text_comes_back(tmp_path: Path, name: str) -> None:
    with atomic_write(tmp_path / name) as handle:
        handle.write("ä\u2028b\n🧑\n")
    assert lines(tmp_path / name) == ["ä\u2028b", "🧑"]
    assert os.listdir(tmp_path) == [name]


def test_packed_files_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with atomic_write(tmp_path / name) as handle:
            handle.write("same")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_failure_leaves_the_old_file_and_no_draft(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as handle:
        handle.writelines(interrupted())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == [name]


def test_bytes_are_written_whole_with_the_users_permissions(tmp_path: Path) -> None:
    path, plain = tmp_path / "model.bin", tmp_path / "plain"
    plain.touch()
    with atomic_write_bytes(path) as handle:
        handle.write(b"\0\1")
        assert not path.exists()
    assert path.read_bytes() == b"\0\1"
    assert path.stat().st_mode == plain.stat().st_mode


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with atomic_write(tmp_path / "link") as handle:
        handle.write("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "x"


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist; make it first"), atomic_write(tmp_path / "no" / "a"):
        pass
    with pytest.raises(InputError, match="is a folder"), atomic_write(tmp_path):
        pass


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder that even root cannot write to: /sys")
def test_read_only_folder_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be written"), atomic_write("/sys/kernel/a.jsonl"):
        pass


def test_half_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="surrogate"), atomic_write(tmp_path / "a") as handle:
        handle.write("\ud83d")
    assert os.listdir(tmp_path) == []
