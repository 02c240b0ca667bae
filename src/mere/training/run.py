"""A whole training: data in, one artifact a stage out.

::

    OUTPUT/run.json          what the run was started with
    OUTPUT/history.jsonl     one line an epoch
    OUTPUT/checkpoint.safetensors   the stage under way, for resuming; removed at its end
    OUTPUT/STAGE/            the artifact of each stage but the last
    OUTPUT/model/            the artifact of the last stage
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import msgspec
import torch

from mere.errors import ArtifactError, InputError
from mere.evaluation.calibration import OPEN, UNFITTED, Reliability, fit_decoding
from mere.evaluation.card import model_card
from mere.evaluation.predictions import gold_candidates, predictions
from mere.evaluation.scores import evaluate
from mere.inference.codec import Example
from mere.inference.extractor import Extractor
from mere.inference.normalise import normalise
from mere.inference.reader import normal_triples
from mere.nn.joint import JointModel, TorchScorer
from mere.nn.sizes import part_sizes
from mere.nn.weights import MANIFEST, load_artifact, save_artifact
from mere.schema import Schema, Sentence
from mere.training.batches import LanguageMixer, collate
from mere.training.checkpoint import Checkpoint
from mere.training.config import Stage, TrainingConfig
from mere.training.losses import losses, precision
from mere.training.memory import MemoryPlan
from mere.training.trainer import (
    EpochReport,
    StageTrainer,
    StepReport,
    Watch,
)


def train(
    config: TrainingConfig,
    train: Sequence[Sentence],
    dev: Sequence[Sentence],
    output: Path,
    watch: Watch,
    *,
    first: Path | None = None,
) -> Path:
    """Train all stages and return the folder of the final artifact; a run that was interrupted goes on.

    ``first`` is the artifact of a first stage that another run has trained; this run then starts at the second.

    Raises `InputError` for data that cannot be trained on, `ArtifactError` where ``output`` holds another run.
    """
    train, dev = _keep(config, train), _keep(config, dev)
    if not any(sentence.triples for sentence in train):
        raise InputError("the training data states no triple; check the files and the configuration's languages")
    if not dev:
        raise InputError("there is no dev data; name a file, or leave it out to have a part of the training data")
    fingerprint = _fingerprint(config, train, dev)
    _claim(output, config, fingerprint)
    schema = Schema.of(train)
    source = first
    for number, stage in enumerate(config.stages):
        if number == 0 and first is not None:
            continue
        target = output / ("model" if number == len(config.stages) - 1 else stage.name)
        if not (target / MANIFEST).exists():
            model = _start(config, schema, source)
            _train_stage(config, stage, model, train, dev, output, target, fingerprint, watch)
        source = target
    assert source is not None
    return source


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
    known = {name: tensor for name, tensor in model.state_dict().items() if not name.startswith("switchers.")}
    missing, unexpected = grown.load_state_dict(known, strict=False)
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
    output: Path,
    target: Path,
    fingerprint: str,
    watch: Watch,
) -> None:
    examples, held = encode(model, train), encode(model, dev)
    checkpoint = Checkpoint(output / "checkpoint.safetensors", f"{stage.name} {fingerprint}")
    history = output / "history.jsonl"

    def record(report: StepReport | EpochReport | MemoryPlan) -> None:
        if isinstance(report, EpochReport):
            with history.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(asdict(report)) + "\n")
        watch(report)

    bf16 = _prefers_bf16(model, examples, stage) if config.precision == "auto" else config.precision == "bf16"
    trainer = StageTrainer(model, stage, examples, held, checkpoint, seed=config.seed, watch=record, bf16=bf16)
    model.codec = model.codec.with_decoding(UNFITTED)
    trainer.run()
    reliability = calibrate(model, dev)
    scores = evaluate(dev, predictions(extractor_of(model), dev))
    sizes = part_sizes(model)
    card = model_card(model.schema, model.config.backbone, sizes, scores, len(train), reliability)
    save_artifact(model, target, card)
    checkpoint.path.unlink(missing_ok=True)


def _prefers_bf16(model: JointModel, examples: Sequence[Example], stage: Stage) -> bool:
    """Time a forward and backward pass in both precisions and tell whether bfloat16 is the faster."""
    mixer = LanguageMixer(examples, batch_size=stage.batch_size)
    batch = collate(model.codec, [examples[i] for i in next(iter(mixer.epoch(0)))[0]])
    times = {}
    for bf16 in (False, True):
        for _ in range(2):  # the first pass of each prepares its kernels
            started = time.perf_counter()
            with precision(bf16):
                relation, entity = losses(model, batch)
            (relation + entity).backward()  # type: ignore[no-untyped-call]
            times[bf16] = time.perf_counter() - started
    model.zero_grad()
    return times[True] < times[False]


def _keep(config: TrainingConfig, sentences: Iterable[Sentence]) -> list[Sentence]:
    return [sentence for sentence in sentences if not config.languages or sentence.language in config.languages]


def _fingerprint(config: TrainingConfig, *parts: Sequence[Sentence]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(config))
    for part in parts:
        for sentence in part:
            said = (sentence.text, sentence.language, [t.key for t in sentence.triples], sentence.annotated)
            digest.update(repr(said).encode())
    return digest.hexdigest()


def _claim(output: Path, config: TrainingConfig, fingerprint: str) -> None:
    """Make ``output`` this run's folder, or find it to be."""
    path = output / "run.json"
    try:
        output.mkdir(parents=True, exist_ok=True)
        if path.exists():
            if json.loads(path.read_text("utf-8")).get("fingerprint") != fingerprint:
                raise ArtifactError(
                    f"{output}: holds a run with other data or another configuration; choose another output folder"
                )
            return
        run = {"fingerprint": fingerprint, "config": msgspec.to_builtins(config)}
        path.write_text(json.dumps(run, indent=1), "utf-8")
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror}); choose another folder", path=output) from error
    except ValueError as error:
        raise ArtifactError(f"{path}: damaged; choose another output folder") from error
