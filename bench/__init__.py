"""Benchmarks: `make bench`. They print ratios, so that two machines can be compared, and assert nothing."""
