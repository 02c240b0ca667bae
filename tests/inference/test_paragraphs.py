"""Which lines make a paragraph: wrapped text is joined, lists and lines of their own are not."""

import textwrap
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mere.inference.paragraphs import group_lines, paragraph_spans

RUNNING = {
    "ar": "تقع القرية على ضفة النهر الكبير في شمال البلاد ويعيش فيها نحو ألف شخص."
    " يعمل معظم سكانها في الزراعة وصيد السمك منذ زمن بعيد."
    " بُني مسجدها القديم قبل خمسة قرون وما زال قائما حتى اليوم رغم كل ما مر عليها من حروب.",
    "de": "Das kleine Dorf liegt am Ufer der Weißach und zählt kaum neunhundert Einwohner. Seine Kirche wurde nach dem"
    " großen Brand von 1742 neu gebaut, und der Turm trägt noch immer die alte Glocke aus dem Kloster Sankt Georg.",
    "en": "The lighthouse stands on a low rock two miles off the coast. It was built by a local mason, whose sons kept"
    " the lamp burning for forty years. When the last of them died, the tower was sold to a painter from Leeds.",
    "fa": "این روستا در کنار رود بزرگ و در دامنهٔ کوه‌های شمالی جای دارد و نزدیک به هزار نفر در آن زندگی می‌کنند."
    " بیشتر مردم آن کشاورز هستند."
    " آسیاب کهن روستا هنوز کار می‌کند و هر سال مسافران بسیاری برای دیدن آن می‌آیند.",
    "ko": "이 마을은 강의 북쪽 기슭에 있으며 주민은 거의 천 명이다."
    " 오래된 다리는 두 번이나 무너졌지만 그때마다 사람들이 힘을 모아 다시 세웠다."
    " 지금은 해마다 봄이 되면 많은 사람이 꽃을 보러 이곳을 찾아온다. 시장에는 늘 사람이 많다.",
    "ru": "Деревня стоит на высоком берегу реки, и живёт в ней меньше тысячи человек, по большей части рыбаков."
    " Старая мельница стоит, но её колесо каждую весну красят заново."
    " Летом сюда приезжают художники из города и пишут мост и церковь.",
}

LISTS = {
    "headings": "The early years of the painter\n\nHer father kept a shop.",
    "heading above a line": "A short history\nThe town was founded by monks in the year 1120.",
    "names": "Anna Hale, painter\nBoris Crane, mason and builder of bridges\nCarla Reed\nDaniel Frost, judge",
    "bullets": "- apples from the garden behind the old house\n- pears\n- plums that nobody has ever wanted to pick",
    "numbers": "1. Take the bread out of the oven, and let it cool.\n2. Slice it.\n3. Eat it with some of the butter.",
    "verse": "The wind has lain upon the hill,\nThe rain has crossed the sea,\nAnd all the boats are lying still\n"
    "That once were dear to me.",
    "sentences": "The bridge was built of stone and opened in 1870.\nIt fell in the great flood, and was built again.\n"
    "No one was hurt, said the mayor of the little town.\nThe new one is of steel and has three long arches.",
    "rows": "name\tborn\ttown\nAnna Hale\t1950\tReno\nBoris Crane\t1948\tYork",
    "columns": "Anna Hale            1950      Reno, in Nevada\nBoris Crane          1948      York, in England",
    "pipes": "| the name of a town | how many live there |\n| a town in the north | no more than one thousand |",
    "long lines": ("word " * 60 + "end.\n") * 3,
    "dialogue": "– Who is there at this late hour of the night?\n"
    "– It is only me, and the dog is here as well.\n– Come.",
}


def paragraphs(text: str) -> list[str]:
    return [text[start:end] for start, end in paragraph_spans(text)]


@pytest.mark.parametrize("language", RUNNING)
@pytest.mark.parametrize("width", [40, 60, 72, 80])
def test_wrapped_text_is_one_paragraph(language: str, width: int) -> None:
    text = textwrap.fill(RUNNING[language], width // 2 if language == "ko" else width)
    assert paragraphs(text) == [text]


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_lines_of_their_own_stay_alone(text: str) -> None:
    assert paragraphs(text) == [line.strip() for line in text.splitlines() if line.strip()]


def test_hyphens_at_line_ends_join() -> None:
    text = (
        "The keepers of the lighthouse were the sons of a ma-\nson, and none of them had ever been to the main-\nland."
    )
    assert paragraphs(text) == [text]


def test_empty_lines_and_page_breaks_part() -> None:
    first, second = (textwrap.fill(RUNNING[language], 60) for language in ("en", "de"))
    assert paragraphs(f"{first}\n \n{second}\n") == [first, second]
    assert paragraphs(f"{first}\n\f{second}") == [first, second]


def test_a_paragraph_that_ends_early_ends_there() -> None:
    first = "The lighthouse stands on a low rock two miles off the coast\nand was built by a mason.\n"
    second = "When the last of his sons had died, the tower was sold to a\npainter from Leeds, who lived there alone."
    assert paragraphs(first + second) == [first.strip(), second]


def test_wrapped_items_of_a_list_stay_apart() -> None:
    text = (
        "- the keepers of the lighthouse, who were the sons of a\n  mason from the town, and had never left it\n"
        "- the painter who bought the tower when the last of them\n  had died, and who lived there alone"
    )
    assert len(paragraphs(text)) == 2


@given(st.lists(st.text(st.sampled_from("aB .,-–\t|가ב\r\f"), max_size=60).map(lambda line: line + "\n")))
def test_no_line_is_lost(lines: list[str]) -> None:
    grouped = list(group_lines(iter(lines), limit=200))
    assert [line for group in grouped for line in group] == lines
    assert all(sum(map(len, group)) <= 200 or len(group) == 1 for group in grouped)


@given(st.text())
def test_every_visible_character_is_in_one_paragraph(text: str) -> None:
    last = 0
    for start, end in paragraph_spans(text):
        assert not text[last:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        last = end
    assert not text[last:].strip()


def test_lines_are_not_held_back() -> None:
    """Of a text without end, a wide line comes out at once, and a block when it is as long as may be."""

    def endless() -> Iterator[str]:
        yield "word " * 40 + "\n"
        while True:
            yield "a line of verse\n"

    groups = group_lines(endless(), limit=1000)
    assert [next(groups) for _ in range(100)]


@pytest.mark.parametrize("unit", ["\n", " \n", "word\n", "word " * 9 + "\n", "\n" + " " * 30, "\t", "가\n"])
def test_time_is_linear(unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * size)[:size]
        times = []
        for _ in range(2):
            before = time.process_time()
            for _ in paragraph_spans(text):
                pass
            times.append(time.process_time() - before)
        return min(times)

    assert seconds(200_000) < 8 * seconds(50_000) + 0.02
