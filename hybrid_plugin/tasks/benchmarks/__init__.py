"""The benchmarks that are there without a plugin, one short file each: a recipe that reads top to bottom.

In: ids of ir_datasets. Out: ``BENCHMARK``, or a function of what is registered.
"""
