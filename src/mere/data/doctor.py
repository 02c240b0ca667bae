"""The data doctor: what is wrong with data files, before a model learns it or a score hides it.

Files are streamed: memory does not grow with their number of sentences. *Near-identical* texts are those that are equal
once they are normalised: Unicode NFKC, case folded, everything but letters and digits dropped, every run of digits
turned into one 0.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from mere.data.borders import complaints
from mere.data.characters import splits_character
from mere.data.formats import read_sentences
from mere.data.labels import Spellings, means_no_relation
from mere.data.ledger import Entry, Key, Ledger
from mere.data.report import Report, quote
from mere.data.stats import Lengths
from mere.schema import Sentence, Span

ROLES = ("train", "dev", "test")
"""The roles files can have. Between two of them nothing may be shared; between other files it may be meant."""

_SIGNS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")
_LONG = 500
_TIMES_MEDIAN = 5


def check(files: Mapping[str, Sequence[str | Path]], *, report: Report | None = None) -> Report:
    """Read ``files``, grouped by role (or, for files without one, by any other name), and report all that is doubtful.

    What two roles of `ROLES` share is a leak, an error; what other groups share is a warning, and their ids only count
    within a language, since translations share theirs. Malformed lines are collected as errors and passed over. Raises
    `InputError` for a file that cannot be read at all.
    """
    report = Report(collect_errors=True) if report is None else report
    with Doctor(files, report) as doctor:
        doctor.check()
    return report


def normalise(text: str) -> str:
    """Return what near-identical texts have in common; empty for a text without letters and digits."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    dense = "".join(folded.split())  # leaves the pattern little to do: this is most of the time a check takes
    return _DIGITS.sub("0", _SIGNS.sub("", dense))


class _LanguageRecord:
    """What is kept of a language: how many sentences each role has, their lengths, where the longest stands."""

    def __init__(self) -> None:
        self.by_role: Counter[int] = Counter()
        self.lengths = Lengths()
        self.longest: tuple[int, Path | None, int | None] = (0, None, None)


