"""How fast mere is beside the bare encoder and beside other multilingual extractors' architectures.

python benchmarks/peers.py [--model MODEL] [--sentences 256] [--medium 64] [--few 8] [--data FILE…] [--out FILE]

All run in one process, one after the other, on the same texts of 32 to 48 tokens (slow ones on the first of them).
Peers are built here from their configurations, with random weights: speed does not depend on the values, and nothing is
downloaded. What they do besides their encoders (tokenising, heads, decoding of triples) is left out, in their favour:

- herberta: two mBERT-base encoders, one for the relations and one for the entities.
- mrebel: a sequence-to-sequence model of mBART-large-50's shape, 3 beams, exactly 30 tokens a sentence.
- gliner_relex: an mDeBERTa-v3-base encoder over the text and a prompt that lists SMiLER's 36 labels.

Without a model, mere's own path has random layers too, set so that a sentence has one relation on average. With a model
that was exported, ONNX is measured besides torch.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel, DebertaV2Config, DebertaV2Model, GenerationConfig, MBartConfig
from transformers import MBartForConditionalGeneration as MBart

from mere.cli.bench import seconds_of, texts_of_length, throughput
from mere.cli.machine import machine, peak_mib
from mere.data.formats import SAMPLE, read_all
from mere.data.formats.smiler import LABELS
from mere.inference.e5 import E5File
from mere.inference.extractor import Extractor
from mere.inference.tokenizer import Tokenizer
from mere.nn.joint import JointModel, ModelConfig, TorchScorer
from mere.nn.weights import load_artifact
from mere.schema import NO_RELATION, Schema

LANGUAGES = ("ar", "de", "en", "es", "fa", "fr", "it", "ko", "nl", "pl", "pt", "ru", "sv", "uk")
RELATIONS = tuple(sorted(LABELS - {NO_RELATION}))

MBERT = {"vocab_size": 119_547}
MBART = {
    "vocab_size": 250_054,
    "d_model": 1024,
    "max_position_embeddings": 1024,
    "scale_embedding": True,
    **{f"{part}_layers": 12 for part in ("encoder", "decoder")},
    **{f"{part}_attention_heads": 16 for part in ("encoder", "decoder")},
    **{f"{part}_ffn_dim": 4096 for part in ("encoder", "decoder")},
}
MDEBERTA = {
    "vocab_size": 251_000,
    "type_vocab_size": 0,
    "max_position_embeddings": 512,
    "layer_norm_eps": 1e-7,
    "relative_attention": True,
    "position_buckets": 256,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": ["p2c", "c2p"],
    "max_relative_positions": -1,
    "position_biased_input": False,
}
BEAMS, NEW_TOKENS = 3, 30

Ids = list[int]
Encode = Callable[[Tensor, Tensor], object]


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a model's directory (default: random layers)")
    parser.add_argument("--data", type=Path, nargs="+", default=[SAMPLE], help="texts (default: the sample corpus)")
    parser.add_argument("--sentences", type=int, default=256, help="texts for mere and the bare encoder (default 256)")
    parser.add_argument("--medium", type=int, default=64, help="texts for herberta (default 64)")
    parser.add_argument("--few", type=int, default=8, help="texts for mrebel and gliner_relex (default 8)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"), help="where the JSON goes")
    options = parser.parse_args()
    model = load_artifact(options.model) if options.model else None
    tokenizer = model.backbone.tokenizer if model else Tokenizer.of_e5(E5File.bundled("e5-small"))
    texts = texts_of_length(tokenizer, read_all(options.data), options.sentences)
    own = model or random_model(texts)
    encoded = [[own.codec.bos, *tokens.ids.tolist(), own.codec.eos] for tokens in tokenizer.encode(texts)]
    speeds = own_speeds(own, options.model, texts, encoded)
    with torch.inference_mode():
        speeds["herberta"] = herberta(encoded[: options.medium])
        speeds["gliner_relex"] = gliner_relex(encoded[: options.few], prompt(tokenizer))
        speeds["mrebel"] = mrebel(encoded[: options.few])
    values = {
        "machine": machine("torch", "transformers", "onnxruntime"),
        "model": str(options.model or "random layers"),
        "sentences": {"mere, encoder": len(texts), "herberta": options.medium, "gliner_relex, mrebel": options.few},
        "tokens_per_sentence": round(float(np.mean([len(ids) - 2 for ids in encoded])), 1),
        "prompt_tokens": len(prompt(tokenizer)),
        "sentences_per_second": {name: round(speed, 3) for name, speed in speeds.items()},
        "ratios": ratios(speeds),
        "peak_mib": round(peak_mib(), 1),
    }
    options.out.write_text(json.dumps(values, indent=2) + "\n")
    print(json.dumps(values, indent=2))


def own_speeds(own: JointModel, saved: Path | None, texts: Sequence[str], encoded: Sequence[Ids]) -> dict[str, float]:
    """Return sentences a second of the bare encoder and of mere, end to end."""
    speeds: dict[str, float] = {}
    with torch.inference_mode():
        for name, bf16 in (("encoder_fp32", False), ("encoder_bf16", True)):
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                speeds[name] = speed(own.backbone, encoded, 32)
    extractors = [Extractor(TorchScorer(own), own.codec, own.backbone.tokenizer)]
    if saved is not None:
        extractors.append(Extractor.from_pretrained(saved))  # takes ONNX where the model was exported
    for extractor in extractors:
        name = "mere_" + type(extractor.scorer).__name__.removesuffix("Scorer").lower()
        if name not in speeds:
            speeds[name] = throughput(extractor, texts, 32)["sentences_per_second"]
    return speeds


def random_model(texts: Sequence[str]) -> JointModel:
    """Return a model with random layers whose threshold lets one relation a text pass on average."""
    torch.manual_seed(1)
    model = JointModel(ModelConfig(), Schema(RELATIONS, LANGUAGES)).eval()
    tokens = model.backbone.tokenizer.encode(texts[:32])
    _, margins = TorchScorer(model).relations(model.codec.batch(tokens, [0] * len(tokens)))
    with torch.no_grad():
        model.relation_head.scores.bias[0] += float(np.quantile(margins, 1 - 1 / len(RELATIONS)))
    return model


def prompt(tokenizer: Tokenizer) -> Ids:
    """Return the tokens of a prompt with all labels, each with a marker before it, and a separator at its end."""
    return [one for tokens in tokenizer.encode(sorted(LABELS)) for one in (0, *tokens.ids.tolist())] + [2]


def herberta(encoded: Sequence[Ids]) -> float:
    """Return the speed of two mBERT-base encoders, one after the other."""
    encoders = [BertModel(BertConfig(**MBERT)).eval() for _ in range(2)]
    return speed(
        lambda ids, mask: [one(input_ids=ids, attention_mask=mask) for one in encoders], folded(encoded, MBERT), 32
    )


def gliner_relex(encoded: Sequence[Ids], labels: Ids) -> float:
    """Return the speed of an mDeBERTa-v3-base encoder over label prompt and text."""
    encoder = DebertaV2Model(DebertaV2Config(**MDEBERTA, hidden_size=768, intermediate_size=3072)).eval()
    whole = folded([[*labels, *ids] for ids in encoded], MDEBERTA)
    return speed(lambda ids, mask: encoder(input_ids=ids, attention_mask=mask), whole, 8)


def mrebel(encoded: Sequence[Ids]) -> float:
    """Return the speed of generating with mBART-large-50's shape."""
    model = MBart(MBartConfig(**MBART)).eval()
    asked = GenerationConfig(
        num_beams=BEAMS,
        min_new_tokens=NEW_TOKENS,
        max_new_tokens=NEW_TOKENS,
        decoder_start_token_id=2,
        eos_token_id=2,
        pad_token_id=1,
    )
    whole = folded(encoded, MBART)
    return speed(
        lambda ids, mask: model.generate(input_ids=ids, attention_mask=mask, generation_config=asked), whole, 8
    )


