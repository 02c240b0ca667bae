#!/usr/bin/env bash
# sentencex 1.0.32: in languages with rules of their own, the commonest titles and abbreviations end a sentence.
#
# Behaviour: "M." and "Mme." in French, "r." (year) in Polish, "o.a." in Dutch, "t.ex." in Swedish and "a.C." in Italian
# each end a sentence, the last four even before a small letter; German keeps "3. Mai" but parts "19. Jahrhundert".
# Expected: a language that is dealt with has its most frequent abbreviations; before a small letter nothing ends.
# Seen on 2026-11-30:
#     fr: M. | Dupont vit à Lyon.
#     fr: Mme. | Curie vit à Paris.
#     pl: Urodził się w 1990 r. | w Krakowie.
#     nl: Zij woonde o.a. | in Breda.
#     sv: Han bodde t.ex. | i Lund.
#     it: Nacque nel 63 a. | C. | a Roma.
#     de: Sie lebte im 19. | Jahrhundert in Wien.
# What mere does: it cuts sentences by its own word lists, and never before a small letter (`mere.inference.sentences`).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check sentencex==1.0.32
venv/bin/python - <<'PYTHON'
import sys

from sentencex import segment

cut = 0
for language, text in (
    ("fr", "M. Dupont vit à Lyon."),
    ("fr", "Mme. Curie vit à Paris."),
    ("pl", "Urodził się w 1990 r. w Krakowie."),
    ("nl", "Zij woonde o.a. in Breda."),
    ("sv", "Han bodde t.ex. i Lund."),
    ("it", "Nacque nel 63 a.C. a Roma."),
    ("de", "Sie lebte im 19. Jahrhundert in Wien."),
):
    sentences = [sentence.strip() for sentence in segment(language, text)]
    print(f"{language}: {' | '.join(sentences)}")
    cut += len(sentences) > 1
if cut != 7:
    sys.exit("changed: fewer of them are cut")
PYTHON
