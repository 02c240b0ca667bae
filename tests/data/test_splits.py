from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mere.data.splits import split_by_id
from mere.errors import InputError
from mere.schema import Sentence

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def numbered(count: int) -> list[Sentence]:
    return [Sentence(f"text {number}", "de", (), str(number)) for number in range(count)]


@given(st.lists(st.text(max_size=3), max_size=30), st.integers())
def test_one_id_has_one_part_in_any_language_and_order(ids: list[str], seed: int) -> None:
    german = [Sentence("eins", "de", (), id) for id in ids]
    french = [Sentence("un", "fr", (), id) for id in reversed(ids)]
    parts = {sentence.id: part for part, sentence in split_by_id(german, SHARES, seed=seed)}
    for part, sentence in split_by_id(french, SHARES, seed=seed):
        assert parts[sentence.id] == part


def test_parts_come_out_near_their_shares() -> None:
    counts = Counter(part for part, _ in split_by_id(numbered(20_000), SHARES))
    assert counts["train"] == pytest.approx(16_000, rel=0.05)
    assert counts["dev"] == pytest.approx(2_000, rel=0.1)
    assert counts["test"] == pytest.approx(2_000, rel=0.1)


def test_seeds_give_different_splits() -> None:
    first, second = ([part for part, _ in split_by_id(numbered(100), SHARES, seed=seed)] for seed in (0, 1))
    assert first != second


def test_another_process_splits_the_same_way() -> None:
    code = (
        "from mere.data.splits import split_by_id; from mere.schema import Sentence;"
        "sentences = [Sentence('x', 'de', (), str(number)) for number in range(60)];"
        f"print(*(part for part, _ in split_by_id(sentences, {SHARES})))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.split() == [part for part, _ in split_by_id(numbered(60), SHARES)]


def test_sentences_without_an_id_go_by_their_text() -> None:
    twins = [Sentence("same", "de"), Sentence("same", "fr")]
    assert len({part for part, _ in split_by_id(twins, SHARES)}) == 1
    parts = {part for part, _ in split_by_id((Sentence(str(number), "de") for number in range(100)), SHARES)}
    assert parts == set(SHARES)


def test_sentences_are_streamed() -> None:
    def endless() -> Iterator[Sentence]:
        yield Sentence("x", "de")
        raise AssertionError("read ahead")

    assert next(split_by_id(endless(), SHARES))[1].text == "x"


@pytest.mark.parametrize("shares", [{}, {"train": 0.9}, {"train": 1.1, "dev": -0.1}, {"train": 1.0, "dev": 0.0}])
def test_shares_must_add_up(shares: dict[str, float]) -> None:
    with pytest.raises(InputError, match="add up to 1"):
        split_by_id([], shares)
