"""The built-in sections of the report: one a file, each a function of the evaluations that returns HTML."""
