"""Evaluations as one HTML page to read, print and share, and as plots and a table for a paper."""

from hybrid_plugin.report.data import Landing, ReportData, Section, System
from hybrid_plugin.report.page import write_report

__all__ = ["Landing", "ReportData", "Section", "System", "write_report"]
