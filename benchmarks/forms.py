"""How many triples of a text are found in other spellings of it (marks, signs, capitals, wrapped lines …).

Run from the project's folder: ``python benchmarks/forms.py [MODEL]``. The spellings are those of tests.inference.forms,
the texts its sentences and those of ``examples/``.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from mere import Extractor  # noqa: E402
from tests.inference.forms import FORMS, Form, given, sentences  # noqa: E402


def main() -> None:
    """Print the share of triples by kind and language."""
    extractor = Extractor.from_pretrained(sys.argv[1] if len(sys.argv) > 1 else None)
    texts = sentences()
    for name in ("sentences.jsonl", "series.jsonl"):
        rows = map(json.loads, (ROOT / "examples" / name).read_text("utf-8").splitlines())
        texts += [(row["language"], row["text"]) for row in rows]
    languages = sorted({language for language, _ in texts})
    print(f"{'triples found, %':18}   all", *(f"{language:>5}" for language in languages))
    for kind, form in FORMS.items():
        counts = [_count(extractor, form, texts, language) for language in languages]
        shares = [f"{100 * hits / total:5.1f}" if total else "    -" for hits, total in counts]
        hits, total = (sum(column) for column in zip(*counts, strict=True))
        print(f"{kind:18} {100 * hits / total:5.1f}", *shares)


def _count(extractor: Extractor, form: Form, texts: list[tuple[str, str]], language: str) -> tuple[int, int]:
    """Return how many of the triples of the plain texts come out of the others, and all."""
    chance = random.Random(language)
    hits = total = 0
    for text in [text for spoken, text in texts if spoken == language]:
        other, places = given(form(text, language, chance))
        if other == text:
            continue
        plain, read = extractor.extract([text, other], language=language)
        expected = {
            (t.relation, *((places[s.start][0], places[s.end - 1][1]) for s in (t.head, t.tail))) for t in plain.triples
        }
        hits += len(expected & {(t.relation, *((s.start, s.end) for s in (t.head, t.tail))) for t in read.triples})
        total += len(expected)
    return hits, total


if __name__ == "__main__":
    main()
