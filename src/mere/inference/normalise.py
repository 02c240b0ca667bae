"""The form of a text that the model reads, behind a map to the text as it was given.

The same sentence comes in many spellings that a reader hardly tells apart: decomposed letters, invisible marks, blanks
of many widths, lines broken by hand, Arabic with its vowel signs, curly quotes, capitals throughout. The model was
trained on next to none of them. `normalise` brings them to the plain one in steps, each a rewriting of its own
(`mere.inference.offsets`). It takes linear time, and a second run over its result changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mere.inference.offsets import Normalised, Rewriter
from mere.inference.truecase import Score, true_case

_INVISIBLE = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # controls that are no blanks
    "\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\U0001d173-\U0001d17a\U000e0001-\U000e01ef"
)
_SIGNS = (
    "\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08ff"
    "\ufc5e-\ufc63\ufcf2-\ufcf4\ufe70-\ufe72\ufe74\ufe76-\ufe7f"  # the same in presentation forms
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
)
"""Vowel signs of Arabic and Hebrew, recitation marks, and tatweel, which draws a word out. Hamza above a letter is
none: it spells ``ۀ`` and ``أ``."""

_STRESS = re.compile("[\u0300\u0301]")
"""Accents that dictionaries put on Cyrillic vowels; those that compose (``ѓ``) are part of a letter."""

_COMPATIBLE = (
    "\u0132\u0133\u01c4-\u01cc\u01f1-\u01f3\u0671\u2102-\u2149\ufb00-\ufdfb\ufe73\ufe80-\ufefc\uff01-\uffee"
    "\U0001d400-\U0001d7ff\U0001ee00-\U0001eef1"
)
_SAME_LETTER = {"wide", "narrow", "font", "isolated", "initial", "medial", "final"}
"""Kinds of compatible characters that are but another drawing; ``²`` and ``½`` say something else than 2 and 1/2."""

_APOSTROPHES = "‘’‛ʼʻ`´\u1fef\u1ffd"
_HYPHENS = "‐‑"
_PLAIN_MARKS = str.maketrans(dict.fromkeys(_APOSTROPHES, "'") | dict.fromkeys(_HYPHENS, "-"))
"""Quotation marks and dashes are read alike whatever their form, and stay; an apostrophe stands between letters."""

_IGNORED = re.compile(f"(?P<broken>\u00ad[ \t]*(?:\r\n|[\n\r])[ \t]*)|[{_INVISIBLE}{_SIGNS}]+")
_DRAWN = re.compile(f"[{_COMPATIBLE}]")
_MARK = re.compile(f"(?<=[^\\W\\d_])[{_APOSTROPHES}](?=[^\\W\\d_])|[{_HYPHENS}]")
_ARABIC = re.compile("[\u0620-\u064a\u066e-\u06d3\u06fa-\u06ff\ufb50-\ufdfb\ufe80-\ufefc]")

_KEYBOARDS = {
    "fa": re.compile("[يىك]"),
    "ar": re.compile(r"(?P<alif>(?<=\b(?:عل|إل|ال|حت|لد|مت))ی\b)|[یک]"),
}
_KEYS = {"fa": str.maketrans("يىك", "ییک"), "ar": str.maketrans("یک", "يك")}
"""Letters that the other language's keyboard gives; they look alike within a word, and are other pieces."""

_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0653-\u0655\u093c\u09bc-\u09be\u09d7\u0a3c\u0b3c\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56"
    "\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u102e\u1b35\u1dc0-\u1dff\u20d0-\u20f0\u3099\u309a\ufe20-\ufe2f"
)
"""What may compose with the letter before it, but for Korean."""

_LONGEST = 30
"""Most characters of a letter and its marks that are composed; text that is meant to be read has two or three."""

_DECOMPOSED = re.compile(
    f"[^{_MARKS}][{_MARKS}]+|[\u1100-\u1112\uac00-\ud7a3][\u1161-\u1175\u11a8-\u11c2][\u11a8-\u11c2]?"
    "|[\u0340\u0341\u0343\u0374\u037e\u0387\u1f71-\u1ffd\u2126\u212a\u212b\u2329\u232a\uf900-\ufad9]"
)

_BLANKS = re.compile(
    r"(?P<hyphen>(?<=[^\W_])-[^\S\n\r\x85\u2028\u2029]*(?:\r\n|[\n\r\x85\u2028\u2029])\s*(?=\w))"
    r"|\A\s+|\s+\Z|\s{2,}|[^\S ]"
)
_SUSPENDED = re.compile(r"(?:und|oder|bis|bzw|sowie|och|eller|and|or)\b")
"""Words before which a hyphen at a line's end stays with its part: *Vor- und Nachteile*."""


