"""A tiny backbone and a tiny model, random but for their tokenizer: what tests and `tests.torture` run on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tokenizers
import torch
import transformers
from tokenizers import models, pre_tokenizers, processors, trainers

from mere.data.formats.jsonl import write_jsonl
from mere.nn.joint import JointModel, ModelConfig, SwitcherConfig
from mere.nn.weights import save_artifact
from mere.schema import Schema, Sentence


def make_backbone(folder: Path, sentences: Sequence[Sentence]) -> Path:
    """Write an XLM-R-shaped checkpoint of two layers with random weights, its tokenizer trained on the sentences."""
    core = tokenizers.Tokenizer(models.Unigram())
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=1500, special_tokens=special, unk_token="<unk>", show_progress=False)
    core.train_from_iterator((sentence.text for sentence in sentences), trainer)
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
    return folder


def make_model(folder: Path, backbone: str, sentences: Sequence[Sentence]) -> Path:
    """Save a model with random weights, moved so that it finds something; its windows are short."""
    torch.manual_seed(1)
    config = ModelConfig(backbone=backbone, hidden=16, span=8, max_tokens=30, switcher=SwitcherConfig(4))
    joint = JointModel(config, Schema.of(sentences)).eval()
    with torch.no_grad():
        joint.relation_head.scores.bias[0] -= 0.1
    save_artifact(joint, folder, "# a random model\n")
    return folder


def write_training(folder: Path, backbone: Path, sentences: Sequence[Sentence]) -> None:
    """Write what short runs need: a configuration, data with dev data, data of one more language, and plain texts."""
    known = [sentence for sentence in sentences if sentence.language != "uk"]
    write_jsonl(known[::6], folder / "train.jsonl")
    write_jsonl(known[:5], folder / "dev.jsonl")
    write_jsonl([sentence for sentence in sentences if sentence.language == "uk"], folder / "uk.jsonl")
    (folder / "texts.txt").write_text("\n".join(sentence.text for sentence in [*sentences] * 4), "utf-8")
    (folder / "config.toml").write_text(
        f'precision = "fp32"\n[model]\nbackbone = "{backbone}"\nhidden = 16\nspan = 8\n'
        "aggregator = {heads = 2}\nswitcher = {width = 4}\n[[stages]]\nepochs = 3\nbatch_size = 8\naverage = 0.9\n"
        '[[stages]]\nname = "specific"\ntrain = ["switcher"]\nepochs = 3\nbatch_size = 8\nshared = 0.2\n'
    )
