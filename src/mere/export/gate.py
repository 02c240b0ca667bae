"""Exporting: an artifact gets ONNX graphs, but only where they find what the weights find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mere.errors import ExportError
from mere.evaluation.card import with_section
from mere.evaluation.predictions import predictions
from mere.evaluation.scores import micro_f1
from mere.export.compact import share_weights
from mere.export.graphs import write_graphs
from mere.inference.artifact import (
    CARD,
    ENCODER,
    FOLDER,
    INT8,
    MANIFEST,
    WEIGHTS,
    read_card,
    replacing,
    write_manifest,
)
from mere.inference.extractor import Extractor
from mere.inference.predictor import Scorer
from mere.inference.replacing import copy_files
from mere.nn.joint import JointModel, TorchScorer
from mere.nn.weights import load_artifact, write_artifact
from mere.schema import Sentence, Triple

MOST_LOST = 0.5
MOST_LOST_BY_LANGUAGE = 2.0
"""Points of triple F1 that graphs may lose against torch: over all sentences, and in a language with enough of them."""

ENOUGH = 50
"""Sentences from which on a language counts by itself."""

TITLE = "ONNX graphs"
"""Title of the card's section on them."""

FORMS = {
    ENCODER: ("float", "the graphs in 32-bit floats"),
    WEIGHTS: ("rounded", "the weights rounded to 8-bit integers, as they are saved here"),
    INT8: ("int8", "the graphs with an encoder of 8-bit integers"),
}
"""What is exported, by file: how the card heads its column, and what it is."""

OVERALL = "all"
"""The row over all sentences."""


@dataclass(frozen=True)
class Row:
    """Triple F1 in per cent of one language, or of `OVERALL`: by torch, and by each of `FORMS` that was exported."""

    name: str
    sentences: int
    torch: float
    exported: dict[str, float]

    def lost(self, form: str) -> float:
        """Points of F1 that this form loses."""
        return self.torch - self.exported[form]


def export(
    folder: Path,
    sentences: Sequence[Sentence],
    open_graphs: Callable[[Path, str], Scorer],
    *,
    output: Path | None = None,
    force: bool = False,
    compact: bool = False,
) -> list[Row]:
    """Add ONNX graphs to the artifact ``folder``, or to a copy of it at ``output``, and say in its card what they lose.

    Parameters
    ----------
    sentences:
        Gold data to measure the loss on; with none nothing is measured.
    open_graphs:
        How the runtime opens an exported artifact with a named encoder.
    force:
        Save graphs that lose more than they may.
    compact:
        Round the weights too, and leave out the graphs in 32-bit floats: for a model that is shipped.

    Raises
    ------
    ExportError
        Where they lose too much; nothing is written then.
    InputError
        Where the folder cannot be written; what was there stays.
    """
    model = load_artifact(folder)
    with replacing(output or folder) as draft:
        copy_files(folder, draft, without=[FOLDER, MANIFEST, WEIGHTS, CARD])
        card = read_card(folder).text
        (draft / FOLDER).mkdir()
        rounded = write_graphs(model, draft / FOLDER)
        write_artifact(model, draft, card, rounded if compact else {})
        if compact:
            share_weights(draft)
        write_manifest(draft)
        scorers: dict[str, Scorer] = {WEIGHTS: TorchScorer(load_artifact(draft))} if compact else {}
        scorers |= {name: open_graphs(draft, name) for name in (ENCODER, INT8) if (draft / FOLDER / name).exists()}
        rows = compare(model, sentences, scorers)
        if not force:
            judge(rows)
        (draft / CARD).write_text(with_section(card, TITLE, _table(rows)), "utf-8")
    return rows


def compare(model: JointModel, sentences: Sequence[Sentence], scorers: dict[str, Scorer]) -> list[Row]:
    """Measure triple F1 of torch and of ``scorers`` by form: a row for all sentences, then one a language."""
    if not sentences:
        return []

    def read(scorer: Scorer) -> list[tuple[Triple, ...]]:
        return predictions(Extractor(scorer, model.codec, model.backbone.tokenizer), sentences)

    expected = read(TorchScorer(model))
    predicted = {name: read(scorer) for name, scorer in scorers.items()}

    def row(name: str, chosen: Sequence[int]) -> Row:
        gold = [sentences[i] for i in chosen]
        torch, *exported = (
            100 * micro_f1(gold, [triples[i] for i in chosen], "triple") for triples in (expected, *predicted.values())
        )
        return Row(name, len(gold), torch, dict(zip(predicted, exported, strict=True)))

    languages = sorted({sentence.language for sentence in sentences})
    by_language = [[i for i, s in enumerate(sentences) if s.language == language] for language in languages]
    return [row(OVERALL, range(len(sentences))), *map(row, languages, by_language)]


def judge(rows: Sequence[Row]) -> None:
    """Raise `ExportError` where a form loses more than it may, over all sentences or in a language with `ENOUGH`."""
    for row in rows:
        allowed = MOST_LOST if row.name == OVERALL else MOST_LOST_BY_LANGUAGE
        if row.name != OVERALL and row.sentences < ENOUGH:
            continue
        for form in row.exported:
            if row.lost(form) > allowed:
                raise ExportError(
                    f"{form} loses {row.lost(form):.2f} points of triple F1 ({row.name}: {row.torch:.2f} with "
                    f"torch), more than {allowed}, and was not saved; --force saves it all the same"
                )


def _table(rows: Sequence[Row]) -> str:
    """Write the card's section."""
    if not rows:
        return "What they lose against torch was not measured."
    heads, meanings = zip(*(FORMS[form] for form in rows[0].exported), strict=True)
    lines = [
        f"Triple F1 in per cent on {rows[0].sentences:,} sentences: the weights as trained, with torch; "
        f"{'; '.join(meanings)}; and what the last of these lose.",
        "",
        f"| language | sentences | torch | {' | '.join(heads)} | lost |",
        "|---" * (4 + len(heads)) + "|",
    ]
    for row in rows:
        values = (row.torch, *row.exported.values(), row.lost(INT8))
        lines.append(f"| {row.name} | {row.sentences:,} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    return "\n".join(lines)
