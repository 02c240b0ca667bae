#!/usr/bin/env bash
# conllu 6.0.0: a value in the column MISC is cut at its second "=".
#
# Behaviour: "Link=https://example.org/?id=7" is read as "https://example.org/?id" and written back so. A key that comes
# twice keeps its last value, although the format only forbids that in FEATS.
# Expected: a value is all that follows the first "="; reading and writing gives the same line.
# Seen on 2026-11-30:
#     Link=https://example.org/?id=7  is written back as  Link=https://example.org/?id
#     Entity=Q7259|Entity=Q84  is written back as  Entity=Q84
# What mere does: it keeps its annotations in its own JSON Lines, and nothing of them passes through CoNLL-U.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check conllu==6.0.0
venv/bin/python - <<'PYTHON'
import sys

import conllu


def round_trip(misc: str) -> str:
    line = "\t".join(["1", "Ada", "Ada", "PROPN", "_", "_", "0", "root", "_", misc])
    return conllu.parse(f"{line}\n\n")[0].serialize().strip().split("\t")[-1]


seen = {misc: round_trip(misc) for misc in ("Link=https://example.org/?id=7", "Entity=Q7259|Entity=Q84")}
for given, written in seen.items():
    print(f"{given}  is written back as  {written}")
if list(seen.values()) != ["Link=https://example.org/?id", "Entity=Q84"]:
    sys.exit("changed: values are kept otherwise")
PYTHON
