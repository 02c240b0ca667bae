"""How well and how fast texts are cut into sentences, beside plain sentencex.

python benchmarks/sentences.py FOLDER [--out benchmarks/sentences.json]

FOLDER holds files such as ``de.txt.gz`` of one sentence a line. A wrong cut is one within a line, and counts once a
line; a missed end is a place where lines that were joined by a blank, in twos and in fives, are not parted. Lines that
end without any stop are not told apart from others by either, so that some ends are missed by all.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import sentencex

from mere.inference.sentences import sentence_spans

Splitter = Callable[[str, str], set[int]]
"""Takes a text and its language, returns where its sentences start."""

SIZES = (2, 5)


def ours(text: str, language: str) -> set[int]:
    """Return where sentences start by mere's rules."""
    return {start for start, _ in sentence_spans(text, language)}


def plain(text: str, language: str) -> set[int]:
    """Return where sentences start by sentencex alone."""
    starts, end = set(), 0
    for segment in sentencex.segment(language, text):
        if bare := segment.strip():
            start = text.index(bare, end)
            starts.add(start)
            end = start + len(bare)
    return starts


def joined(lines: list[str]) -> Iterator[tuple[str, set[int]]]:
    """Yield neighbouring lines as a text each, and where all but the first start in it."""
    for size in SIZES:
        for row in range(0, len(lines) - size + 1, size):
            chosen = lines[row : row + size]
            starts = [0]
            for line in chosen:
                starts.append(starts[-1] + len(line) + 1)
            yield " ".join(chosen), set(starts[1:-1])


def measure(lines: list[str], language: str, split: Splitter) -> dict[str, float]:
    """Return the lines and joins of a language, wrong cuts, missed ends, and characters a second of one core."""
    cut = sum(len(split(line, language)) > 1 for line in lines)
    texts = list(joined(lines))
    before = time.process_time()
    cuts = [split(text, language) for text, _ in texts]
    seconds = time.process_time() - before
    missed = sum(len(ends - starts) for (_, ends), starts in zip(texts, cuts, strict=True))
    return {
        "lines": len(lines),
        "wrong_cuts": cut,
        "joins": sum(len(ends) for _, ends in texts),
        "missed_ends": missed,
        "characters_a_second": round(sum(len(text) for text, _ in texts) / max(seconds, 1e-9)),
    }


def show(language: str, rows: dict[str, dict[str, float]]) -> str:
    """Return a line of the table."""
    cells = [f"{language:>4}"]
    for row in rows.values():
        cells.append(
            f"{row['wrong_cuts'] / row['lines']:8.2%} {row['missed_ends'] / row['joins']:8.2%}"
            f" {row['characters_a_second'] / 1e6:6.1f} M/s"
        )
    return "  |".join(cells)


def main() -> None:
    """Measure a folder, print a table and write the figures where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    splitters: dict[str, Splitter] = {"sentencex": plain, "mere": ours}
    figures: dict[str, dict[str, dict[str, float]]] = {}
    print("      | sentencex: wrong cuts, missed ends, speed | mere: the same")
    for path in sorted(arguments.folder.glob("*.txt.gz")):
        language = path.name.split(".")[0]
        with gzip.open(path, "rt", encoding="utf-8") as file:
            lines = [line.strip() for line in file if line.strip()]
        for split in splitters.values():
            split(lines[0], language)  # word lists are loaded once
        figures[language] = {name: measure(lines, language, split) for name, split in splitters.items()}
        print(show(language, figures[language]))
    total = {
        name: {key: sum(rows[name][key] for rows in figures.values()) for key in next(iter(figures.values()))[name]}
        for name in splitters
    }
    for row in total.values():
        row["characters_a_second"] = round(row["characters_a_second"] / len(figures))
    print(show("all", total))
    if arguments.out:
        arguments.out.write_text(json.dumps({"languages": figures, "all": total}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
