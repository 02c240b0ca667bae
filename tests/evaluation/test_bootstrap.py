"""The bootstrap: the same every time, whole, and the same draws for all that is counted apart."""

from __future__ import annotations

import numpy as np
import pytest

from mere.evaluation import bootstrap
from mere.evaluation.bootstrap import RESAMPLES, breakdowns, f1, resampled, resampled_f1


def _counts(size: int = 40) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    random = np.random.default_rng(7)
    gold, predicted = random.integers(0, 4, size), random.integers(0, 4, size)
    right = np.minimum(gold, predicted) * random.integers(0, 2, size)
    return np.stack([right, predicted, gold], axis=1)


def test_a_seed_gives_the_same_samples_and_another_seed_others() -> None:
    first, again, other = (resampled_f1(_counts(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_what_is_counted_apart_is_drawn_together() -> None:
    counts = _counts()
    both = resampled_f1(np.stack([counts, counts[:, [0, 2, 1]]], axis=1), np.random.default_rng(1))
    assert both.shape == (RESAMPLES, 2)
    assert np.array_equal(both[:, 0], both[:, 1]), "F1 does not tell predicted from gold, in the same sentences"
    assert np.array_equal(both[:, 0], resampled_f1(counts, np.random.default_rng(1)))


def test_a_resample_has_as_many_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    ones = np.ones((40, 3), np.int64)
    assert (resampled(ones, np.random.default_rng(0), 25) == 40).all()
    whole = resampled(_counts(), np.random.default_rng(0), 25)
    monkeypatch.setattr(bootstrap, "_DRAWN_AT_ONCE", 400)
    assert np.array_equal(resampled(_counts(), np.random.default_rng(0), 25), whole), "drawn in pieces, it is the same"


def test_languages_are_drawn_apart_and_macro_from_them() -> None:
    counts = np.concatenate([_counts(), _counts(20)])[:, None]
    languages = ["de"] * 40 + ["en"] * 20
    (scores,) = breakdowns(counts, languages)
    (alone,) = breakdowns(counts[:40], languages[:40])
    assert scores.languages["de"] == alone.languages["de"]
    assert scores.macro.f1 == pytest.approx(np.mean([score.f1 for score in scores.languages.values()]))
    assert scores.macro.ci95[0] < scores.macro.f1 < scores.macro.ci95[1]


def test_nothing_to_find_and_nothing_predicted_is_right() -> None:
    assert f1(np.array([[0, 0, 0], [0, 1, 0], [1, 1, 1]])).tolist() == [1.0, 0.0, 1.0]
