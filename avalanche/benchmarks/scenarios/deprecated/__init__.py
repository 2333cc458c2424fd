"""Where 0.6 has the older benchmarks; they are those of :mod:`avalanche.benchmarks`."""
