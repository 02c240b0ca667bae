#!/usr/bin/env bash
# rdflib 7.6.0 (beside pyoxigraph 0.5.13): a SPARQL filter on years finds nothing, not even for "unequal".
#
# Behaviour: a literal of type xsd:gYear has no value in rdflib, so that every comparison but "=" of equal spellings is
# an error, which a FILTER takes as false: `<`, `>`, `!=` and even the negation of `>` give no rows. YEAR() as well.
# Expected: 1815 is before 1900, as pyoxigraph finds for the same data; dates (xsd:date) do compare in rdflib.
# Seen on 2026-11-30:
#     ?y < "1900"^^xsd:gYear     rdflib 0 rows, pyoxigraph 2
#     ?y != "1900"^^xsd:gYear    rdflib 0 rows, pyoxigraph 3
#     !(?y > "1900"^^xsd:gYear)  rdflib 0 rows, pyoxigraph 2
#     year(?y) < 1900            rdflib 0 rows, pyoxigraph 2
# What mere does: it writes no RDF yet; years have to go out so that rdflib can compare them too, say as xsd:integer.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check rdflib==7.6.0 pyoxigraph==0.5.13
venv/bin/python - 2>/dev/null <<'PYTHON' || { echo "changed: years compare otherwise" >&2; exit 1; }
import sys

import pyoxigraph
import rdflib

data = """
@prefix : <https://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Ada :born "1815"^^xsd:gYear .
:Alan :born "1912"^^xsd:gYear .
:Charlemagne :born "0748"^^xsd:gYear .
"""
graph = rdflib.Graph().parse(data=data, format="turtle")
store = pyoxigraph.Store()
store.load(data.encode(), format=pyoxigraph.RdfFormat.TURTLE)
seen = []
for test in ('?y < "1900"^^xsd:gYear', '?y != "1900"^^xsd:gYear', '!(?y > "1900"^^xsd:gYear)', "year(?y) < 1900"):
    query = f"PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT ?s {{ ?s ?p ?y FILTER({test}) }}"
    rows = len(list(graph.query(query))), len(list(store.query(query)))
    seen.append(rows)
    print(f"{test:26} rdflib {rows[0]} rows, pyoxigraph {rows[1]}")
sys.exit(seen != [(0, 2), (0, 3), (0, 2), (0, 2)])
PYTHON
