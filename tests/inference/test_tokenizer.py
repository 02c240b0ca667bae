"""Offsets: exact for any text, whatever the tokenizer makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mere.inference.e5 import E5File
from mere.inference.tokenizer import Tokenizer
from mere.nn.backbones import Backbone

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text(
    st.sampled_from("aé e\u0301 ½ﬁ①㎏Ａ \t\n\u200b\ufeff\u200f שָׁלמرحب한국🤷🏽‍♀️"), max_size=40
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.of_e5(E5File.bundled("e5-small-enpt"))


@settings(max_examples=100, deadline=None)
@given(text=TEXT)
def test_offsets_are_ordered_and_trimmed(tokenizer: Tokenizer, text: str) -> None:
    tokens = tokenizer.encode([text])[0]
    last = 0
    for start, end in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True):
        assert 0 <= start <= end <= len(text)
        if start < end:
            assert start >= last - 1, "tokens of one expanded character may share it, no more"
            assert text[start:end] == text[start:end].strip()
            last = end


@settings(max_examples=100, deadline=None)
@given(text=TEXT)
def test_every_visible_character_is_in_a_token(tokenizer: Tokenizer, text: str) -> None:
    tokens = tokenizer.encode([text])[0]
    covered = {i for s, e in zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True) for i in range(s, e)}
    for index, character in enumerate(text):
        if tokenizer.normalisation.get(ord(character), character).strip() and character.isalnum():
            assert index in covered, (text, index)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=4))
def test_a_batch_tokenises_like_single_texts(tokenizer: Tokenizer, texts: list[str]) -> None:
    for text, together in zip(texts, tokenizer.encode(texts), strict=True):
        alone = tokenizer.encode([text])[0]
        assert together.ids.tolist() == alone.ids.tolist()
        assert together.starts.tolist() == alone.starts.tolist()


def test_known_offsets(tokenizer: Tokenizer) -> None:
    text = "  São Paulo½, 🫠🫨x"
    tokens = tokenizer.encode([text])[0]
    pieces = [text[s:e] for s, e in zip(tokens.starts, tokens.ends, strict=True) if e > s]
    assert pieces[:2] == ["São", "Paulo"]
    assert {"½", "🫠", "🫨", "x"} <= set(pieces)


def test_a_hugging_face_tokenizer_gives_the_same_kind_of_offsets(tiny_backbone: str) -> None:
    text = "Köln liegt am Rhein."
    tokens = Backbone.pretrained(tiny_backbone).tokenizer.encode([text])[0]
    assert "".join(text[s:e] for s, e in zip(tokens.starts, tokens.ends, strict=True)) == text.replace(" ", "")
