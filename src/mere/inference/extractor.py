"""The extractor: text in, sentences with triples out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, overload

from mere.errors import ArtifactError, InputError, MissingExtraError, require
from mere.inference.artifact import DEFAULT, FOLDER, ArtifactConfig, check_manifest, find_model
from mere.inference.codec import Codec
from mere.inference.documents import LONGEST_SENTENCE, Paragraph, split_sentences, windows
from mere.inference.language_id import LanguageIdentifier
from mere.inference.predictor import Item, Scorer, predict
from mere.inference.tokenizer import Tokenizer
from mere.schema import Sentence, Triple

Runtime = Literal["auto", "onnx", "torch"]

_CHUNK = 16
"""Batches that are read ahead, to sort them by length."""

_CHARACTERS = 256
"""Characters a sentence that are read ahead at most, on average: it bounds memory where sentences are long."""


@dataclass(frozen=True)
class Record:
    """A sentence of a document: ``offset`` is where its text starts in the document called ``document``.

    ``windows`` tells in how many overlapping pieces the model has read it; no character of it is left out.
    """

    document: str
    offset: int
    sentence: Sentence
    windows: int = 1


class Extractor:
    """Extracts triples; safe to call from several threads.

    Parameters
    ----------
    scorer, codec, tokenizer:
        The model's parts.

    Use `Extractor.load` to make one.
    """

    def __init__(self, scorer: Scorer, codec: Codec, tokenizer: Tokenizer) -> None:
        self.scorer = scorer
        self.codec = codec
        self.tokenizer = tokenizer
        self.identifier = LanguageIdentifier(codec.schema.languages)

    @classmethod
    def load(cls, model: str | Path = DEFAULT, runtime: Runtime = "auto") -> Extractor:
        """Load a saved model from its directory; without one, that which comes with mere.

        Parameters
        ----------
        model:
            The directory, or ``default`` for the model in the package, unless there is a directory of that name.
        runtime:
            ``onnx`` runs the graphs that ``mere export`` has made, ``torch`` the weights; ``auto`` takes the graphs
            where there are any.

        Raises
        ------
        ArtifactError
            Where the model is missing or damaged, or has no graphs and they are asked for.
        MissingExtraError
            Where torch is needed and not installed.
        """
        folder = find_model(model)
        check_manifest(folder, [])
        has_graphs = (folder / FOLDER).is_dir()
        if runtime == "onnx" and not has_graphs:
            raise ArtifactError(f"{folder}: has no ONNX graphs; make them with: mere export {folder}")
        if runtime == "torch" or not has_graphs:
            return cls._with_torch(folder)
        return cls._with_onnx(folder)

    @classmethod
    def _with_onnx(cls, folder: Path) -> Extractor:
        from mere.inference.onnx_scorer import OnnxScorer

        scorer = OnnxScorer(folder)
        config = ArtifactConfig.read(folder)
        tokenizer = Tokenizer.of_artifact(folder, config.model.backbone)
        codec = Codec(
            config.schema,
            bos=tokenizer.bos,
            eos=tokenizer.eos,
            pad=tokenizer.pad,
            max_tokens=scorer.graphs.max_tokens,
            decoding=config.decoding,
        )
        return cls(scorer, codec, tokenizer)

    @classmethod
    def _with_torch(cls, folder: Path) -> Extractor:
        try:
            require("torch", "train")
        except MissingExtraError as missing:
            hint = "" if (folder / FOLDER).is_dir() else " has no ONNX graphs (mere export makes them, with torch);"
            raise MissingExtraError(f"{folder}:{hint} {missing}") from missing
        from mere.nn.joint import TorchScorer
        from mere.nn.weights import load_artifact

        joint = load_artifact(folder)
        return cls(TorchScorer(joint), joint.codec, joint.backbone.tokenizer)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages the model was trained for."""
        return self.codec.schema.languages

    @property
    def relations(self) -> tuple[str, ...]:
        """Relations the model can find."""
        return self.codec.schema.relations

    @overload
    def extract(  # type: ignore[overload-overlap]  # a string is a sequence of strings; it comes first
        self,
        text: str,
        language: str | None = None,
        min_score: float | None = None,
        batch_size: int = 32,
        precise: bool = False,
    ) -> Sentence: ...
    @overload
    def extract(
        self,
        text: Sequence[str],
        language: str | None = None,
        min_score: float | None = None,
        batch_size: int = 32,
        precise: bool = False,
    ) -> list[Sentence]: ...
    def extract(
        self,
        text: str | Sequence[str],
        language: str | None = None,
        min_score: float | None = None,
        batch_size: int = 32,
        precise: bool = False,
    ) -> Sentence | list[Sentence]:
        """Return the triples of one text, or of each of several.

        Parameters
        ----------
        text:
            One text or several, each taken as one sentence; one that is too long is read in overlapping windows.
        language:
            Its language; None identifies it, text by text.
        min_score:
            All triples with at least this score, in place of the model's own thresholds; a score is the probability,
            0..1, that the triple is right. Relations below `mere.inference.decoding.LOWEST` are not looked at.
        batch_size:
            Texts a batch.
        precise:
            Only triples as sure as the model's precise thresholds ask (`mere.inference.decoding.Decoding.precise`).

        Raises
        ------
        InputError
            For a text that is not a string, a language that the model does not know, or ``precise`` where the model
            has no such thresholds or ``min_score`` is given too.
        """
        texts = [text] if isinstance(text, str) else list(text)
        sentences = [sentence for sentence, _ in self._read(texts, language, min_score, batch_size, precise)]
        return sentences[0] if isinstance(text, str) else sentences

    def stream(
        self,
        texts: Iterable[str],
        language: str | None = None,
        min_score: float | None = None,
        batch_size: int = 32,
        precise: bool = False,
    ) -> Iterator[Sentence]:
        """Yield the sentences of any number of texts in their order and constant memory; as `extract`."""
        for chunk in _chunks((Paragraph("", 0, _checked(text)) for text in texts), batch_size):
            yield from self.extract([one.text for one in chunk], language, min_score, batch_size, precise)

    def paragraphs(
        self,
        paragraphs: Iterable[Paragraph],
        language: str | None = None,
        min_score: float | None = None,
        batch_size: int = 32,
        precise: bool = False,
        known: Iterable[Paragraph] = (),
    ) -> Iterator[Record]:
        """Split the paragraphs of documents into sentences and yield a record for each; as `stream`.

        ``known`` are the first sentences, from an earlier run over the same paragraphs: they are compared, and neither
        read by the model nor yielded again. The others come out as they would have without. Raises `InputError` where
        the paragraphs hold other sentences than those.
        """
        earlier = iter(known)
        for chunk in _chunks(self._sentences(paragraphs, language), batch_size):
            done = list(islice(earlier, len(chunk)))
            _compare(done, chunk)
            if len(done) == len(chunk):
                continue
            # all of the chunk, since scores differ in their last digits with what else is in a batch
            found = self._read([one.text for one in chunk], language, min_score, batch_size, precise)
            for one, (sentence, pieces) in list(zip(chunk, found, strict=True))[len(done) :]:
                yield Record(one.document, one.offset, sentence, pieces)
        _compare(list(islice(earlier, 1)), [])

    def _read(
        self, texts: Sequence[str], language: str | None, min_score: float | None, batch_size: int, precise: bool
    ) -> list[tuple[Sentence, int]]:
        """Return each text's sentence and the number of windows in which it was read."""
        if precise and min_score is not None:
            raise InputError("a least score and precise thresholds exclude each other; give one of them")
        codec = self.codec if min_score is None else self.codec.with_decoding(self.codec.decoding.above(min_score))
        languages = self._languages(texts, language)
        parts = [windows(one, self.codec.max_tokens) for one in self.tokenizer.encode(texts)]
        pieces = [(row, window) for row, part in enumerate(parts) for window in part]
        items = [Item(texts[row], window, self.codec.language_index(languages[row])) for row, window in pieces]
        found: list[dict[tuple[str, int, int, int, int], Triple]] = [{} for _ in texts]
        predicted = predict(self.scorer, codec, items, batch_size=batch_size, precise=precise)
        for (row, _), triples in zip(pieces, predicted, strict=True):
            for triple in triples:
                known = found[row].get(triple.key)
                if known is None or known.score < triple.score:
                    found[row][triple.key] = triple
        best = (tuple(sorted(one.values(), key=lambda triple: -triple.score)) for one in found)
        sentences = (Sentence(*values) for values in zip(texts, languages, best, strict=True))
        return list(zip(sentences, map(len, parts), strict=True))

    def _sentences(self, paragraphs: Iterable[Paragraph], language: str | None) -> Iterator[Paragraph]:
        for paragraph in paragraphs:
            start = paragraph.text[:LONGEST_SENTENCE]
            spoken = self._languages([start], language)[0] if start.strip() else ""
            yield from split_sentences(paragraph, spoken)

    def _languages(self, texts: Sequence[str], language: str | None) -> list[str]:
        for text in texts:
            _checked(text)
        if language is None:
            return [self.identifier.identify(text)[0] for text in texts]
        if language not in self.languages:
            known = ", ".join(self.languages)
            raise InputError(f"the model does not know the language '{language}'; it knows {known}; or use auto")
        return [language] * len(texts)


def _checked(text: object) -> str:
    if not isinstance(text, str):
        raise InputError(f"a text must be a string, not {type(text).__name__}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        problem = f"the text holds half a surrogate pair (character {error.start}); write the character itself"
        raise InputError(problem) from error
    return text


def _chunks(sentences: Iterable[Paragraph], batch_size: int) -> Iterator[list[Paragraph]]:
    """Yield lists of at most `_CHUNK` batches and, but for a single longer sentence, `_CHARACTERS` each on average."""
    limit = _CHUNK * batch_size
    chunk: list[Paragraph] = []
    characters = 0
    for sentence in sentences:
        if chunk and (len(chunk) == limit or characters + len(sentence.text) > limit * _CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(sentence)
        characters += len(sentence.text)
    if chunk:
        yield chunk


def _compare(known: Sequence[Paragraph], found: Sequence[Paragraph]) -> None:
    """Raise `InputError` unless ``found`` starts with what is ``known``."""
    for index, one in enumerate(known):
        if index >= len(found) or one != found[index]:
            raise InputError(
                f"the input does not hold the sentence at {one.offset} of '{one.document}' that an earlier run has read"
                " there; it was changed since"
            )
