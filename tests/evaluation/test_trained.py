"""Which experiences were learnt."""

from types import SimpleNamespace as Namespace

from fake_loop import make_stream

from avalanche.evaluation.trained import (
    TrainedExperiences,
    experiences_in_training,
    trained_position,
)


def test_positions():
    big, small = make_stream("train", 3), make_stream("train", 9)
    small[7].origin_experience = big[2]
    assert trained_position(big[1]) == 1
    assert trained_position(small[7]) == 2
    small[7].origin_experience = None
    assert trained_position(small[7]) == 7


def test_what_is_learnt_now():
    alone, together = make_stream("train", 3)[0], make_stream("train", 3)
    assert experiences_in_training(Namespace(experience=alone)) == [alone]
    not_joint = Namespace(experience=alone, joint_experiences=[])
    assert experiences_in_training(not_joint) == [alone]
    joint = Namespace(experience=together[-1], joint_experiences=together)
    assert experiences_in_training(joint) == together


def test_order_and_state():
    trained, twin = TrainedExperiences(), TrainedExperiences()
    assert not trained
    for position in (2, 0, 2):
        trained.add(Namespace(experience=make_stream("train", 3)[position]))
    assert 2 in trained
    assert 1 not in trained
    assert trained.state() == [2, 0]
    assert not trained.in_order
    trained.add(Namespace(experience=None, joint_experiences=make_stream("train", 2)))
    assert [*trained] == trained.state() == [2, 0, 1]
    twin.load(trained.state())
    assert 0 in twin
    assert [*twin] == [2, 0, 1]


def test_in_order_as_far_as_it_went():
    trained = TrainedExperiences()
    for experience in make_stream("train", 3):
        assert trained.in_order
        trained.add(Namespace(experience=experience))
    assert trained.in_order
