#!/usr/bin/env bash
# sentencex 1.0.32: a language tag with a region loses the language's own rules, in silence.
#
# Behaviour: the German rules, which keep "3. Mai" together, hold for the code `de` alone. `de-DE`, `de_DE`, `DE` and
# `deu` are taken without an error or a warning and cut as no language in particular, which parts the date.
# Expected: `de-AT` falls back on `de`, as language tags are meant to, or is refused.
# Seen on 2026-11-30:
#     de: 1 sentence
#     de-DE: 2 sentences
#     de_DE: 2 sentences
#     DE: 2 sentences
#     deu: 2 sentences
# What mere does: it cuts sentences by its own word lists (`mere.inference.sentences`), and a language that has none by
# those of all languages.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check sentencex==1.0.32
venv/bin/python - <<'PYTHON'
import sys

from sentencex import segment

codes = ("de", "de-DE", "de_DE", "DE", "deu")
seen = {code: len(segment(code, "Sie starb am 3. Mai 1990 in Köln.")) for code in codes}
for code, count in seen.items():
    print(f"{code}: {count} sentence{'s' if count > 1 else ''}")
if list(seen.values()) != [1, 2, 2, 2, 2]:
    sys.exit("changed: tags are taken otherwise")
PYTHON
