"""Latency, cost and scale of the pair, beside the bare SDK and what a user would pick instead.

`python -m benchmarks` prints a table and writes `bench.json` and `bench.png`; `--quick` takes minutes.
"""
