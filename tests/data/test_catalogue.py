"""The catalogue of relations: that it is whole and right, that it is read back as written, what its errors say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mere.data.catalogue import TYPES, Canonical, Catalogue, read_example
from mere.errors import InputError
from mere.schema import Sentence

SMILER = [
    "birth-place",
    "eats",
    "event-year",
    "first-product",
    "from-country",
    "has-author",
    "has-child",
    "has-edu",
    "has-genre",
    "has-height",
    "has-highest-mountain",
    "has-length",
    "has-lifespan",
    "has-nationality",
    "has-occupation",
    "has-parent",
    "has-population",
    "has-sibling",
    "has-spouse",
    "has-tourist-attraction",
    "has-type",
    "has-weight",
    "headquarters",
    "invented-by",
    "invented-when",
    "is-member-of",
    "is-where",
    "loc-leader",
    "movie-has-director",
    "org-has-founder",
    "org-has-member",
    "org-leader",
    "post-code",
    "starring",
    "won-award",
]

DIRECTIONS = {
    "has-child": r"<h> was the mother of the chemist <t>|<h> had a daughter, <t>",
    "has-parent": r"<h> was the son of <t>|Her father <t> taught <h>",
    "is-member-of": r"<h> joined the <t>|<h> played the fiddle in <t>",
    "org-has-member": r"The singer of <h> is <t>|<h> consists of four musicians, among them <t>",
    "is-where": r"<h> lies in the <t>|<h> is held every year in <t>",
    "invented-by": r"<h> was invented by <t>|<t> discovered the comet <h>",
    "org-has-founder": r"<h> was founded by <t>|<t>, who set up the charity <h>",
    "has-highest-mountain": r"The highest mountain of <h> is <t>|<t> is the highest peak on <h>",
    "eats": r"<h> lives mainly on <t>|<t> are what the <h> feeds on",
    "from-country": r"<h> is a folk band from <t>|<t> film <h>",
    "first-product": r"<h> started out in 1921 with the <t>|<t> was the first camera that <h>",
}
"""Where the types of head and tail leave open which is which: what must stand between them."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.default()


def _written(folder: Path, text: str) -> Path:
    path = folder / "relations.toml"
    path.write_text(text, "utf-8")
    return path


def test_it_holds_the_relations_of_smiler(catalogue: Catalogue) -> None:
    assert list(catalogue.relations) == SMILER


@pytest.mark.parametrize("name", SMILER)
def test_a_definition_is_one_sentence_that_tells_head_from_tail(name: str, catalogue: Catalogue) -> None:
    definition = catalogue.relations[name].definition
    assert (definition.count("(head)"), definition.count("(tail)")) == (1, 1)
    assert definition[0].isupper()
    assert definition.find(".") == len(definition) - 1


@pytest.mark.parametrize("name", SMILER)
def test_types_are_of_the_small_set(name: str, catalogue: Catalogue) -> None:
    relation = catalogue.relations[name]
    assert {*relation.head, *relation.tail} <= set(TYPES)


@pytest.mark.parametrize("name", SMILER)
def test_examples_are_two_sentences_whose_spans_are_in_them(name: str, catalogue: Catalogue) -> None:
    examples = catalogue.examples(name)
    assert len({sentence.text for sentence in examples}) == 2
    for sentence in examples:
        (triple,) = sentence.triples
        assert triple.relation == name
        assert sentence.text.endswith(".")
        assert "<" not in sentence.text
        for span in (triple.head, triple.tail):
            assert sentence.text[span.start : span.end] == span.text
            assert not re.match(r"\w", sentence.text[span.end :]), "a span ends where a word does"
            assert not re.search(r"\w$", sentence.text[: span.start]), "a span starts where a word does"
            assert not re.match(r"(the|an?|in|at|of) ", span.text)


@pytest.mark.parametrize("name", SMILER)
def test_examples_go_from_head_to_tail(name: str, catalogue: Catalogue) -> None:
    """Dates and numbers tell themselves, names are written large; what that leaves open is in `DIRECTIONS`."""
    relation = catalogue.relations[name]
    for marked, sentence in zip(relation.examples, catalogue.examples(name), strict=True):
        (triple,) = sentence.triples
        for span, types in ((triple.head, relation.head), (triple.tail, relation.tail)):
            figures = {"date", "number"} & set(types)
            assert any(letter.isdigit() for letter in span.text) or not figures
            if set(types) <= {"person", "organisation", "place", "work"}:
                assert span.text[0].isupper()
        if name in DIRECTIONS:
            short = re.sub(r"<([ht])>.+?</\1>", r"<\1>", marked)
            assert re.search(DIRECTIONS[name], short), marked


