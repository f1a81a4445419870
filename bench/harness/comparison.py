"""Systems measured side by side: which turns they take, and what is kept of each."""
from __future__ import annotations

import argparse
from itertools import zip_longest

from . import cold, machine, measure
from .dataset import Dataset
from .inprocess import Library
from .install import say
from .server import Server
from .systems import Shape


def interleaved(systems: list, number: int) -> list:
    """The systems, in turn forwards and backwards, so that a drift of the machine favours none."""
    return systems if number % 2 == 0 else systems[::-1]


class Comparison:
    def __init__(self, options: argparse.Namespace, server: Server, data: Dataset, systems: list,
                 libraries: list) -> None:
        self.options = options
        self.server = server
        self.data = data
        self.shape = Shape(len(data.base), data.dims, data.metric, options.k)
        self.common = {
            "hnsw": {"m": str(options.m), "ef_construction": str(options.ef_construction)},
            "ivfflat": {"lists": str(options.lists or max(1, round(len(data.base) ** 0.5)))},
        }
        self.systems = systems  # in the server
        self.subjects = [*systems, *libraries]
        self.records = {
            system.name: {"name": system.name, "extension": system.extension, "method": system.method,
                          "sweep": system.sweep, "settings": dict(system.settings),
                          "builds": [], "points": [], "inserts": [], "cold": []}
            for system in systems}
        self.records.update({library.name: library.record() for library in libraries})
        self.floor: list[dict] = []
        self.rounds: list[dict] = []

    def load(self) -> None:
        for system in self.systems:
            say(f"{system.name}: loading {self.shape.rows:,} rows × {self.shape.dims:,}")
            self.records[system.name].update(measure.load(self.server, system, self.data))

    def build(self) -> None:
        for number in range(self.options.builds):
            for system in interleaved(self.subjects, number):
                if isinstance(system, Library):
                    built = system.build(self.options.workers + 1)
                else:
                    built = measure.build(self.server, system, self.shape, self.common, self.options.workers)
                self.records[system.name]["builds"].append(built)
                say(f"{system.name}: built in {built['seconds']:.2f} s, {built['index_bytes'] / 1e6:.1f} MB, "
                    f"{built['workers']} workers")

    def answer(self) -> None:
        with self.server.connect() as connection:
            # What the builds have left to write is written now, not during the measurements.
            connection.execute("CHECKPOINT")
        for system in self.subjects:
            for value in self.options.values or system.values:
                if isinstance(system, Library):
                    point = system.answer(value)
                else:
                    point = measure.answer(self.server, system, self.shape, value, self.data)
                self.records[system.name]["points"].append(point)
                say(f"{system.name}: {system.sweep} {value}, recall {point['recall']:.4f}")

    def query(self) -> None:
        """Rounds; within one, systems take turns at every point of the sweep and every number of clients."""
        queries, seconds = len(self.data.query), self.options.seconds
        columns = [[(system, point) for point in self.records[system.name]["points"]] for system in self.subjects]
        for number in range(self.options.rounds):
            self.rounds.append({"round": number, "load": machine.load()})
            say(f"round {number + 1} of {self.options.rounds}, load average {machine.load():.1f}")
            for clients in self.options.clients:
                self.floor.append(measure.floor(self.server, self.systems[0], self.shape, queries, clients, seconds,
                                                number))
                for row in zip_longest(*columns):
                    for system, point in interleaved([cell for cell in row if cell is not None], number):
                        if isinstance(system, Library):
                            run = system.throughput(point["value"], clients, seconds, number)
                        else:
                            run = measure.throughput(self.server, system, self.shape, point["value"], queries, clients,
                                                     seconds, number)
                        point["runs"].append(run)

    def insert(self) -> None:
        for number in range(self.options.rounds):
            for clients in self.options.insert_clients:
                for system in interleaved(self.systems, number):
                    done = measure.insert(self.server, system, self.shape, self.common, clients, self.options.inserts,
                                          number)
                    self.records[system.name]["inserts"].append(done)
                    say(f"{system.name}: {done['qps']:.0f} inserts/s with {clients} clients")

    def ask_cold(self) -> None:
        """Last of all, as the server is started anew for each system and has little memory afterwards."""
        reference = self.records.get(self.options.against)
        for system in self.systems:
            record = self.records[system.name]
            for size, readings in cold.memories(record, reference).items():
                say(f"{system.name}: cold, {size / 1e6:.1f} MB of shared_buffers")
                values = self.options.values or system.values
                done = cold.measure(self.server, system, self.shape, self.data, values, size, self.options.cold_queries)
                record["cold"].append({"readings": readings, **done})
                for point in done["points"]:
                    say(f"{system.name}: {system.sweep} {point['value']}, recall {point['recall']:.4f}, "
                        f"{point['index_read']:.1f} index pages read, {point['table_read']:.1f} of the table")

    def all(self) -> None:
        self.load()
        self.build()
        self.answer()
        self.query()
        if self.options.inserts:
            self.insert()
        if self.options.cold:
            self.ask_cold()
