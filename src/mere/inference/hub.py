"""Models on the Hugging Face Hub: fetched where a name of one is given, and never otherwise."""

from __future__ import annotations

import re
from pathlib import Path

from mere.errors import ArtifactError, MissingExtraError, require

_NAME = re.compile(r"[\w.-]+/[\w.-]+(?:@[\w.-]+)?")
_FILES = ["*.json", "*.safetensors", "*.toml", "README.md", "onnx/*"]
"""What belongs to a model; nothing else is fetched."""


def is_hub_name(name: str) -> bool:
    """Whether ``name`` has the form ``OWNER/MODEL`` or ``OWNER/MODEL@REVISION`` and can be no path.

    Where there is a folder called like the owner, it is taken for a path whose end is misspelt.
    """
    return bool(_NAME.fullmatch(name)) and not name.startswith(".") and not Path(name.split("/")[0]).exists()


def fetch(name: str) -> Path:
    """Return the folder of a model on the Hub, fetched into the Hub's own cache unless it is there.

    Raises
    ------
    MissingExtraError
        Where huggingface_hub is not installed.
    ArtifactError
        Where there is no such model, or the Hub cannot be reached.
    """
    try:
        hub = require("huggingface_hub", "hub")
    except MissingExtraError as missing:
        raise MissingExtraError(f"{name}: no folder of this name; to fetch it from the Hub, {missing}") from missing
    model, _, revision = name.partition("@")
    try:
        return Path(hub.snapshot_download(model, revision=revision or None, allow_patterns=_FILES))
    except (OSError, ValueError) as error:  # what huggingface_hub raises derives from these
        reason = " ".join(str(error).split())[:200]
        raise ArtifactError(f"{name}: neither a folder nor to be had from the Hub ({reason})") from error
