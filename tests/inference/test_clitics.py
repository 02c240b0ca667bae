"""What is written onto a name is no part of it, and what looks like that stays."""

from __future__ import annotations

import pytest

from mere.inference.clitics import without_clitics
from mere.inference.e5 import E5File
from mere.inference.tokenizer import Tokenizer

CASES = [
    ("ar", "عاشت سلمى بالإسكندرية", "بالإسكندرية", "الإسكندرية"),
    ("ar", "درس يوسف بباريس", "بباريس", "باريس"),
    ("ar", "درس يوسف في باريس", "باريس", "باريس"),
    ("ar", "وخالد مهندس من برلين", "وخالد", "خالد"),
    ("ar", "وليد مهندس من لندن", "وليد", "وليد"),
    ("ar", "وليد مهندس من لندن", "لندن", "لندن"),
    ("ar", "فرانكو من فريسنو", "فريسنو", "فريسنو"),
    ("ko", "박서연이 대구에서 살았다.", "박서연이", "박서연"),
    ("ko", "최유리의 딸은 의사이다.", "최유리의", "최유리"),
    ("ko", "한지우만 왔다.", "한지우만", "한지우"),
    ("ko", "노르웨이 작가이다.", "노르웨이", "노르웨이"),
    ("ko", "그는 정치가 조만식이다.", "정치가", "정치가"),
    ("ko", "전라북도 전주에 있다.", "전라북도", "전라북도"),
    ("de", "Er lebte in Bonn.", "Bonn", "Bonn"),
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.of_e5(E5File.bundled("e5-small"))


@pytest.mark.parametrize(("language", "text", "span", "expected"), CASES)
def test_spans_end_where_names_do(tokenizer: Tokenizer, language: str, text: str, span: str, expected: str) -> None:
    start = text.index(span)
    first, last = without_clitics(text, start, start + len(span), language, tokenizer.word_score)
    assert text[first:last] == expected
