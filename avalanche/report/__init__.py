"""Reports from what runs wrote: numbers, pictures and one self-contained HTML file.

`build_report` makes everything; the parts (`summarize`, the functions of `tables` and `plots`)
work on tidy rows from anywhere.
"""

from avalanche.report.build import Report, build_report
from avalanche.report.rows import FIELDS, Row, format_rows, parse_rows, read_rows
from avalanche.report.summary import MeanSd, StrategySummary, best_learner, summarize
from avalanche.report.tables import (
    AccuracyMatrix,
    accuracy_matrix,
    average_accuracy,
    backward_transfer,
    final_accuracy,
    forgetting,
    seen_accuracy,
)

__all__ = [
    "FIELDS",
    "AccuracyMatrix",
    "MeanSd",
    "Report",
    "Row",
    "StrategySummary",
    "accuracy_matrix",
    "average_accuracy",
    "backward_transfer",
    "best_learner",
    "build_report",
    "final_accuracy",
    "forgetting",
    "format_rows",
    "parse_rows",
    "read_rows",
    "seen_accuracy",
    "summarize",
]
