"""Every public model passes the checks of its role; models are found by introspection."""

import inspect

import pytest
import torch
from torch import nn

from avalanche import models
from avalanche.models import DynamicModule, MultiHeadClassifier, MultiTaskModule, SimpleMLP
from avalanche.testing import MODEL_CHECKS

IMAGE = (3, 12, 12)
CHECKS = {check.__name__: check for check in MODEL_CHECKS}


# User-written modules, exactly as seed 001 writes them (the class list is not on the slide).
# fmt: off
class IncrementalClassifierOfTheSlides(DynamicModule):
    """Classifier that adds units whenever new classes are
    encountered."""

    def __init__(
        self,
        in_features,
        initial_out_features=2,
    ):
        super().__init__()
        self.classifier = torch.nn.Linear(in_features, initial_out_features)

    @torch.no_grad()
    def adaptation(self, experience):
        """expand if experience contains unseen classes."""
        curr_classes = experience.classes_in_this_experience  # not on the slide
        in_features = self.classifier.in_features
        old_nclasses = self.classifier.out_features
        new_nclasses = max(self.classifier.out_features, max(curr_classes) + 1)

        # update classifier weights
        if old_nclasses == new_nclasses:
            return
        old_w, old_b = self.classifier.weight, self.classifier.bias
        self.classifier = torch.nn.Linear(in_features, new_nclasses)
        self.classifier.weight[:old_nclasses] = old_w
        self.classifier.bias[:old_nclasses] = old_b

    def forward(self, x, **kwargs):
        return self.classifier(x)


class MTSimpleMLPOfTheSlides(MultiTaskModule):
    """Multi-layer perceptron with multi-head classifier"""

    def __init__(self, input_size=28 * 28, hidden_size=512):
        super().__init__()

        self.features = nn.Sequential(
            nn.Linear(input_size, hidden_size),
            nn.ReLU(inplace=True),
            nn.Dropout(),
        )
        self.classifier = MultiHeadClassifier(hidden_size)
        self._input_size = input_size

    def forward(self, x, task_labels):
        x = x.contiguous()
        x = x.view(x.size(0), self._input_size)
        x = self.features(x)
        x = self.classifier(x, task_labels)
        return x
# fmt: on


class SingleTaskForwardOfTheSlides(MultiTaskModule):
    """ "Inherit from MultiTaskModule, forward single task for examples of the same task"."""

    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(5, 6)

    def forward_single_task(self, x, task_label):
        return self.shared(x) * (task_label + 1)


def ncm():
    """A nearest-mean classifier that has the mean of each class it meets, drawn at random."""

    class Met(models.NCMClassifier):
        def adaptation(self, experience):
            super().adaptation(experience)
            if self.training:
                new = set(experience.classes_in_this_experience) - set(self.class_means_dict)
                self.update_class_means_dict({c: torch.randn(5) for c in sorted(new)})

    return Met()


