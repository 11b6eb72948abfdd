"""A comparison in words, in tables and in LaTeX: what the inference supports, and nothing else."""
