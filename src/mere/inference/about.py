"""What there is to know of a saved model without running it. Torch-free."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import mere
from mere.data.catalogue import Catalogue
from mere.errors import ArtifactError
from mere.inference.artifact import CARD, DEFAULT, FORMAT, MANIFEST, PACKAGED, ArtifactConfig, check_manifest, sha256
from mere.inference.catalogue import load_catalogue

_PARAGRAPH = r"^\*\*{title}\.\*\*\s+(.+?)(?=\n\s*\n|\Z)"
_TITLES = {"weights": r"Licences?", "data": r"Training data"}
"""How paragraphs of the card begin that say under which licence the weights are, and the data they come from."""


@dataclass(frozen=True)
class About:
    """A saved model.

    Attributes
    ----------
    name, version:
        What it is called; the package's version for the packaged model, for others the start of its manifest's sum.
    folder, config:
        Where it is, and what its configuration says.
    catalogue:
        What its relations mean.
    sizes:
        Bytes of every file.
    licences:
        What the card says on the licence of the ``weights`` and on the ``data``; an empty string where it says nothing.
    damage:
        Which file is missing or does not match its checksum; an empty string where all is well.
    """

    name: str
    version: str
    folder: Path
    config: ArtifactConfig
    catalogue: Catalogue
    sizes: dict[str, int]
    licences: dict[str, str]
    damage: str

    @classmethod
    def of_model(cls, folder: Path) -> About:
        """Read what there is to know of the model in ``folder``.

        Files other than the configuration and the catalogue may be damaged, which is told and not raised.

        Raises
        ------
        ArtifactError
            Where there is no model, or its configuration or catalogue cannot be read.
        """
        check_manifest(folder, [])
        config = ArtifactConfig.read(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        packaged = folder.resolve() == PACKAGED.resolve()
        return cls(
            DEFAULT if packaged else folder.resolve().name,
            mere.__version__ if packaged else sha256(folder / MANIFEST)[:12],
            folder,
            config,
            load_catalogue(folder),
            {path.relative_to(folder).as_posix(): path.stat().st_size for path in files},
            _licences(folder / CARD),
            _damage(folder),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        schema = self.config.schema
        decoding = msgspec.to_builtins(self.config.decoding)
        return {
            "name": self.name,
            "version": self.version,
            "format": FORMAT,
            "folder": str(self.folder),
            "backbone": self.config.model.backbone,
            "languages": list(schema.languages),
            "relations": {name: self._relation(name) for name in schema.relations},
            "entity_types": list(schema.entity_types),
            "thresholds": {name: value for name, value in decoding.items() if name != "calibration"},
            "bytes": {"total": sum(self.sizes.values()), "files": self.sizes},
            "licences": self.licences,
            "checksums": {"ok": not self.damage, "problem": self.damage or None},
        }

    def _relation(self, name: str) -> dict[str, Any] | None:
        """Return what a relation means, its examples as sentences with spans; None where that is unknown."""
        entry = self.catalogue.get(name)
        if entry is None:
            return None
        examples = []
        for sentence in self.catalogue.examples(name):
            spans = {"head": sentence.triples[0].head, "tail": sentence.triples[0].tail}
            places = {role: {"text": s.text, "start": s.start, "end": s.end} for role, s in spans.items()}
            examples.append({"text": sentence.text, **places})
        return {**msgspec.structs.asdict(entry), "examples": examples}


def _damage(folder: Path) -> str:
    try:
        check_manifest(folder)
    except ArtifactError as error:
        return str(error)
    return ""


def _licences(card: Path) -> dict[str, str]:
    try:
        text = card.read_text("utf-8")
    except (OSError, ValueError):
        text = ""
    said = {name: re.search(_PARAGRAPH.format(title=title), text, re.M | re.S) for name, title in _TITLES.items()}
    return {name: "" if match is None else " ".join(match[1].split()) for name, match in said.items()}
