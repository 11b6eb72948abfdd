"""A page to look around in: questions of a benchmark, or any text, and where encoders rank its documents."""
