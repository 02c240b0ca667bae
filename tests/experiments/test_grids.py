"""Grids: every variant trains or looks, results are kept, tables compare in pairs."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mere.data.formats import write_sentences
from mere.errors import ArtifactError, ConfigError, InputError
from mere.experiments.compare import compare, markdown
from mere.experiments.grid import Grid, Variant, by_id, load_grid, shipped_grids
from mere.experiments.report import write_report
from mere.experiments.representations import represent
from mere.experiments.runner import Data, GridRunner, Result
from mere.schema import Sentence, Span, Triple
from mere.training.memory import MemoryPlan
from mere.training.reports import EpochReport, StepReport
from tests.conftest import Command


def _silent(_: StepReport | EpochReport | MemoryPlan) -> None:
    pass


def _quick(backbone: str) -> dict[str, object]:
    """Make any configuration small enough for a test."""
    stages = [
        {"name": "unified", "epochs": 1, "batch_size": 16, "backbone_learning_rate": 1e-3, "frozen_layers": 0},
        {"name": "language-specific", "epochs": 1, "batch_size": 16},
    ]
    return {"model": {"backbone": backbone, "hidden": 16, "span": 8}, "stages": stages}


@pytest.fixture
def few(sample: list[Sentence]) -> list[Sentence]:
    """Four sentences a language: it is not the point here that something is learned."""
    return sample[::5]


def _runner(grid: Grid, sample: list[Sentence], output: Path, said: list[str] | None = None) -> GridRunner:
    data = Data.of(grid, sample, sample[:14], [])
    return GridRunner(grid, data, output, _silent, said.append if said is not None else lambda run: None)


def _small(name: str, backbone: str) -> Grid:
    grid = load_grid(name)
    variants = {}
    for key, variant in grid.variants.items():
        changes = dict(_quick(backbone)) if variant.config else {}
        if variant.config:
            training = grid.training(key, 1)
            names = [stage.name for stage in training.stages]
            changes["stages"] = [s for s in changes["stages"] if s["name"] in names]  # type: ignore[attr-defined]
            changes["stages"] += [  # type: ignore[operator]
                {"name": s.name, "concatenate": s.concatenate} for s in training.stages if s.name not in names
            ]
        fields = {field: getattr(variant, field) for field in variant.__struct_fields__} | {"changes": changes}
        variants[key] = Variant(**fields)
        if variant.config and grid.training(key, 1).model.aggregator is not None:
            changes["model"] = {**changes["model"], "aggregator": {"heads": 2}}  # type: ignore[dict-item]
    return Grid(variants, grid.baseline, (1,), sentences=20)


@pytest.mark.parametrize("name", ["smiler", "ablations"])
def test_every_variant_of_a_shipped_grid_runs_once(
    name: str, tiny_backbone: str, few: list[Sentence], tmp_path: Path
) -> None:
    grid = _small(name, tiny_backbone)
    said: list[str] = []
    results = _runner(grid, few, tmp_path, said).run()
    assert [result.variant for result in results] == list(grid.variants)
    assert len(said) == len(results)
    assert all(len(result.counts["triple"]) == 14 for result in results)
    again: list[str] = []
    assert _runner(grid, few, tmp_path, again).run() == results
    assert again == []
    text = write_report(grid, results, tmp_path)
    hidden = {variant for variant, of in grid.variants.items() if not of.shown}
    for variant in grid.variants:
        assert (f"| {variant} |" in text) == (variant not in hidden)
    assert (tmp_path / "table.md").read_text("utf-8") == text
    assert (tmp_path / "figures" / "languages.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", shipped_grids())
def test_shipped_grids_parse(name: str) -> None:
    assert load_grid(name).variants


@pytest.mark.parametrize("variant", ["monolingual", "multilingual", "mere-shared-module"])
def test_a_relation_that_only_dev_data_states_is_missed(
    variant: str, tiny_backbone: str, sample: list[Sentence], tmp_path: Path
) -> None:
    german = [sentence for sentence in sample if sentence.language == "de" and sentence.triples]
    rare = german[0].triples[0].relation
    known = [one for one in german if all(triple.relation != rare for triple in one.triples)]
    grid = _small("smiler", tiny_backbone)
    data = Data.of(grid, known, [german[0], *known], [])
    result = GridRunner(grid, data, tmp_path, _silent, lambda run: None).run([variant])[-1]
    assert result.counts["triple"][0][0] == 0
    assert result.counts["triple"][0][2] == len(german[0].triples)


def test_only_what_is_asked_for_runs_and_what_it_builds_on(
    tiny_backbone: str, few: list[Sentence], tmp_path: Path
) -> None:
    grid = _small("smiler", tiny_backbone)
    results = _runner(grid, few, tmp_path).run(["mere-wrong-module"])
    assert [result.variant for result in results] == ["mere-without-switcher", "mere", "mere-wrong-module"]
    with pytest.raises(InputError, match="no variant 'meer'"):
        _runner(grid, few, tmp_path).run(["meer"])


def test_a_result_of_other_data_is_not_taken_for_this_one(
    tiny_backbone: str, few: list[Sentence], tmp_path: Path
) -> None:
    grid = _small("smiler", tiny_backbone)
    _runner(grid, few, tmp_path).run(["multilingual"])
    with pytest.raises(ArtifactError, match="other data"):
        _runner(grid, few[:30], tmp_path).run(["multilingual"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("baseline = 'a'\n[variants.b]\nconfig = 'mere'", "baseline 'a'"),
        ("baseline = 'b'\n[variants.b]\nof = 'c'", "no variant above it"),
        ("baseline = 'b'\n[variants.b]\nshare = 0.5", "either a 'config'"),
        ("baseline = 'b'\n[variants.b]\nconfig = 'mere'\nchanges = { sed = 3 }", "unknown field `sed`"),
        ("baseline = 'b'\n[variants.b]\nconfig = 'mere'\nshare = 0.0", "'share' must be above 0"),
        ("baseline = ", "not valid TOML"),
    ],
)
def test_mistakes_in_a_grid_are_named(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "grid.toml").write_text(text)
    with pytest.raises(ConfigError, match=problem):
        load_grid(str(tmp_path / "grid.toml"))


def test_subsamples_keep_translations_together() -> None:
    sentences = [Sentence(f"{language} {n}", language, (), f"id{n}") for language in ("de", "fr") for n in range(50)]
    kept = by_id(sentences, count=10)
    ids = {language: {s.id for s in kept if s.language == language} for language in ("de", "fr")}
    assert ids["de"] == ids["fr"]
    assert len(ids["de"]) == 10
    half = by_id(sentences, share=0.5)
    assert len(half) == 50
    assert {s.id for s in kept} <= {s.id for s in half}


def _result(variant: str, right: list[int], seed: int = 1) -> Result:
    counts = [(value, 1, 1) for value in right]
    languages = ["de"] * (len(right) // 2) + ["fr"] * (len(right) - len(right) // 2)
    return Result(variant, seed, "", None, 0, languages, {"triple": counts}, 0.0, [])


def test_comparison_is_paired() -> None:
    random = np.random.default_rng(0)
    base = (random.random(200) < 0.5).astype(int)
    better = base.copy()
    better[np.flatnonzero(base == 0)[::10]] = 1
    first, second = compare([_result("base", base.tolist()), _result("better", better.tolist())], "base")
    assert first.macro_gain.mean == first.macro_gain.low == first.macro_gain.high == 0
    gained = 100 * (better - base).mean()
    assert second.micro_gain.mean == pytest.approx(gained)
    assert 0 < second.micro_gain.low < gained < second.micro_gain.high
    assert second.micro_gain.high - second.micro_gain.low < (second.micro.high - second.micro.low) / 2
    assert "better" in markdown([first, second], "base")


def test_scores_are_means_over_seeds() -> None:
    (row,) = compare([_result("a", [1, 1, 1, 1]), _result("a", [0, 0, 1, 1], seed=2)], "a")
    assert row.seeds == 2
    assert (row.languages["de"].mean, row.languages["fr"].mean) == (50, 100)
    assert row.macro.mean == row.micro.mean == 75


def test_representations_of_parallel_sentences(tiny_backbone: str, few: list[Sentence], tmp_path: Path) -> None:
    grid = _small("smiler", tiny_backbone)
    runner = _runner(grid, few, tmp_path)
    runner.run(["mere"])
    twice = [  # what they state is no relation of the model's
        Sentence(text, language, (Triple(Span.of(text, 0, 1), "unknown", Span.of(text, 2, 3)),), f"{number}")
        for number, text in enumerate(("Anna lives in Rome.", "A river runs through Paris.", "He writes books."))
        for language in ("de", "fr")
    ]
    found = represent(runner.model("mere", 1), twice)
    assert list(found.vectors) == ["backbone", "aggregator", "switcher"]
    assert found.distance("backbone") == pytest.approx(0, abs=1e-6)
    assert found.plane("switcher").shape == (6, 2)
    with pytest.raises(InputError, match="share an id"):
        represent(runner.model("mere", 1), few[:20])


def test_shipped_grids_say_what_they_are_for() -> None:
    for path in shipped_grids().values():
        text = path.read_text("utf-8")
        assert text.startswith("# ")
        tomllib.loads(text)


def test_the_command_writes_tables_figures_and_distances(
    tiny_backbone: str, sample_dev: list[Sentence], tmp_path: Path, mere_command: Command
) -> None:
    data, grid, parallel = tmp_path / "data.jsonl", tmp_path / "grid.toml", tmp_path / "parallel.jsonl"
    write_sentences(sample_dev, data)
    stages = 'stages = [{ name = "unified", epochs = 1, frozen_layers = 0 }]'
    grid.write_text(
        f'baseline = "plain"\nchanges = {{ {stages} }}\n[variants.plain]\nconfig = "multilingual"\n', "utf-8"
    )
    twins = [replace(sentence, id="1") for sentence in sample_dev[:2] + sample_dev[-2:]]
    twins += [replace(sentence, id="2") for sentence in sample_dev[2:4] + sample_dev[-4:-2]]
    write_sentences(twins, parallel)
    command = ["reproduce", grid, "--train", data, "--dev", data, "--output", tmp_path / "out", "--look-at", "plain"]
    command += ["--backbone", tiny_backbone, "--parallel", parallel]
    done = mere_command(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("## Triple F1")
    names = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {"table.md", "distances.md", "results/plain-1.json"} < names
    assert {"figures/languages.png", "figures/representations.png"} < names
    assert "- backbone: " in (tmp_path / "out" / "distances.md").read_text("utf-8")
