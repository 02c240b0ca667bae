from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mere.data.formats import write_sentences
from mere.data.stats import Lengths, stats, total
from mere.schema import Sentence, Span, Triple


def test_counts_by_language(tmp_path: Path) -> None:
    text = "Ann Bonn Cay"
    ann, bonn, cay = Span.of(text, 0, 3), Span.of(text, 4, 8), Span.of(text, 9, 12)
    write_sentences([Sentence(text, "de", (Triple(ann, "b", bonn), Triple(cay, "b", bonn)))], tmp_path / "a.jsonl")
    write_sentences([Sentence("nichts", "de"), Sentence(text, "ar", (Triple(ann, "a", cay),))], tmp_path / "b.tsv")
    counted = stats([tmp_path / "a.jsonl", tmp_path / "b.tsv"])
    assert list(counted) == ["ar", "de"]
    assert counted["de"].to_dict() == {
        "sentences": 2,
        "negatives": 1,
        "partly_annotated": 0,
        "triples": 2,
        "relations": {"b": 2},
        "length": {"median": 6, "p95": 12, "max": 12},
    }
    everything = total(counted).to_dict()
    assert everything["sentences"] == 3
    assert everything["relations"] == {"b": 2, "a": 1}
    assert everything["length"]["median"] == 12


@given(st.lists(st.integers(1, 50), min_size=1))
def test_quantiles_are_exact(values: list[int]) -> None:
    lengths = Lengths()
    for value in values:
        lengths.add(value)
    ordered = sorted(values)
    assert lengths.quantile(0.5) == ordered[(len(ordered) - 1) // 2]
    assert lengths.quantile(1.0) == ordered[-1]
    assert lengths.above(25) == sum(value > 25 for value in values)


def test_nothing_counted_has_no_length() -> None:
    assert Lengths().to_dict() == {"median": 0, "p95": 0, "max": 0}
