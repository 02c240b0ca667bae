"""One tokenizer for every backbone: text in, token ids and exact character offsets out.

Offsets count in the text as it was given, whatever the tokenizer normalises, and never include the white space around
a token. Torch-free.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import tokenizers

from mere.arrays import Integers
from mere.errors import ArtifactError
from mere.inference.borders import BORDERS
from mere.inference.e5 import FILES, E5File
from mere.inference.manifest import read_json
from mere.inference.unigram import Unigram

TOKENIZER, SPECIAL_IDS = "tokenizer.json", "special_ids.json"
"""Files of a saved model whose backbone is not a bundled one."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of one text, special tokens left out.

    Attributes
    ----------
    ids, starts, ends:
        n integers each; token i is ``text[starts[i]:ends[i]]``, which is empty for a token that stands for no visible
        character (a lone word boundary, say). Such a token is part of no span.
    """

    ids: Integers
    starts: Integers
    ends: Integers

    def __len__(self) -> int:
        return len(self.ids)

    def window(self, start: int, end: int) -> Tokens:
        """Return tokens ``start`` to ``end`` (exclusive)."""
        return Tokens(self.ids[start:end], self.starts[start:end], self.ends[start:end])


_Id = Annotated[int, msgspec.Meta(ge=0)]


class _SpecialIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a saved model says of its tokenizer's special tokens."""

    bos: _Id
    eos: _Id
    pad: _Id
    unknown: _Id | None


