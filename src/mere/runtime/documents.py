"""The old place of `mere.inference.documents`; kept for a version, with a warning."""

import warnings

from mere.inference.documents import Paragraph

__all__ = ["Paragraph"]

warnings.warn("mere.runtime is now mere.inference", DeprecationWarning, stacklevel=2)
