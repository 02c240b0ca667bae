"""What a training step costs beside the bare encoder: sentences a second and peak memory.

python benchmarks/training.py [--data FILE…] [--config NAME] [--batches 40] [--precision fp32 bf16] [--out FILE]

Every batch goes twice through one process, in turns: as training takes it (collated, forward, both losses, backward,
clipped, AdamW, moving average), and through the backbone alone, forward and backward. ``overhead`` is the ratio of
their times. The same layers learn in both, and both peaks hold the weights and the optimizer's moments.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from mere.cli.machine import machine
from mere.data.formats import SAMPLE, read_all
from mere.inference.codec import Example
from mere.nn.joint import JointModel
from mere.schema import Schema
from mere.training.batches import TrainingBatch, collate
from mere.training.checkpoint import Checkpoint
from mere.training.config import TrainingConfig, load_config
from mere.training.run import encode
from mere.training.trainer import StageTrainer

WARM_UP = 2
"""Batches before the first that counts: they prepare kernels and the optimizer's moments."""


class Cost:
    """Adds up seconds on the clock and of all cores, and keeps the highest peak memory."""

    def __init__(self) -> None:
        self.seconds = self.core_seconds = self.peak_mib = 0.0

    def add(self, task: Callable[[], object]) -> None:
        """Run a task and add what it took."""
        _reset_peak()
        start, core_start = time.perf_counter(), time.process_time()
        task()
        self.seconds += time.perf_counter() - start
        self.core_seconds += time.process_time() - core_start
        self.peak_mib = max(self.peak_mib, _peak_mib())

    def to_dict(self, sentences: int) -> dict[str, float]:
        """Return the figures for so many sentences."""
        return {
            "sentences_per_second": round(sentences / self.seconds, 1),
            "sentences_per_core_second": round(sentences / self.core_seconds, 1),
            "peak_mib": round(self.peak_mib, 1),
        }


def _reset_peak() -> None:
    """Make the kernel measure the peak anew (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mib() -> float:
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak) / 1024


def bare(trainer: StageTrainer, batch: TrainingBatch) -> None:
    """Take a batch through the backbone alone, forward and backward."""
    with torch.autocast("cpu", torch.bfloat16, enabled=trainer.progress.bf16):
        states = trainer.model.backbone(batch.inputs.ids, batch.inputs.mask)
    states.backward(torch.randn_like(states))  # a plain mean would all but vanish in the last normalisation
    trainer.optimizer.zero_grad()


def batches(trainer: StageTrainer) -> Iterator[tuple[Sequence[Example], int]]:
    """Yield training's own batches without end, epoch after epoch, and their k."""
    for epoch in count():
        for chosen, k in trainer.mixer.epoch(epoch):
            yield [trainer.train[index] for index in chosen], k


def bench(trainer: StageTrainer, number: int) -> dict[str, Any]:
    """Return the figures of ``number`` batches."""
    step, encoder = Cost(), Cost()
    sentences = tokens = 0
    trainer.model.train()
    for index, (examples, k) in enumerate(islice(batches(trainer), WARM_UP + number)):
        batch = collate(trainer.model.codec, examples, k)
        tasks: list[tuple[Cost, Callable[[], object]]] = [
            (step, lambda: trainer._step(collate(trainer.model.codec, examples, k))),  # noqa: B023 (run at once)
            (encoder, lambda: bare(trainer, batch)),  # noqa: B023
        ]
        for cost, task in tasks if index % 2 else reversed(tasks):
            (cost if index >= WARM_UP else Cost()).add(task)
        trainer.progress.step += 1
        if index >= WARM_UP:
            sentences += len(examples)
            tokens += sum(len(example.tokens) for example in examples)
    return {
        "batches": number,
        "sentences": sentences,
        "tokens_per_sentence": round(tokens / sentences, 1),
        "step": step.to_dict(sentences),
        "encoder": encoder.to_dict(sentences),
        "overhead": round(step.seconds / encoder.seconds, 3),
        "overhead_core_seconds": round(step.core_seconds / encoder.core_seconds, 3),
    }


def prepare(config: TrainingConfig, files: Sequence[Path], folder: Path, *, bf16: bool) -> StageTrainer:
    """Return a trainer of the configuration's first stage."""
    sentences = list(read_all(files))
    torch.manual_seed(config.seed)
    model = JointModel(config.model, Schema.of(sentences))
    checkpoint = Checkpoint(folder / "checkpoint.safetensors", "benchmark")
    examples = encode(model, sentences)
    return StageTrainer(
        model, config.stages[0], examples, [], checkpoint, seed=config.seed, watch=lambda _: None, bf16=bf16
    )


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", default=[SAMPLE], help="training data (default: the sample)")
    parser.add_argument("--config", default="multilingual", help="its first stage is measured (default multilingual)")
    parser.add_argument("--batches", type=int, default=40, help="batches that count (default 40)")
    parser.add_argument("--precision", nargs="+", choices=("fp32", "bf16"), default=["fp32", "bf16"])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"), help="where the JSON goes")
    options = parser.parse_args()
    config = load_config(options.config)
    results: dict[str, Any] = {}
    for precision in options.precision:
        with TemporaryDirectory() as folder:
            trainer = prepare(config, options.data, Path(folder), bf16=precision == "bf16")
            results[precision] = bench(trainer, options.batches)
        print(precision, results[precision])
    values = {
        "machine": {**machine("torch", "transformers"), "threads": torch.get_num_threads()},
        "config": options.config,
        "data": [path.name for path in options.data],
        "results": results,
    }
    options.out.write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
