"""What the command line asks of an extraction, in the terms of `mere.inference.extractor.Extractor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import mere
from mere.errors import InputError
from mere.inference.documents import Paragraph
from mere.inference.extractor import Extractor, Record
from mere.inference.options import Options


@dataclass(frozen=True)
class Request:
    """The options of `Extractor.extract`, but for markup, which is passed over where files are read."""

    language: str
    threshold: float | Mapping[str, float] | None
    relations: Sequence[str] | None
    precise: bool
    batch_size: int

    def check(self, extractor: Extractor) -> None:
        """Raise `InputError` for what the model cannot do, before anything is read."""
        Options.checked(extractor.codec, **asdict(self))

    def records(
        self, extractor: Extractor, paragraphs: Iterable[Paragraph], earlier: Iterable[Paragraph]
    ) -> Iterator[Record]:
        """Read paragraphs as was asked for."""
        return extractor.records(paragraphs, earlier=earlier, **asdict(self))

    def shaping(self) -> tuple[object, ...]:
        """Return what shapes the records, for telling one run's from another's."""
        return (mere.__version__, self.language, self.threshold, self.relations, self.precise)


def thresholds(given: Sequence[str], relations: Sequence[str]) -> float | dict[str, float] | None:
    """Read what ``--threshold`` was given: a number for all relations, ``relation=number`` for one, or both.

    Raises `InputError` for anything else; whether a number is a probability is for the extractor to say.
    """
    general: float | None = None
    special: dict[str, float] = {}
    for text in given:
        relation, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise InputError(f"--threshold takes a number or relation=number, not '{text}'") from None
        if equals:
            special[relation] = value
        elif general is None:
            general = value
        else:
            raise InputError("--threshold was given two numbers for all relations; give one, or relation=number")
    if not special:
        return general
    return special if general is None else dict.fromkeys(relations, general) | special


def chosen_relations(given: Sequence[str] | None, relations: Sequence[str]) -> list[str] | None:
    """Read what ``--relations`` was given: names, or several with commas between them; raises `InputError` for none."""
    if given is None:
        return None
    names = [name for text in given for name in ([text] if text in relations else text.split(","))]
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not wanted:
        raise InputError(f"--relations names no relation; the model knows {', '.join(relations)}")
    return wanted
