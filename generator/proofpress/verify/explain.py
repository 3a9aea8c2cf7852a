"""The identity graph of a pack as text and as JSON values: who states what, who disagrees, what came from which run."""

import re
from collections.abc import Iterator
from typing import Any, Final

from proofpress.console import printable
from proofpress.verify.identity_graph import SHARED, Edge, IdentityGraph

GRAPH_SCHEMA: Final = "proofpress.identities/1"
_MOST: Final = 160
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def explain_text(label: str, graph: IdentityGraph | None) -> str:
    """The graph for people: one tree an identity, the origin of each file, and every disagreement in a sentence."""
    if graph is None:
        return f"{_line(label)}: no manifest and release that can be read, so nothing says which run files came from\n"
    lines = [f"identities of {label}"]
    for shared in SHARED:
        edges = [edge for edge in graph.edges if edge.relation == "states" and edge.node.kind == shared.name]
        if edges:
            lines += ["", *_tree(edges)]
    made = [edge for edge in graph.edges if edge.relation == "was made by" and not edge.agrees]
    if made:
        lines += ["", "files that are not those of their record", *_branches(made)]
    lines += ["", "which run each file came from"]
    origins = graph.origins()
    width = max((len(file) for file in origins), default=0)
    lines += [f"  {file:{width}}  {_DIGEST.sub(_few_digits, '; '.join(found))}" for file, found in origins.items()]
    lines += [
        "",
        "what disagrees",
        *(f"  {text}" for text in graph.diagnosis or ("nothing: all files tell one story",)),
    ]
    return "\n".join(_line(text) for text in lines) + "\n"


def _tree(edges: list[Edge]) -> Iterator[str]:
    source, *others = sorted(edges, key=lambda edge: not edge.is_source)
    yield f"{_short(source.node.id)}  ({source.place})"
    yield from _branches(others)


def _branches(edges: list[Edge]) -> Iterator[str]:
    for edge in edges:
        branch = "└─" if edge is edges[-1] else "├─"
        if edge.agrees:
            yield f"{branch} {edge.place}"
        else:
            yield f"{branch}✗ {edge.place} says {_short(edge.node.value)}  [{edge.rule}]"


def _few_digits(match: re.Match[str]) -> str:
    return match[0][:12] + "…"


def _short(text: str) -> str:
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def _line(text: str) -> str:
    return printable(text, keep="")


def graph_json(graph: IdentityGraph | None) -> dict[str, Any]:
    """Nodes, edges, origins and diagnosis as JSON values; empty without evidence."""
    if graph is None:
        return {"nodes": [], "edges": [], "origins": {}, "diagnosis": []}
    return {
        "nodes": [{"id": node.id, "kind": node.kind, "value": node.value} for node in graph.nodes],
        "edges": [
            {
                "from": edge.file,
                "to": edge.node.id,
                "relation": edge.relation,
                "pointer": edge.pointer,
                "source": edge.is_source,
                "agrees": edge.agrees,
                "rule": edge.rule or None,
                "trouble": list(edge.trouble),
            }
            for edge in graph.edges
        ],
        "origins": {file: list(found) for file, found in graph.origins().items()},
        "diagnosis": list(graph.diagnosis),
    }
