"""A whole training: data in, one artifact a stage out; and a language added to a model, which is a stage too.

::

    OUTPUT/run.json          what the run was started with, from its first step on
    OUTPUT/history.jsonl     one line an epoch
    OUTPUT/checkpoint.safetensors   the stage under way, for resuming; removed at its end
    OUTPUT/cache-*.f32, cache-*.json   states that are the same in all of its epochs; removed at its end
    OUTPUT/STAGE/            the artifact of each stage but the last
    OUTPUT/model/            the artifact of the last stage

A run holds the lock of its folder. However it ends, the same command goes on, and ends with the same weights as one
that nothing has ended.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import torch

from mere.errors import ArtifactError, InputError
from mere.evaluation.calibration import OPEN, UNFITTED, Reliability, fit_decoding
from mere.evaluation.card import model_card
from mere.evaluation.predictions import gold_candidates, predictions
from mere.evaluation.scores import Evaluation, evaluate
from mere.inference.artifact import ArtifactConfig
from mere.inference.codec import Example
from mere.inference.extractor import Extractor
from mere.inference.manifest import sha256
from mere.inference.normalise import normalise
from mere.inference.reader import normal_triples
from mere.nn.joint import JointModel, TorchScorer
from mere.nn.sizes import part_sizes
from mere.nn.weights import MANIFEST, load_artifact, save_artifact
from mere.schema import Schema, Sentence
from mere.training.batches import LanguageMixer, collate
from mere.training.config import Stage, TrainingConfig
from mere.training.folder import RunFolder
from mere.training.languages import STAGE, check_language, check_relations, with_language
from mere.training.losses import autocast, losses
from mere.training.reports import Watch
from mere.training.trainer import StageTrainer


def train(
    config: TrainingConfig,
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    output: Path,
    watch: Watch,
    *,
    first: Path | None = None,
    start: Path | None = None,
) -> Path:
    """Train all stages and return the folder of the final artifact; a run that was interrupted goes on.

    Parameters
    ----------
    first:
        The artifact of a first stage that another run has trained; this run then starts at the second.
    start:
        The artifact that the first stage starts from, in place of the backbone; its shape and schema are kept, whatever
        the configuration says of the model.

    Raises
    ------
    InputError
        For data that cannot be trained on.
    SchemaError
        Where the data states a relation that ``start`` does not know.
    ArtifactError
        Where ``output`` holds another run.
    """
    train, dev = _keep(config, train), _keep(config, dev)
    if not any(sentence.triples for sentence in train):
        raise InputError("the training data states no triple; check the files and the configuration's languages")
    if not dev:
        raise InputError("there is no dev data; name a file, or leave it out to have a part of the training data")
    if start is not None:
        stored = ArtifactConfig.read(start)
        check_relations(stored.schema, [*train, *dev])
        config = msgspec.structs.replace(config, model=stored.model)
    sums = [sha256(folder / MANIFEST) for folder in (first, start) if folder is not None]
    fingerprint = _fingerprint([msgspec.json.encode(config).decode(), *sums], train, dev)
    schema = Schema.of(train)
    source = first or start
    with RunFolder.claimed(output, fingerprint, {"config": msgspec.to_builtins(config)}) as run:
        for number, stage in enumerate(config.stages):
            if number == 0 and first is not None:
                continue
            target = output / ("model" if number == len(config.stages) - 1 else stage.name)
            if not run.has_finished(stage, target):
                _train_stage(config, stage, _start(config, schema, source), train, dev, run, target, watch)
            source = target
    assert source is not None
    return source


@dataclass(frozen=True)
class Added:
    """Scores on the new language's dev data, before (through the shared sub-module) and after; where the model is."""

    before: Evaluation
    after: Evaluation
    model: Path


def add_language(
    source: Path,
    language: str,
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    output: Path,
    watch: Watch,
    *,
    stage: Stage = STAGE,
    seed: int = 1,
) -> Added:
    """Train the sub-module of ``language`` on its sentences; the model with it is in the folder model of ``output``.

    A language that the model knows has its own sub-module trained further. All other languages' weights, and so their
    outputs, stay bit-identical. A run that was interrupted goes on.

    Raises
    ------
    InputError
        Where the model has no switcher of one module a language, or the data holds nothing to learn from.
    SchemaError
        Where the data states a relation that the model does not know.
    ArtifactError
        Where ``output`` holds another run.
    """
    old = load_artifact(source)
    train, dev = ([sentence for sentence in split if sentence.language == language] for split in (train, dev))
    check_language(old, source, language, train, dev)
    check_relations(old.schema, [*train, *dev])
    stage = msgspec.structs.replace(stage, languages=(language,))
    settings = {"language": language, "seed": seed, "stage": msgspec.to_builtins(stage)}
    sums = [msgspec.json.encode(settings).decode(), sha256(source / MANIFEST)]
    target = output / "model"
    with RunFolder.claimed(output, _fingerprint(sums, train, dev), {"model": str(source), **settings}) as run:
        before = evaluate(dev, predictions(extractor_of(old), dev))
        if run.has_finished(stage, target):
            model = load_artifact(target)
            return Added(before, evaluate(dev, predictions(extractor_of(model), dev)), target)
        model = with_language(old, language)
        examples, held = encode(model, train), encode(model, dev)
        watch = run.recording(watch)
        trainer = StageTrainer(model, stage, examples, held, run.checkpoint(stage), seed=seed, watch=watch, bf16=False)
        run.train(trainer)
        after = evaluate(dev, predictions(extractor_of(model), dev))
        save_artifact(model, target, _card(model, after, train))
        run.close(stage)
    return Added(before, after, target)


