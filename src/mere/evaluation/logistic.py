"""Logistic regression in a few lines of numpy, for calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mere.arrays import Bools, Doubles

_FIXED = 1e12
"""Inverse variance of a weight that must not move."""


def fit_logistic(columns: Doubles, right: Bools, prior: Doubles, ridge: Doubles, rising: Sequence[int] = ()) -> Doubles:
    """Fit weights to S rows of W columns and S answers.

    Parameters
    ----------
    columns:
        S×W numbers, one column of them ones where a bias is wanted.
    right:
        S answers.
    prior:
        The W weights where there are no rows.
    ridge:
        How strongly each of the W is held to its prior: the inverse variance, above 0.
    rising:
        Weights that must not fall below zero; a prior there is not below zero.
    """
    prior, ridge = prior.copy(), ridge.copy()
    while True:
        weights = _newton(columns, right, prior, ridge)
        below = [index for index in rising if weights[index] < 0 and ridge[index] < _FIXED]
        if not below:
            weights[list(rising)] = np.maximum(weights[list(rising)], 0.0)
            return weights
        prior[below], ridge[below] = 0.0, _FIXED


def _newton(columns: Doubles, right: Bools, prior: Doubles, ridge: Doubles) -> Doubles:
    """Minimise the loss, which is convex, by Newton steps, each halved for as long as it overshoots."""

    def loss(trial: Doubles) -> float:
        logits = columns @ trial
        return float(np.sum(np.logaddexp(0, logits) - right * logits) + np.sum(ridge * (trial - prior) ** 2) / 2)

    weights = prior.copy()
    for _ in range(50):
        p = np.exp(-np.logaddexp(0, -(columns @ weights)))  # the logistic function, which cannot overflow so
        gradient = columns.T @ (p - right) + ridge * (weights - prior)
        step = np.linalg.solve((columns.T * (p * (1 - p))) @ columns + np.diag(ridge), gradient)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    return weights
