"""Whether memory stays flat over many sentences, and whether time grows no faster than text.

python benchmarks/documents.py MODEL [--sentences 100000] [--data FILE…] [--out FILE]

Memory: the model reads so many short sentences in one stream; the resident memory of this process is noted on the way.
Time: texts of different kinds and then twice as much of each, the fastest of three runs. Among them is one paragraph of
a megabyte without a full stop, which is cut into windows.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from mere.cli.bench import seconds_of
from mere.cli.machine import machine
from mere.data.formats import SAMPLE, read_all
from mere.inference.documents import Paragraph
from mere.inference.extractor import Extractor

EARLY = 10_000
"""Sentences after which memory should not grow any more."""

MEGABYTE = 1_000_000


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="default", help="a model's directory (default: the packaged one)")
    parser.add_argument("--sentences", type=int, default=100_000, help="sentences of the stream (default 100,000)")
    parser.add_argument("--data", type=Path, nargs="+", default=[SAMPLE], help="texts (default: the sample corpus)")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"), help="where the JSON goes")
    options = parser.parse_args()
    extractor = Extractor.from_pretrained(options.model)
    texts = [sentence.text for sentence in read_all(options.data)]
    values = {
        "machine": machine("onnxruntime"),
        "model": options.model,
        "time_of_twice_the_text": {name: twice(extractor, text) for name, text in kinds(texts)},
        "megabyte": megabyte(extractor, texts),
        "memory": memory(extractor, texts, options.sentences),
    }
    options.out.write_text(json.dumps(values, indent=2) + "\n")
    print(json.dumps(values, indent=2))


def kinds(texts: list[str]) -> Iterator[tuple[str, str]]:
    """Yield texts of about 30,000 characters: plain ones and some that are hard to cut."""
    plain = " ".join(islice(cycle(texts), 700))[:30_000]
    yield "sentences", plain
    yield "a sentence a line", "\n".join(islice(cycle(texts), 700))[:30_000]
    yield "no punctuation", unpunctuated(plain)
    yield "no blanks", re.sub(r"\s", "", unpunctuated(plain))
    yield "full stops alone", ". " * 15_000


def unpunctuated(text: str) -> str:
    """Return ``text`` with nothing left at which a sentence could end."""
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s]", " ", text))


def read(extractor: Extractor, text: str) -> int:
    """Read one paragraph and return how many windows it took."""
    return sum(record.windows for record in extractor.records([Paragraph("", 0, text)]))


def twice(extractor: Extractor, text: str) -> float:
    """Return the time for twice the text over that for the text."""
    read(extractor, text)
    once, double = (min(seconds_of(lambda t=t: read(extractor, t)) for _ in range(3)) for t in (text, text + text))  # type: ignore[misc]
    return round(double / once, 2)


def megabyte(extractor: Extractor, texts: list[str]) -> dict[str, float]:
    """Read one paragraph of a megabyte without punctuation."""
    text = unpunctuated(" ".join(islice(cycle(texts), 25_000)))[:MEGABYTE]
    windows: list[int] = []
    seconds = seconds_of(lambda: windows.append(read(extractor, text)))
    return {"seconds": round(seconds, 1), "windows": windows[0], "characters": len(text)}


def memory(extractor: Extractor, texts: list[str], count: int) -> dict[str, Any]:
    """Stream sentences and return the resident memory, in MiB, on the way, and how much of it came after `EARLY`."""
    resident: dict[int, float] = {}
    for number, _ in enumerate(extractor.pipe(islice(cycle(texts), count)), start=1):
        if number % EARLY == 0:
            resident[number] = round(resident_mib(), 1)
    early = resident[EARLY]
    return {"resident_mib": resident, "growth_mib": round(max(resident.values()) - early, 1)}


def resident_mib() -> float:
    """Return the memory that this process holds now, in MiB."""
    match = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match is not None
    return int(match[1]) / 1024


if __name__ == "__main__":
    main()
