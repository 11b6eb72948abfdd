from .data import ReportData as ReportData
from .page import renew_report as renew_report
from .page import write_report as write_report
from .section import Section as Section
