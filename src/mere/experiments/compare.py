"""Tables over a grid's results: means over seeds with bootstrap intervals, and paired comparison with the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mere.arrays import Doubles
from mere.evaluation.bootstrap import f1, resampled
from mere.experiments.runner import Result

_RESAMPLES = 2000


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds in per cent, with the 95 % interval over resampled sentences."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {(self.high - self.low) / 2:.1f}"

    def signed(self) -> str:
        """Write it as a difference with its interval."""
        return f"{self.mean:+.1f} [{self.low:+.1f}, {self.high:+.1f}]"


@dataclass(frozen=True)
class Row:
    """A variant's scores: F1 by language, over languages (``macro``) and over sentences (``micro``).

    ``macro_gain`` and ``micro_gain`` are paired differences to the baseline: both are scored on the same resampled
    sentences.
    """

    variant: str
    seeds: int
    languages: dict[str, Estimate]
    macro: Estimate
    micro: Estimate
    macro_gain: Estimate
    micro_gain: Estimate


def compare(results: Sequence[Result], baseline: str, kind: str = "triple") -> list[Row]:
    """Compare all variants with the baseline, over the seeds that both have.

    Sentences are drawn with replacement within each language, the same draws for all variants and seeds; a score is
    the mean over seeds.
    """
    names = list(dict.fromkeys(result.variant for result in results))
    scores = {name: _samples([r for r in results if r.variant == name], kind) for name in names}
    languages = sorted(set(results[0].languages))
    rows = []
    for name in names:
        samples, base = scores[name], scores[baseline]
        shared = [seed for seed in samples if seed in base]
        whole = _mean(samples, list(samples))
        gains = _mean(samples, shared) - _mean(base, shared) if shared else np.full_like(whole, np.nan)
        by_language = {language: _estimate(whole[index]) for index, language in enumerate(languages)}
        overall = (_estimate(values[i]) for values in (whole, gains) for i in (-2, -1))
        rows.append(Row(name, len(samples), by_language, *overall))
    return rows


def markdown(rows: Sequence[Row], baseline: str) -> str:
    """Write the rows as two Markdown tables: over all languages, and by language."""
    seeds = max(row.seeds for row in rows)
    head = f"| variant | seeds | macro | micro | macro against {baseline} | micro against {baseline} |"
    lines = [head, "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.variant} | {row.seeds} | {row.macro} | {row.micro} | "
        + " | ".join("" if row.variant == baseline else gain.signed() for gain in (row.macro_gain, row.micro_gain))
        + " |"
        for row in rows
    ]
    languages = list(rows[0].languages)
    lines += ["", "| variant | " + " | ".join(languages) + " |", "|---" * (len(languages) + 1) + "|"]
    for row in rows:
        lines.append(f"| {row.variant} | " + " | ".join(str(row.languages[language]) for language in languages) + " |")
    note = "Means over up to {} seed{}; ± is half of the 95 % bootstrap interval over sentences; gains are paired."
    return "\n".join([*lines, "", note.format(seeds, "" if seeds == 1 else "s"), ""])


def _samples(results: Sequence[Result], kind: str) -> dict[int, Doubles]:
    """Return, a seed, (languages + 2)×(1 + resamples) F1 scores; macro and micro come last, the plain score first."""
    return {result.seed: _of_result(result, kind) for result in results}


def _of_result(result: Result, kind: str) -> Doubles:
    counts = np.array(result.counts[kind], np.int64)
    languages = np.array(result.languages)
    totals = []
    for number, language in enumerate(sorted(set(result.languages))):
        rows = counts[languages == language]
        # Seeded by the language: all variants draw the same sentences, so that their gains are paired.
        draws = resampled(rows, np.random.default_rng([number, len(rows)]), _RESAMPLES)
        totals.append(np.concatenate([rows.sum(0, keepdims=True), draws]))
    scores = [f1(total) for total in totals]
    return 100 * np.stack([*scores, np.mean(scores, axis=0), f1(np.sum(totals, axis=0))])


def _mean(samples: dict[int, Doubles], seeds: Sequence[int]) -> Doubles:
    mean: Doubles = np.mean([samples[seed] for seed in seeds], axis=0)
    return mean


def _estimate(values: Doubles) -> Estimate:
    if np.isnan(values).any():
        return Estimate(float("nan"), float("nan"), float("nan"))
    low, high = np.percentile(values[1:], [2.5, 97.5])
    return Estimate(float(values[0]), float(low), float(high))
