"""What mERE's parts cost beside the backbone: parameters, bytes, time; and how fast stage two is against stage one.

python benchmarks/method.py [--data FILE…] [--config mere] [--sentences 512] [--out FILE]

Forward: every batch goes in turns through the bare encoder and through the whole model (LA, LS, relation head, and the
entity head for one relation a sentence), in evaluation mode. Stages: one epoch of each on the same sentences; stage
two reads cached states, and the time to fill the cache is given apart.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import torch
from torch import nn

from mere.cli.machine import machine
from mere.data.formats import SAMPLE, read_all
from mere.inference.codec import Example
from mere.nn.joint import JointModel
from mere.nn.switcher import Switcher
from mere.schema import Schema
from mere.training.batches import LanguageMixer, collate
from mere.training.cache import StateCache, frozen_depth
from mere.training.checkpoint import Checkpoint
from mere.training.config import Stage, TrainingConfig, load_config
from mere.training.reports import EpochReport
from mere.training.run import encode
from mere.training.trainer import StageTrainer

WARM_UP = 2


def sizes(model: JointModel) -> dict[str, Any]:
    """Count parameters (bytes in fp32 are four times as many); the share is of everything but word embeddings."""
    switchers = [switcher for switcher in model.switchers if isinstance(switcher, Switcher)]
    modules: dict[str, list[nn.Module]] = {
        "backbone_without_word_embeddings": [model.backbone],
        "aggregator": [model.aggregator] if model.aggregator is not None else [],
        "switcher_one_language": [next(iter(switcher.parts.values())) for switcher in switchers],
        "switcher_all": list(switchers),
        "heads": [model.relation_head, model.entity_head],
    }
    words = sum(p.numel() for p in model.backbone.word_embeddings.parameters())
    counts = {name: sum(p.numel() for module in group for p in module.parameters()) for name, group in modules.items()}
    counts["backbone_without_word_embeddings"] -= words
    whole = counts["backbone_without_word_embeddings"] + sum(
        counts[name] for name in ("aggregator", "switcher_all", "heads")
    )
    return {
        name: {"parameters": count, "bytes_fp32": 4 * count, "share_percent": round(100 * count / whole, 2)}
        for name, count in counts.items()
    }


def forward(model: JointModel, examples: Sequence[Example]) -> dict[str, float]:
    """Time the bare encoder and the whole model over the same batches, in turns."""
    batches = [
        collate(model.codec, [examples[i] for i in chosen])
        for chosen, _ in LanguageMixer(examples, batch_size=32).epoch(0)
    ]
    seconds = {"encoder": 0.0, "whole": 0.0}
    model.eval()
    with torch.inference_mode():
        for index, batch in enumerate(batches):

            def encoder(batch: Any = batch) -> object:
                return model.backbone(batch.inputs.ids, batch.inputs.mask)

            def whole(batch: Any = batch) -> object:
                states, _ = model(batch.inputs)
                return model.entities(states, batch.inputs.spannable, batch.rows, batch.pair_relations)

            tasks: list[tuple[str, Callable[[], object]]] = [("encoder", encoder), ("whole", whole)]
            for name, task in tasks if index % 2 else reversed(tasks):
                started = time.perf_counter()
                task()
                seconds[name] += (time.perf_counter() - started) if index >= WARM_UP else 0.0
    added = round(100 * (seconds["whole"] / seconds["encoder"] - 1), 1)
    return {**{name: round(spent, 2) for name, spent in seconds.items()}, "added_percent": added}


def epoch(model: JointModel, stage: Stage, examples: Sequence[Example], folder: Path) -> dict[str, float]:
    """Time one epoch of a stage, and the filling of its cache."""
    reports: list[EpochReport] = []
    stage = msgspec.structs.replace(stage, epochs=1)
    started = time.perf_counter()
    depth = frozen_depth(model, stage)
    if depth:
        StateCache(folder / "timed.f32", model, examples, depth).remove()
    filled = time.perf_counter() - started
    trainer = StageTrainer(
        model,
        stage,
        examples,
        examples[:1],
        Checkpoint(folder / "checkpoint.safetensors", "benchmark"),
        seed=1,
        watch=lambda report: reports.append(report) if isinstance(report, EpochReport) else None,
        bf16=False,
    )
    trainer.run()
    return {"cache_seconds": round(filled, 2), "epoch_seconds": round(reports[0].seconds, 2)}


def stages(config: TrainingConfig, model: JointModel, examples: Sequence[Example]) -> dict[str, Any]:
    """Time both stages, stage one also with all layers learning."""
    first, second = config.stages
    whole = msgspec.structs.replace(first, name="unified, all layers", frozen_layers=0)
    figures: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        for number, stage in enumerate((first, whole, second)):
            place = Path(folder) / str(number)
            place.mkdir()
            figures[stage.name] = epoch(model, stage, examples, place)
    for stage in (first, whole):
        figures[stage.name]["times_stage_two"] = round(
            figures[stage.name]["epoch_seconds"] / figures[second.name]["epoch_seconds"], 1
        )
    return figures


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", default=[SAMPLE], help="training data (default: the sample)")
    parser.add_argument("--config", default="mere", help="a configuration of two stages (default mere)")
    parser.add_argument("--sentences", type=int, default=512, help="sentences that are used (default 512)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"), help="where the JSON goes")
    options = parser.parse_args()
    config = load_config(options.config)
    sentences = list(read_all(options.data))
    sentences = sentences[:: max(1, len(sentences) // options.sentences)][: options.sentences]
    torch.manual_seed(config.seed)
    model = JointModel(config.model, Schema.of(sentences))
    examples = encode(model, sentences)
    values = {
        "machine": machine("torch"),
        "config": options.config,
        "sentences": len(sentences),
        "sizes": sizes(model),
        "forward": forward(model, examples),
        "stages": stages(config, model, examples),
    }
    print(json.dumps(values, indent=2))
    options.out.write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
