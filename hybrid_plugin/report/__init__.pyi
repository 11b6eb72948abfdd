from .data import ReportData as ReportData
from .page import write_report as write_report
from .section import Section as Section
