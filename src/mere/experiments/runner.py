"""Runs a grid: every variant with every seed, one result file each; what has been done is not done again.

::

    OUTPUT/runs/VARIANT-SEED/      trainings (see `mere.training.run`); with a folder a language where each is trained
    OUTPUT/results/VARIANT-SEED.json
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from mere.data.files import atomic_write
from mere.errors import ArtifactError, InputError
from mere.evaluation.calibration import OPEN, fit_decoding
from mere.evaluation.predictions import gold_candidates, predictions
from mere.evaluation.scores import count
from mere.experiments.grid import Grid, Variant, by_id
from mere.experiments.pipeline import PipelineScorer, Rerouted
from mere.inference.extractor import Extractor
from mere.inference.predictor import Scorer
from mere.nn.joint import JointModel, TorchScorer
from mere.nn.weights import load_artifact
from mere.schema import Sentence, Triple
from mere.training.reports import Watch
from mere.training.run import extractor_of, train

KINDS = ("triple", "relation", "entity")


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One result file: how one variant with one seed did, sentence by sentence.

    Attributes
    ----------
    variant, seed, fingerprint:
        What was run, and on what.
    training:
        The configuration; None for a second look at a model.
    sentences:
        Sentences trained on.
    languages:
        Language of every scored sentence.
    counts:
        By kind of `KINDS`: (right, predicted, gold) of every scored sentence.
    seconds:
        Time of the run.
    history:
        The epochs, as in ``history.jsonl`` of the run.
    """

    variant: str
    seed: int
    fingerprint: str
    training: dict[str, Any] | None
    sentences: int
    languages: list[str]
    counts: dict[str, list[tuple[int, int, int]]]
    seconds: float
    history: list[dict[str, Any]]


@dataclass(frozen=True)
class Data:
    """What a grid runs on: training and dev sentences, and those that are scored, the dev ones unless others are."""

    train: list[Sentence]
    dev: list[Sentence]
    test: list[Sentence]

    @classmethod
    def of(cls, grid: Grid, train: Sequence[Sentence], dev: Sequence[Sentence], test: Sequence[Sentence]) -> Data:
        """Keep what the grid keeps."""
        held = by_id(dev, count=grid.dev_sentences)
        return cls(by_id(train, count=grid.sentences), held, list(test) or held)


