"""Data files written anew without what can be mended: trimmed spans, one spelling of a name, no exact duplicates.

A line that cannot be read is left out, and never stops the others. Files are streamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from mere.data.borders import trimmed
from mere.data.formats import check_ending, read_sentences, write_sentences
from mere.data.formats.smiler import has_tags, unquoted
from mere.data.labels import Spellings, means_no_relation
from mere.data.ledger import Seen
from mere.data.report import Report
from mere.errors import InputError
from mere.schema import Sentence, Span, Triple


@dataclass
class Fixed:
    """What was mended, counted; ``str()`` gives one line."""

    sentences: int = 0
    spans: int = 0
    names: int = 0
    texts: int = 0
    triples: int = 0
    duplicates: int = 0
    lines: int = 0

    def __str__(self) -> str:
        parts = {
            "spans trimmed": self.spans,
            "names merged": self.names,
            "texts unquoted": self.texts,
            "triples dropped": self.triples,
            "duplicates dropped": self.duplicates,
            "lines left out": self.lines,
        }
        done = ", ".join(f"{count:,} {words}" for words, count in parts.items() if count)
        return f"{self.sentences:,} sentences written; {done or 'there was nothing to mend'}"


def fix(files: Mapping[str, Sequence[str | Path]], target: Path, spellings: tuple[Spellings, Spellings]) -> Fixed:
    """Write ``files``, grouped by role, anew.

    Parameters
    ----------
    files:
        As the doctor takes them. Duplicates are looked for within a role.
    target:
        The file to write; for several files, or where a folder has this name, the folder for files of their names.
    spellings:
        Those of languages and of relations; the preferred ones are written.

    Raises
    ------
    InputError
        Where a file cannot be read or written at all, or two files have one name.
    """
    outputs = _outputs([Path(path) for paths in files.values() for path in paths], target)
    fixed = Fixed()
    with closing(Seen()) as seen:
        for role, paths in files.items():
            for path in map(Path, paths):
                fixer = _Fixer(role, path, outputs[path], spellings, seen, fixed)
                write_sentences(fixer.sentences(), outputs[path])
    return fixed


def _outputs(paths: Sequence[Path], target: Path) -> dict[Path, Path]:
    if len(paths) == 1 and not target.is_dir():
        check_ending(target)
        return {paths[0]: target}
    outputs = {path: target / path.name for path in paths}
    if len(set(outputs.values())) < len(paths):
        raise InputError("several files have one name, or one is named twice; mend them one by one", path=target)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder for the mended files cannot be made ({error.strerror})", path=target) from error
    return outputs


class _Fixer:
    """Mends the sentences of one file."""

    def __init__(
        self, role: str, path: Path, output: Path, spellings: tuple[Spellings, Spellings], seen: Seen, fixed: Fixed
    ) -> None:
        self._role = role
        self._path = path
        self._tagged, self._quoted = (".tsv" in file.name.lower() for file in (output, path))
        self._languages, self._relations = spellings
        self._seen = seen
        self._fixed = fixed

    def sentences(self) -> Iterator[Sentence]:
        report = Report(keep=0, collect_errors=True)
        for sentence in read_sentences(self._path, report=report):
            mended = self._mend(sentence)
            if self._tagged and has_tags(mended.text):  # the form cannot hold it
                self._fixed.lines += 1
            elif self._seen.is_new(self._key(mended)):
                self._fixed.sentences += 1
                yield mended
            else:
                self._fixed.duplicates += 1
        self._fixed.lines += report.count("error")

    def _key(self, sentence: Sentence) -> str:
        triples = sorted(triple.key for triple in sentence.triples)
        annotated = None if sentence.annotated is None else sorted(sentence.annotated)
        return repr((self._role, sentence.language, sentence.text, triples, annotated))

    def _mend(self, sentence: Sentence) -> Sentence:
        meant = unquoted(sentence.text) if self._quoted else None
        if meant is not None and meant != sentence.text[1:-1]:
            sentence = _unquote(sentence, meant)
            self._fixed.texts += 1
        triples: dict[object, Triple] = {}
        for triple in sentence.triples:
            mended = self._mend_triple(sentence.text, triple)
            if mended is None or mended.key in triples:
                self._fixed.triples += 1
            else:
                triples[mended.key] = mended
        annotated = sentence.annotated
        if annotated is not None:
            annotated = tuple(dict.fromkeys(self._relations.preferred(relation) for relation in annotated))
        language = self._renamed(sentence.language, self._languages)
        return replace(sentence, language=language, triples=tuple(triples.values()), annotated=annotated)

    def _mend_triple(self, text: str, triple: Triple) -> Triple | None:
        if means_no_relation(triple.relation):
            return None
        spans = [trimmed(text, span) for span in (triple.head, triple.tail)]
        head, tail = spans
        if head is None or tail is None:
            return None
        self._fixed.spans += (head != triple.head) + (tail != triple.tail)
        return replace(triple, head=head, relation=self._renamed(triple.relation, self._relations), tail=tail)

    def _renamed(self, name: str, spellings: Spellings) -> str:
        preferred = spellings.preferred(name)
        self._fixed.names += preferred != name
        return preferred


def _unquote(sentence: Sentence, meant: str) -> Sentence:
    """Return a sentence whose text is without the quotation marks of CSV, with its spans moved."""
    inner = sentence.text[1:-1]

    def moved(span: Span) -> Span:
        start, end = (
            len(inner[: min(max(offset - 1, 0), len(inner))].replace('""', '"')) for offset in (span.start, span.end)
        )
        return Span(start, end, meant[start:end], span.type)

    triples = tuple(replace(triple, head=moved(triple.head), tail=moved(triple.tail)) for triple in sentence.triples)
    return replace(sentence, text=meant, triples=triples)
