"""The grammar of names, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avalanche.evaluation.metric_names import MetricKey

words = st.text("abcXYZ_-&0129", min_size=1).filter(lambda word: not word.endswith("_stream"))
numbers = st.none() | st.integers(0, 20000)


@given(words, st.sampled_from(["train", "eval"]), words, numbers, numbers, st.none() | words)
def test_reading_back_gives_the_parts(metric, phase, stream, task, experience, detail):
    key = MetricKey(metric, phase, stream, task, experience, f"d{detail}" if detail else None)
    assert MetricKey.parse(str(key)) == key


@pytest.mark.parametrize(
    "name",
    [
        "Top1_Acc_MB/train_phase/train_stream/Task000",
        "Top1_Acc_Exp/eval_phase/test_stream/Exp003",
        "Top1_ClassAcc_Exp/eval_phase/test_stream/Task000/Exp000/0",
        "MeanScores/eval_phase/test_stream/new_classes",
        "Repartition/train_phase/train_stream/Task_000",
        "Top1_AMCA_Stream/test_stream/Task000",
        "EvalStream/Acc_Matrix",
        "DetectionMetrics/eval_phase/test_stream/bbox/AP",
        "W&BConfusionMatrix_Stream/eval_phase/test_stream",
        "plain",
    ],
)
def test_any_name_survives(name):
    assert str(MetricKey.parse(name)) == name


def test_parts():
    key = MetricKey.parse("Top1_ClassAcc_Exp/eval_phase/my_test_stream/Task012/Exp003/7")
    assert key == MetricKey("Top1_ClassAcc_Exp", "eval", "my_test", 12, 3, "7")