class Tokenizer:
    """Wraps a ``tokenizers.Tokenizer`` or, for the bundled backbone, a `Unigram` and its code-point normalisation.

    Parameters
    ----------
    core:
        The tokenizer proper.
    bos, eos, pad, unknown:
        Ids of the special tokens.
    normalisation:
        Code points that are replaced before ``core`` sees them, one by one, as the bundled backbone was fed.
    """

    def __init__(
        self,
        core: tokenizers.Tokenizer | Unigram,
        *,
        bos: int,
        eos: int,
        pad: int,
        unknown: int | None,
        normalisation: dict[int, str] | None = None,
    ) -> None:
        self.core = core
        if not isinstance(core, Unigram):
            core.no_padding()
            core.no_truncation()
        self.bos, self.eos, self.pad, self.unknown = bos, eos, pad, unknown
        self.normalisation = normalisation or {}

    @classmethod
    def of_e5(cls, file: E5File) -> Tokenizer:
        """Rebuild the tokenizer of the bundled backbone from its weight file."""
        parts = file.pieces()
        return cls(
            Unigram(parts.pieces, parts.scores, parts.unknown, BORDERS),
            bos=parts.bos,
            eos=parts.eos,
            pad=parts.pad,
            unknown=parts.unknown,
            normalisation=parts.normalisation,
        )

    @classmethod
    def load(cls, path: Path, special: dict[str, int | None]) -> Tokenizer:
        """Read a ``tokenizer.json``; ``special`` holds the ids of bos, eos, pad and unknown (see `special_ids`).

        Raises `ArtifactError` for a file that is none, or does not fit the ids.
        """
        try:
            core = tokenizers.Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception
            reason = str(error).splitlines()[0]
            raise ArtifactError(f"{path}: not a tokenizer ({reason}); save the model again") from error
        bos, eos, pad = (special[name] for name in ("bos", "eos", "pad"))
        if bos is None or eos is None or pad is None:
            raise ArtifactError(f"{path}: needs ids for bos, eos and pad; save the model again")
        if max(id for id in special.values() if id is not None) > max(core.get_vocab().values(), default=-1):
            raise ArtifactError(f"{path}: has fewer pieces than {SPECIAL_IDS} counts; save the model again")
        return cls(core, bos=bos, eos=eos, pad=pad, unknown=special["unknown"])

    @classmethod
    def of_artifact(cls, folder: Path, backbone: str) -> Tokenizer:
        """Read the tokenizer of a saved model: its own, or that of the bundled ``backbone``.

        Raises `ArtifactError` where a file of it is missing or damaged.
        """
        if backbone in FILES:
            return cls.of_e5(E5File.bundled(backbone))
        path = folder / SPECIAL_IDS
        fault, mend = "not the ids of special tokens", "save the model again"
        try:
            special = msgspec.convert(read_json(path, fault, mend), _SpecialIds)
        except msgspec.ValidationError as error:
            raise ArtifactError(f"{path}: {fault} ({error}); {mend}") from error
        return cls.load(folder / TOKENIZER, msgspec.structs.asdict(special))

    def save(self, folder: Path) -> None:
        """Write what `of_artifact` reads, where the backbone is not a bundled one."""
        assert not isinstance(self.core, Unigram)
        # not the library's own save, whose errors have no class
        (folder / TOKENIZER).write_text(self.core.to_str(pretty=True), "utf-8")
        (folder / SPECIAL_IDS).write_text(json.dumps(self.special_ids), "utf-8")

    @property
    def pieces(self) -> int:
        """How many ids there are: 0 up to this, exclusive."""
        assert not isinstance(self.core, Unigram)
        return max(self.core.get_vocab().values(), default=-1) + 1

    @property
    def special_ids(self) -> dict[str, int | None]:
        """Ids of the special tokens by name."""
        return {"bos": self.bos, "eos": self.eos, "pad": self.pad, "unknown": self.unknown}

    @property
    def word_score(self) -> Callable[[str], float] | None:
        """Tells how well the vocabulary knows a word, as a logarithm; None where its pieces have no scores."""
        return self.core.word_score if isinstance(self.core, Unigram) else None

    def encode(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokenise ``texts`` of any length; nothing is cut off."""
        normalised = [text.translate(self.normalisation) for text in texts] if self.normalisation else list(texts)
        return [
            self._align(text, clean, *parts)
            for text, clean, parts in zip(texts, normalised, self._cut(normalised), strict=True)
        ]

    def _cut(self, texts: list[str]) -> Iterator[tuple[Sequence[int], Sequence[int], Sequence[int]]]:
        """Yield ids, starts and ends of every text's tokens."""
        if isinstance(self.core, Unigram):
            yield from map(self.core.encode, texts)
            return
        for encoding in self.core.encode_batch(texts, add_special_tokens=False):
            starts, ends = zip(*encoding.offsets, strict=True) if encoding.offsets else ((), ())
            yield encoding.ids, starts, ends

    def _align(self, text: str, clean: str, ids: Sequence[int], first: Sequence[int], last: Sequence[int]) -> Tokens:
        starts, ends = np.array(first, np.int64), np.array(last, np.int64)
        if clean != text:
            starts, ends = self._to_original(text, len(clean), starts, ends)
        return Tokens(np.array(ids, np.int64), *_trim(text, starts, ends))

    def _to_original(self, text: str, length: int, starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
        """Map offsets in the normalised text back to ``text``."""
        sizes = [len(self.normalisation.get(ord(character), character)) for character in text]
        origin = np.append(np.repeat(np.arange(len(text)), sizes), len(text))
        last = origin[np.maximum(ends, 1) - 1] + 1
        return origin[np.minimum(starts, length)], np.where(ends > starts, last, origin[np.minimum(ends, length)])


def _trim(text: str, starts: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Take white space and invisible format characters off both ends of every token."""
    if not text:
        return starts, ends
    visible = np.array([not (c.isspace() or unicodedata.category(c) in ("Cf", "Cc")) for c in text])
    positions = np.arange(len(text))
    next_visible = np.append(np.minimum.accumulate(np.where(visible, positions, len(text))[::-1])[::-1], len(text))
    last_visible = np.append(0, np.maximum.accumulate(np.where(visible, positions, -1)) + 1)
    starts, ends = next_visible[starts], last_visible[ends]
    return np.minimum(starts, ends), ends
