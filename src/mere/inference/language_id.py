"""Language identification, limited to the languages that a model knows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

UNDETERMINED = "und"
"""ISO 639 code of a text whose language could not be told; it goes through the model's shared sub-module."""

_CONFIDENCE = 0.5
"""Below this probability among the model's languages a text counts as undetermined."""


class LanguageIdentifier:
    """Tells which of ``languages`` a text is in; the identifier's data is loaded with the first question.

    Languages that the identifier does not know are never its answer and have to be named by the caller.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        self._lock = threading.Lock()
        self._known: tuple[str, ...] = ()
        self._model: Any = None

    def identify(self, text: str) -> tuple[str, float]:
        """Return the language and its probability; `UNDETERMINED` where that is too low."""
        with self._lock:
            if self._model is None:
                self._load()
        if len(self._known) < 2:
            return (self._known or (UNDETERMINED,))[0], 1.0
        language, probability = self._model.classify(text)
        return (language if probability >= _CONFIDENCE else UNDETERMINED), float(probability)

    def _load(self) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier  # takes a second: only where it is needed

        self._model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        labels = set(self._model.labels)
        self._known = tuple(language for language in self.languages if language in labels)
        if self._known:
            self._model.set_languages(self._known)
