"""Data files of any known format, told apart by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

from mere.data.formats.jsonl import read_jsonl, write_jsonl
from mere.data.formats.smiler import read_smiler, write_smiler
from mere.data.report import Report
from mere.errors import InputError
from mere.schema import Sentence

SAMPLE = Path(str(resources.files("mere.data"))) / "sample" / "train.jsonl"
"""The sample corpus: 20 sentences a language, in the package."""

JSON_LINES = (".jsonl", ".ndjson", ".jl")
"""How names of JSON lines end."""

_ENDINGS = {".tsv": "smiler", ".tsv.gz": "smiler"}
_ENDINGS |= {f"{ending}{packed}": "jsonl" for ending in JSON_LINES for packed in ("", ".gz")}


def read_sentences(path: str | Path, *, report: Report | None = None, marked_only: bool = False) -> Iterator[Sentence]:
    """Return a stream of the sentences in ``path``: SMiLER's TSV or jsonl, gzip or not, by its ending.

    ``marked_only`` takes a SMiLER row as annotated for its own relation alone (`mere.data.formats.smiler.read_smiler`).
    Raises `InputError` for an unknown ending at once, and for a file or line that cannot be used when it is reached.
    """
    name = _format(path)
    return read_smiler(path, report, marked_only=marked_only) if name == "smiler" else read_jsonl(path, report)


def read_all(
    paths: Iterable[str | Path], *, report: Report | None = None, marked_only: bool = False
) -> Iterator[Sentence]:
    """Yield the sentences of one file after another; as `read_sentences`. Folders are refused: name their files."""
    for path in paths:
        yield from read_sentences(path, report=report, marked_only=marked_only)


def write_sentences(sentences: Iterable[Sentence], path: str | Path, *, report: Report | None = None) -> int:
    """Write sentences in the form that the ending of ``path`` names and return how many lines that took.

    Raises `InputError` for an unknown ending, a path that cannot be written, or a text that the form cannot hold.
    """
    return write_smiler(sentences, path, report) if _format(path) == "smiler" else write_jsonl(sentences, path)


def check_ending(path: str | Path) -> None:
    """Raise `InputError` where the name of a data file has no known ending."""
    _format(path)


def _format(path: str | Path) -> str:
    name = Path(path).name.lower()
    for ending, form in _ENDINGS.items():
        if name.endswith(ending):
            return form
    if Path(path).is_dir():
        raise InputError("is a folder; name the files in it", path=path)
    raise InputError(f"is of no known kind; its name must end in one of: {', '.join(_ENDINGS)}", path=path)
