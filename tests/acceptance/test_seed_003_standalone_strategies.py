"""Seed 003, "strategy API design": its pseudocode, run.

What the issue leaves open is filled in: the user's own classes (``My...``, ``BetterLwF``) and the
names that it forgets to define. Its structure, calls and order of arguments are kept.
"""

import matplotlib
import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import CrossEntropyLoss
from torch.optim.lr_scheduler import StepLR as MyScheduler
from torch.utils.data import TensorDataset

from avalanche.benchmarks import ocl_split, split_by_class
from avalanche.benchmarks.utils import AvalancheDataset
from avalanche.benchmarks.utils.data_loader import ReplayDataLoader as AvlDataLoader
from avalanche.core import Agent, maybe_init
from avalanche.evaluation import AvlAccuracy, AvlCE
from avalanche.evaluation.functional import forgetting_matrix
from avalanche.models import SimpleMLP
from avalanche.training.regularization import LearningWithoutForgetting
from avalanche.training.storage_policy import ReservoirSamplingBuffer


def MyDataset(train):
    digits = load_digits()
    images = torch.from_numpy(digits.images).float().reshape(-1, 64) / 16
    rows = slice(None, 1200) if train else slice(1200, None)
    return TensorDataset(images[rows], torch.from_numpy(digits.target)[rows])


class MyReplayBuffer(ReservoirSamplingBuffer):
    def __init__(self, memory_size):
        super().__init__(max_size=memory_size)

    def pre_update(self, exp, agent_state):
        pass


class MyModel(SimpleMLP):
    """Keeps its last batch for penalties that are called without arguments."""

    last = None

    def forward(self, x):
        answer = super().forward(x)
        self.last = (x, answer)
        return answer

    def pre_update(self, exp, agent_state):
        self.train()

    def post_update(self, exp, agent_state):
        self.last = None


class BetterLwF(LearningWithoutForgetting):
    def __init__(self, with_tricks):
        super().__init__(alpha=0.5, temperature=2, scale_by_temperature=with_tricks)

    def pre_update(self, exp, agent_state):
        self.model = agent_state.model

    def post_update(self, exp, agent_state):
        self.model.last = None
        super().post_update(exp, agent_state)

    def __call__(self):
        return super().__call__(*self.model.last, self.model)


class MyCLOptimizer(torch.optim.SGD):
    pass


a_lot = 200

# fmt: off


def my_cool_method(exp, agent_state=None, **extra_args):
    # defining the training for a single exp. instead of the whole stream
    # should be better because this way training does not need to care about eval loop.
    # agent_state takes the role of the strategy object

    if agent_state is None:
        agent_state = Agent()
        vars(agent_state).update(extra_args)  # what the caller has chosen
        # first exp, init stuff
        # we could even do partial initialization (if not too tricky)
        # maybe_init does not touch already defined arguments
        agent_state.replay = maybe_init(MyReplayBuffer(memory_size=a_lot))
        agent_state.reg_loss = maybe_init(BetterLwF(with_tricks=True))
        agent_state.model = maybe_init(MyModel(num_classes=10, input_size=64, drop_rate=0))

        # no partial init for optim and scheduler because they depend on the model
        model = agent_state.model
        agent_state.opt = MyCLOptimizer(model.parameters(), lr=0.1)  # could be GEM, OWM, ...
        agent_state.scheduler = MyScheduler(agent_state.opt, 50, 0.5)

    # this is the usual before_exp
    updatable_objs = [agent_state.replay, agent_state.reg_loss, agent_state.model]
    [uo.pre_update(exp, agent_state) for uo in updatable_objs]

    opt = agent_state.opt
    dl = AvlDataLoader(exp.dataset, agent_state.replay.buffer, batch_size=128)
    for x, y in dl:
        opt.zero_grad()
        yp = agent_state.model(x)
        l = CrossEntropyLoss()(yp, y)  # noqa: E741
        l += agent_state.reg_loss()  # noqa: E741
        l.backward()
        opt.step()

    # this is the usual after_exp
    updatable_objs = [agent_state.replay, agent_state.reg_loss, agent_state.model]
    [uo.post_update(exp, agent_state) for uo in updatable_objs]
    return agent_state


@torch.no_grad
def my_eval(stream, model, metrics, **extra_args):
    # eval also becomes simpler. Notice how in Avalanche it's harder to check whether
    # we are evaluating a single exp. or the whole stream.
    # Now we evaluate each stream with a separate function call

    # calls are needed to update metric counters
    [uo.before_stream(stream) for uo in metrics]
    for exp in stream:
        dl = AvlDataLoader(exp.dataset, batch_size=128)
        for x, y in dl:
            yp = model(x)
            [uo.update(yp, y) for uo in metrics]
        [uo.step() for uo in metrics]
    [uo.after_stream(exp) for uo in metrics]


def test_strategy_api_design():
    num_experiences = 5
    avl_train_data = AvalancheDataset(MyDataset(train=True))
    avl_test_data = AvalancheDataset(MyDataset(train=False))
    train_stream, test_stream = split_by_class(avl_train_data, avl_test_data, num_experiences)
    ocl_stream = ocl_split(train_stream, 40)

    metrics = [AvlAccuracy(), AvlCE()]

    agent_state = None
    for exp in ocl_stream:
        agent_state = my_cool_method(exp, agent_state)
        my_eval(test_stream, agent_state.model, metrics)

    acc_timeline = metrics[0].result_all()

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    plt.plot(acc_timeline)

    fm = forgetting_matrix(acc_timeline)
    plt.matshow(fm)
    plt.close("all")

    # fmt: on
    assert acc_timeline.shape == fm.shape == (len(ocl_stream), 5)
    assert metrics[1].result_all().shape == acc_timeline.shape
    assert acc_timeline.max() > 0.9
    assert (fm >= 0).all()
    assert fm[0].tolist() == [0] * 5
    assert len(agent_state.replay.buffer) == a_lot
    assert agent_state.reg_loss.expcount == len(ocl_stream)
    # The last values, computed once more by other means.
    with torch.no_grad():
        for k, experience in enumerate(test_stream):
            x = torch.stack([x for x, _ in experience.dataset])
            y = np.array([y for _, y in experience.dataset])
            hits = agent_state.model(x).argmax(1).numpy() == y
            assert acc_timeline[-1, k] == pytest.approx(hits.mean())


def test_partial_init():
    train_stream, _ = split_by_class(MyDataset(train=True), MyDataset(train=False), 5)
    mine = MyReplayBuffer(memory_size=3)
    agent_state = my_cool_method(train_stream[0], replay=mine)
    assert agent_state.replay is mine
    assert len(mine.buffer) == 3
    assert isinstance(agent_state.model, MyModel)


def test_pre_and_post_update_inside_an_agent():
    """The same objects, adapted by the agent instead of by hand."""
    train_stream, _ = split_by_class(MyDataset(train=True), MyDataset(train=False), 5)
    agent = Agent()
    agent.model = MyModel(num_classes=10, input_size=64)
    agent.replay = MyReplayBuffer(memory_size=10)
    agent.reg_loss = BetterLwF(with_tricks=False)
    agent.model.eval()
    for exp in train_stream[:2]:
        agent.pre_adapt(exp)
        agent.post_adapt(exp)
    assert agent.model.training
    assert agent.reg_loss.expcount == 2
    assert {*agent.replay.buffer.targets} <= {
        c for exp in train_stream[:2] for c in exp.classes_in_this_experience
    }
