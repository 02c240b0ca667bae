"""The door for texts, whatever reads them: documents, ids, order, languages, thresholds, relations, processes.

A fake stands in for the model, which is beside the point here; `test_extractor` holds what depends on scores.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mere.errors import InputError
from mere.inference.documents import Paragraph
from mere.inference.extractor import Extractor
from mere.inference.language_id import UNDETERMINED
from mere.schema import Document
from mere.testing import Fact, fake_extractor

FACTS = [
    ("Greta Olsson", "birth-place", "Bergen"),
    ("Greta Olsson", "has-occupation", "botanist"),
    ("Henrik Dahl", "has-spouse", "Greta Olsson"),
    ("Lindgård", "located-in", "Norway"),
    ("Henrik Dahl", "has-child", "Solveig"),
]
STORY = (
    "Greta Olsson was born in Bergen on a rainy morning in April. For forty years Greta Olsson worked as a botanist. "
    "In the summer of 1931 Henrik Dahl married Greta Olsson.  Lindgård, where they lived, is a village in Norway.\n\n"
    "Henrik Dahl was already the father of little Solveig."
)
TOLD: list[Fact] = [("Ada", "born-in", "London"), ("Ada", "works-in", "Paris", 0.6), ("Max", "born-in", "Rome", 0.7)]
TEXT = "Ada was born in London. She works in Paris, says Ada. Max was born in Rome."


@pytest.fixture(scope="module")
def storyteller() -> Extractor:
    return fake_extractor(FACTS, ("en", "de"))


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return fake_extractor(TOLD, ("en", "de"))


def _said(document: Document) -> list[tuple[str, str, str]]:
    for triple in document.triples:
        for span in (triple.head, triple.tail):
            assert document.text[span.start : span.end] == span.text
    return [(triple.head.text, triple.relation, triple.tail.text) for triple in document.triples]


def test_five_sentences_in_a_row_give_five_triples_where_they_stand(storyteller: Extractor) -> None:
    document = storyteller.extract(STORY)
    assert document.text == STORY
    assert document.windows == len(document.sentences) == 5
    assert _said(document) == FACTS
    heads = ["Greta Olsson was", "Greta Olsson worked", "Henrik Dahl married", "Lindgård", "Henrik Dahl was"]
    tails = ["Bergen", "botanist", "Greta Olsson.", "Norway", "Solveig"]
    assert [triple.head.start for triple in document.triples] == [STORY.index(words) for words in heads]
    assert [triple.tail.start for triple in document.triples] == [STORY.index(words) for words in tails]
    for sentence in document.sentences:
        assert STORY[sentence.start : sentence.end] == sentence.text
        (triple,) = sentence.triples
        assert sentence.text[triple.head.start : triple.head.end] == triple.head.text


def test_a_document_is_the_same_after_json(storyteller: Extractor) -> None:
    for id, text in (("a-1", STORY), (None, "Nothing 🤷🏽\u2028of note."), ("empty", "")):
        (document,) = storyteller.pipe([(id, text)])  # type: ignore[list-item]
        values = json.loads(json.dumps(document.to_dict()))
        assert Document.from_dict(values) == document
        assert ("id" in values) == (id is not None)
        assert (document.text, document.characters) == (text, len(text))


@pytest.mark.parametrize("missing", ["text", "sentences"])
def test_what_is_no_document_is_refused(missing: str, storyteller: Extractor) -> None:
    values = storyteller.extract(STORY).to_dict()
    del values[missing]
    with pytest.raises(InputError, match=rf"not what Document.to_dict gives: lacks '{missing}'"):
        Document.from_dict(values)


def test_one_text_gives_a_document_and_several_a_list(extractor: Extractor) -> None:
    texts = [TEXT, "", "Max is from Rome."]
    expected = [extractor.extract(text) for text in texts]
    assert [len(document.triples) for document in expected] == [3, 0, 1]
    assert extractor.extract(texts) == expected
    assert extractor.extract(tuple(texts)) == expected
    assert extractor.extract(text for text in texts) == expected
    assert extractor.extract([]) == []
    assert list(extractor.pipe([])) == []


def test_ids_go_along(extractor: Extractor) -> None:
    documents = list(extractor.pipe([("b", TEXT), ("a", ""), ("b", "Max, Rome"), "no id", (7, "Ada")]))  # type: ignore[list-item]
    assert [document.id for document in documents] == ["b", "a", "b", None, "7"]
    assert [document.text for document in documents] == [TEXT, "", "Max, Rome", "no id", "Ada"]
    assert [len(document.triples) for document in documents] == [3, 0, 1, 0, 0]


def test_many_short_texts_come_in_order_and_few_are_read_ahead(extractor: Extractor) -> None:
    count, pulled = 10_000, 0

    def texts() -> Iterator[tuple[str, str]]:
        nonlocal pulled
        for number in range(count):
            pulled += 1
            # of many lengths, so that sorting by length would show
            yield str(number), f"Ada {'x' * (number * 7 % 50)} London" if number % 3 else f"No {number}."

    ahead = 0
    for number, document in enumerate(extractor.pipe(texts(), language="en", batch_size=8)):
        assert document.id == str(number)
        assert bool(document.triples) == bool(number % 3)
        ahead = max(ahead, pulled - number)
    assert number == count - 1
    assert 8 <= ahead <= 16 * 8


def test_the_first_document_does_not_wait_for_the_last(extractor: Extractor) -> None:
    def texts() -> Iterator[str]:
        while True:
            yield TEXT

    assert _said(next(extractor.pipe(texts(), batch_size=2)))


def test_a_language_that_the_model_does_not_know_is_told(extractor: Extractor) -> None:
    japanese = "東京は日本の首都であり、世界最大級の都市の一つとして知られています。"
    document = extractor.extract(f"{japanese}\n\nAda Lovelace was born in London and lived there for most of her life.")
    assert [sentence.language for sentence in document.sentences] == ["ja", "en"]
    assert _said(document) == [("Ada", "born-in", "London")]
    with pytest.raises(InputError, match="does not know the language 'ja'; it knows en, de"):
        extractor.extract(japanese, language="ja")


def test_an_undetermined_paragraph_is_in_its_documents_language(extractor: Extractor) -> None:
    german = "Die alte Stadt liegt am Ufer des großen Flusses und hat viele schöne Brücken."
    assert [sentence.language for sentence in extractor.extract("1234 – 5678").sentences] == [UNDETERMINED]
    document = extractor.extract(f"{german}\n\n1234 – 5678\n\n{german}")
    assert [sentence.language for sentence in document.sentences] == ["de", "de", "de"]
    together = extractor.extract([german, "1234 – 5678"])  # another document's language is not its own
    assert [[sentence.language for sentence in document.sentences] for document in together] == [["de"], [UNDETERMINED]]


def test_a_language_that_is_given_is_that_of_all_sentences(extractor: Extractor) -> None:
    document = extractor.extract(TEXT, language="de")
    assert {sentence.language for sentence in document.sentences} == {"de"}
    assert extractor.extract(TEXT, language="auto") == extractor.extract(TEXT)


@pytest.mark.parametrize(
    ("threshold", "heads"),
    [
        (None, ["Ada", "Ada", "Max"]),
        (0.0, ["Ada", "Ada", "Max"]),
        (0.65, ["Ada", "Max"]),
        (0.8, ["Ada"]),
        (1, []),
        ({}, ["Ada", "Ada", "Max"]),
        ({"works-in": 0.65}, ["Ada", "Max"]),
        ({"born-in": 0.8}, ["Ada", "Ada"]),
        ({"born-in": 0.95, "works-in": 0.1}, ["Ada"]),
    ],
)
def test_a_threshold_is_for_all_relations_or_for_those_named(
    threshold: Any, heads: list[str], extractor: Extractor
) -> None:
    assert [triple.head.text for triple in extractor.extract(TEXT, threshold=threshold).triples] == heads
    (document,) = extractor.pipe([TEXT], threshold=threshold)
    assert [triple.head.text for triple in document.triples] == heads


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1, 1.1, True, "0.5"])
def test_a_threshold_that_is_no_probability_is_refused(value: Any, extractor: Extractor) -> None:
    with pytest.raises(InputError, match=r"a threshold must be a number from 0 to 1, not "):
        extractor.extract(TEXT, threshold=value)
    with pytest.raises(InputError, match=r"a threshold of 'born-in' must be a number from 0 to 1, not "):
        extractor.extract(TEXT, threshold={"born-in": value})


@pytest.mark.parametrize(
    ("relations", "heads"), [(None, 3), (["born-in"], 2), (("works-in",), 1), (["works-in", "born-in"], 3), ([], 0)]
)
def test_only_the_relations_that_are_asked_for_are_found(relations: Any, heads: int, extractor: Extractor) -> None:
    document = extractor.extract(TEXT, relations=relations)
    assert len(document.triples) == heads
    assert {triple.relation for triple in document.triples} <= set(relations or extractor.relations)
    assert len(document.sentences) == 3


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"relations": ["bornin"]}, "does not know the relation 'bornin'; it knows born-in, works-in"),
        ({"relations": "born-in"}, r"must be a list of names, such as \['born-in'\]"),
        ({"threshold": {"bornin": 0.5}}, "does not know the relation 'bornin'"),
        ({"threshold": 0.5, "precise": True}, "exclude each other"),
        ({"precise": True}, "mere calibrate"),
        ({"markup": "latex"}, "markup must be 'html' or 'wiki', not 'latex'"),
        ({"batch_size": 0}, "batch_size must be a whole number above 0, not 0"),
        ({"batch_size": 2.0}, "batch_size must be a whole number above 0, not 2.0"),
        ({"batch_size": True}, "batch_size must be a whole number above 0, not True"),
    ],
)
def test_options_that_cannot_be_met_are_refused(options: dict[str, Any], problem: str, extractor: Extractor) -> None:
    with pytest.raises(InputError, match=problem):
        extractor.extract(TEXT, **options)
    with pytest.raises(InputError, match=problem):
        list(extractor.pipe([TEXT], **options))


@pytest.mark.parametrize("text", [3, None, b"Ada", {"text": "Ada"}])
def test_what_is_no_text_is_refused(text: Any, extractor: Extractor) -> None:
    with pytest.raises(InputError, match="must be a string"):
        extractor.extract(text)
    with pytest.raises(InputError, match="must be a string, not"):
        extractor.extract([text])


def test_markup_is_passed_over_and_offsets_stay(extractor: Extractor) -> None:
    text = "<p><b>Ada</b> was born in <a href='x'>London</a>.</p>"
    document = extractor.extract(text, markup="html")
    assert document.text == text
    assert _said(document) == [("Ada", "born-in", "London")]


def test_records_are_the_sentences_of_documents(extractor: Extractor) -> None:
    document = extractor.extract(TEXT)
    records = list(extractor.records([Paragraph("doc", 0, TEXT)]))
    assert [record.sentence for record in records] == list(document.sentences)
    assert {(record.document, record.windows) for record in records} == {("doc", 1)}


def test_a_copy_by_pickle_finds_the_same(extractor: Extractor) -> None:
    extractor.extract(TEXT)  # what it loads with the first question must not be in the way
    copy = pickle.loads(pickle.dumps(extractor))
    assert copy.extract(TEXT) == extractor.extract(TEXT)
    assert (copy.languages, copy.relations) == (extractor.languages, extractor.relations)


def test_threads_share_an_extractor() -> None:
    fresh = fake_extractor(TOLD, ("en", "de"))  # so that threads meet at the identifier's first question, too
    texts = [f"{TEXT} No. {number}." for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        documents = list(pool.map(fresh.extract, texts))
    assert documents == fresh.extract(texts)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_reads_on(extractor: Extractor) -> None:
    expected = extractor.extract(TEXT)
    readable, writable = os.pipe()
    child = os.fork()
    if not child:  # what goes wrong here must not go on as a second run of the tests
        try:
            os.write(writable, b"same" if extractor.extract(TEXT) == expected else b"else")
        finally:
            os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    assert answer == b"same"
