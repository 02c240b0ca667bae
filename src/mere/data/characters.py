"""Where a text may be cut: what a reader sees as one character can be several code points."""

from __future__ import annotations

import unicodedata

_ZERO_WIDTH_JOINER = "\u200d"


def splits_character(text: str, position: int) -> bool:
    """Return whether a cut before ``text[position]`` parts a mark from what it stands on, or cuts a joined emoji.

    Marks are combining marks, variation selectors, skin tones and the zero-width joiner. The ends of a text and a mark
    that stands after white space, on nothing, are no such places.
    """
    if not 0 < position < len(text) or text[position] < "\u0300":
        return False
    before, after = text[position - 1], text[position]
    category = unicodedata.category(after)
    if before == _ZERO_WIDTH_JOINER and category == "So":
        return True
    is_mark = category in ("Mn", "Me") or after == _ZERO_WIDTH_JOINER or "\U0001f3fb" <= after <= "\U0001f3ff"
    return is_mark and not before.isspace()
