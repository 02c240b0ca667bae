"""The bundled backbone's own tokenizer against the ``tokenizers`` package, on everything."""

from __future__ import annotations

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, normalizers, pre_tokenizers

from mere.inference.borders import BORDERS
from mere.inference.e5 import E5File, Pieces
from mere.inference.unigram import BOUNDARY, Unigram
from mere.schema import Sentence

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text(
    st.sampled_from("aé e\u0301 \u2581▁Köln\t\n 中文한국مرحب🤷🏽the "), max_size=40
)


@pytest.fixture(scope="module")
def pieces() -> Pieces:
    return E5File.bundled("e5-small-enpt").pieces()


@pytest.fixture(scope="module")
def unigram(pieces: Pieces) -> Unigram:
    return Unigram(pieces.pieces, pieces.scores, pieces.unknown)


@pytest.fixture(scope="module")
def bordered(pieces: Pieces) -> Unigram:
    return Unigram(pieces.pieces, pieces.scores, pieces.unknown, BORDERS)


@pytest.fixture(scope="module")
def reference(pieces: Pieces) -> tokenizers.Tokenizer:
    core = tokenizers.Tokenizer(models.Unigram(list(zip(pieces.pieces, pieces.scores, strict=True)), pieces.unknown))
    core.normalizer = normalizers.Replace(tokenizers.Regex(" {2,}"), " ")
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    return core


def _expected(reference: tokenizers.Tokenizer, unknown: int, text: str) -> list[tuple[int, int, int]]:
    """Ids and offsets without the white space around them; a run of unknown characters is cut into characters."""
    found = []
    encoding = reference.encode(text, add_special_tokens=False)
    for number, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
        singles = [(at, at + 1) for at in range(start, end)] if number == unknown else [(start, end)]
        found += [(number, *_stripped(text, *single)) for single in singles]
    return found


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """A token of spaces alone is nowhere."""
    kept = text[start:end].strip(" ")
    return (start + text[start:end].index(kept), start + text[start:end].index(kept) + len(kept)) if kept else (-1, -1)


def _found(unigram: Unigram, text: str) -> list[tuple[int, int, int]]:
    return [(number, *_stripped(text, start, end)) for number, start, end in zip(*unigram.encode(text), strict=True)]


def test_real_sentences_are_cut_alike(
    unigram: Unigram, reference: tokenizers.Tokenizer, sample: list[Sentence]
) -> None:
    for sentence in sample:
        assert _found(unigram, sentence.text) == _expected(reference, unigram.unknown, sentence.text)


@settings(max_examples=120, deadline=None)
@given(text=TEXT)
def test_any_text_is_cut_alike(unigram: Unigram, reference: tokenizers.Tokenizer, text: str) -> None:
    assert _found(unigram, text) == _expected(reference, unigram.unknown, text)


def test_a_long_text_without_spaces_takes_linear_time(unigram: Unigram) -> None:
    ids, starts, ends = unigram.encode("中文" * 20_000)
    assert len(ids) == len(starts) == len(ends)
    assert ends[-1] == 40_000


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("(Postleitzahl", "( Postleitzahl"),
        ("18347)", "18347 )"),
        ("«Лялька».", "« Лялька » ."),
        ("1911.", "1911 ."),
        ("1911.)", "1911 . )"),
        ("3.14", "3.14"),
        ("l’uomo", "l’uomo"),
        ("판다는", "판다 는"),
        ("서울은,", "서울 은,"),
        ("NASA를", "NASA 를"),
        ("3월에", "3월 에"),
        ("먹는", "먹는"),
        ("마을", "마을"),
        ("은행", "은행"),
        ("(", "("),
    ],
)
def test_where_tokens_have_to_end(word: str, parts: str) -> None:
    assert BORDERS.split(word) == parts.split(" ")


def test_pieces_end_at_borders(pieces: Pieces, unigram: Unigram, bordered: Unigram) -> None:
    text = 'Clube (fundado em 1904) "o glorioso" em 1911.'
    whole = list(zip(*bordered.encode(text), strict=True))
    assert {text.index("1904)") + 4, text.index("o gl"), len(text) - 1} <= {end for _, _, end in whole}
    assert "".join(pieces.pieces[number] for number, _, _ in whole) == BOUNDARY + text.replace(" ", BOUNDARY)
    free = "Clube do Porto"
    assert bordered.encode(free) == unigram.encode(free)


@settings(max_examples=60, deadline=None)
@given(text=TEXT | st.text(st.sampled_from("판다는 서울을3(a)»«.,"), max_size=30))
def test_borders_lose_no_character(unigram: Unigram, bordered: Unigram, text: str) -> None:
    _, starts, ends = bordered.encode(text)
    _, plain_starts, plain_ends = unigram.encode(text)
    covered = {at for start, end in zip(starts, ends, strict=True) for at in range(start, end)}
    assert covered == {at for start, end in zip(plain_starts, plain_ends, strict=True) for at in range(start, end)}
    assert starts == sorted(starts)
    assert ends == sorted(ends)
