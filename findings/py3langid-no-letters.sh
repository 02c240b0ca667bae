#!/usr/bin/env bash
# py3langid 0.4.0: a text that tells nothing is Serbian, although there is a class for texts in no language.
#
# Behaviour: from "1990", "..." and "OK" nothing is known, and every class gets the same share. `sr` and `uz`, which
# stand for two classes each, come out highest, and the first of them is the answer. `zxx` (no linguistic content) is
# the answer for "12345 67890", not for "1990". Among languages set by the caller the answer is the first of those.
# Expected: `zxx`, `und` or nothing; at least the same kind of answer for "1990" and "12345 67890".
# Seen on 2026-11-30 (in brackets how many languages share the highest probability):
#     '1990': sr (2)   among de, fr, sv: de (3)
#     '...': sr (2)   among de, fr, sv: de (3)
#     'OK': sr (2)   among de, fr, sv: de (3)
#     '12345 67890': zxx (1)   among de, fr, sv: sv (1)
# What mere does: without a letter, or with less than half of the probability, a text's language is `und`
# (`mere.inference.language_id`).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check py3langid==0.4.0 numpy==2.4.6
venv/bin/python - <<'PYTHON'
import sys

from py3langid.langid import MODEL_FILE, LanguageIdentifier

identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
texts = ("1990", "...", "OK", "12345 67890")


def answers() -> list[tuple[str, int]]:
    ranks = [identifier.rank(text) for text in texts]
    return [(rank[0][0], sum(probability == rank[0][1] for _, probability in rank)) for rank in ranks]


free = answers()
identifier.set_languages(["de", "fr", "sv"])
among = answers()
for text, (language, equal), (other, equal_others) in zip(texts, free, among):
    print(f"{text!r}: {language} ({equal})   among de, fr, sv: {other} ({equal_others})")
if [language for language, _ in free] != ["sr", "sr", "sr", "zxx"] or min(equal for _, equal in free[:3]) < 2:
    sys.exit("changed: other answers")
PYTHON
