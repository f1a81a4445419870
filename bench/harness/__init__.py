"""Side-by-side benchmark of nearest-neighbour indexes in one PostgreSQL server. See bench/README.md."""
