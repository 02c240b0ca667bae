"""The command ``mere info``."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.table import Column, Table
from rich.text import Text

from mere.cli.console import STANDARD, output, write_json
from mere.cli.options import Json, Model
from mere.data.catalogue import Relation
from mere.inference.about import About
from mere.inference.artifact import DEFAULT, FORMAT, find_model

UNSAID = "the model card does not say"


def info_command(
    model: Model = DEFAULT,
    as_json: Json = None,
) -> None:
    """Show what a model can say and where it comes from: languages, relations, sizes, thresholds, licences.

    The exit code is 1 where a file does not match its checksum, 2 where there is no model.
    """
    about = About.of_model(find_model(Path(model)))
    if as_json is not None:
        write_json(about.to_dict(), as_json)
    if as_json != STANDARD:
        console = output()
        console.print(_summary(about))
        console.print(_relations(about))
    if about.damage:
        raise typer.Exit(1)


def _summary(about: About) -> Table:
    schema, decoding = about.config.schema, about.config.decoding
    precise = "none" if decoding.precise is None else f"{decoding.precise.default:.2f} of the score, or its relation's"
    rows = {
        "name": about.name,
        "version": f"{about.version} (format {FORMAT})",
        "folder": str(about.folder),
        "backbone": about.config.model.backbone,
        f"languages ({len(schema.languages)})": ", ".join(schema.languages),
        "threshold": f"{decoding.threshold():.2f}, where a relation has none of its own",
        "precise threshold": precise,
        "size": _sizes(about.sizes),
        "licence of the weights": about.licences["weights"] or UNSAID,
        "training data": about.licences["data"] or UNSAID,
        "checksums": about.damage or "ok",
    }
    table = Table.grid("", Column(overflow="fold"), padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, "bold"), Text(value))
    return table


def _sizes(sizes: dict[str, int]) -> str:
    largest = sorted(sizes, key=lambda name: -sizes[name])[:4]
    shown = ", ".join(f"{name} {sizes[name] / 2**20:.1f}" for name in largest)
    return f"{sum(sizes.values()) / 2**20:.1f} MiB ({shown})"


def _relations(about: About) -> Table:
    relations = about.config.schema.relations
    first = Column(f"relation ({len(relations)})", overflow="fold")
    table = Table(first, box=None, header_style="bold", padding=(0, 1, 1, 1))
    table.add_column("threshold", justify="right")
    table.add_column("meaning, with an example of [bold]head[/] and [italic]tail[/]", ratio=1)
    decoding = about.config.decoding
    for name in relations:
        entry = about.catalogue.get(name)
        meaning = Text("not in the catalogue of relations") if entry is None else _meaning(about, name, entry)
        table.add_row(Text(name), f"{decoding.threshold(name):.2f}", meaning)
    return table


def _meaning(about: About, name: str, entry: Relation) -> Text:
    facts = [f"{', '.join(entry.head)} → {', '.join(entry.tail)}"]
    facts += [f"inverse of {entry.inverse}"] if entry.inverse else []
    facts += ["symmetric"] if entry.symmetric else []
    facts += [f"the same fact as {other}" for other in entry.same]
    turned = ", from tail to head" if entry.wikidata_turned else ""
    facts += [f"Wikidata {entry.wikidata}{turned}"] if entry.wikidata else []
    meaning = Text(f"{entry.definition}\n{'; '.join(facts)}")
    for sentence in about.catalogue.examples(name)[:1]:
        triple = sentence.triples[0]
        example = Text(sentence.text, "dim")
        for span, style in ((triple.head, "bold"), (triple.tail, "italic")):
            example.stylize(f"not dim {style}", span.start, span.end)
        meaning.append("\n").append_text(example)
    return meaning
