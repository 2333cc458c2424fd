from avalanche.cli.errors import nearest


def test_nearest_ignores_case_and_orders_by_likeness() -> None:
    assert nearest("splitmnst", ["SplitMNIST", "SplitDigits", "Naive"])[0] == "SplitMNIST"
    assert nearest("zzz", ["SplitMNIST"]) == []
