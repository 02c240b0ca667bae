"""Measuring a model: all figures are there, on texts of the right length."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mere.cli.bench import texts_of_length
from mere.cli.machine import install_mib, machine, peak_mib
from mere.cli.main import main
from mere.errors import InputError
from mere.inference.extractor import Extractor
from mere.schema import Sentence


def test_bench_writes_all_figures(tiny_model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "bench.json"
    counts = ["--sentences", "24", "--single", "5", "--starts", "1", "--batch-size", "8"]
    monkeypatch.setattr(sys, "argv", ["mere", "bench", tiny_model, *counts, "--json", str(target)])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    values = json.loads(target.read_text())
    assert set(values["machine"]) >= {"cpu", "cores", "threads", "load", "python", "mere", "numpy", "torch", "commit"}
    assert (values["model"], values["scorer"], values["sentences"]) == (tiny_model, "TorchScorer", 24)
    assert 32 <= values["tokens_per_sentence"] <= 48
    assert values["sentences_per_second"] > 0
    assert 0 < values["share_outside_model"] < 1
    assert 0 < values["latency_ms"]["p50"] <= values["latency_ms"]["p95"]
    assert values["cold_start"]["seconds"] > values["import_seconds"] > 0
    assert min(values["cold_start"]["peak_mib"], values["peak_mib"]) > 50
    for sizes in values["install_mib"].values():
        assert sizes.pop("total") == pytest.approx(sum(sizes.values()), abs=1)
    assert values["install_mib"]["mere"]["numpy"] > 1
    assert "torch" not in values["install_mib"]["mere"]


def test_a_text_to_measure_has_32_to_48_tokens(tiny_model: str, sample: list[Sentence]) -> None:
    tokenizer = Extractor.from_pretrained(tiny_model).tokenizer
    texts = texts_of_length(tokenizer, sample, 500)
    assert len(texts) == 500
    assert {32 <= len(tokens) <= 48 for tokens in tokenizer.encode(texts)} == {True}
    with pytest.raises(InputError, match="no texts of 32 to 48 tokens"):
        texts_of_length(tokenizer, [Sentence("Ada.", "en")], 1)


def test_what_is_asked_of_the_system() -> None:
    assert machine("no-such-package")["no-such-package"] is None
    assert peak_mib() > 10
    assert install_mib("no-such-package") == {}
