"""Shared parts: where real data is, a tiny random backbone, a few sentences in many scripts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import tokenizers
import torch
import transformers
from tokenizers import models, pre_tokenizers, processors, trainers

from mere.data.formats import read_sentences
from mere.export.gate import export
from mere.inference.onnx_scorer import OnnxScorer
from mere.nn.joint import JointModel, ModelConfig
from mere.nn.weights import save_artifact
from mere.schema import Schema, Sentence

# A shell's background job ignores Ctrl-C, and so would every process that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

SAMPLE = Path(__file__).parents[1] / "src" / "mere" / "data" / "sample"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the project, or MERE_DATA; tests that need it skip where it is missing."""
    folder = Path(os.environ.get("MERE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "smiler").is_dir():
        pytest.skip(f"real data is not at {folder}; set MERE_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def sample() -> list[Sentence]:
    """The sample corpus' training part: 14 languages, 280 sentences."""
    return list(read_sentences(SAMPLE / "train.jsonl"))


@pytest.fixture(scope="session")
def sample_dev() -> list[Sentence]:
    """The sample corpus' dev part."""
    return list(read_sentences(SAMPLE / "dev.jsonl"))


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory, sample: list[Sentence]) -> str:
    """A folder with an XLM-R-shaped checkpoint of two layers, random weights, its tokenizer trained on the sample."""
    folder = tmp_path_factory.mktemp("tiny")
    core = tokenizers.Tokenizer(models.Unigram())
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=1500, special_tokens=special, unk_token="<unk>", show_progress=False)
    core.train_from_iterator((sentence.text for sentence in sample), trainer)
    core.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.XLMRobertaConfig(
        vocab_size=len(fast),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=130,
        type_vocab_size=1,
    )
    transformers.XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def tiny_model(tiny_backbone: str, sample: list[Sentence], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a saved model with random weights, moved so that it predicts something."""
    torch.manual_seed(1)
    joint = JointModel(ModelConfig(backbone=tiny_backbone, hidden=16, span=8), Schema.of(sample)).eval()
    with torch.no_grad():
        joint.relation_head.scores.bias[0] -= 0.1
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_artifact(joint, folder, "# a random model\n")
    return str(folder)


@pytest.fixture(scope="session")
def exported_model(tiny_model: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of the same model with ONNX graphs, which extraction takes where they are."""
    folder = tmp_path_factory.mktemp("models") / "exported"
    export(Path(tiny_model), [], OnnxScorer, output=folder)
    return str(folder)
