"""Markup: the text stays, the rest goes, and every span is where it was."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mere.inference.markup import Markup, strip_markup
from mere.inference.normalise import normalise

PARTS = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<b x='a>b'>",
            "<br/>",
            "<!--",
            "-->",
            "<script>",
            "</script>",
            "&amp;",
            "&#233;",
            "&x;",
            "<",
            ">",
        ),
        *(
            "[[",
            "]]",
            "{{",
            "}}",
            "|",
            "''",
            "'''",
            "<ref>",
            "</ref>",
            "<ref/>",
            "{|\n",
            "\n|}",
            "== ",
            " ==",
            "\n",
            "* ",
        ),
        *("[https://x.org ", "]", "File:", "<nowiki>", "</nowiki>", "Ada", " was ", "Köln", "e\u0301"),
    ]
)
MARKUP = st.sampled_from(["html", "wiki"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Ada <b>Love</b>lace</p>", "\nAda Lovelace\n"),
        ('<a href="x>y" title=\'">\'>Köln</a>', "Köln"),
        ("one\n   two<br>three", "one two\nthree"),
        ("K&ouml;ln &amp; Caf&#233;&#xe9; &nbsp;&lt;b&gt;", "Köln & Caféé \xa0<b>"),
        ("AT&T &unknown; &copy=1", "AT&T &unknown; &copy=1"),
        ("a<!-- <p> -->b<script>if (a < b) {}</script>c<STYLE>p {}</style >d<!DOCTYPE html>", "abcd"),
        ("1 < 2, 3<4 and <3", "1 < 2, 3<4 and <3"),
        ("<!-- not closed <i>x</i>", "<!-- not closed x"),
        ("<script>not closed <i>x</i>", "<script>not closed x"),
    ],
)
def test_html(text: str, expected: str) -> None:
    assert strip_markup(text, "html").text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'''Ada''' was ''born'' in '''''London'''''.", "Ada was born in London."),
        (
            "[[Köln]], [[Stadt Köln|Köln]] und [[Köln (Stadt)|]], [[Leipzig]]er",
            "Köln, Köln und Köln (Stadt), Leipziger",
        ),
        ("[https://x.org the site] [https://x.org] [not a link]", "the site  [not a link]"),
        ("a{{one|two {{three}} [[x]]}}b {{not closed", "ab {{not closed"),
        ('a<ref name="x">See [[b|c]] {{d}}</ref><ref name=x />b', "ab"),
        ("[[File:A.jpg|thumb|An [[Ada|A]] in it]]a[[Категория:Б]][[:Datei:B.png|b]][[de:Ada]]", "ab"),
        ("== Life ==\n=== Work===\na = b == c", "Life\nWork\na = b == c"),
        ("* one\n** two\n# three\n: four", "one\ntwo\nthree\nfour"),
        ("a\n{| class=x\n| b || [[c]]\n|-\n| {{d}}\n|}\ne", "a\n\ne"),
        ("<nowiki>''[[a]]'' &amp;</nowiki> <!-- b -->c<br>d &amp;", "''[[a]]'' &amp; c\nd &"),
        ("<math>a < b</math>c <gallery>\nFile:A.jpg\n</gallery>", "c "),
        ("]] }} |} [[a|b", "]] }} |} [[a|b"),
        ("{{ [[ }}a ]] b", "a ]] b"),
        ("__NOTOC__a\n----\nb", "a\n\nb"),
    ],
)
def test_wiki(text: str, expected: str) -> None:
    assert strip_markup(text, "wiki").text == expected


def test_spans_map_back_through_markup_and_normalisation() -> None:
    text = "<p>Die Malerin <b>Grete</b>&nbsp;Mo\u0308ller wurde in K&ouml;ln geboren.</p>"
    stripped = strip_markup(text, "html")
    both = stripped.then(normalise(stripped.text))
    assert both.text == "Die Malerin Grete Möller wurde in Köln geboren."
    start = both.text.index("Grete")
    assert text[slice(*both.original_span(start, start + 12))] == "Grete</b>&nbsp;Mo\u0308ller"
    start = both.text.index("Köln")
    assert text[slice(*both.original_span(start, start + 4))] == "K&ouml;ln"
    assert both.normal_span(*both.original_span(start, start + 4)) == (start, start + 4)


def test_text_without_markup_costs_nothing() -> None:
    for markup in ("html", "wiki"):
        result = strip_markup("Ada was born in London, 3 < 4.", markup)
        assert result.text is result.given
        assert result.starts is None


@settings(deadline=None)
@given(st.lists(PARTS, max_size=30).map("".join), MARKUP, st.data())
def test_spans_go_there_and_back(text: str, markup: Markup, data: st.DataObject) -> None:
    result = strip_markup(text, markup)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(result.text))] * 2)))
    first, last = result.original_span(start, end)
    assert 0 <= first <= last <= len(text)
    again = result.normal_span(first, last)
    if start < end:
        assert again[0] <= start < end <= again[1]
    if result.starts is not None and result.ends is not None:
        assert list(result.starts) == sorted(result.starts)
        assert list(result.ends) == sorted(result.ends)


@pytest.mark.parametrize("markup", ["html", "wiki"])
@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "<a ",
        '<a href="',
        "<p>",
        "&#",
        "{{",
        "[[",
        "[[a|",
        "{{ ]]",
        "<ref>",
        "<script>",
        "[//x ",
        "=",
        "'",
        "{|\n",
    ],
)
def test_time_is_linear(unit: str, markup: Markup) -> None:
    def seconds(count: int) -> float:
        started = time.perf_counter()
        strip_markup(unit * count, markup)
        return time.perf_counter() - started

    small, large = (min(seconds(count) for _ in range(2)) for count in (2000, 16000))
    assert large < 24 * small + 0.05
