"""The tables in which scores are shown, on a terminal, in a model card or in a report alike. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mere.evaluation.bootstrap import Score
from mere.evaluation.facts import FactScores
from mere.evaluation.scores import Evaluation, Scores

NONE = "–"
"""What stands where there is nothing to measure."""


@dataclass(frozen=True)
class Table:
    """A table of text; the first column is a name, the others are figures; ``note`` says what was measured."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """Write it in Markdown, without the note."""
        lines = (self.header, ["---"] * len(self.header), *self.rows)
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def facts_table(facts: FactScores) -> Table:
    """Return the scores of facts over all sentences, the mean of languages, and by language."""
    rows = [("micro", facts.strict.micro, facts.lenient.micro, facts.all_empty.share)]
    shares = [alarms.share for alarms in facts.empty.values() if alarms.share is not None]
    mean = sum(shares) / len(shares) if shares else None
    rows.append(("macro", facts.strict.macro, facts.lenient.macro, mean))
    for language, strict in facts.strict.languages.items():
        rows.append((language, strict, facts.lenient.languages[language], facts.empty[language].share))
    empty = facts.all_empty.sentences
    return Table(
        ("language", "strict P", "R", "F1", "95 %", "lenient P", "R", "F1", "empty with a triple"),
        tuple((name, *_strict(strict), *_values(lenient), _percent(share)) for name, strict, lenient, share in rows),
        f"facts in per cent on {facts.sentences:,} sentences, {empty:,} of which are empty: they state nothing",
    )


def relations_table(facts: FactScores) -> Table:
    """Return the scores of facts by relation, the most frequent first; relations of the same facts share a row."""
    names = sorted(facts.forms, key=lambda name: (-facts.stated[name], name))
    rows = []
    for name in names:
        strict, lenient = (facts.relations[kind][name] for kind in ("strict", "lenient"))
        rows.append((", ".join(facts.forms[name]), f"{facts.stated[name]:,}", *_strict(strict), *_values(lenient)))
    header = ("relation", "facts", "strict P", "R", "F1", "95 %", "lenient P", "R", "F1")
    return Table(header, tuple(rows), "relations that state the same facts stand in one row")


def triples_table(scores: Evaluation) -> Table:
    """Return the scores of exact triples, relations and entity pairs: overall, the mean of languages, by language."""
    rows = {"micro": scores.micro, "macro": scores.macro, **scores.languages}
    return Table(
        ("language", "triple P", "R", "F1", "95 %", "relation F1", "entity F1", "triple F1 by surface"),
        tuple((name, *_triple(by_kind)) for name, by_kind in rows.items()),
        f"exact triples in per cent on {scores.sentences:,} sentences, "
        f"{scores.lost_to_length} gold triples lost to length limits",
    )


def score_tables(scores: Evaluation, *, relations: bool = False) -> list[Table]:
    """Return all tables of an evaluation, facts first; ``relations`` adds those by relation.

    Sentences that were annotated for all relations come by themselves before all, where others were for some only.
    """
    first = scores.fully_annotated or scores.facts
    tables = [facts_table(first)]
    if relations:
        tables.append(relations_table(first))
    if scores.mixed:
        tables.append(facts_table(scores.facts))
    return [*tables, triples_table(scores)]


def _triple(by_kind: Scores) -> Sequence[str]:
    others = (by_kind[kind].f1 for kind in ("relation", "entity", "triple_surface"))
    return [*_strict(by_kind["triple"]), *map(_percent, others)]


def _strict(score: Score) -> Sequence[str]:
    return [*_values(score), "–".join(map(_percent, score.ci95))]


def _values(score: Score) -> Sequence[str]:
    return [_percent(value) for value in (score.precision, score.recall, score.f1)]


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f}"
