"""What extraction reads: standard input as it stands, rows, markup, and what it is asked to look for."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mere.data.formats.smiler import COLUMNS
from tests.cli.conftest import FAKE, run_fake
from tests.conftest import Command, Done

ADA = "Ada Lovelace was born in London."
KARL = "Karl Vogt, ein Maler, wurde in Ulm geboren."

pytestmark = pytest.mark.usefixtures("fake")


def _records(done: Done | subprocess.CompletedProcess[bytes], code: int = 0) -> list[dict[str, Any]]:
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _error(done: Done) -> str:
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_standard_input_may_be_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [*FAKE, "extract", "-", "-f", "csv"]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=pipe, stderr=pipe)
        ours.sendall(f"{ADA}\n".encode())
        ours.shutdown(socket.SHUT_WR)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Ada Lovelace,0,12,London,25,31" in out


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input_is_read_from_where_it_stands(name: str, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text(f"header line\n{ADA}\n")
    descriptor = os.open(tmp_path / "in.txt", os.O_RDONLY)
    os.lseek(descriptor, len("header line\n"), os.SEEK_SET)
    (record,) = _records(run_fake("extract", name, "-f", "jsonl", stdin=descriptor))
    os.close(descriptor)
    assert (record["document"], record["offset"], record["text"]) == ("stdin", 0, ADA)


def test_standard_input_that_is_closed_or_named_twice_is_one_line() -> None:
    shell = ["bash", "-c", '"$@" <&-', "bash", *FAKE, "extract", "-"]
    closed = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (closed.returncode, closed.stderr.count("\n")) == (2, 1)
    done = run_fake("extract", "-", "-", "-f", "jsonl", input=ADA.encode())
    assert len(_records(done, 2)) == 1
    assert b"is empty" in done.stderr


def test_rows_need_no_triples_and_no_language(mere_command: Command, tmp_path: Path) -> None:
    contents = {
        "a.jsonl": f'{{"id": 7, "text": "{ADA}"}}\n{{"id": 8, "text": "{KARL}"}}\n',
        "b.ndjson": f'{{"id": 7, "text": "{ADA}"}}\n{{"id": 8, "text": "Karl Vogt, ein \\u004daler, in Ulm."}}\n',
        "c.json": f'[{{"id": 7, "text": "{ADA}"}}, {{"id": "8", "text": "{KARL}"}}]',
        "d.csv": f'id,text\n7,{ADA}\n8,"{KARL}"\n',
        "e.tsv": f"id\ttext\n7\t{ADA}\n8\t{KARL}\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(content, "utf-8")
        records = _records(mere_command("extract", tmp_path / name, "-f", "jsonl"))
        assert [record["document"] for record in records] == [f"{tmp_path / name}:7", f"{tmp_path / name}:8"]
        assert [record["triples"][0]["tail"]["text"] for record in records] == ["London", "Ulm"]
    (tmp_path / "f.csv").write_text(f"name,body\nx,{ADA}\n")
    (record,) = _records(mere_command("extract", tmp_path / "f.csv", "--text-column", "body", "-f", "jsonl"))
    assert record["document"].endswith("f.csv:2")
    assert "the file has: name, body; name that of the texts" in _error(mere_command("extract", tmp_path / "f.csv"))


def test_what_was_written_can_be_read(mere_command: Command, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    for name in ("a.jsonl", "a.parquet", "a.json"):
        assert mere_command("extract", f"{ADA} {KARL}", "-o", tmp_path / name).returncode == 0
        assert [r["text"] for r in _records(mere_command("extract", tmp_path / name, "-f", "jsonl"))] == [ADA, KARL]


def test_a_language_key_counts_where_the_model_knows_it(mere_command: Command, tmp_path: Path) -> None:
    languages = ["de", "xx", None, "de"]
    rows = [{"text": ADA, "language": language, "id": "same"} for language in languages]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    command = ("extract", tmp_path / "a.jsonl", "-f", "jsonl")
    records = _records(mere_command(*command))
    assert [record["language"] for record in records] == ["de", "en", "en", "de"]
    assert [record["offset"] for record in records] == [0, 0, 0, 0]
    assert {record["language"] for record in _records(mere_command(*command, "--language", "en"))} == {"en"}


def test_smiler_is_read_without_its_tags(mere_command: Command, tmp_path: Path) -> None:
    row = "7\tA\tB\tbirth-place\t<e1>Ada Lovelace</e1> was born in <e2>London</e2>.\ten"
    (tmp_path / "a.tsv").write_text("\t".join(COLUMNS) + f"\n{row}\nbad row\n")
    done = mere_command("extract", tmp_path / "a.tsv", "-f", "jsonl")
    (record,) = _records(done, 2)
    assert (record["document"], record["text"]) == (f"{tmp_path / 'a.tsv'}:en-7", ADA)
    assert "a.tsv:3: 1 columns" in done.stderr


def test_bad_rows_are_told_and_the_others_read(mere_command: Command, tmp_path: Path) -> None:
    lines = ['{"text": 5}', *[json.dumps({"text": ADA})] * 2, *['{"id": 1}'] * 30]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    for target in (tmp_path / "out.jsonl", tmp_path / "out.csv"):
        done = mere_command("extract", tmp_path / "a.jsonl", "-o", target)
        assert done.returncode == 2
        told = done.stderr.splitlines()
        assert told[0] == f"error: {tmp_path / 'a.jsonl'}:1, field 'text': must be a string, not '5'"
        assert "11 more such errors" in told[20]
        assert target.read_text().count("Ada Lovelace") >= 2
    (tmp_path / "b.jsonl").write_text('{"id": 1}\n')
    assert mere_command("extract", tmp_path / "b.jsonl", "-o", tmp_path / "out.csv").returncode == 2
    assert "Ada" in (tmp_path / "out.csv").read_text(), "nothing was read, so nothing is replaced"


@pytest.mark.parametrize("name", ["articles/", "my articles/", "data/texts", "texts.txt"])
def test_a_missing_file_or_folder_is_no_text(name: str, mere_command: Command) -> None:
    assert "there is no such file" in _error(mere_command("extract", name))


def test_markup_is_passed_over_in_whole_files(mere_command: Command, tmp_path: Path) -> None:
    page = "<html><head><style>p {}\n</style></head>\n<body><p>Ada\n<b>Lovelace</b> was born in London.</p>"
    page += f"{KARL}</body>"
    (tmp_path / "a.html").write_text(page)
    records = _records(mere_command("extract", tmp_path / "a.html", "--markup", "html", "-f", "jsonl"))
    assert [record["triples"][0]["tail"]["text"] for record in records] == ["London", "Ulm"]
    for record in records:
        assert page[record["offset"] :].startswith(record["text"])
    wiki = "{{Infobox\n| a = b\n}}\n'''[[Ada Lovelace]]''' was born in [[London|London]].<ref>x</ref>"
    (tmp_path / "a.txt").write_text(wiki)
    (tmp_path / "b.jsonl").write_text(json.dumps({"text": wiki}))
    for arguments in ((tmp_path / "a.txt",), (tmp_path / "b.jsonl",), (wiki,)):
        (record,) = _records(mere_command("extract", *arguments, "--markup", "wiki", "-f", "jsonl"))
        assert record["triples"][0]["relation"] == "birth-place"
        assert wiki[record["offset"] :].startswith(record["text"])
    (tmp_path / "c.txt").write_text(f"<i>Ja.</i>\n  <b>{ADA}</b>\n")
    records = _records(mere_command("extract", tmp_path / "c.txt", "--lines", "--markup", "html", "-f", "jsonl"))
    assert [(record["document"][-2:], record["offset"]) for record in records] == [(":1", 3), (":2", 5)]


def test_languages_that_the_model_does_not_know_are_counted(mere_command: Command) -> None:
    done = mere_command(
        "extract", "日本の首都は東京です。 日本語の文です。 これも日本語の文章です。 " + ADA, "-f", "jsonl"
    )
    assert done.stderr.splitlines()[-1] == (
        "warning: 3 sentences are in languages that the model was not trained for: ja (3)"
    )
    assert "not trained" not in mere_command("extract", ADA).stderr


def _found(done: Done) -> set[str]:
    return {t["relation"] for record in _records(done) for t in record["triples"]}


def test_thresholds_and_relations(mere_command: Command) -> None:
    command = ("extract", KARL, "-f", "jsonl")
    both = {"birth-place", "has-occupation"}
    assert _found(mere_command(*command, "--threshold", "0.3")) == both
    assert _found(mere_command(*command, "--threshold", "0.6")) == {"birth-place"}
    special = ("--threshold", "birth-place=0.95", "--threshold", "has-occupation=0.3")
    assert _found(mere_command(*command, *special)) == {"has-occupation"}
    assert _found(mere_command(*command, "--threshold", "0.95", "--threshold", "has-occupation=0.3")) == {
        "has-occupation"
    }
    assert _found(mere_command(*command, "--threshold", "0.3", "--relations", "has-occupation")) == {"has-occupation"}
    for given in (("--relations", "birth-place, has-occupation"), ("--relations", "birth-place", "--relations", *both)):
        assert _found(mere_command(*command[:1], KARL, "-f", "jsonl", "--threshold", "0.3", *given[:4])) >= {
            "birth-place"
        }


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--threshold", "nan"), "from 0 to 1, not nan"),
        (("--threshold", "inf"), "from 0 to 1, not inf"),
        (("--threshold", "birth-place=1.5"), "a threshold of 'birth-place' must be a number from 0 to 1, not 1.5"),
        (("--threshold", "-0.5"), "from 0 to 1"),
        (("--threshold", "many"), "takes a number or relation=number, not 'many'"),
        (("--threshold", "nothing=0.5"), "does not know the relation 'nothing'"),
        (("--threshold", "0.5", "--threshold", "0.6"), "two numbers for all relations"),
        (("--threshold", "0.5", "--precise"), "exclude each other"),
        (("--relations", "nothing"), "does not know the relation 'nothing'"),
        (("--relations", " , "), "names no relation"),
        (("--batch-size", "0"), "not in the range|greater than or equal"),
        (("--markup", "pdf"), "is not one of"),
        (("--language", "xx"), "does not know the language 'xx'"),
    ],
)
def test_mistakes_in_options_are_one_line(
    arguments: tuple[str, ...], problem: str, mere_command: Command, tmp_path: Path
) -> None:
    error = _error(mere_command("extract", ADA, "-o", tmp_path / "out.jsonl", *arguments))
    assert any(words in error for words in problem.split("|"))
    assert os.listdir(tmp_path) == []
