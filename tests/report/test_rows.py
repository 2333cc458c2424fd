import csv
import io

import pytest

from avalanche.report.rows import FIELDS, Row, format_rows, parse_rows, read_rows

ROWS = [
    Row("Naive", 0, 12, 1, "eval", "test", 0, 0, "Top1_Acc_Exp", 1 / 3),
    Row("LwF, strong", 2, 30, 2, "cost", "", None, None, "TrainSeconds", 1e-9),
]


def test_what_is_written_is_what_is_read() -> None:
    assert parse_rows(format_rows(ROWS, header=True)) == ROWS


def test_any_csv_reader_understands_the_file() -> None:
    table = list(csv.DictReader(io.StringIO(format_rows(ROWS, header=True))))
    assert tuple(table[0]) == FIELDS
    assert table[1]["strategy"] == "LwF, strong"
    assert table[1]["experience"] == ""
    assert float(table[0]["value"]) == 1 / 3


def test_a_line_cut_off_by_a_kill_is_dropped() -> None:
    text = format_rows(ROWS, header=True)
    assert parse_rows(text[:-3]) == ROWS[:1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns strategy,seed"),
        ("a,b\n1,2\n", "found a,b"),
        (",".join(FIELDS) + "\nNaive,0\n", "line 2: expected 10 cells and found 2"),
        (",".join(FIELDS) + "\nNaive,x,1,1,eval,test,,,m,1.0\n", "line 2: invalid literal"),
    ],
)
def test_a_file_of_something_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_rows(text)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"metrics\.csv: no such file"):
        read_rows(tmp_path / "metrics.csv")
