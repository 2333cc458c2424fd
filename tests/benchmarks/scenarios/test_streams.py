"""Streams as sequences and as iterables; benchmarks as sets of them."""

from collections.abc import Sequence

import pytest
import torch

from avalanche.benchmarks import (
    CLExperience,
    CLScenario,
    CLStream,
    EagerCLStream,
    SplitDigits,
    make_stream,
)


@pytest.fixture(scope="module")
def stream():
    return SplitDigits(5, seed=0).train_stream


def test_a_slice_keeps_the_ids_of_the_whole_stream(stream):
    part = stream[2:]
    assert (len(part), part.name) == (3, "train")
    assert [e.current_experience for e in part] == [2, 3, 4]
    assert part[0].current_experience == 2
    assert [e.current_experience for e in part[1:]] == [3, 4]
    assert [e.current_experience for e in stream[[3, 1]]] == [3, 1]
    assert [e.current_experience for e in stream[torch.tensor([0, 4])]] == [0, 4]
    assert len(stream[: 0 + 1]) == 1


def test_an_experience_knows_its_stream_and_benchmark(stream):
    experience = stream[1]
    assert experience.origin_stream is stream
    assert experience.benchmark is stream.benchmark
    assert stream.benchmark.train_stream is stream
    assert list(stream.benchmark.streams) == ["train", "test"]
    assert [e.current_experience for e in stream] == [e.current_experience for e in stream]


def test_negative_positions_count_from_the_end(stream):
    assert stream[-1].current_experience == 4
    assert stream[1:4][-1].current_experience == 3
    assert [e.current_experience for e in stream[[-1, 0]]] == [4, 0]


@pytest.mark.parametrize("index", [5, 99, -6])
def test_an_index_out_of_range_names_stream_index_and_length(stream, index):
    with pytest.raises(IndexError, match=rf"train_stream\[{index}\].*5 experiences; use 0 to 4"):
        stream[index]


def test_a_slice_with_an_id_out_of_range_fails(stream):
    with pytest.raises(IndexError, match=r"train_stream\[7\]"):
        stream[[0, 7]]


def test_a_generator_is_read_once_and_the_stream_many_times():
    made = []

    def experiences():
        for i in range(3):
            made.append(i)
            yield CLExperience()

    stream = make_stream("online", experiences())
    assert isinstance(stream, CLStream)
    assert next(iter(stream)).current_experience == 0
    assert made == [0]
    assert [e.current_experience for e in stream] == [0, 1, 2]
    assert [e.origin_stream is stream for e in stream] == [True] * 3
    assert made == [0, 1, 2]


def test_a_list_makes_a_stream_by_position():
    stream = make_stream("train", [CLExperience(), CLExperience()])
    assert isinstance(stream, EagerCLStream)
    assert len(stream.exps) == 2
    benchmark = CLScenario([stream])
    assert benchmark.train_stream is stream
    assert stream.benchmark is benchmark


def test_wrong_and_repeated_names_are_refused():
    with pytest.raises(ValueError, match="stream name '1st'"):
        CLScenario([EagerCLStream("1st", [])])
    with pytest.raises(ValueError, match="'a' occurs twice"):
        CLScenario([EagerCLStream("a", []), EagerCLStream("a", [])])
    with pytest.raises(AttributeError, match=r"its streams are \['a_stream'\]"):
        _ = CLScenario([EagerCLStream("a", [])]).b_stream


def test_streams_with_positions_are_sequences():
    stream = EagerCLStream("train", [CLExperience() for _ in range(3)])
    second = stream[1]
    assert isinstance(stream, Sequence)
    assert (stream.index(second), stream.count(second), second in stream) == (1, 1, True)
    assert stream.count("no experience") == 0
    assert [e.current_experience for e in reversed(stream)] == [2, 1, 0]
    with pytest.raises(ValueError, match="^$"):
        stream.index(second, 2)