class GridRunner:
    """Runs a grid.

    Parameters
    ----------
    grid, data, output:
        What to run, on what, and where to keep it.
    backbone:
        Backbone to use in place of the configurations'.
    watch, announce:
        Told of every step and epoch, and of every run.
    """

    def __init__(
        self, grid: Grid, data: Data, output: Path, watch: Watch, announce: Callable[[str], None], backbone: str = ""
    ) -> None:
        self.grid = grid
        self.data = data
        self.output = output
        self.watch = watch
        self.announce = announce
        self.backbone = backbone
        self._data_sum = hashlib.sha256(repr(data).encode()).hexdigest()

    def run(self, variants: Sequence[str] = ()) -> list[Result]:
        """Run all variants, or those named and what they build on, and return the results in the grid's order."""
        wanted = self._wanted(variants)
        results = []
        for seed in self.grid.seeds:
            for name in self.grid.variants:
                if name in wanted:
                    results.append(self._result(name, seed))
        order = list(self.grid.variants)
        return sorted(results, key=lambda result: order.index(result.variant))

    def model(self, name: str, seed: int, stage: str = "") -> Path:
        """Return the folder of a trained variant's model, after ``stage`` or the last one.

        Raises `InputError` for a variant that has a model a language.
        """
        variant = self.grid.variants[name]
        if variant.each_language:
            raise InputError(f"'{name}' has a model a language; it cannot be looked at as one")
        if variant.first_stage and stage == self.grid.training(name, seed).stages[0].name:
            return self.model(variant.first_stage, seed, stage)
        folder = self.output / "runs" / f"{name}-{seed}" / (stage or "model")
        return folder if folder.exists() else folder.with_name("model")

    def _wanted(self, names: Sequence[str]) -> set[str]:
        wanted = set(names or self.grid.variants)
        for name in wanted - set(self.grid.variants):
            raise InputError(f"the grid has no variant '{name}'; it has: {', '.join(self.grid.variants)}")
        for name in reversed(list(self.grid.variants)):  # what a variant builds on stands above it
            if name in wanted:
                variant = self.grid.variants[name]
                wanted |= {variant.of, variant.tagger, variant.first_stage} - {""}
        return wanted

    def _result(self, name: str, seed: int) -> Result:
        path = self.output / "results" / f"{name}-{seed}.json"
        fingerprint = self._fingerprint(name, seed)
        if path.exists():
            result = msgspec.json.decode(path.read_bytes(), type=Result)
            if result.fingerprint != fingerprint:
                raise ArtifactError(f"{path}: comes from another grid or other data; choose another output folder")
            return result
        self.announce(f"{name}, seed {seed}")
        started = time.monotonic()
        variant = self.grid.variants[name]
        train = by_id(self.data.train, share=variant.share)
        if variant.of:
            predicted = self._look(variant, seed)
            history: list[dict[str, Any]] = []
        else:
            predicted, history = self._train(name, variant, seed, train)
        result = Result(
            name,
            seed,
            fingerprint,
            msgspec.to_builtins(self.grid.training(name, seed, self.backbone)) if variant.config else None,
            len(train),
            [sentence.language for sentence in self.data.test],
            {kind: [tuple(row) for row in count(self.data.test, predicted, kind).tolist()] for kind in KINDS},
            time.monotonic() - started,
            history,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        text = msgspec.json.encode(result)
        with atomic_write(path) as handle:
            handle.write(text.decode())
        return msgspec.json.decode(text, type=Result)  # just as a later run will read it

    def _train(
        self, name: str, variant: Variant, seed: int, sentences: list[Sentence]
    ) -> tuple[list[tuple[Triple, ...]], list[dict[str, Any]]]:
        """Train a variant and return its predictions and its history."""
        config = self.grid.training(name, seed, self.backbone)
        folder = self.output / "runs" / f"{name}-{seed}"
        if not variant.each_language:
            stage = config.stages[0].name
            dev = _known(self.data.dev, _relations(sentences))
            first = self.model(variant.first_stage, seed, stage) if variant.first_stage else None
            trained = train(config, sentences, dev, folder, self.watch, first=first)
            return _predict(load_artifact(trained), self.data.test), _history(folder)
        predicted: list[tuple[Triple, ...]] = [()] * len(self.data.test)
        history = []
        for language in sorted({sentence.language for sentence in self.data.test}):
            own, dev = (
                [sentence for sentence in split if sentence.language == language]
                for split in (sentences, self.data.dev)
            )
            rows = [row for row, sentence in enumerate(self.data.test) if sentence.language == language]
            dev = _known(dev, _relations(own))
            if not any(sentence.triples for sentence in own) or not dev:
                continue  # nothing to learn the language from: nothing is found
            model = load_artifact(train(config, own, dev, folder / language, self.watch))
            history += _history(folder / language)
            for row, triples in zip(rows, _predict(model, [self.data.test[row] for row in rows]), strict=True):
                predicted[row] = triples
        return predicted, history

    def _look(self, variant: Variant, seed: int) -> list[tuple[Triple, ...]]:
        """Predict with a model that another variant has trained."""
        model = load_artifact(self.model(variant.of, seed, variant.stage))
        scorer: Scorer = TorchScorer(model)
        if variant.tagger:
            tagger = load_artifact(self.model(variant.tagger, seed))
            scorer = PipelineScorer(scorer, TorchScorer(tagger))
        scorer = Rerouted(scorer, variant.module, len(model.schema.languages))
        dev = _known(self.data.dev, model.schema.relations)
        extractor = Extractor(scorer, model.codec.with_decoding(OPEN), model.backbone.tokenizer)
        decoding, _ = fit_decoding(gold_candidates(extractor, dev), dev)
        extractor.codec = model.codec.with_decoding(decoding)
        return predictions(extractor, self.data.test)

    def _fingerprint(self, name: str, seed: int) -> str:
        """Sum of all that a result depends on: the variant, those it builds on, the data."""
        variant = self.grid.variants[name]
        parts: list[Any] = [seed, self.backbone, self._data_sum, variant.share, variant.each_language, variant.stage]
        parts += [variant.module, msgspec.to_builtins(self.grid.training(name, seed)) if variant.config else None]
        parts += [
            self._fingerprint(other, seed) for other in (variant.of, variant.tagger, variant.first_stage) if other
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def _relations(sentences: Sequence[Sentence]) -> set[str]:
    return {triple.relation for sentence in sentences for triple in sentence.triples}


def _known(dev: Sequence[Sentence], relations: Collection[str]) -> list[Sentence]:
    """Keep the dev sentences whose relations training knows: the others cannot tell how far it has come."""
    return [sentence for sentence in dev if all(triple.relation in relations for triple in sentence.triples)]


def _predict(model: JointModel, sentences: Sequence[Sentence]) -> list[tuple[Triple, ...]]:
    return predictions(extractor_of(model), sentences)


def _history(folder: Path) -> list[dict[str, Any]]:
    return list(_lines(folder / "history.jsonl"))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)
