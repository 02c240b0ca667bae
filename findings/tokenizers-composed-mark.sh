#!/usr/bin/env bash
# tokenizers 0.23.3: with a composing normaliser (NFC, NFKC) a combining mark lies in no token's offsets.
#
# Behaviour: "e" + U+0301 becomes the one character "é", whose offsets are those of the "e" alone. A token that ends
# with a composed letter ends before the mark: cut out of the text, "José" is "Jose". The other way round,
# `Replace("aa", "b")` gives the new character the offsets of the *last* character that it stands for.
# Expected: what a character was made from is all in its offsets.
# Seen on 2026-11-30 (whole words, so that each ought to be one span of the text):
#     NFKC: token 'José' is 'Jose' of the text, 0 to 4
#     NFKC: token 'Łódź' is 'Łódz' of the text, 6 to 11
#     Replace: token 'b' is the text's 1 to 2
# What mere does: it composes letters itself, behind an offset map of its own, before any tokenizer sees the text
# (`mere.inference.normalise`).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check tokenizers==0.23.3
venv/bin/python - <<'PYTHON'
import sys

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers


def offsets(text: str, normalizer: normalizers.Normalizer) -> list[tuple[str, int, int]]:
    words = normalizer.normalize_str(text).split()
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    encoding = tokenizer.encode(text)
    return [(token, *span) for token, span in zip(encoding.tokens, encoding.offsets)]


text = "Jose\u0301 Ło\u0301dz\u0301"
seen = offsets(text, normalizers.NFKC())
for token, start, end in seen:
    print(f"NFKC: token {token!r} is {text[start:end]!r} of the text, {start} to {end}")
replaced = offsets("aa", normalizers.Replace("aa", "b"))
print(f"Replace: token {replaced[0][0]!r} is the text's {replaced[0][1]} to {replaced[0][2]}")
if seen != [("José", 0, 4), ("Łódź", 6, 11)] or replaced != [("b", 1, 2)]:
    sys.exit("changed: other offsets")
PYTHON
