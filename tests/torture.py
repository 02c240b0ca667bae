"""Kills, damages and nonsense, and whether anything but one clear line or the right result comes of it.

``make torture`` runs it whole, ``tests/test_torture.py`` a minute of it, on a tiny random model. Counted are
*tracebacks* (anything but an error of mere's own), *silent differences* (from an undisturbed run, without a word) and
*wrong offsets* (a span that is not the text it names). Where the sums of a damaged model are renewed, another result is
no silent difference; graphs with renewed sums are left out, since no runtime promises to survive those.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from mere.cli.main import main as mere
from mere.data.formats import read_sentences
from mere.data.report import Report
from mere.errors import MereError
from mere.export.gate import export
from mere.inference.artifact import MANIFEST, write_manifest
from mere.inference.extractor import Backend, Extractor
from mere.inference.onnx_scorer import OnnxScorer
from mere.schema import Sentence, Span
from tests.damages import damage, mutate
from tests.tiny import make_backbone, make_model, write_training

SAMPLE = Path(__file__).parents[1] / "src" / "mere" / "data" / "sample" / "train.jsonl"
TRACEBACKS, DIFFERENCES, OFFSETS = "tracebacks", "silent differences", "wrong offsets"
LETTERS = (
    "aZé ßłñ  .,;:!?()[]\"'«»-–0123456789\n\t\r"
    + "\u200d\u200b\u00ad\ufeff👩‍🔬🤷🏽دمشق가나다東京Київ\u0301\u064b�\U0001f9ff"
)


class Torture:
    """What is hurt, and what came of it; everything happens below ``folder``."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        sentences = list(read_sentences(SAMPLE))
        known = [sentence for sentence in sentences if sentence.language != "uk"]
        self.backbone = make_backbone(folder / "backbone", sentences)
        plain = make_model(folder / "plain", str(self.backbone), known)
        self.model = folder / "model"
        # In a process of its own: the runtime's threads would not come along when this one forks.
        assert self._forked(lambda: export(plain, [], OnnxScorer, output=self.model)) == 0
        write_training(folder, self.backbone, sentences)

    def kill(self, count: int) -> None:
        """Kill each command ``count`` times."""
        data = [
            str(self.folder / name) for name in ("texts.txt", "config.toml", "train.jsonl", "dev.jsonl", "uk.jsonl")
        ]
        texts, config, train, dev, uk = data
        commands: dict[str, Callable[[Path], list[str]]] = {
            "extract": lambda out: ["extract", texts, "-m", str(self.model), "-o", str(out / "out.jsonl"), "--lines"],
            "train": lambda out: ["train", config, "--train", train, "--dev", dev, "-o", str(out)],
            "add-language": lambda out: ["add-language", str(self.model), uk, "-l", "uk", "-o", str(out)],
        }
        for name, command in commands.items():
            self._kill(name, command, count)

    def _kill(self, name: str, command: Callable[[Path], list[str]], count: int) -> None:
        whole = self.folder / f"{name}-whole"
        whole.mkdir()
        started = time.monotonic()
        if self._run(command(whole)) != 0:
            self._bad(TRACEBACKS, f"{name}, undisturbed")
            return
        longest, expected = time.monotonic() - started, _result(whole)
        number = kills = 0
        while kills < count or number == 0:
            number += 1
            cut = self.folder / f"{name}-{number}"
            cut.mkdir()
            code = -signal.SIGKILL
            while code == -signal.SIGKILL:
                rest = kills < count
                code = self._run(command(cut), self.random.uniform(0, longest) if rest else None)
                kills += code == -signal.SIGKILL
            if code != 0:
                self._bad(TRACEBACKS, f"{name}: ended with {code}, see {self.folder / 'log'}")
                return
            if _result(cut) != expected:
                self._bad(DIFFERENCES, f"{name} after kills, in {cut}")
            shutil.rmtree(cut)
        self.counts[f"kills of {name}"] += kills

    def _run(self, arguments: list[str], seconds: float | None = None) -> int:
        sys.argv = ["mere", *arguments]
        return self._forked(mere, seconds)

    def _forked(self, action: Callable[[], object], seconds: float | None = None) -> int:
        """Run in a child process, killed after so many seconds; return its exit code, or less the signal's number."""
        child = os.fork()
        if child == 0:
            log = os.open(self.folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            code = 1
            try:
                action()
                code = 0
            except SystemExit as stop:
                code = int(stop.code or 0)
            except BaseException:
                traceback.print_exc()
            os._exit(code)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)  # a child that has ended is there until it is waited for
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def damage(self, count: int) -> None:
        """Damage a copy of the model ``count`` times and load it both ways."""
        texts = [sentence.text for sentence in read_sentences(SAMPLE)][::40]
        runtimes: tuple[Backend, ...] = ("onnx", "torch")
        expected = {runtime: _load_and_extract(self.model, runtime, texts) for runtime in runtimes}
        names = sorted(str(path.relative_to(self.model)) for path in self.model.rglob("*") if path.is_file())
        copy = self.folder / "damaged"
        for number in range(count):
            shutil.copytree(self.model, copy)
            name = self.random.choice(names)
            how = damage(copy / name, self.random)
            renewed = self.random.random() < 0.6 and not name.endswith(".onnx") and name != MANIFEST
            if renewed:
                write_manifest(copy)
            for runtime, result in expected.items():
                place = f"{name}: {how}, renewed sums: {renewed}, {runtime} ({number})"
                found = self._guard(partial(_load_and_extract, copy, runtime, texts), place)
                if found not in (None, result) and not renewed:
                    self._bad(DIFFERENCES, place)
            shutil.rmtree(copy)
        self.counts["damages"] += count

    def read_lines(self, count: int) -> None:
        """Mutate lines of data and read them."""
        lines = SAMPLE.read_text("utf-8").splitlines()
        path = self.folder / "mutated.jsonl"
        for number in range(count):
            line = self.random.choice(lines)
            if self.random.random() < 0.5:
                values = json.loads(line)
                mutate(values, self.random)
                line = json.dumps(values)
            content = bytearray(line.encode(errors="surrogatepass"))
            for _ in range(self.random.randrange(3)):
                content[self.random.randrange(len(content))] = self.random.randrange(256)
            path.write_bytes(bytes(content) + b"\n" + lines[0].encode() + b"\n")
            place = f"line {number}: {bytes(content)!r}"
            for report in (Report(), Report(collect_errors=True)):
                for sentence in self._guard(partial(_read, path, report), place) or ():
                    self._check(sentence.text, sentence, place)
        self.counts["lines"] += count

    def extract(self, count: int) -> None:
        """Extract from random texts."""
        extractor = Extractor.from_pretrained(self.model)
        for _ in range(count):
            text = "".join(self.random.choices(LETTERS, k=self.random.choice([0, 1, 2, 10, 60, 400])))
            place = f"text {text!r}"
            found = self._guard(partial(extractor.extract, text, threshold=0.0), place)
            if found is not None:
                self._check(text, found, place)
        self.counts["texts"] += count

    def _check(self, text: str, sentence: Sentence, place: str) -> None:
        spans: list[Span] = [span for triple in sentence.triples for span in (triple.head, triple.tail)]
        if any(not span.text or text[span.start : span.end] != span.text for span in spans):
            self._bad(OFFSETS, place)
        self.counts["spans"] += len(spans)

    def _guard(self, action: Callable[[], Any], place: str) -> Any:
        """Return the result, or None for an error of mere's own; any other is a traceback."""
        try:
            return action()
        except MereError as error:
            self.counts["errors told"] += 1
            if "\n" in str(error):
                self._bad(TRACEBACKS, f"{place}: more than a line: {error}")
        except Exception as error:
            self._bad(TRACEBACKS, f"{place}: {error!r}\n{''.join(traceback.format_exc(limit=-3))}")
        return None

    def _bad(self, kind: str, place: str) -> None:
        self.counts[kind] += 1
        print(f"{kind}: {place}", file=sys.stderr)  # noqa: T201


