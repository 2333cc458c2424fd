"""The checks of models catch what they are for."""

import pytest
import torch
from torch import nn

from avalanche.models import IncrementalClassifier, MultiTaskModule
from avalanche.testing import check_model

WIDTH = 5


class Squeezes(nn.Linear):
    """Loses the batch of one."""

    def forward(self, x):
        return super().forward(x).squeeze()


class GrowsInEvaluation(IncrementalClassifier):
    def adaptation(self, experience):
        self.activate(experience.classes_in_this_experience)


class NeverGrows(IncrementalClassifier):
    def adaptation(self, experience):
        pass


class DrawsAnew(IncrementalClassifier):
    """Takes new weights whenever it is adapted."""

    def adaptation(self, experience):
        super().adaptation(experience)
        if self.training:
            self.classifier.reset_parameters()


class PadsWithZeros(MultiTaskModule):
    """Foreign units have logit 0."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(WIDTH, 6)

    def forward_single_task(self, x, task_label):
        own = torch.arange(6) // 2 == task_label
        return self.shared(x) * own


class ForgetsItsMask(IncrementalClassifier):
    """Does not save which units were trained."""

    def __init__(self):
        super().__init__(WIDTH)
        self.masked = []

    def adaptation(self, experience):
        super().adaptation(experience)
        if self.training and 1 in experience.classes_in_this_experience:
            self.masked = [0]

    def forward(self, x):
        out = super().forward(x)
        return out.index_fill(1, torch.tensor(self.masked, dtype=torch.long), -float("inf"))


class Shares(nn.Linear):
    """Its copies are itself."""

    def __deepcopy__(self, memo):
        return self


class OwnGenerator(nn.Linear):
    def reset_parameters(self):
        self.weight.data.normal_(generator=torch.Generator())
        self.bias.data.zero_()


class HidesItsWeights(nn.Module):
    """Grows where no optimizer can see it."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(WIDTH, 6)

    def forward(self, x):
        return self.body(x).detach() + torch.zeros(6, requires_grad=True)


FAULTS = {
    "squeezed batch": (lambda: Squeezes(WIDTH, 6), "1 samples gave an answer of shape"),
    "growth in evaluation": (lambda: GrowsInEvaluation(WIDTH), "evaluation changed the"),
    "no growth": (lambda: NeverGrows(WIDTH), "2 units after training on the classes"),
    "not idempotent": (lambda: DrawsAnew(WIDTH), "adapting twice to one experience changed"),
    "zeros": (PadsWithZeros, "units that were never trained have a probability"),
    "state": (ForgetsItsMask, "a state loaded into a new model"),
    "shared": (lambda: Shares(WIDTH, 6), "a copy shares its weights"),
    "seed": (lambda: OwnGenerator(WIDTH, 6), "another seed gave the same weights"),
    "hidden": (HidesItsWeights, "changed no weight"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_found(name):
    make, message = FAULTS[name]
    with pytest.raises(AssertionError, match=message):
        check_model(make, (WIDTH,))


def test_an_unknown_check_cannot_be_skipped():
    with pytest.raises(ValueError, match=r"skip=\['nope'\]: no such check"):
        check_model(lambda: nn.Linear(WIDTH, 6), (WIDTH,), skip=["nope"])
