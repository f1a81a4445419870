"""k-means of the core beside Faiss's and scikit-learn's: seconds and inertia on the same points and cores."""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

import numpy

from .dataset import Dataset

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "build" / "bench" / "core" / "bench" / "clustering" / "kmeans_benchmark"

# Takes points, clusters and threads, and returns the seconds and the centroids.
Run = Callable[[numpy.ndarray, Path, int, int, int], "tuple[float, numpy.ndarray]"]


def make_points(base: numpy.ndarray, rows: int, seed: int = 1) -> numpy.ndarray:
    """The first rows of the base; where there are not enough, copies follow, moved at random and of unit length."""
    points = base[:rows].astype(numpy.float32)
    random = numpy.random.default_rng(seed)
    while len(points) < rows:
        more = base[: rows - len(points)].astype(numpy.float32)
        more += random.normal(scale=0.3 / numpy.sqrt(more.shape[1]), size=more.shape).astype(numpy.float32)
        more /= numpy.linalg.norm(more, axis=1, keepdims=True)
        points = numpy.concatenate([points, more])
    return numpy.ascontiguousarray(points)


def inertia(points: numpy.ndarray, centroids: numpy.ndarray) -> float:
    """The sum of the squared distances of the points to their nearest centroids."""
    total = 0.0
    norms = (centroids.astype(numpy.float64) ** 2).sum(axis=1)
    for start in range(0, len(points), 4096):
        block = points[start:start + 4096]
        nearest = (norms - 2 * (block @ centroids.T).astype(numpy.float64)).min(axis=1)
        total += float((nearest + (block.astype(numpy.float64) ** 2).sum(axis=1)).sum())
    return total


def vectorx(points: numpy.ndarray, file: Path, clusters: int, threads: int, seed: int) -> tuple[float, numpy.ndarray]:
    out = file.with_name("centroids.f32")
    done = subprocess.run([CORE, file, str(clusters), str(threads), str(seed), out], check=True, stdout=subprocess.PIPE,
                          text=True)
    return float(done.stdout), numpy.fromfile(out, dtype=numpy.float32).reshape(-1, points.shape[1])


def faiss(points: numpy.ndarray, _: Path, clusters: int, threads: int, seed: int) -> tuple[float, numpy.ndarray]:
    import faiss as library

    library.omp_set_num_threads(threads)
    kmeans = library.Kmeans(points.shape[1], clusters, niter=25, seed=seed, max_points_per_centroid=len(points))
    start = time.perf_counter()
    kmeans.train(points)
    return time.perf_counter() - start, kmeans.centroids


def sklearn(points: numpy.ndarray, _: Path, clusters: int, threads: int, seed: int) -> tuple[float, numpy.ndarray]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        kmeans = KMeans(clusters, n_init=1, max_iter=25, random_state=seed, copy_x=False)
        start = time.perf_counter()
        kmeans.fit(points)
        return time.perf_counter() - start, kmeans.cluster_centers_.astype(numpy.float32)


LIBRARIES: dict[str, Run] = {"vectorx": vectorx, "faiss": faiss, "sklearn": sklearn}


def ratios(measured: dict[str, list[dict]], name: str, key: str) -> list[float]:
    """To Faiss, within each round."""
    return [run[key] / other[key] for run, other in zip(measured[name], measured.get("faiss", []))]


def table(measured: dict[str, list[dict]]) -> str:
    """Medians, and medians of the ratios to Faiss within a round."""
    lines = ["| library | seconds | inertia | seconds ÷ Faiss's | inertia ÷ Faiss's |", "|---|---|---|---|---|"]
    for name, runs in measured.items():
        cells = [f"{numpy.median([run['seconds'] for run in runs]):.2f}",
                 f"{numpy.median([run['inertia'] for run in runs]):.0f}"]
        for key, digits in (("seconds", 2), ("inertia", 4)):
            found = ratios(measured, name, key)
            cells.append(f"{numpy.median(found):.{digits}f} ({min(found):.{digits}f}–{max(found):.{digits}f})" if found
                         else "n/a")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def is_as_good(measured: dict[str, list[dict]]) -> bool:
    """Whether ours takes no longer than Faiss's, with an inertia within 1 %."""
    return (numpy.median(ratios(measured, "vectorx", "seconds")) <= 1.0
            and numpy.median(ratios(measured, "vectorx", "inertia")) <= 1.01)


def main() -> int:
    from .__main__ import SAMPLE, default_data

    parser = argparse.ArgumentParser(prog="bench/kmeans", description=__doc__)
    parser.add_argument("--data", type=Path, default=default_data(), help="folder with base.npy")
    parser.add_argument("--rows", type=int, default=100_000, help="points; more than the base has are moved copies")
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=3, help="each with another seed; the libraries take turns")
    parser.add_argument("--libraries", default=",".join(LIBRARIES), help=f"of {', '.join(LIBRARIES)}")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "kmeans")
    parser.add_argument("--check", action="store_true", help="fail if ours is slower than Faiss's, or 1 %% worse")
    arguments = parser.parse_args()
    chosen = arguments.libraries.split(",")
    for name in chosen:
        if name not in LIBRARIES:
            parser.error(f'no library "{name}"; there are {", ".join(LIBRARIES)}')
    if arguments.check and not {"vectorx", "faiss"} <= set(chosen):
        parser.error("--check compares vectorx and faiss")

    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "points.npy"
    read = Dataset.from_sample if arguments.data == SAMPLE else Dataset.from_directory
    points = make_points(read(arguments.data).base, arguments.rows)
    numpy.save(file, points)
    measured: dict[str, list[dict]] = {name: [] for name in chosen}
    for seed in range(1, arguments.rounds + 1):
        for name in chosen if seed % 2 else reversed(chosen):
            seconds, centroids = LIBRARIES[name](points, file, arguments.clusters, arguments.threads, seed)
            measured[name].append({"seconds": seconds, "inertia": inertia(points, centroids), "clusters": len(centroids)})
            print(f"{name}: {seconds:.2f} s, inertia {measured[name][-1]['inertia']:.0f}", flush=True)
    settings = {"rows": len(points), "dimensions": points.shape[1], "clusters": arguments.clusters,
                "threads": arguments.threads}
    (arguments.out / "kmeans.json").write_text(json.dumps({"settings": settings, "runs": measured}, indent=1) + "\n")
    print(f"\n{len(points):,} × {points.shape[1]} into {arguments.clusters:,}, {arguments.threads} threads\n\n"
          + table(measured))
    return 0 if not arguments.check or is_as_good(measured) else 1


if __name__ == "__main__":
    sys.exit(main())
