"""How good a model's triples are: on gold data, on sentences that state nothing, and on everyday examples.

python benchmarks/quality.py MODEL [--dev FILE…] [--negatives FILE…] [--examples FILE…] [--backend NAME] [--json OUT]
                             [--card FILE]

Prints Markdown and writes JSON; with --card the model's card gets both what is printed and the text of FILE. All is
read through the public extractor, with the language given; the examples also with the language left to identification.
Sentences in languages that the model does not know are left out and counted. Scores look better calibrated than they
are on data that they were fitted to.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any, get_args

from mere.cli.machine import machine
from mere.data.files import atomic_write
from mere.data.formats import read_all
from mere.errors import InputError
from mere.evaluation.bootstrap import Score
from mere.evaluation.calibration import expected_calibration_error, triple_bins
from mere.evaluation.card import with_section
from mere.evaluation.predictions import predictions
from mere.evaluation.scores import evaluate
from mere.evaluation.tables import score_tables
from mere.inference.artifact import find_model, read_card, save_card
from mere.inference.extractor import Backend, Extractor
from mere.schema import Sentence, Triple

EXAMPLES = Path(__file__).parents[1] / "examples"
PATTERNS_ONLY = "uk"
"""The language without real data to train on: examples are scored without it, too."""

Found = list[tuple[Triple, ...]]


def read(extractor: Extractor, files: Sequence[Path]) -> tuple[list[Sentence], int]:
    """Return the sentences in languages that the model knows, and how many others there are."""
    sentences = list(read_all(files))
    spoken = [sentence for sentence in sentences if sentence.language in extractor.languages]
    if not spoken:
        raise InputError(f"no sentence is in a language of the model: {', '.join(map(str, files))}")
    return spoken, len(sentences) - len(spoken)


def on_gold(extractor: Extractor, files: Sequence[Path]) -> dict[str, Any]:
    """Score gold data, and measure how far the scores of triples can be trusted."""
    gold, left_out = read(extractor, files)
    predicted = predictions(extractor, gold)
    scores, bins = evaluate(gold, predicted), triple_bins(gold, predicted)
    error = expected_calibration_error(bins)
    heading("Gold data", len(gold), left_out)
    for scored in score_tables(scores):
        print(f"{scored.note[0].upper()}{scored.note[1:]}.\n\n{scored.markdown()}\n")
    print(f"Expected calibration error of triple scores: {error:.3f}\n")
    table(
        ["score", "triples", "mean score", "right"],
        [[f"{bin.low:.1f}–{bin.high:.1f}", str(bin.count), f"{bin.score:.2f}", f"{bin.right:.2f}"] for bin in bins],
    )
    return {**scores.to_dict(), "left_out": left_out, "ece": error, "bins": [asdict(bin) for bin in bins]}


def on_negatives(extractor: Extractor, file: Path) -> dict[str, Any]:
    """Measure in what share of a file's sentences, which state nothing, the model finds something."""
    sentences, left_out = read(extractor, [file])
    if any(sentence.triples for sentence in sentences):
        raise InputError("holds triples; false alarms are counted in sentences without any", path=file)
    predicted = predictions(extractor, sentences)
    alarms = {"default": shares(sentences, predicted)}
    if extractor.codec.decoding.precise is not None:
        alarms["precise"] = shares(sentences, predictions(extractor, sentences, precise=True))
    relations = Counter(triple.relation for triples in predicted for triple in triples).most_common()
    heading(f"False alarms on {file.name}", len(sentences), left_out)
    rows = [[name, *(percent(by_language[name]) for by_language in alarms.values())] for name in alarms["default"]]
    table(["language", *(f"{how}, % of sentences" for how in alarms)], rows)
    print("\nRelations found: " + (", ".join(f"{name} {count}" for name, count in relations) or "none"))
    return {
        "sentences": len(sentences),
        "left_out": left_out,
        **alarms,
        "relations": dict(relations),
        "found": [shown(*pair) for pair in zip(sentences, predicted, strict=True) if pair[1]],
    }


def on_examples(extractor: Extractor, file: Path) -> dict[str, Any]:
    """Score examples with the language given and with the language identified."""
    gold, left_out = read(extractor, [file])
    identified = extractor.extract([sentence.text for sentence in gold])
    right = sum(
        document.sentences[0].language == sentence.language for document, sentence in zip(identified, gold, strict=True)
    )
    scores = {
        "given": example_scores(gold, predictions(extractor, gold)),
        "identified": example_scores(gold, [sentence.triples for sentence in identified]),
    }
    heading(f"Examples of {file.name}", len(gold), left_out)
    print(f"Languages that are rightly identified: {percent(right / len(gold))} %\n")
    table(
        ["language", *(f"{what}, language {how}" for how in scores for what in ("expected found", "found right"))],
        [
            [name, *(percent(share) for row in scores.values() for share in (row[name].recall, row[name].precision))]
            for name in scores["given"]
        ],
    )
    plain = {how: {name: score.to_dict() for name, score in by_name.items()} for how, by_name in scores.items()}
    return {"sentences": len(gold), "left_out": left_out, "language_right": right / len(gold), **plain}


