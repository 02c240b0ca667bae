"""The extractor: texts in, documents with triples out."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, overload

from mere.errors import ArtifactError, InputError, MissingExtraError, require
from mere.inference.artifact import DEFAULT, FOLDER, ArtifactConfig, check_manifest, find_model, replacing
from mere.inference.codec import Codec
from mere.inference.decoding import Candidate
from mere.inference.documents import Cut, Paragraph, checked_text, cut_documents, paragraphs_of
from mere.inference.language_id import LanguageIdentifier
from mere.inference.options import Options
from mere.inference.predictor import Scorer
from mere.inference.reader import Encoder, Reader
from mere.inference.renamed import OldNames
from mere.inference.tokenizer import Tokenizer
from mere.schema import Document, Sentence

Backend = Literal["auto", "onnx", "torch"]

_CHUNK = 16
"""Batches that are read ahead, to sort them by length."""

_CHARACTERS = 256
"""Characters a sentence that are read ahead at most, on average: it bounds memory where sentences are long."""


@dataclass(frozen=True)
class Record:
    """A sentence of the document called ``document``, and in how many overlapping windows the model has read it."""

    document: str
    sentence: Sentence
    windows: int = 1


class Extractor(OldNames):
    """Extracts triples; safe to use from several threads, after a fork, and to pickle.

    Parameters
    ----------
    scorer, codec, tokenizer:
        The model's parts; `from_pretrained` reads them from a folder.
    folder, backend:
        Where they were read from, if anywhere, and how.
    """

    def __init__(
        self,
        scorer: Scorer,
        codec: Codec,
        tokenizer: Encoder,
        *,
        folder: Path | None = None,
        backend: Backend = "auto",
    ) -> None:
        self.scorer = scorer
        self.codec = codec
        self.tokenizer = tokenizer
        self.folder = folder
        self.backend = backend
        self.identifier = LanguageIdentifier(codec.schema.languages)

    def __repr__(self) -> str:
        name = "a model in memory" if self.folder is None else str(self.folder)
        return f"Extractor({name!r}, {len(self.relations)} relations, {len(self.languages)} languages)"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.folder is None:
            return Extractor, (self.scorer, self.codec, self.tokenizer)
        return _opened, (self.folder, self.backend)

    @classmethod
    def from_pretrained(cls, name_or_path: str | Path | None = None, *, backend: Backend = "auto") -> Extractor:
        """Open a saved model; without a name, that which comes with mere.

        Parameters
        ----------
        name_or_path:
            Its folder, ``default``, or its name on the Hugging Face Hub, from where it is then fetched (extra ``hub``).
        backend:
            ``onnx`` runs the graphs that ``mere export`` has made, ``torch`` the weights; ``auto`` takes the graphs
            where there are any.

        Raises
        ------
        ArtifactError
            Where the model is missing or damaged, or has no graphs and they are asked for.
        MissingExtraError
            Where torch is needed, or the Hub, and not installed.
        """
        folder = find_model(DEFAULT if name_or_path is None else name_or_path)
        check_manifest(folder, [])
        has_graphs = (folder / FOLDER).is_dir()
        if backend == "onnx" and not has_graphs:
            raise ArtifactError(f"{folder}: has no ONNX graphs; make them with: mere export {folder}")
        if backend == "torch" or not has_graphs:
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
        return cls(scorer, codec, tokenizer, folder=folder, backend="onnx")

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
        return cls(TorchScorer(joint), joint.codec, joint.backbone.tokenizer, folder=folder, backend="torch")

    def save_pretrained(self, folder: str | Path) -> None:
        """Write a copy of the model to ``folder``, whole or not at all.

        Raises `InputError` where it cannot be written, or where the extractor was not read from a folder.
        """
        if self.folder is None:
            raise InputError("an extractor that was not read from a folder cannot be saved; save its model instead")
        check_manifest(self.folder)
        with replacing(Path(folder)) as draft:
            shutil.copytree(self.folder, draft, dirs_exist_ok=True)

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
        *,
        threshold: float | Mapping[str, float] | None = None,
        relations: Sequence[str] | None = None,
        precise: bool = False,
        markup: Literal["html", "wiki"] | None = None,
        batch_size: int = 32,
    ) -> Document: ...
    @overload
    def extract(
        self,
        text: Iterable[str],
        language: str | None = None,
        *,
        threshold: float | Mapping[str, float] | None = None,
        relations: Sequence[str] | None = None,
        precise: bool = False,
        markup: Literal["html", "wiki"] | None = None,
        batch_size: int = 32,
    ) -> list[Document]: ...
    def extract(
        self, text: str | Iterable[str], language: str | None = None, **options: Any
    ) -> Document | list[Document]:
        """Read a text, or several, and return a document for each.

        Parameters
        ----------
        text:
            A text of any length, or several: each is cut into sentences, and long sentences are read in overlapping
            windows, so that nothing is left out.
        language:
            The language of all texts; None or ``auto`` identifies it, sentence by sentence.
        threshold:
            All triples with at least this score, in place of the model's own thresholds, or in place of those of the
            relations named; a score is the probability, 0..1, that the triple is right. Relations less likely stated
            than `mere.inference.decoding.LOWEST` are not looked at.
        relations:
            The relations to look for; None looks for all.
        precise:
            Only triples as sure as the model's precise thresholds ask (`mere.inference.decoding.Decoding.precise`).
        markup:
            ``html`` or ``wiki`` passes markup over; offsets still count in the text as it was given.
        batch_size:
            Sentences a batch.

        Raises
        ------
        InputError
            For a text that is not a string, a language or relation that the model does not know, a threshold that is
            no probability, or ``precise`` where the model has no such thresholds or ``threshold`` is given too.
        """
        if isinstance(text, str):
            return next(self.pipe([text], language=language, **options))
        if not isinstance(text, Iterable) or isinstance(text, (bytes, Mapping)):
            raise InputError(f"a text must be a string, or several in a list, not {type(text).__name__}")
        return list(self.pipe(text, language=language, **options))

    def pipe(self, texts: Iterable[str | tuple[str, str]], **options: Any) -> Iterator[Document]:
        """Yield the documents of any number of texts, or of pairs of an id and a text, in their order.

        It reads some texts ahead, to sort sentences by length, and holds no more than these; options as in `extract`.
        """
        chosen = Options.checked(self.codec, **options)
        limit = _CHUNK * chosen.batch_size * _CHARACTERS
        waiting: list[Document] = []
        characters = 0
        for text in texts:
            document = _document(text)
            waiting.append(document)
            characters += len(document.text) + _CHARACTERS
            if characters >= limit:
                yield from self._read_documents(waiting, chosen)
                waiting, characters = [], 0
        yield from self._read_documents(waiting, chosen)

    def candidates(self, texts: Sequence[str], language: str | None = None) -> list[list[Candidate]]:
        """Return every text's candidate triples, predicted or not; what scores and thresholds are fitted to."""
        options = Options.checked(self.codec, language=language)
        documents = [_document(text) for text in texts]
        results: list[list[Candidate]] = [[] for _ in documents]
        for row, sentence, judged, _ in self._read_all(documents, options):
            for candidate in judged:
                results[row].append(replace(candidate, triple=candidate.triple.shifted(sentence.start)))
        return results

    def records(
        self, paragraphs: Iterable[Paragraph], *, earlier: Iterable[Paragraph] = (), **options: Any
    ) -> Iterator[Record]:
        """Split the paragraphs of documents into sentences and yield a record for each, in constant memory.

        ``earlier`` are the first sentences, as a previous run has read them from the same paragraphs: they are
        compared, and neither read by the model nor yielded again. The others come out as they would have without.
        Raises `InputError` where the paragraphs hold other sentences than those; options as in `extract`.
        """
        chosen = Options.checked(self.codec, **options)
        reader = Reader(self.scorer, chosen.codec, self.tokenizer)
        remaining = iter(earlier)
        for chunk in _chunks(cut_documents(paragraphs, self.identifier, chosen.language), chosen.batch_size):
            done = list(islice(remaining, len(chunk)))
            _compare(done, chunk)
            if len(done) == len(chunk):
                continue
            # all of the chunk, since scores differ in their last digits with what else is in a batch
            readings = reader.read(chunk, batch_size=chosen.batch_size)
            for cut, reading in list(zip(chunk, readings, strict=True))[len(done) :]:
                triples = chosen.codec.decode(reading.candidates, precise=chosen.precise)
                yield Record(cut.document, replace(cut.sentence, triples=triples), reading.windows)
        _compare(list(islice(remaining, 1)), [])

    def _read_documents(self, documents: Sequence[Document], options: Options) -> Iterator[Document]:
        sentences: list[list[Sentence]] = [[] for _ in documents]
        pieces = [0] * len(documents)
        for row, sentence, judged, count in self._read_all(documents, options):
            triples = options.codec.decode(judged, precise=options.precise)
            sentences[row].append(replace(sentence, triples=triples))
            pieces[row] += count
        for document, own, count in zip(documents, sentences, pieces, strict=True):
            yield replace(document, sentences=tuple(own), windows=count)

    def _read_all(
        self, documents: Sequence[Document], options: Options
    ) -> Iterator[tuple[int, Sentence, list[Candidate], int]]:
        """Yield every sentence of the documents with its document's row, candidates and number of windows."""
        reader = Reader(self.scorer, options.codec, self.tokenizer)
        paragraphs = (
            paragraph
            for row, document in enumerate(documents)
            for paragraph in paragraphs_of(str(row), document.text, options.markup)
        )
        for chunk in _chunks(cut_documents(paragraphs, self.identifier, options.language), options.batch_size):
            readings = reader.read(chunk, batch_size=options.batch_size)
            for cut, reading in zip(chunk, readings, strict=True):
                yield int(cut.document), cut.sentence, reading.candidates, reading.windows


