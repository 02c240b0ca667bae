"""Texts in rows: JSON lines, JSON, CSV, TSV and Parquet whose column or key ``text`` holds a document each.

Nothing else is asked of them: no triples, no language. An ``id`` and a ``language`` are passed on where there are any.
A row without a text that can be read is an error of its own, and reading goes on where the report allows it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mere.data.files import read_lines
from mere.data.formats.json_values import read_values
from mere.data.formats.jsonl import MalformedError, parse_record, string_of
from mere.data.formats.smiler import unquoted
from mere.data.report import Report
from mere.errors import InputError, require

TEXT_COLUMN = "text"
"""Which column holds the texts, unless another one is named."""

MAX_ROW = 1 << 26
"""Characters that a row may hold; a longer one is refused without being read into memory."""

_DELIMITERS = ",;\t|"
_BATCH = 256
"""Rows of a Parquet file that are held at once."""

_Record = dict[str, Any]


class Row(NamedTuple):
    """A document: its text, where its row begins (a line; in Parquet its number), its id and language if it has any."""

    text: str
    line: int
    id: str | None = None
    language: str | None = None


def holds_rows(path: str | Path) -> bool:
    """Whether the name of a file says that it holds rows."""
    return _reader(path) is not None


def read_rows(path: str | Path, column: str = TEXT_COLUMN, report: Report | None = None) -> Iterator[Row]:
    """Yield the rows of a file whose name ends as one of `ENDINGS` does.

    Parameters
    ----------
    path:
        The file.
    column:
        The column or key of the texts.
    report:
        Told of rows without a text that can be read, each by itself; a blank one is counted as dropped.

    Raises
    ------
    InputError
        For a file that cannot be read, or lacks the column, and for a row's error unless the report goes on.
    MissingExtraError
        For Parquet where pyarrow is not installed.
    """
    report = Report() if report is None else report
    reader = _reader(path)
    if reader is None:
        raise InputError(f"holds no rows; its name must end in one of: {', '.join(ENDINGS)}", path=path)
    for record in reader(Path(path), column, report):
        row = _row(record, column, report)
        if row is not None:
            yield row


def _reader(path: str | Path) -> _Reader | None:
    name = Path(path).name.lower()
    return next((reader for ending, reader in ENDINGS.items() if name.endswith(ending)), None)


def _row(record: _Record, column: str, report: Report) -> Row | None:
    value = record.get(column)
    if isinstance(value, str) and not value.strip():
        report.add("empty-text", "the row's text is blank", field=column)
        return None
    try:
        text = string_of(record, column)
    except MalformedError as error:
        report.add(error.kind, error.problem, field=error.field)
        return None
    id, language = record.get("id"), record.get("language")
    if isinstance(id, int) and not isinstance(id, bool):
        id = str(id)
    id = id.encode("utf-8", "replace").decode() if isinstance(id, str) and id else None
    language = language.strip() if isinstance(language, str) else None
    return Row(text, report.line or 0, id, language or None)


def _read_json_lines(path: Path, column: str, report: Report) -> Iterator[_Record]:
    for _, line in read_lines(path, report, limit=MAX_ROW):
        if not line.strip():
            report.add("blank-line", "the line is blank")
            continue
        try:
            yield parse_record(line)
        except MalformedError as error:
            report.add(error.kind, error.problem, field=error.field)


def _read_json(path: Path, column: str, report: Report) -> Iterator[_Record]:
    for line, value in read_values(path, MAX_ROW):
        report.path, report.line = path, line
        if isinstance(value, dict):
            yield value
        else:
            report.add("bad-json", f'not a JSON object; each row is {{"{column}": …}}')


def _read_csv(path: Path, column: str, report: Report) -> Iterator[_Record]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW))  # a setting of the module; the lines bound the memory
    lines = (line for _, line in read_lines(path, report, keep_ends=True, limit=MAX_ROW))
    first = next(lines, "")
    delimiter = max(_DELIMITERS, key=lambda sign: column in next(csv.reader([first], delimiter=sign), []))
    header = next(csv.reader([first], delimiter=delimiter), [])
    _check_column(header, column, path)
    reader = csv.reader(lines, delimiter=delimiter)
    line = 2
    try:
        for cells in reader:
            report.line = line
            line = reader.line_num + 2  # the header is not counted there
            if cells and (record := _cells(header, cells, report)) is not None:
                yield record
    except csv.Error as error:
        raise InputError(f"not CSV that can be read ({error})", path=path, line=line) from error


def _read_tsv(path: Path, column: str, report: Report) -> Iterator[_Record]:
    lines = read_lines(path, report, limit=MAX_ROW)
    header = [_cell(cell) for cell in next(lines, (1, ""))[1].split("\t")]
    _check_column(header, column, path)
    for _, line in lines:
        if line and (record := _cells(header, [_cell(cell) for cell in line.split("\t")], report)) is not None:
            yield record


def _cell(cell: str) -> str:
    """Return a cell's value; spreadsheets quote some as in CSV, while other files mean every quotation mark."""
    meant = unquoted(cell)
    return cell if meant is None else meant


def _cells(header: Sequence[str], cells: Sequence[str], report: Report) -> _Record | None:
    if len(cells) > len(header):
        report.add(
            "bad-row", f"{len(cells)} columns, where the header has {len(header)}; quote texts that hold the sign"
        )
        return None
    return dict(zip(header, cells, strict=False))


def _check_column(header: Sequence[str], column: str, path: Path) -> None:
    if column not in header:
        problem = f"there is no such column; the file has: {', '.join(header)}; name that of the texts (--text-column)"
        raise InputError(problem, path=path, line=1, field=column)


def _read_parquet(path: Path, column: str, report: Report) -> Iterator[_Record]:
    parquet = require("pyarrow.parquet", "arrow")
    report.path, report.line = path, None
    try:
        with parquet.ParquetFile(path) as file:
            _check_column(file.schema_arrow.names, column, path)
            columns = [name for name in dict.fromkeys((column, "id", "language")) if name in file.schema_arrow.names]
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
                for record in batch.to_pylist():
                    number += 1
                    report.line = number
                    yield record
    except (OSError, ValueError, NotImplementedError) as error:  # pyarrow's own errors are such
        raise InputError(f"not Parquet that can be read ({str(error).splitlines()[0]})", path=path) from error


_Reader = Callable[[Path, str, Report], Iterator[_Record]]

_TEXT_ENDINGS: dict[str, _Reader] = {
    ".jsonl": _read_json_lines,
    ".ndjson": _read_json_lines,
    ".jl": _read_json_lines,
    ".json": _read_json,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
}

ENDINGS: dict[str, _Reader] = {
    **_TEXT_ENDINGS,
    **{f"{ending}.gz": reader for ending, reader in _TEXT_ENDINGS.items()},
    ".parquet": _read_parquet,
}
"""What reads a file, by how its name ends."""
