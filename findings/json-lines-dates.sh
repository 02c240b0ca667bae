#!/usr/bin/env bash
# duckdb 2.0.1, pyarrow 26.0.1 and polars 2.1.0: JSON strings that look like dates get three types, and new text.
#
# Behaviour: the tails of triples are strings, some files hold only dates there. duckdb makes them DATE (and turns
# "10-12-1815" round, day first), "12:30" a TIME and hexadecimal ids UUID; pyarrow makes ISO dates timestamps and leaves
# "10-12-1815"; polars leaves all. One more string that is no date in the column, and all of them are strings again.
# In each of them "1815" and "1.5" in quotes stay strings.
# Expected: JSON says what is a string; its type does not hang on the other rows.
# Seen on 2026-11-30 (the first value of the column as text):
#     "1815-12-10": duckdb DATE 1815-12-10, pyarrow timestamp[s] 1815-12-10 00:00:00, polars String 1815-12-10
#     "10-12-1815": duckdb DATE 1815-12-10, pyarrow string 10-12-1815, polars String 10-12-1815
#     "12:30": duckdb TIME 12:30:00, pyarrow string 12:30, polars String 12:30
#     "1815": duckdb VARCHAR 1815, pyarrow string 1815, polars String 1815
# What mere does: its records are read back by its own reader, which takes a string for a string.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
venv/bin/python - <<'PYTHON'
import json
import sys
from pathlib import Path

import duckdb
import polars
import pyarrow.json

seen = {}
for text in ("1815-12-10", "10-12-1815", "12:30", "1815"):
    Path("triples.jsonl").write_text("".join(json.dumps({"tail": text}) + "\n" for _ in range(3)))
    kind, value = duckdb.sql("SELECT typeof(tail), tail::VARCHAR FROM 'triples.jsonl'").fetchall()[0]
    arrow = pyarrow.json.read_json("triples.jsonl")["tail"]
    frame = polars.read_ndjson("triples.jsonl")["tail"]
    seen[text] = [(kind, value), (str(arrow.type), str(arrow[0])), (str(frame.dtype), frame[0])]
    readings = zip(("duckdb", "pyarrow", "polars"), seen[text])
    print(f'"{text}": ' + ", ".join(f"{name} {kind} {value}" for name, (kind, value) in readings))
expected = {
    "1815-12-10": ["DATE", "timestamp[s]", "String"],
    "10-12-1815": ["DATE", "string", "String"],
    "12:30": ["TIME", "string", "String"],
    "1815": ["VARCHAR", "string", "String"],
}
if {text: [kind for kind, _ in kinds] for text, kinds in seen.items()} != expected:
    sys.exit("changed: other types")
PYTHON
