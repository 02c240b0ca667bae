"""Tables of scores, and the model card that is made of them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from mere.cli.tables import rich_table
from mere.evaluation.card import model_card
from mere.evaluation.scores import Evaluation, evaluate
from mere.evaluation.tables import facts_table, relations_table, score_tables, triples_table
from mere.schema import Schema, Sentence, Span, Triple

TEXT = "Ada Holm, daughter of Bo Holm, was born in Lund."
ADA, BO, LUND = Span.of(TEXT, 0, 8), Span.of(TEXT, 22, 29), Span.of(TEXT, 43, 47)
BORN, PARENT, CHILD = Triple(ADA, "birth-place", LUND), Triple(ADA, "has-parent", BO), Triple(BO, "has-child", ADA)
SCHEMA = Schema(("birth-place", "has-child", "has-parent"), ("en",))


def _scores(annotated: tuple[str, ...] | None = None) -> Evaluation:
    gold = [Sentence(TEXT, "en", (BORN, PARENT), annotated=annotated), Sentence("It rains.", "de")]
    return evaluate(gold if annotated is None else gold[:1], [[CHILD], [BORN]][: 2 if annotated is None else 1])


def test_the_headline_has_strict_lenient_and_empty_sentences() -> None:
    table = facts_table(_scores().facts)
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == ["micro", "macro", "de", "en"]
    assert rows["micro"][:3] == ("50.0", "50.0", "50.0")
    assert rows["micro"][4:7] == rows["micro"][:3]
    assert (rows["micro"][7], rows["de"][7], rows["en"][7]) == ("100.0", "100.0", "–")
    assert {len(row) for row in table.rows} == {len(table.header)}


def test_relations_of_the_same_facts_share_a_row() -> None:
    rows = relations_table(_scores().facts).rows
    assert [row[:2] for row in rows] == [("birth-place", "1"), ("has-child, has-parent", "1")]


def test_exact_triples_stand_last() -> None:
    tables = score_tables(_scores(), relations=True)
    assert [table.header[0] for table in tables] == ["language", "relation", "language"]
    assert tables[-1] == triples_table(_scores())
    assert tables[-1].rows[0][1:4] == ("0.0", "0.0", "0.0"), "has-child is not has-parent there"
    assert len(score_tables(_scores())) == 2


def test_a_terminal_of_80_columns_shows_all_of_it() -> None:
    console = Console(file=io.StringIO(), width=80)
    for table in score_tables(_scores(), relations=True):
        console.print(rich_table(table))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in shown
    assert {"micro", "has-parent", "100.0"} <= set(shown.split())


@pytest.mark.parametrize(("annotated", "leads"), [(None, True), (("birth-place", "has-parent"), False)])
def test_the_card_leads_with_facts_where_all_relations_were_looked_for(
    annotated: tuple[str, ...] | None, leads: bool
) -> None:
    card = model_card(SCHEMA, "e5-small", {"backbone": 2000, "heads": 345}, _scores(annotated), 12345)
    assert card.startswith("# mere model\n")
    assert "2,345 parameters beside the word embeddings: backbone 2,000, heads 345." in card
    assert "12,345 sentences" in card
    facts, exact = card.find("| language | strict P |"), card.find("| language | triple P |")
    assert 0 < facts < exact if leads else facts == -1 < exact
    assert "birth-place, has-child, has-parent" in card
