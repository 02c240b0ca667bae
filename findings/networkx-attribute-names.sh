#!/usr/bin/env bash
# networkx 3.6.1: a triple's attributes vanish from graph files where a format uses their names itself.
#
# Behaviour: an attribute with one of these names is gone after writing and reading, without an error or a warning.
# Which names they are differs by format; for node-link data the caller can name other keys, for the others not.
# Expected: an error on writing, or another name in the file, as GraphML does it.
# Seen on 2026-11-30 (a directed graph; written, read again, compared):
#     GEXF lost edge.type
#     GML lost edge.source, node.label
#     node-link lost edge.source
#     GraphML lost nothing
# What mere does: it writes no graph files yet. In its records a triple's relation is called `relation`, and where it
# was read `document`; `source`, `label` and `type` must not become names of attributes in these formats.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -qq --disable-pip-version-check networkx==3.6.1
venv/bin/python - <<'PYTHON'
import io
import sys
import warnings

import networkx as nx

warnings.simplefilter("error")


def lost(write, read) -> str:
    graph = nx.DiGraph()
    graph.add_node("Q7259", label="Ada Lovelace", type="person")
    graph.add_node("Q84", label="London", type="place")
    graph.add_edge("Q7259", "Q84", relation="birth-place", type="fact", source="article 7")
    again = read(write(graph))
    nodes = [f"node.{key}" for key, value in graph.nodes["Q7259"].items() if again.nodes["Q7259"].get(key) != value]
    edge, edge_again = graph.edges["Q7259", "Q84"], again.edges["Q7259", "Q84"]
    edges = [f"edge.{key}" for key, value in edge.items() if edge_again.get(key) != value]
    return ", ".join(edges + nodes) or "nothing"


def to_file(write):
    def written(graph: nx.DiGraph) -> io.BytesIO:
        file = io.BytesIO()
        write(graph, file)
        return io.BytesIO(file.getvalue())

    return written


seen = {
    "GEXF": lost(to_file(nx.write_gexf), nx.read_gexf),
    "GML": lost(to_file(nx.write_gml), nx.read_gml),
    "node-link": lost(nx.node_link_data, nx.node_link_graph),
    "GraphML": lost(to_file(nx.write_graphml), nx.read_graphml),
}
for form, names in seen.items():
    print(f"{form} lost {names}")
if list(seen.values()) != ["edge.type", "edge.source, node.label", "edge.source", "nothing"]:
    sys.exit("changed: other attributes are lost")
PYTHON