def _opened(folder: Path, backend: Backend) -> Extractor:
    return Extractor.from_pretrained(folder, backend=backend)


def _document(text: object) -> Document:
    """Make a document of a text, or of an id and a text; raises `InputError` for anything else."""
    id = None
    if isinstance(text, tuple) and len(text) == 2:
        id, text = text[0] if text[0] is None else str(text[0]), text[1]
    return Document(checked_text(text), id=id)


def _chunks(cuts: Iterable[Cut], batch_size: int) -> Iterator[list[Cut]]:
    """Yield lists of at most `_CHUNK` batches and, but for a single longer sentence, `_CHARACTERS` each on average."""
    limit = _CHUNK * batch_size
    chunk: list[Cut] = []
    characters = 0
    for cut in cuts:
        size = len(cut.sentence.text)
        if chunk and (len(chunk) == limit or characters + size > limit * _CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(cut)
        characters += size
    if chunk:
        yield chunk


def _compare(earlier: Sequence[Paragraph], read: Sequence[Cut]) -> None:
    """Raise `InputError` unless ``read`` starts with the sentences of the ``earlier`` run."""
    for index, paragraph in enumerate(earlier):
        if index < len(read):
            sentence = read[index].sentence
            if paragraph == Paragraph(read[index].document, sentence.start, sentence.text):
                continue
        raise InputError(
            f"an earlier run has read another sentence at {paragraph.offset} of '{paragraph.document}' than the input "
            "now holds; give the input as it was, or write to another output"
        )