def encode(model: JointModel, sentences: Sequence[Sentence]) -> list[Example]:
    """Tokenise sentences, in the form in which the model reads them, and express their triples in token positions."""
    tokenizer = model.backbone.tokenizer
    forms = [normalise(sentence.text, sentence.language, tokenizer.word_score) for sentence in sentences]
    normal = [
        sentence
        if form.text == sentence.text
        else replace(sentence, text=form.text, triples=normal_triples(sentence, form))
        for sentence, form in zip(sentences, forms, strict=True)
    ]
    tokens = tokenizer.encode([sentence.text for sentence in normal])
    return [model.codec.encode(*pair) for pair in zip(normal, tokens, strict=True)]


def _card(
    model: JointModel, scores: Evaluation, train: Sequence[Sentence], reliability: Reliability | None = None
) -> str:
    return model_card(model.schema, model.config.backbone, part_sizes(model), scores, len(train), reliability)


def extractor_of(model: JointModel) -> Extractor:
    """Return an extractor that runs ``model`` as it is."""
    return Extractor(TorchScorer(model), model.codec, model.backbone.tokenizer)


def calibrate(model: JointModel, dev: Sequence[Sentence]) -> Reliability:
    """Fit the model's scores and thresholds to dev data, and tell how far they can be trusted."""
    model.codec = model.codec.with_decoding(OPEN)
    decoding, reliability = fit_decoding(gold_candidates(extractor_of(model), dev), dev)
    model.codec = model.codec.with_decoding(decoding)
    return reliability


def _start(config: TrainingConfig, schema: Schema, source: Path | None) -> JointModel:
    torch.manual_seed(config.seed)
    if source is None:
        return JointModel(config.model, schema)
    model = load_artifact(source)
    if model.config == config.model:
        return model
    grown = JointModel(config.model, model.schema, model.backbone)
    kept = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("switchers.")}
    missing, unexpected = grown.load_state_dict(kept, strict=False)
    wrong = [name for name in (*missing, *unexpected) if not name.startswith("switchers.")]
    if wrong:
        raise ArtifactError(f"{source}: does not fit the configuration, which differs in '{wrong[0]}'")
    return grown


def _train_stage(
    config: TrainingConfig,
    stage: Stage,
    model: JointModel,
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    run: RunFolder,
    target: Path,
    watch: Watch,
) -> None:
    examples, held = encode(model, train), encode(model, dev)
    bf16 = _prefers_bf16(model, examples, stage) if config.precision == "auto" else config.precision == "bf16"
    watch = run.recording(watch)
    trainer = StageTrainer(
        model, stage, examples, held, run.checkpoint(stage), seed=config.seed, watch=watch, bf16=bf16
    )
    model.codec = model.codec.with_decoding(UNFITTED)
    run.train(trainer)
    reliability = calibrate(model, dev)
    save_artifact(model, target, _card(model, evaluate(dev, predictions(extractor_of(model), dev)), train, reliability))
    run.close(stage)


def _prefers_bf16(model: JointModel, examples: Sequence[Example], stage: Stage) -> bool:
    """Time a forward and backward pass with and without autocast and tell whether bfloat16 is the faster."""
    mixer = LanguageMixer(examples, batch_size=stage.batch_size)
    batch = collate(model.codec, [examples[i] for i in next(iter(mixer.epoch(0)))[0]])
    times = {}
    for bf16 in (False, True):
        for _ in range(2):  # the first pass of each prepares its kernels
            started = time.perf_counter()
            with autocast(bf16):
                relation, entity = losses(model, batch)
            (relation + entity).backward()  # type: ignore[no-untyped-call]
            times[bf16] = time.perf_counter() - started
    model.zero_grad()
    return times[True] < times[False]


def _keep(config: TrainingConfig, sentences: Iterable[Sentence]) -> list[Sentence]:
    return [sentence for sentence in sentences if not config.languages or sentence.language in config.languages]


def _fingerprint(settings: Sequence[str], *parts: Sequence[Sentence]) -> str:
    digest = hashlib.sha256("".join(settings).encode())
    for sentences in parts:
        for sentence in sentences:
            said = (sentence.text, sentence.language, [t.key for t in sentence.triples], sentence.annotated)
            digest.update(repr(said).encode())
    return digest.hexdigest()
