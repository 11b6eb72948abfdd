"""Evaluation folders to systems: read, checked, and narrowed to what all were asked."""