def folded(encoded: Sequence[Ids], config: dict[str, Any]) -> list[Ids]:
    """Return ids that fit another vocabulary."""
    return [[id % config["vocab_size"] for id in ids] for ids in encoded]


def speed(encode: Encode, encoded: Sequence[Ids], size: int) -> float:
    """Return sentences a second in batches of like length, after a warm-up on the first one."""
    ordered = sorted(encoded, key=len)
    starts = range(0, len(ordered) + size, size)
    batches = [padded(ordered[start:end]) for start, end in pairwise(starts) if ordered[start:end]]
    encode(*padded(ordered[:1]))
    seconds = sum(seconds_of(lambda: encode(*batch)) for batch in batches)  # noqa: B023 (run at once)
    gc.collect()
    return len(ordered) / seconds


def padded(rows: Sequence[Ids]) -> tuple[Tensor, Tensor]:
    """Return B×N ids and mask."""
    ids = nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=1)
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(ids.shape[1]) < lengths[:, None]


def ratios(speeds: dict[str, float]) -> dict[str, dict[str, float]]:
    """Return how many times faster mere is than each of the others, by its own path."""
    own = [name for name in speeds if name.startswith("mere_")]
    return {name: {other: round(speeds[name] / speeds[other], 2) for other in speeds if other != name} for name in own}


if __name__ == "__main__":
    main()