class Doctor:
    """One examination, to be closed after it: the sentences one by one, then what they have in common.

    Parameters
    ----------
    files, report:
        As `check` takes them.
    """

    def __init__(self, files: Mapping[str, Sequence[str | Path]], report: Report) -> None:
        self._roles = list(files)
        self._files = [(role, Path(path)) for role, paths in enumerate(files.values()) for path in paths]
        self._ledger = Ledger()
        self._report = report
        self._names = {"language": Spellings(), "relation": Spellings()}
        self._relations: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._languages: defaultdict[str, _LanguageRecord] = defaultdict(_LanguageRecord)

    def __enter__(self) -> Doctor:
        return self

    def __exit__(self, *error: object) -> None:
        self._ledger.close()

    def check(self) -> None:
        """Read all files and report; raises `InputError` for a file that cannot be read at all."""
        self._ledger.record(self._examine_files())
        self._compare()

    def spellings(self) -> tuple[Spellings, Spellings]:
        """Return the spellings of languages and of relations that were read."""
        return self._names["language"], self._names["relation"]

    def _examine_files(self) -> Iterator[Entry]:
        """Read every file, report what one sentence shows by itself, and yield what to compare it by."""
        for file, (role, path) in enumerate(self._files):
            empty = True
            for sentence in read_sentences(path, report=self._report):
                empty = False
                near = normalise(sentence.text)
                self._count(sentence, role)
                _examine(sentence, near, self._report)
                yield self._entry(sentence, near, role, file)
            if empty:
                self._report.line = None
                self._report.add("no-sentences", "holds no sentence that can be used")

    def _compare(self) -> None:
        """Report what sentences share with each other, and what stands out among them."""
        self._report.path = self._report.line = None
        judges: dict[Key, Callable[[Entry, Entry], None]]
        judges = {"id": self._judge_id, "text": self._judge_text, "near": self._judge_near_text}
        for key, judge in judges.items():
            for first, later in self._ledger.repeats(key):
                judge(first, later)
        self._compare_lengths()
        self._compare_names()
        self._compare_roles()

    def _judge_id(self, first: Entry, later: Entry) -> None:
        if first.role != later.role:
            self._add_shared("id", first, later)
        elif first.language == later.language and first.text != later.text:
            self._add("repeated-id", first, later, "the same id as")

    def _judge_text(self, first: Entry, later: Entry) -> None:
        if first.near is None:
            return  # "1945." says nothing of where a sentence comes from
        if first.role != later.role:
            self._add_shared("text", first, later)
        elif first.triples == later.triples:
            self._add("duplicate", first, later, "the same text and triples as")
        else:
            self._add("two-labels", first, later, "the same text, but other triples than")

    def _judge_near_text(self, first: Entry, later: Entry) -> None:
        if first.text == later.text:
            return
        if first.role != later.role:
            self._add_shared("near-text", first, later)
        else:
            self._add("near-duplicate", first, later, "almost the same text as")

    def _count(self, sentence: Sentence, role: int) -> None:
        record = self._languages[sentence.language]
        length = len(sentence.text)
        record.by_role[role] += 1
        record.lengths.add(length)
        if length > record.longest[0]:
            record.longest = (length, self._report.path, self._report.line)
        self._names["language"].add(sentence.language)
        for triple in sentence.triples:
            self._relations[triple.relation][role] += 1
            self._names["relation"].add(triple.relation)

    def _entry(self, sentence: Sentence, near: str, role: int, file: int) -> Entry:
        named = self._roles[role] in ROLES
        id = sentence.id if named or sentence.id is None else f"{sentence.language}\t{sentence.id}"
        return Entry(
            role=role,
            file=file,
            line=self._report.line or 0,
            language=hash(sentence.language),
            id=None if id is None else hash(id),
            text=hash(sentence.text),
            near=hash(near) if near.strip("0") else None,
            triples=hash(tuple(sorted({triple.key for triple in sentence.triples}))),
        )

    def _add_shared(self, what: str, first: Entry, later: Entry) -> None:
        roles = self._roles[first.role], self._roles[later.role]
        kind = "leak" if set(roles) <= set(ROLES) else "shared"
        words = "almost the same text as" if what == "near-text" else f"the same {what} as"
        self._add(f"{kind}-{what}", first, later, f"{words} {roles[0]}," if kind == "leak" else words)

    def _add(self, kind: str, first: Entry, later: Entry, words: str) -> None:
        self._report.path, self._report.line = self._files[later.file][1], later.line
        self._report.add(kind, f"{words} {self._files[first.file][1]}:{first.line}")

    def _compare_lengths(self) -> None:
        for language, record in sorted(self._languages.items()):
            median = record.lengths.quantile(0.5)
            limit = max(_LONG, _TIMES_MEDIAN * median)
            above = record.lengths.above(limit)
            if above:
                length, self._report.path, self._report.line = record.longest
                self._report.add(
                    "length-outlier",
                    f"{above:,} text(s) in {quote(language)} are over {limit:,} characters, where the median is "
                    f"{median:,}; the longest, of {length:,}, stands here",
                )

    def _compare_names(self) -> None:
        self._report.path = self._report.line = None
        for what, names in self._names.items():
            for spellings in names.variants():
                shown = ", ".join(f"{quote(name)} ({count:,} x)" for name, count in spellings)
                self._report.add("label-variants", f"{what}s {shown}")

    def _compare_roles(self) -> None:
        self._report.path = self._report.line = None
        if len(self._roles) < 2:
            return
        languages = {language: record.by_role for language, record in self._languages.items()}
        for what, counts in (("relation", self._relations), ("language", languages)):
            for name, by_role in sorted(counts.items()):
                if len(by_role) == 1:
                    ((role, count),) = by_role.items()
                    self._report.add(f"lone-{what}", f"{quote(name)} occurs in {self._roles[role]} only, {count:,} x")


def _examine(sentence: Sentence, near: str, report: Report) -> None:
    """Report what a sentence shows by itself."""
    if not near:
        report.add("no-words", f"the text is {quote(sentence.text)}")
    keys = [triple.key for triple in sentence.triples]
    if len(keys) > 1 and len(set(keys)) < len(keys):
        report.add("repeated-triple", f"{len(keys)} triples, {len(set(keys))} of them different")
    if sentence.annotated is not None:
        report.add("partly-annotated", f"{len(sentence.annotated)} relation(s) were looked for")
    for triple in sentence.triples:
        head, tail = triple.head, triple.tail
        if means_no_relation(triple.relation):
            report.add("no-relation-variant", f"the relation {quote(triple.relation)}")
        if head.start < tail.end and tail.start < head.end:
            report.add("overlapping-spans", f"head {quote(head.text)} and tail {quote(tail.text)}")
        _examine_span(sentence.text, head, "head", report)
        _examine_span(sentence.text, tail, "tail", report)


def _examine_span(text: str, span: Span, role: str, report: Report) -> None:
    for kind, words in complaints(text, span).items():
        report.add(kind, f"the {role} {quote(span.text)} {words}")
    for position in (span.start, span.end):
        if splits_character(text, position):
            report.add("mark-cut-off", f"{quote(span.text)} begins or ends within a character")
        elif _splits_word(text[position - 1 : position], text[position : position + 1]):
            report.add("span-in-word", f"{quote(span.text)} begins or ends inside a word")


def _splits_word(before: str, after: str) -> bool:
    # from Thai on, scripts write words without blanks between them, or particles without blanks before them
    return after.isalnum() and before.isalnum() and before < "\u0e00" and after < "\u0e00"
