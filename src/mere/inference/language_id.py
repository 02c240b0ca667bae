"""Language identification among the languages that a model knows, which also tells when a text is in none of them."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from mere.errors import InputError
from mere.inference.normalise import normalise
from mere.inference.processes import PerProcess

UNDETERMINED = "und"
"""ISO 639 code of a text whose language could not be told; it goes through the model's shared sub-module."""

_CONFIDENCE = 0.5
"""Below this probability among the model's languages a text counts as undetermined."""

_FOREIGN = 0.05
"""Where the model's languages together are less likely than this, the text is in another one."""

_REMEMBERED = 64
"""Texts whose languages are remembered."""

_SURE = 0.9
_SURE_LENGTH = 30
"""A sentence is in another language than its paragraph only where it is so likely, and so many characters long."""


class Guess(NamedTuple):
    """A language and how likely it is; where the model knows it, among the languages that it knows."""

    language: str
    probability: float


class LanguageIdentifier:
    """Tells which language a text is in; the identifier's data is loaded with the first question.

    A text in a language that the model does not know is told as such (``ja``), and never taken for the next best one.
    Languages that the identifier does not know are never its answer and have to be named by the caller.

    Parameters
    ----------
    languages:
        Those that the model knows.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        self._lock = PerProcess(threading.Lock)
        self._model: Any = None
        # A document, its paragraph and its sentence are often the same text.
        self._guess = functools.lru_cache(_REMEMBERED)(self._identify)

    def identify(self, text: str) -> Guess:
        """Return the language of ``text`` and its probability; `UNDETERMINED` where that is too low.

        Raises `InputError` where the identifier's data cannot be read.
        """
        if self._model is None:
            with self._lock():
                self._model = self._model or _load()
        return self._guess(text)

    def _identify(self, text: str) -> Guess:
        ranks = self._model.rank(normalise(text).text)  # marks and odd spellings would tell against any language
        likely = [(language, probability) for language, probability in ranks if language in self.languages]
        total = sum(probability for _, probability in likely)
        if total < _FOREIGN:
            return Guess(*ranks[0]) if ranks[0][1] >= _CONFIDENCE else Guess(UNDETERMINED, ranks[0][1])
        language, probability = likely[0][0], likely[0][1] / total
        # Where no letter tells anything, all languages are equally likely.
        enough = probability >= _CONFIDENCE and any(character.isalpha() for character in text)
        return Guess(language if enough else UNDETERMINED, probability)

    def sentence(self, text: str, paragraph: str) -> str:
        """Return the language of a sentence in a paragraph of the language ``paragraph``.

        A sentence of a few names is easily taken for another language: it has to be long, and its language sure.
        """
        if paragraph != UNDETERMINED and len(text) < _SURE_LENGTH:
            return paragraph
        guess = self.identify(text)
        if paragraph == UNDETERMINED or guess.probability >= _SURE:
            return guess.language if guess.language != UNDETERMINED else paragraph
        return paragraph


@cache
def _load() -> Any:
    """Load the data, which takes a second and is the same for every identifier of a process."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    try:
        return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except OSError:  # it unpacks its data into a temporary file, for which there may be no place
        return _load_without_files()


def _load_without_files() -> Any:
    """Unpack the identifier's data in memory, for machines where nothing can be written."""
    import io
    import lzma
    from array import array

    import numpy as np
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    try:
        data = np.load(io.BytesIO(lzma.decompress((MODEL_DIR / MODEL_FILE).read_bytes())), allow_pickle=False)
        moves, rows = (array("H", data[name].astype(np.uint16).tobytes()) for name in ("nextmove", "nextmove_row"))
        classes, outputs = data["classes"].tolist(), data["out_feat"].tolist()
        return LanguageIdentifier(data["ptc"], data["pc"], classes, moves, outputs, norm_probs=True, tk_row=rows)
    except (OSError, KeyError, TypeError, ValueError) as error:
        problem = "languages cannot be identified where nothing can be written; name the language of the texts"
        raise InputError(problem) from error
