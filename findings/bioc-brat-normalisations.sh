#!/usr/bin/env bash
# bioc 2.1: reading brat's standoff format leaves out the lines that link an entity to a knowledge base.
#
# Behaviour: `bioc.brat` reads entities, relations, attributes, events and notes, and drops every normalisation line
# ("N1<TAB>Reference T1 Wikidata:Q7259<TAB>Ada Lovelace") without an error or a warning: it is in nothing that is read.
# Expected: an annotation, or an error that says that the kind of line is not read.
# Seen on 2026-11-30:
#     read N1 R1 T1 T2
#     kept    R1 T1 T2; warnings: 0
# What mere does: it does not use bioc; what a reader of mere leaves out is counted in its report.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check bioc==2.1
venv/bin/python - <<'PYTHON'
import logging
import sys
import warnings

from bioc import brat

told = []
handler = logging.Handler()
handler.emit = told.append
logging.getLogger().addHandler(handler)
warnings.showwarning = lambda *arguments, **named: told.append(arguments)
warnings.simplefilter("always")

lines = [
    "T1\tPerson 0 12\tAda Lovelace",
    "T2\tPlace 25 31\tLondon",
    "R1\tbirth-place Arg1:T1 Arg2:T2",
    "N1\tReference T1 Wikidata:Q7259\tAda Lovelace",
]
read = brat.loads_ann("\n".join(lines) + "\n")
kept = brat.dumps_ann(read).splitlines()
names = [" ".join(sorted(line.split("\t")[0] for line in some if line)) for some in (lines, kept)]
print(f"read {names[0]}\nkept {names[1]:>11}; warnings: {len(told)}")
if names[1] != "R1 T1 T2" or told:
    sys.exit("changed: normalisations are read, or told of")
PYTHON
