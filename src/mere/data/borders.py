"""Where an entity should begin and end: not in a blank, nor in punctuation that belongs to the sentence around it."""

from __future__ import annotations

from mere.data.characters import splits_character
from mere.schema import Span

_SEPARATORS = ",;:、，；：،؛"
_STOPS = ".。۔।"
_BRACKETS = {"(": ")", "[": "]", "{": "}", "（": "）"}
_QUOTES = '"“”„«»'
_CLOSERS = _QUOTES + ")]}）'’"

_ABBREVIATIONS = {
    *("inc", "jr", "sr", "co", "ltd", "corp", "bros", "llc", "plc", "dr", "mr", "mrs", "ms", "prof", "st", "etc"),
    *("dept", "gov", "gen", "rev", "hon", "est", "ca", "bd", "hr", "fr", "nr", "mio", "mrd", "jh", "ul", "sp"),
    *("вул", "ул", "см", "им", "обл"),
}
"""Words whose full stop is theirs, also at the end of a sentence."""


def trimmed(text: str, span: Span) -> Span | None:
    """Return a span of ``text`` without what does not belong to it, or None where nothing would be left."""
    start, end = _trim(text, span.start, span.end)
    return Span(start, end, text[start:end], span.type) if start < end else None


def complaints(text: str, span: Span) -> dict[str, str]:
    """Return what is wrong with the borders of a span, as kinds of notices and words: ``begins with a blank``."""
    start, end = _trim(text, span.start, span.end)
    left_out = {"begins with": text[span.start : start], "ends in": text[end : span.end]}
    kinds: dict[str, list[str]] = {}
    for words, signs in left_out.items():
        if any(sign.isspace() for sign in signs):
            kinds.setdefault("span-with-blank", []).append(f"{words} a blank")
        others = "".join(signs.split())
        if others:
            name = "a full stop" if others in _STOPS else f"'{others}'"
            kinds.setdefault("span-with-sign", []).append(f"{words} {name}")
    return {kind: " and ".join(words) for kind, words in kinds.items()}


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end:
        before = (start, end)
        if _is_foreign(text[start:end], text[start], _BRACKETS) and not splits_character(text, start + 1):
            start += 1
        elif _is_foreign(text[start:end][::-1], text[end - 1], _CLOSINGS) or _is_final_stop(text, start, end):
            end -= 1
        if (start, end) == before:
            break
    return start, end


_CLOSINGS = {closing: opening for opening, closing in _BRACKETS.items()}


def _is_foreign(inner: str, sign: str, brackets: dict[str, str]) -> bool:
    """Whether the first sign of a span, read from its border on, is none of the entity's."""
    if sign.isspace() or sign in _SEPARATORS:
        return True
    rest = inner[1:]
    if sign in _QUOTES:
        return not any(other in _QUOTES for other in rest)
    return sign in brackets and brackets[sign] not in rest


def _is_final_stop(text: str, start: int, end: int) -> bool:
    """Whether a span ends in the full stop of the sentence that the text ends with."""
    if text[end - 1] not in _STOPS or text[end:].strip().strip(_CLOSERS):
        return False
    words = text[start : end - 1].split()
    last = words[-1] if words else ""
    short = last.isdecimal() and len(last) <= 2
    return not (short or len(last) == 1 or "." in last or last.lower() in _ABBREVIATIONS)
