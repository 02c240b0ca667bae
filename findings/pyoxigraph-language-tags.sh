#!/usr/bin/env bash
# pyoxigraph 0.5.13 (beside rdflib 7.6.0): the language tag of a text comes back in small letters.
#
# Behaviour: "Wien"@de-AT is stored as "Wien"@de-at. A filter LANG(?o) = "de-AT" therefore finds nothing, with the very
# spelling that the data has; rdflib keeps the tag and finds the row. langMatches(LANG(?o), "de-AT") finds it in both.
# Expected: the tag as it was written, or at least a comparison that does not mind its letters.
# Seen on 2026-11-30:
#     LANG(?o) = "de-AT"             rdflib 1 rows, pyoxigraph 0
#     langMatches(LANG(?o), "de-AT") rdflib 1 rows, pyoxigraph 1
#     tags kept by rdflib: de-AT zh-Hant; by pyoxigraph: de-at zh-hant
# What mere does: its languages are plain two-letter codes in small letters, for which there is no difference.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check rdflib==7.6.0 pyoxigraph==0.5.13
venv/bin/python - <<'PYTHON'
import sys

import pyoxigraph
import rdflib

data = '<https://example.org/Q1741> <https://example.org/label> "Wien"@de-AT, "維也納"@zh-Hant .'
graph = rdflib.Graph().parse(data=data, format="turtle")
store = pyoxigraph.Store()
store.load(data.encode(), format=pyoxigraph.RdfFormat.TURTLE)
seen = []
for test in ('LANG(?o) = "de-AT"', 'langMatches(LANG(?o), "de-AT")'):
    query = f"SELECT ?o {{ ?s ?p ?o FILTER({test}) }}"
    seen.append((len(list(graph.query(query))), len(list(store.query(query)))))
    print(f"{test:30} rdflib {seen[-1][0]} rows, pyoxigraph {seen[-1][1]}")
tags = sorted(text.language for text in graph.objects()), sorted(quad.object.language for quad in store)
print(f"tags kept by rdflib: {' '.join(tags[0])}; by pyoxigraph: {' '.join(tags[1])}")
if seen != [(1, 0), (1, 1)] or tags[1] != ["de-at", "zh-hant"]:
    sys.exit("changed: tags are kept otherwise")
PYTHON
