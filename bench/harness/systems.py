"""What is compared. A system is a value: to add one, add a line to SYSTEMS, and a subclass where its SQL differs.

Every system gets a database of its own with the same two tables: base (id integer PRIMARY KEY, v) and
query (id integer PRIMARY KEY, v). A query asks for the rows nearest to QUERY_VECTOR, where {q} stands for the number of
the query, or to another expression.
"""
from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Mapping, Optional, Sequence

OPERATOR = {"cosine": "<=>", "l2": "<->", "ip": "<#>"}
INDEX = "base_v_idx"
QUERY_VECTOR = "(SELECT v FROM query WHERE id = {q})"


@dataclass(frozen=True)
class Shape:
    """What a system's SQL depends on."""

    rows: int
    dims: int
    metric: str
    k: int


@dataclass(frozen=True)
class System:
    name: str
    extension: str  # what CREATE EXTENSION names; its dependencies are created with it
    method: str  # access method
    sweep: str  # the setting that trades speed for recall
    values: Sequence[int]
    options: Mapping[str, str] = field(default_factory=dict)  # of the index, over the command line's
    settings: Mapping[str, str] = field(default_factory=dict)  # of every session that queries
    column_type: str = "vector"
    preload: Optional[str] = None  # shared_preload_libraries
    peer: str = "pgvector"  # what installs it, see install.py; None for what must be there already

    @property
    def database(self) -> str:
        return re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")

    def index_options(self, shape: Shape, common: Mapping[str, str]) -> dict:
        """The WITH options; `common` are the command line's, by access method (m, ef_construction, lists)."""
        return {**common.get(self.method, {}), **self.options}

    def create_index(self, shape: Shape, common: Mapping[str, str]) -> str:
        options = ", ".join(f"{key} = {value}" for key, value in self.index_options(shape, common).items())
        return (f"CREATE INDEX {INDEX} ON base USING {self.method} ({self.index_key(shape)})"
                + (f" WITH ({options})" if options else ""))

    def index_key(self, shape: Shape) -> str:
        return f"v {self.column_type}_{shape.metric}_ops"

    def session(self, value: int) -> dict:
        return {**self.settings, self.sweep: str(value)}

    def query(self, shape: Shape, value: int, vector: str = QUERY_VECTOR) -> str:
        return f"SELECT id FROM base ORDER BY v {OPERATOR[shape.metric]} {vector} LIMIT {shape.k}"


@dataclass(frozen=True)
class BinaryQuantized(System):
    """An index over the signs of the vector; the sweep's candidates are re-ranked by their exact distance."""

    def index_key(self, shape: Shape) -> str:
        return f"(binary_quantize(v)::bit({shape.dims})) bit_hamming_ops"

    def query(self, shape: Shape, value: int, vector: str = QUERY_VECTOR) -> str:
        return (f"SELECT id FROM (SELECT id, v FROM base ORDER BY binary_quantize(v)::bit({shape.dims}) "
                f"<~> binary_quantize({vector})::bit({shape.dims}) LIMIT {value}) AS candidates "
                f"ORDER BY v {OPERATOR[shape.metric]} {vector} LIMIT {shape.k}")


@dataclass(frozen=True)
class VectorChord(System):
    """IVF with RaBitQ codes; its index options are a document in TOML."""

    def create_index(self, shape: Shape, common: Mapping[str, str]) -> str:
        lists = {**common.get("ivfflat", {}), **self.options}["lists"]
        residual = "false" if shape.metric == "ip" else "true"
        return (f"CREATE INDEX {INDEX} ON base USING {self.method} ({self.index_key(shape)}) WITH (options = $$"
                f"residual_quantization = {residual}\n[build.internal]\nlists = [{lists}]\n"
                f"spherical_centroids = {'false' if shape.metric == 'l2' else 'true'}\n$$)")


@dataclass(frozen=True)
class VectorChordGraph(System):
    """A graph with RaBitQ codes, built with VectorChord's own defaults but for the system's options."""

    def create_index(self, shape: Shape, common: Mapping[str, str]) -> str:
        options = "".join(f"{key} = {value}\n" for key, value in self.options.items())
        return (f"CREATE INDEX {INDEX} ON base USING {self.method} ({self.index_key(shape)})"
                + (f" WITH (options = $$\n{options}$$)" if options else ""))


EF_SEARCH = (10, 20, 40, 80, 160, 320, 640)
PROBES = (5, 10, 20, 40, 80, 160)

SYSTEMS = {system.name: system for system in [
    System("vectorx", "vectorx", "hnsw", "hnsw.ef_search", EF_SEARCH, peer="vectorx"),
    System("vectorx-halfvec", "vectorx", "hnsw", "hnsw.ef_search", EF_SEARCH, column_type="halfvec", peer="vectorx"),
    System("vectorx-ivfflat", "vectorx", "ivfflat", "ivfflat.probes", PROBES, peer="vectorx"),
    System("vectorx-ivfflat-quantized", "vectorx", "ivfflat", "ivfflat.probes", PROBES, options={"storage": "quantized"},
           peer="vectorx"),
    System("pgvector", "vector", "hnsw", "hnsw.ef_search", EF_SEARCH),
    System("pgvector-halfvec", "vector", "hnsw", "hnsw.ef_search", EF_SEARCH, column_type="halfvec"),
    BinaryQuantized("pgvector-binary", "vector", "hnsw", "hnsw.ef_search", (20, 40, 80, 160, 320, 640)),
    System("pgvector-ivfflat", "vector", "ivfflat", "ivfflat.probes", PROBES),
    VectorChord("vchordrq", "vchord", "vchordrq", "vchordrq.probes", PROBES, preload="vchord", peer="vchord"),
    VectorChordGraph("vchordg", "vchord", "vchordg", "vchordg.ef_search", EF_SEARCH, preload="vchord", peer="vchord"),
]}


def parse(text: str) -> list[System]:
    """Reads "vectorx,pgvector:m=24+ef_construction=128": names, each with index options of its own after a colon."""
    chosen = []
    for item in text.split(","):
        name, _, options = item.strip().partition(":")
        if name not in SYSTEMS:
            raise ValueError(f'no system "{name}"; there are {", ".join(SYSTEMS)}')
        system = SYSTEMS[name]
        if options:
            pairs = [option.partition("=") for option in options.split("+")]
            if not all(key and equals and value for key, equals, value in pairs):
                raise ValueError(f'"{options}" is not option=value+option=value')
            system = replace(system, name=f"{name}:{options}",
                             options={**system.options, **{key: value for key, _, value in pairs}})
        chosen.append(system)
    if len({system.database for system in chosen}) < len(chosen):
        raise ValueError(f'"{text}" names a system twice')
    return chosen