def test_inverses_and_symmetry_are_those_that_were_agreed(catalogue: Catalogue) -> None:
    assert catalogue.canonical("has-parent") == Canonical("has-child", turned=True)
    assert catalogue.canonical("has-child") == Canonical("has-child")
    assert catalogue.canonical("org-has-member") == Canonical("is-member-of", turned=True)
    assert catalogue.canonical("has-nationality") == catalogue.canonical("from-country") == Canonical("from-country")
    for name in ("has-spouse", "has-sibling"):
        assert catalogue.canonical(name) == Canonical(name, symmetric=True)
    assert catalogue.equivalents("has-parent") == ("has-child", "has-parent")
    alone = [name for name in SMILER if catalogue.equivalents(name) == (name,)]
    assert len(alone) == len(SMILER) - 6


def test_wikidata_turns_round_where_the_property_starts_from_the_tail(catalogue: Catalogue) -> None:
    turned = {name for name, relation in catalogue.relations.items() if relation.wikidata_turned}
    assert turned == {"has-parent", "org-has-member"}
    for name in turned:
        relation = catalogue.relations[name]
        assert relation.inverse is not None
        assert catalogue.relations[relation.inverse].wikidata == relation.wikidata


def test_relations_that_it_does_not_hold_are_themselves(catalogue: Catalogue) -> None:
    assert catalogue.get("likes") is None
    assert catalogue.examples("likes") == ()
    assert catalogue.canonical("likes") == Canonical("likes")


def test_a_subset_knows_what_it_names(catalogue: Catalogue) -> None:
    part = catalogue.subset(["has-parent", "likes", "birth-place"])
    assert list(part.relations) == ["has-parent", "birth-place"]
    assert part.canonical("has-child") == Canonical("has-child")
    assert part.canonical("has-parent") == Canonical("has-child", turned=True)


def test_what_is_written_is_read_back(catalogue: Catalogue, tmp_path: Path) -> None:
    odd = Catalogue.from_dict(
        {'per:"likes" .x': {"definition": 'A\\B "c"\n\x7f\u200e é', "head": ["person"], "tail": ["ziekte"]}}
    )
    for number, written in enumerate((catalogue, odd, Catalogue({}))):
        path = tmp_path / f"{number}.toml"
        written.write(path)
        assert Catalogue.read(path) == written
        assert tomllib.loads(path.read_text("utf-8")) == {
            name: {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
            for name, fields in written.to_dict().items()
        }


ENTRY = 'definition = "d"\nhead = ["person"]\ntail = ["person"]\n'


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        (f"[likes]\n{ENTRY}colour = 1", "likes", "unknown field `colour`"),
        ('[likes]\nhead = ["a"]\ntail = ["b"]', "likes", "required field `definition`"),
        (f"[likes]\n{ENTRY}symmetric = 3", "likes.symmetric", "Expected `bool`"),
        ('[likes]\ndefinition = "d"\nhead = [1]\ntail = ["b"]', "likes.head[0]", "Expected `str`"),
        ('[likes]\ndefinition = "d"\nhead = []\ntail = ["b"]', "likes.head", "length >= 1"),
        (f'[likes]\n{ENTRY}wikidata = "Q5"', "likes.wikidata", "regex"),
        (f'[likes]\n{ENTRY}examples = ["<h>Ada</h> likes Bob."]', "likes", "examples: needs one"),
        (f'[likes]\n{ENTRY}examples = ["<h>A</h> <t>B</t> <t>C</t>."]', "likes", "examples: needs one"),
        (f'[likes]\n{ENTRY}inverse = "liked-by"\nsymmetric = true', "likes", "inverse: a symmetric"),
        (f'[a]\n{ENTRY}inverse = "b"\n[b]\n{ENTRY}', "a.inverse", "'b' must name 'a'"),
        (f'[a]\n{ENTRY}same = ["b"]\n[b]\n{ENTRY}', "a.same", "'b' must name 'a'"),
        ("likes = 3", "likes", "Expected `object`"),
    ],
)
def test_errors_are_one_line_with_file_relation_and_key(tmp_path: Path, text: str, place: str, problem: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        Catalogue.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, field '{place}': ")
    assert problem in message
    assert "\n" not in message


def test_files_that_are_no_catalogue(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Catalogue.read(tmp_path / "none.toml")
    with pytest.raises(InputError, match="not a catalogue"):
        Catalogue.read(_written(tmp_path, "[likes"))
    (tmp_path / "latin.toml").write_bytes(b"[lik\xe9s]")
    with pytest.raises(InputError, match="not a catalogue"):
        Catalogue.read(tmp_path / "latin.toml")


def test_marks_may_stand_in_either_order() -> None:
    text, head, tail = read_example("In <t>Bonn</t> lives <h>Ada</h>.")
    assert (text, head.text, head.start, tail.text, tail.start) == ("In Bonn lives Ada.", "Ada", 14, "Bonn", 3)


def test_examples_are_sentences(catalogue: Catalogue) -> None:
    first = catalogue.examples("birth-place")[0]
    assert isinstance(first, Sentence)
    assert (first.language, first.triples[0].head.text, first.triples[0].tail.text) == (
        "en",
        "Marta Lindqvist",
        "Uppsala",
    )
