"""The model that a language is added to: one new sub-module of the switcher, and nothing else.

mERE, language-specific training; how it is used: docs/guides/train.md.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import torch

from mere.errors import InputError, SchemaError
from mere.inference.codec import SHARED_MODULE
from mere.nn.joint import JointModel
from mere.nn.switcher import Switcher
from mere.schema import Schema, Sentence
from mere.training.config import Stage

STAGE = Stage(
    name="add-language", train=("switcher",), epochs=12, batch_size=16, learning_rate=2e-3, average=0.95, patience=4
)
"""How a sub-module is trained unless the caller knows better."""


def check_language(model: JointModel, source: Path, language: str, train: Sequence[Sentence], dev: object) -> None:
    """Raise where a sub-module of ``model`` cannot learn ``language`` from sentences that are all in it.

    Raises
    ------
    InputError
        Where the model has no switcher of one module a language, or the data holds nothing to learn from.
    """
    switcher = model.config.switcher
    if switcher is None or switcher.routing != "language":
        raise InputError(
            f"the model in {source} has no sub-module a language; train one with the shipped configuration 'mere'"
        )
    if not any(sentence.triples for sentence in train) or not dev:
        raise InputError(f"the data holds no triples in '{language}', or no dev sentences; check its language fields")


def check_relations(schema: Schema, sentences: Sequence[Sentence]) -> None:
    """Raise `SchemaError` where the data states a relation that the model does not know."""
    unknown = sorted({triple.relation for sentence in sentences for triple in sentence.triples} - set(schema.relations))
    if unknown:
        raise SchemaError(
            f"the model does not know the relation '{unknown[0]}', and a language brings no new ones; "
            "leave it out of the data"
        )


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
