"""The command ``mere bench``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any

import typer

from mere.arrays import Floats, Integers
from mere.cli.console import STANDARD, write_json
from mere.cli.machine import install_mib, machine, peak_mib
from mere.cli.options import BatchSize, Json, Model
from mere.data.formats import SAMPLE, read_all
from mere.errors import InputError
from mere.inference.codec import Arrays, EntityScores
from mere.inference.extractor import Extractor
from mere.inference.predictor import Scorer
from mere.inference.reader import Encoder
from mere.schema import Sentence

LENGTHS = (32, 48)
"""Fewest and most tokens of a text that is measured."""

_COLD = "import sys; from mere.cli.main import main; from mere.cli.machine import peak_mib\ntry: main()\n"
_COLD += "finally: print(peak_mib(), file=sys.stderr)"
_IMPORT = "import time; start = time.perf_counter(); import mere; print(time.perf_counter() - start)"
_TEXT = "Ada Lovelace was born in London."


def bench_command(
    model: Model,
    data: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Whose texts to take (default: the sample corpus).")
    ] = None,
    sentences: Annotated[int, typer.Option(min=1, help="Texts for the throughput.")] = 512,
    single: Annotated[int, typer.Option(min=2, help="Texts for the latency, one at a time.")] = 100,
    starts: Annotated[int, typer.Option(min=1, help="Processes for cold start and import.")] = 3,
    batch_size: BatchSize = 32,
    as_json: Json = STANDARD,
) -> None:
    """Measure speed, start, memory and size of a model on this machine; JSON out.

    Texts are of 32 to 48 tokens: sentences of the data, of which short ones of a language are joined.
    """
    extractor = Extractor.from_pretrained(model)
    texts = texts_of_length(extractor.tokenizer, read_all(data or [SAMPLE]), max(sentences, single))
    values = {
        "machine": machine("mere", "numpy", "tokenizers", "torch", "onnxruntime"),
        "model": model,
        "scorer": type(extractor.scorer).__name__,
        "sentences": sentences,
        "tokens_per_sentence": round(sum(map(len, extractor.tokenizer.encode(texts))) / len(texts), 1),
        "batch_size": batch_size,
        **throughput(extractor, texts[:sentences], batch_size),
        "latency_ms": latency(extractor, texts[:single]),
        "peak_mib": round(peak_mib(), 1),
        "cold_start": cold_start(model, starts),
        "import_seconds": round(median(float(_python(_IMPORT).stdout) for _ in range(starts)), 3),
        "install_mib": {
            name: {"total": round(sum(sizes.values()), 1), **sizes}
            for name, sizes in (("mere", install_mib("mere")), ("mere[train]", install_mib("mere", "train")))
        },
    }
    write_json(values, as_json or STANDARD, data or ())


def texts_of_length(tokenizer: Encoder, sentences: Iterable[Sentence], count: int) -> list[str]:
    """Return ``count`` texts of `LENGTHS` tokens, in turns where there are fewer; raises `InputError` for none.

    A sentence that is too short is joined with the next ones of its language, one that is too long is left out.
    """
    least, most = LENGTHS
    begun: dict[str, str] = {}
    texts: list[str] = []
    for sentence in sentences:
        text = f"{begun.get(sentence.language, '')} {sentence.text}".strip()
        size = len(tokenizer.encode([text])[0])
        begun[sentence.language] = text if size < least else ""
        if least <= size <= most:
            texts.append(text)
        if len(texts) == count:
            break
    if not texts:
        raise InputError(f"the data has no texts of {least} to {most} tokens; give more of it")
    return list(islice(cycle(texts), count))


def throughput(extractor: Extractor, texts: Sequence[str], batch_size: int) -> dict[str, float]:
    """Return sentences a second end to end, and the share of the time that is spent outside the model proper."""
    scorer = _Timed(extractor.scorer)
    timed = Extractor(scorer, extractor.codec, extractor.tokenizer)
    list(timed.pipe(texts[: 2 * batch_size], batch_size=batch_size))  # warms up, and loads the language identifier
    scorer.seconds = 0.0
    seconds = seconds_of(lambda: list(timed.pipe(texts, batch_size=batch_size)))
    return {
        "sentences_per_second": round(len(texts) / seconds, 2),
        "share_outside_model": round(1 - scorer.seconds / seconds, 3),
    }


def latency(extractor: Extractor, texts: Sequence[str]) -> dict[str, float]:
    """Return median and 95th percentile of the milliseconds that one text takes by itself."""
    extractor.extract(texts[0])
    times = [1000 * seconds_of(lambda: extractor.extract(text)) for text in texts]  # noqa: B023 (run at once)
    cuts = quantiles(times, n=20, method="inclusive")
    return {"p50": round(cuts[9], 2), "p95": round(cuts[18], 2)}


def cold_start(model: str, starts: int) -> dict[str, float]:
    """Return seconds and peak memory of ``mere extract`` on one sentence, as a process; the median of several."""
    seconds, peaks = [], []
    for _ in range(starts):
        start = time.perf_counter()
        done = _python(_COLD, "extract", _TEXT, "--model", model, "--format", "jsonl")
        seconds.append(time.perf_counter() - start)
        peaks.append(float(done.stderr.split()[-1]))
    return {"seconds": round(median(seconds), 3), "peak_mib": round(median(peaks), 1)}


def seconds_of(task: Callable[[], object]) -> float:
    """Return how long a task takes."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"the measured process failed: {done.stderr.strip().splitlines()[-1]}")
    return done


class _Timed:
    """A scorer that adds up the seconds spent in another one."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.seconds = 0.0

    def relations(self, arrays: Arrays) -> tuple[Any, Floats]:
        start = time.perf_counter()
        try:
            return self.scorer.relations(arrays)
        finally:
            self.seconds += time.perf_counter() - start

    def entities(self, states: Any, arrays: Arrays, rows: Integers, relations: Integers) -> EntityScores:
        start = time.perf_counter()
        try:
            return self.scorer.entities(states, arrays, rows, relations)
        finally:
            self.seconds += time.perf_counter() - start
