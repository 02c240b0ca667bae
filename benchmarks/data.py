"""How fast data files are read and checked, and whether memory grows with their size.

python benchmarks/data.py [--rows 200000] [--out benchmarks/data.json]

Made-up files of SMiLER's form and of jsonl are read and checked, each in a process of its own; peak memory is taken for
half of the rows and for all of them. Sentences a core second is what counts where the machine is shared.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from mere.cli.machine import machine
from mere.data.doctor import check
from mere.data.formats import read_sentences, write_sentences
from mere.schema import Sentence, Span, Triple

FORMS = ("tsv", "jsonl", "jsonl.gz")
SYLLABLES = {
    "de": "stadt berg hof ung keit lich er haus mann see au ü ver ge wald ist und der",
    "ru": "град ск ов ая на пре во ли тель го ро да мир и в ин род ся",
    "ko": "한 국 도 시 는 이 의 에 서 사 람 강 산 대 학 교 가 수",
    "ar": "ال مد ين ة في من كتاب ولد سنة هو ان عا لم بحر يو م قر ية",
}
RELATIONS = ("birth-place", "has-type", "is-where", "has-population", "starring", "won-award")


def sentences(seed: int = 0) -> Iterator[Sentence]:
    """Yield made-up sentences without end: some 130 characters, one in ten negative, all four languages in turn."""
    chance = random.Random(seed)
    number = 0
    while True:
        for language, syllables in SYLLABLES.items():
            pieces = syllables.split()
            number += 1
            words = ["".join(chance.choices(pieces, k=chance.randint(1, 4))) for _ in range(chance.randint(12, 24))]
            words[chance.randrange(len(words))] = str(chance.randrange(2500))
            text = " ".join(words) + " ."
            first, second = sorted(chance.sample(range(len(words)), 2))
            head, tail = (_word(text, words, index) for index in (first, second))
            triples = (Triple(head, chance.choice(RELATIONS), tail),) if number % 10 else ()
            yield Sentence(text, language, triples, f"{language}-{number}")


def _word(text: str, words: list[str], index: int) -> Span:
    start = sum(len(word) + 1 for word in words[:index])
    return Span.of(text, start, start + len(words[index]))


def read_file(path: Path) -> int:
    """Read a file and return its number of sentences."""
    return sum(1 for _ in read_sentences(path))


def check_file(path: Path) -> int:
    """Check a file and return its number of errors."""
    return check({"train": [path]}).count("error")


class Cost(NamedTuple):
    """What a task took: seconds on the clock, seconds of one core, and its process' peak memory."""

    seconds: float
    core_seconds: float
    peak_mib: float


def measure(task: Callable[[Path], int], path: Path) -> Cost:
    """Run a task in a new process and return what it took."""
    context = multiprocessing.get_context("spawn")  # so that its peak memory is its own
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measured, task, path).result()


def _measured(task: Callable[[Path], int], path: Path) -> Cost:
    start, core_start = time.perf_counter(), time.process_time()
    task(path)
    seconds, core_seconds = time.perf_counter() - start, time.process_time() - core_start
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return Cost(seconds, core_seconds, int(peak) / 1024)


def bench(rows: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the figures of every form and task."""
    made = folder / "made.jsonl"
    write_sentences(islice(sentences(), rows), made)
    results: dict[str, dict[str, Any]] = {}
    for form in FORMS:
        half, full = folder / f"half.{form}", folder / f"full.{form}"
        write_sentences(read_sentences(made), full)
        write_sentences(islice(read_sentences(made), rows // 2), half)
        results[form] = {"megabytes": round(full.stat().st_size / 1e6, 1)}
        for name, task in (("read", read_file), ("check", check_file)):
            smaller, larger = measure(task, half), measure(task, full)
            results[form][name] = {
                "sentences_per_second": round(rows / larger.seconds),
                "sentences_per_core_second": round(rows / larger.core_seconds),
                "peak_mib_half": round(smaller.peak_mib, 1),
                "peak_mib_full": round(larger.peak_mib, 1),
                "growth_mib": round(larger.peak_mib - smaller.peak_mib, 1),
            }
            print(form, name, results[form][name])
    return results


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="sentences in the larger file (default 200000)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"), help="where the JSON goes")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        results = bench(options.rows, Path(folder))
    values = {"machine": machine(), "rows": options.rows, "results": results}
    options.out.write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
