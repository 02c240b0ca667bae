#!/usr/bin/env bash
# spaCy 3.8.18: after tokens are merged, the spans in `doc.spans` stand for other words, while `doc.ents` moves along.
#
# Behaviour: `retokenizer.merge` moves the entities, but a span group keeps its token numbers. Its spans then hold other
# words, without a warning; only a span beyond the new end raises an IndexError when it is read.
# Expected: both move, or a span group that no longer fits is an error.
# Seen on 2026-11-30:
#     before: ents ['London'], spans ['Ada Lovelace', 'London']
#     after:  ents ['London'], spans ['Ada Lovelace was', 'today']
# What mere does: its spans count characters of the text as given, never tokens; whoever puts them into a span group has
# to do so after the last merge.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check spacy==3.8.18
venv/bin/python - <<'PYTHON'
import sys

import spacy
from spacy.tokens import Span

doc = spacy.blank("en")("Ada Lovelace was born in London today")
doc.ents = [Span(doc, 5, 6, label="place")]
doc.spans["facts"] = [Span(doc, 0, 2, label="person"), Span(doc, 5, 6, label="place")]


def words() -> tuple[list[str], list[str]]:
    return [span.text for span in doc.ents], [span.text for span in doc.spans["facts"]]


print("before: ents {}, spans {}".format(*words()))
with doc.retokenize() as retokenizer:
    retokenizer.merge(doc[0:2])
print("after:  ents {}, spans {}".format(*words()))
if words() != (["London"], ["Ada Lovelace was", "today"]):
    sys.exit("changed: span groups do otherwise")
PYTHON