def normalise(text: str, language: str = "und", score: Score | None = None) -> Normalised:
    """Return the form of ``text``, a sentence, in which the model reads it.

    Parameters
    ----------
    text:
        A sentence, or what is read as one.
    language:
        Its language, for what looks the same but is not in another.
    score:
        How well the vocabulary knows a word, as a logarithm; without it capitals stay as they are.
    """
    result = _without_invisible(text)
    if not text.isascii():
        result = result.then(_usually_drawn(result.text))
        result = result.then(_composed(result.text))
        result = result.then(_own_letters(result.text, language))
    result = result.then(_plain_marks(result.text))
    result = result.then(_plain_blanks(result.text))
    if score is not None:
        result = result.then(true_case(result.text, language, score))
    return result


def _without_invisible(text: str) -> Normalised:
    """Leave out invisible marks and vowel signs, and line breaks after soft hyphens."""
    rewriter = Rewriter(text)
    for match in _IGNORED.finditer(text):
        if match.lastgroup:
            rewriter.drop(*match.span())
        else:
            _leave_out(rewriter, text, *match.span())
    return rewriter.finish()


def _leave_out(rewriter: Rewriter, text: str, start: int, end: int) -> None:
    """Drop a run of marks, but for the joiner of an emoji and the non-joiner within a Persian word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    kept = -1
    if before and after and _ARABIC.match(before) and _ARABIC.match(after):
        kept = text.find("\u200c", start, end)
    elif before and after and unicodedata.category(after) == "So" and unicodedata.category(before) in ("So", "Sk"):
        kept = text.find("\u200d", start, end)
    if kept >= 0:
        if kept > start:
            rewriter.drop(start, kept)
        start = kept + 1
    if start < end:
        rewriter.drop(start, end)


def _usually_drawn(text: str) -> Normalised:
    """Replace ligatures, Arabic letters in their shapes, and wide, narrow and styled letters."""
    rewriter = Rewriter(text)
    for match in _DRAWN.finditer(text):
        rewriter.put(*match.span(), _usual(match.group()))
    return rewriter.finish()


@lru_cache(4096)
def _usual(character: str) -> str:
    """Return a letter or digit as it is usually drawn, or what is no other drawing as it is."""
    if character == "\u0671":  # alif with the sign of its elision
        return "\u0627"
    kind = unicodedata.decomposition(character).partition(">")[0][1:]
    compatible = kind in _SAME_LETTER or (kind == "compat" and character.isalpha())
    usual = unicodedata.normalize("NFKC" if compatible else "NFC", character)
    usual = re.sub(f"[{_SIGNS}]", "", usual)
    return character if usual.startswith(" ") or not usual else usual


def _composed(text: str) -> Normalised:
    """Compose letters and their marks, and the letters of Korean syllables; Cyrillic vowels lose their stress."""
    rewriter = Rewriter(text)
    for match in _DECOMPOSED.finditer(text):
        if len(match.group()) > _LONGEST:
            continue
        letter = unicodedata.normalize("NFC", match.group())
        if "\u0400" <= letter[0] <= "\u04ff":
            letter = unicodedata.normalize("NFC", _STRESS.sub("", letter))
        rewriter.put(*match.span(), letter)
    return rewriter.finish()


def _plain_marks(text: str) -> Normalised:
    """Write apostrophes and hyphens as a keyboard does."""
    rewriter = Rewriter(text)
    for match in _MARK.finditer(text):
        rewriter.put(*match.span(), match.group().translate(_PLAIN_MARKS))
    return rewriter.finish()


def _own_letters(text: str, language: str) -> Normalised:
    """Turn letters from an Arabic keyboard into Persian ones in Persian, and the other way round in Arabic."""
    rewriter = Rewriter(text)
    if language in _KEYBOARDS:
        for match in _KEYBOARDS[language].finditer(text):
            rewriter.put(*match.span(), "ى" if match.lastgroup else match.group().translate(_KEYS[language]))
    return rewriter.finish()


def _plain_blanks(text: str) -> Normalised:
    """Turn white space of any kind and length into one blank, and join words that were parted at the end of a line."""
    rewriter = Rewriter(text)
    for match in _BLANKS.finditer(text):
        start, end = match.span()
        if match.lastgroup == "hyphen":
            if _SUSPENDED.match(text, end):
                rewriter.put(start + 1, end, " ")
            elif text[end].islower() and text[start - 1].islower():
                rewriter.drop(start, end)
            else:
                rewriter.drop(start + 1, end)
        elif start == 0 or end == len(text):
            rewriter.drop(start, end)
        else:
            rewriter.put(start, end, " ")
    return rewriter.finish()