def _load_and_extract(folder: Path, runtime: Backend, texts: list[str]) -> object:
    return Extractor.from_pretrained(folder, backend=runtime).extract(texts)


def _read(path: Path, report: Report) -> list[Sentence]:
    return list(read_sentences(path, report=report))


def _result(folder: Path) -> list[object]:
    """Return what a command is for: the records; the weights and the history, but for its times."""
    files = [folder / name for name in ("out.jsonl", "model/model.safetensors")]
    parts: list[object] = [path.read_bytes() for path in files if path.exists()]
    history = folder / "history.jsonl"
    lines = [json.loads(line) for line in history.read_text().splitlines()] if history.exists() else []
    return [*parts, [{**line, "seconds": 0} for line in lines]]


def torture(kills: int, damages: int, lines: int, texts: int, seed: int = 1) -> Counter[str]:
    """Do all of it and return the counts."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        victim = Torture(Path(folder), seed)
        victim.kill(kills)  # first: a process whose runtime has threads must not fork
        victim.read_lines(lines)
        victim.damage(damages)
        victim.extract(texts)
        return victim.counts


def main() -> None:
    """Run from the command line; the exit code is 1 where anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    for name, default in (("kills", 100), ("damages", 2000), ("lines", 5000), ("texts", 1000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    counts = torture(**vars(parser.parse_args()))
    bad = {kind: counts.pop(kind, 0) for kind in (TRACEBACKS, DIFFERENCES, OFFSETS)}
    for name, count in (*sorted(counts.items()), *bad.items()):
        print(f"{name}: {count:,}")  # noqa: T201
    sys.exit(any(bad.values()))


if __name__ == "__main__":
    main()
