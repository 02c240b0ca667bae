"""Splits that anyone can repeat: a sentence's part follows from its id and the seed alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping

from mere.errors import InputError
from mere.schema import Sentence


def split_by_id(
    sentences: Iterable[Sentence], shares: Mapping[str, float], *, seed: int = 0
) -> Iterator[tuple[str, Sentence]]:
    """Yield each sentence with the name of its part, for ``shares`` such as ``{"train": 0.9, "dev": 0.1}``.

    Translations share an id and so fall into one part; a sentence without an id goes by its text. Neither the order
    nor the company of sentences matters, so files can be split one by one. Parts come out near their shares, not at
    them. Raises `InputError` unless the shares are positive and add up to 1.
    """
    if not shares or min(shares.values()) <= 0 or not math.isclose(sum(shares.values()), 1):
        raise InputError(f"the shares of a split must be above 0 and add up to 1, not {dict(shares)}")
    return ((_part(sentence, shares, seed), sentence) for sentence in sentences)


def _part(sentence: Sentence, shares: Mapping[str, float], seed: int) -> str:
    key = sentence.text if sentence.id is None else sentence.id
    digest = hashlib.blake2b(f"{seed} {key}".encode(), digest_size=8).digest()
    left = int.from_bytes(digest, "big") / 2**64
    for name, share in shares.items():
        left -= share
        if left < 0:
            return name
    return name  # rounding: what is left of 1 after the last share