# name -> (make, shape of one input)
WRITTEN_BY_USERS = {
    "IncrementalClassifierOfTheSlides": (lambda: IncrementalClassifierOfTheSlides(5), (5,)),
    "in a Sequential": (
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(6, 5), nn.ReLU(), IncrementalClassifierOfTheSlides(5)
        ),
        (2, 3),
    ),
    "MTSimpleMLPOfTheSlides": (lambda: MTSimpleMLPOfTheSlides(6, 5), (2, 3)),
    "SingleTaskForwardOfTheSlides": (SingleTaskForwardOfTheSlides, (5,)),
}
CASES = {
    "CosineIncrementalClassifier": (lambda: models.CosineIncrementalClassifier(5), (5,)),
    "CosineLinear": (lambda: models.CosineLinear(5, 6), (5,)),
    "FeatureExtractorModel": (
        lambda: models.FeatureExtractorModel(nn.Linear(5, 4), nn.Linear(4, 6)),
        (5,),
    ),
    "Flatten": (models.Flatten, (2, 3)),
    "IcarlNet": (lambda: models.IcarlNet(6, n=1), IMAGE),
    "IncrementalClassifier": (lambda: models.IncrementalClassifier(5), (5,)),
    "IncrementalMLP": (lambda: models.IncrementalMLP(2, 6, 5), (2, 3)),
    "LeNet5": (lambda: models.LeNet5(6, 3), (3, 32, 32)),
    "MLP": (lambda: models.MLP([5, 4, 6], last_activation=False), (5,)),
    "MTSimpleCNN": (models.MTSimpleCNN, IMAGE),
    "MTSimpleMLP": (lambda: models.MTSimpleMLP(6, 5), (2, 3)),
    "MTSimpleSequenceClassifier": (lambda: models.MTSimpleSequenceClassifier(3, 4), (5, 3)),
    "MTSlimResNet18": (lambda: models.MTSlimResNet18(2, nf=2), IMAGE),
    "MultiHeadClassifier": (lambda: models.MultiHeadClassifier(5), (5,)),
    "MultiHeadMLP": (lambda: models.MultiHeadMLP(6, 5), (2, 3)),
    "NCMClassifier": (ncm, (5,)),
    "PNN": (lambda: models.PNN(2, 6, 5), (2, 3)),
    "SimpleCNN": (models.SimpleCNN, IMAGE),
    "SimpleMLP": (lambda: models.SimpleMLP(6, 6, 5, hidden_layers=2), (2, 3)),
    "SimpleMLP_TinyImageNet": (lambda: models.SimpleMLP_TinyImageNet(6, 1), (1, 64, 64)),
    "SimpleSequenceClassifier": (lambda: models.SimpleSequenceClassifier(3, 4, 6), (5, 3)),
    "TrainEvalModel": (
        lambda: models.TrainEvalModel(
            nn.Linear(5, 4), models.IncrementalClassifier(4), nn.Linear(4, 9)
        ),
        (5,),
    ),
}
OTHERS = {
    "SlimResNet18": (lambda: models.SlimResNet18(6, nf=2), IMAGE),
    "make_icarl_net": (lambda: models.make_icarl_net(6, n=1), IMAGE),
    "as_multitask": (lambda: models.as_multitask(SimpleMLP(2, 6, 5), "classifier"), (2, 3)),
    "PNN with linear adapters": (lambda: models.PNN(1, 6, 5, adapter="linear"), (2, 3)),
}
# Not models by themselves, with the reason.
NO_MODEL = {
    "DynamicModule": "a base class without a forward",
    "MultiTaskModule": "a base class without a forward",
    "LinearAdapter": "a piece of a PNN, takes a list: tests/models/test_pnn.py",
    "MLPAdapter": "a piece of a PNN, takes a list: tests/models/test_pnn.py",
    "PNNColumn": "a piece of a PNN, takes a list: tests/models/test_pnn.py",
    "PNNLayer": "a piece of a PNN, takes a list: tests/models/test_pnn.py",
    "FeatureExtractorBackbone": "answers with detached features, to read and not to train",
}
# Checks that do not apply, with the reason.
SLIDE = "the slide's module has no mask; strategies cover classes it has never met"
SLIDE_GROWS = "the slide's module does not ask for its mode; strategies adapt in training only"
SKIP = {
    "IncrementalClassifierOfTheSlides": {
        "check_unknown_units_are_masked": SLIDE,
        "check_evaluation_changes_nothing": SLIDE_GROWS,
    },
    "in a Sequential": {
        "check_unknown_units_are_masked": SLIDE,
        "check_evaluation_changes_nothing": SLIDE_GROWS,
    },
    "SingleTaskForwardOfTheSlides": {
        "check_unknown_units_are_masked": "all tasks share its units by design",
    },
    "TrainEvalModel": {
        "check_unknown_units_are_masked": "its head for evaluation is a plain layer here",
    },
}


def public():
    for name in models.__all__:
        found = getattr(models, name)
        if inspect.isclass(found) and issubclass(found, nn.Module):
            yield name


def test_every_model_is_checked_or_says_why_not():
    assert set(public()) == set(CASES) | set(NO_MODEL)


def not_skipped(name, check):
    reason = SKIP.get(name, {}).get(check)
    if reason:
        pytest.skip(reason)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", [name for name in public() if name not in NO_MODEL])
def test_models(name, check):
    not_skipped(name, check)
    CHECKS[check](*CASES[name])


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", [*OTHERS, *WRITTEN_BY_USERS])
def test_models_made_by_functions_and_written_by_users(name, check):
    not_skipped(name, check)
    CHECKS[check](*{**OTHERS, **WRITTEN_BY_USERS}[name])


@pytest.mark.parametrize("name", [name for name in public() if name not in NO_MODEL])
def test_all_that_a_model_saves_are_tensors(name):
    """Code that copies, averages or counts what is saved expects nothing else."""
    state = CASES[name][0]().state_dict()
    assert {key: type(v) for key, v in state.items() if not isinstance(v, torch.Tensor)} == {}
