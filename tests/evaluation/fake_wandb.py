"""As much of the package wandb as is used, writing down what it is given.

It refuses what the package refuses: numbers that are not finite in a histogram, and figures of
matplotlib in a program that has not imported pyplot.
"""

import sys
from types import ModuleType
from types import SimpleNamespace as Namespace

import numpy as np
import pytest


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.id = arguments.get("id") or f"run{len(arguments)}"
        self.logged, self.artifacts, self.finished = [], [], 0

    def log(self, values, step):
        assert not self.finished, "a finished run takes no values"
        self.logged.append((step, values))

    def log_artifact(self, artifact):
        self.artifacts.append(artifact)

    def finish(self):
        self.finished += 1


class Artifact:
    def __init__(self, name, type):
        self.name, self.type, self.files, self.references = name, type, [], []

    def add_file(self, path):
        self.files.append(path)

    def add_reference(self, uri, name=None):
        self.references.append((uri, name))


class Form:
    def __init__(self, data):
        self.data = data


class Histogram(Form):
    def __init__(self, data):
        np.histogram(data, bins=64)
        super().__init__(data)


class Image(Form):
    def __init__(self, data):
        if type(data).__module__.startswith("matplotlib"):
            raise AttributeError("module 'matplotlib' has no attribute 'pyplot'")
        super().__init__(data)


class Chart:
    def __init__(self, **data):
        self.data = data


@pytest.fixture
def wandb(monkeypatch):
    """The fake in the place of the package; ``wandb.runs`` are the runs that were begun."""
    module = ModuleType("wandb")
    module.runs = []

    def init(**arguments):
        module.runs.append(Run(arguments))
        return module.runs[-1]

    module.init = init
    module.Artifact = Artifact
    module.Histogram = Histogram
    module.Image = Image
    module.plot = Namespace(confusion_matrix=Chart, CustomChart=Chart)
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.delenv("WANDB_RUN_ID", raising=False)
    return module
