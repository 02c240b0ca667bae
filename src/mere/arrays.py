"""The kinds of arrays that mere passes around, named once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
"""Scores and states, as models compute them."""

Doubles = NDArray[np.float64]
"""What statistics are computed in."""

Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]
