"""Adding a language to a trained model: one new sub-module of the switcher, and nothing else (design, §2.8)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import torch

from mere.errors import InputError, SchemaError
from mere.evaluation.card import model_card
from mere.evaluation.scores import Evaluation, evaluate
from mere.inference.codec import SHARED_MODULE
from mere.nn.joint import JointModel
from mere.nn.sizes import part_sizes
from mere.nn.switcher import Switcher
from mere.nn.weights import load_artifact, save_artifact
from mere.schema import Schema, Sentence
from mere.training.checkpoint import Checkpoint
from mere.training.config import Stage
from mere.training.run import encode
from mere.training.trainer import StageTrainer, Watch, predict_examples

STAGE = Stage(
    name="add-language", train=("switcher",), epochs=12, batch_size=16, learning_rate=2e-3, average=0.95, patience=4
)
"""How a sub-module is trained unless the caller knows better."""


@dataclass(frozen=True)
class Added:
    """Scores on the new language's dev data, before (through the shared sub-module) and after."""

    before: Evaluation
    after: Evaluation


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
    """Train the sub-module of ``language`` on its sentences and save the model with it to ``output``.

    A language that the model knows has its own sub-module trained further. All other languages' weights, and so their
    outputs, stay bit-identical.

    Raises
    ------
    InputError
        Where the model has no switcher of one module a language, or the data holds nothing to learn from.
    SchemaError
        Where the data states a relation that the model does not know.
    """
    model = load_artifact(source)
    switcher = model.config.switcher
    if switcher is None or switcher.routing != "language":
        raise InputError(
            f"the model in {source} has no sub-module a language; train one with the shipped configuration 'mere'"
        )
    train, dev = ([s for s in part if s.language == language] for part in (train, dev))
    if not any(sentence.triples for sentence in train) or not dev:
        raise InputError(f"the data holds no triples in '{language}', or no dev sentences; check its language fields")
    unknown = sorted({t.relation for s in (*train, *dev) for t in s.triples} - set(model.schema.relations))
    if unknown:
        raise SchemaError(f"the model does not know the relation '{unknown[0]}', and a language brings no new ones")
    before = evaluate(dev, predict_examples(model, encode(model, dev)))
    model = with_language(model, language)
    output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(output.with_name(f".{output.name}.safetensors"), f"{source} {language}")
    stage = msgspec.structs.replace(stage, languages=(language,))
    try:
        StageTrainer(
            model, stage, encode(model, train), encode(model, dev), checkpoint, seed=seed, watch=watch, bf16=False
        ).run()
    finally:
        checkpoint.path.unlink(missing_ok=True)
    after = evaluate(dev, predict_examples(model, encode(model, dev)))
    save_artifact(model, output, model_card(model.schema, model.config.backbone, part_sizes(model), after, len(train)))
    return Added(before, after)


def with_language(model: JointModel, language: str) -> JointModel:
    """Return ``model`` with a sub-module for ``language``, a copy of the shared one; itself where it has it."""
    if language in model.schema.languages:
        return model
    schema = model.schema
    wider = Schema(schema.relations, (*schema.languages, language), schema.entity_types)
    with torch.random.fork_rng():
        grown = JointModel(model.config, wider, model.backbone)
    state = model.state_dict()
    for number, switcher in enumerate(model.switchers):
        assert isinstance(switcher, Switcher)
        for name, tensor in switcher.parts[SHARED_MODULE].state_dict().items():
            state[f"switchers.{number}.parts.{language}.{name}"] = copy.deepcopy(tensor)
    grown.load_state_dict(state)
    grown.codec = grown.codec.with_decoding(model.codec.decoding)
    return grown.eval()
