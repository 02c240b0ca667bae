#!/usr/bin/env bash
# rdflib 7.6.0 (beside pyoxigraph 0.5.13): it cannot read the N-Triples that it wrote, if an IRI holds a no-break space.
#
# Behaviour: U+00A0 may stand in an IRI (RFC 3987, `ucschar`), and does where names of pages became identifiers. rdflib
# writes it as it is to N-Triples and N-Quads, and its parsers for both then raise a ParserError, since they take every
# white space of Unicode for the end of the IRI. Its Turtle and RDF/XML round trips work.
# Expected: what is written can be read.
# Seen on 2026-11-30:
#     nt: pyoxigraph reads it, rdflib ParserError
#     turtle: pyoxigraph reads it, rdflib reads it
# What mere does: it writes no RDF yet; identifiers made of names have to be percent-encoded.
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

subject = "https://example.org/Louis\u00a0XIV"
graph = rdflib.Graph()
graph.add((rdflib.URIRef(subject), rdflib.URIRef("https://example.org/born"), rdflib.Literal("1638")))
formats = {"nt": pyoxigraph.RdfFormat.N_TRIPLES, "turtle": pyoxigraph.RdfFormat.TURTLE}


def read_by_rdflib(text: str, name: str) -> str:
    try:
        again = rdflib.Graph().parse(data=text, format=name)
    except Exception as error:
        return type(error).__name__
    return "reads it" if str(next(again.subjects())) == subject else "reads another"


seen = {}
for name, form in formats.items():
    text = graph.serialize(format=name)
    quads = list(pyoxigraph.parse(text.encode(), format=form))
    other = "reads it" if quads[0].subject.value == subject else "reads another"
    seen[name] = other, read_by_rdflib(text, name)
    print(f"{name}: pyoxigraph {other}, rdflib {seen[name][1]}")
if seen != {"nt": ("reads it", "ParserError"), "turtle": ("reads it", "reads it")}:
    sys.exit("changed: N-Triples are read otherwise")
PYTHON
