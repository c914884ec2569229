"""The report: the charts of the published marts as one HTML file that needs no network.

A section is a file of this package: its query, its chart and the table behind the chart.
"""

from pipelines.report.page import write_report
from pipelines.report.zone_file import Privacy, forget_places

__all__ = ["Privacy", "forget_places", "write_report"]