def example_scores(gold: Sequence[Sentence], predicted: Found) -> dict[str, Score]:
    """Return the scores of triples by language, over all, and over all but `PATTERNS_ONLY` where that is among them."""
    scores = evaluate(gold, predicted)
    every = {**scores.languages, "all": scores.micro}
    if PATTERNS_ONLY in every:
        rest = [pair for pair in zip(gold, predicted, strict=True) if pair[0].language != PATTERNS_ONLY]
        others = evaluate([sentence for sentence, _ in rest], [triples for _, triples in rest])
        every[f"all but {PATTERNS_ONLY}"] = others.micro
    return {name: scored["triple"] for name, scored in every.items()}


def shares(sentences: Sequence[Sentence], predicted: Found) -> dict[str, float]:
    """Return the share of sentences in which anything is found, by language and over all."""
    whole = Counter(sentence.language for sentence in sentences)
    alarmed = Counter(sentence.language for sentence, triples in zip(sentences, predicted, strict=True) if triples)
    by_language = {language: alarmed[language] / whole[language] for language in sorted(whole)}
    return {**by_language, "all": alarmed.total() / whole.total()}


def shown(sentence: Sentence, triples: Iterable[Triple]) -> dict[str, Any]:
    """Return a sentence and what was found in it, for people to read."""
    rows = [[triple.head.text, triple.relation, triple.tail.text, round(triple.score, 3)] for triple in triples]
    return {"language": sentence.language, "text": sentence.text, "triples": rows}


def percent(share: float) -> str:
    """Write a share, 0..1, in per cent."""
    return f"{100 * share:.1f}"


def heading(title: str, size: int, left_out: int) -> None:
    """Print what is measured, on how much."""
    others = f"; {left_out:,} in languages that the model does not know are left out" if left_out else ""
    print(f"\n## {title}\n\n{size:,} sentences{others}.\n")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table."""
    for row in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(row)} |")


def measure(extractor: Extractor, options: argparse.Namespace) -> dict[str, Any]:
    """Measure all that is asked for, printing it."""
    values: dict[str, Any] = {"machine": machine("mere", "numpy", "torch", "onnxruntime"), "model": options.model}
    values["scorer"] = type(extractor.scorer).__name__
    if options.dev:
        values["dev"] = on_gold(extractor, options.dev)
    values["negatives"] = {str(file): on_negatives(extractor, file) for file in options.negatives}
    values["examples"] = {str(file): on_examples(extractor, file) for file in options.examples}
    return values


def main() -> None:
    """Measure, print, and write JSON and the model's card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a model's directory, or default")
    parser.add_argument("--dev", type=Path, nargs="+", default=[], metavar="FILE", help="gold data (default: none)")
    negatives, examples = (
        [EXAMPLES / "negatives.jsonl"],
        [EXAMPLES / f"{name}.jsonl" for name in ("paragraphs", "sentences", "series")],
    )
    parser.add_argument("--negatives", type=Path, nargs="+", default=negatives, metavar="FILE", help="without triples")
    parser.add_argument(
        "--examples", type=Path, nargs="+", default=examples, metavar="FILE", help="with triples expected"
    )
    parser.add_argument("--backend", choices=get_args(Backend), default="auto", help="what computes (default auto)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="where the JSON goes (default: nowhere)")
    parser.add_argument("--card", type=Path, metavar="FILE", help="what else the model's card is to say (Markdown)")
    options = parser.parse_args()
    extractor = Extractor.from_pretrained(options.model, backend=options.backend)
    with redirect_stdout(StringIO()) as printed:
        values = measure(extractor, options)
    report = printed.getvalue()
    print(f"# Quality of {options.model} ({values['scorer']})\n{report}")
    if options.card is not None:
        folder = find_model(options.model)
        card = read_card(folder).text
        card = with_section(card, "Data, licences, limits", options.card.read_text("utf-8"))
        save_card(folder, with_section(card, "Quality", report.replace("\n## ", "\n### ")))
    if options.json is not None:
        with atomic_write(options.json) as handle:
            handle.write(json.dumps(values, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
