"""Arguments for classes whose constructors need some; add yours when a test asks for it."""

from torch.optim.lr_scheduler import MultiStepLR

from avalanche.evaluation.metrics import accuracy_metrics
from avalanche.models import PNN
from avalanche.testing.streams import FEATURES
from avalanche.training.plugins import EvaluationPlugin

STRATEGIES = {
    "AGEM": {"patterns_per_exp": 10, "sample_size": 16},
    "GEM": {"patterns_per_exp": 10},
    "CoPE": {"mem_size": 20, "n_classes": 6, "p_size": 6},
    "EWC": {"ewc_lambda": 1.0},
    "GDumb": {"mem_size": 20},
    "MAS": {"lambda_reg": 0.01},
    "SynapticIntelligence": {"si_lambda": 1.0},
    "LwF": {"alpha": 1.0, "temperature": 2.0},
    "Replay": {"mem_size": 20},
}

# A function gets the model and the optimizer and gives the arguments.
PLUGINS = {
    "CWRStarPlugin": lambda model, optimizer: {"model": model},
    "EarlyStoppingPlugin": {"patience": 1, "val_stream_name": "test_stream"},
    "LRSchedulerPlugin": lambda model, optimizer: {"scheduler": MultiStepLR(optimizer, [1])},
    "AGEMPlugin": {"patterns_per_experience": 10, "sample_size": 16},
    "GEMPlugin": {"patterns_per_experience": 10, "memory_strength": 0.5},
    "CoPEPlugin": {"mem_size": 20, "n_classes": 6, "p_size": 6},
    "EWCPlugin": {"ewc_lambda": 1.0},
    "GDumbPlugin": {"mem_size": 20},
    "ReplayPlugin": {"mem_size": 20},
    "MASPlugin": {"lambda_reg": 0.01},
    "SynapticIntelligencePlugin": {"si_lambda": 1.0},
}

# What a plugin asks of the loop.
LOOPS = {
    "EarlyStoppingPlugin": {
        "eval_every": 1,
        "evaluator": lambda: EvaluationPlugin(accuracy_metrics(stream=True)),
    },
}

# Strategies that train a model of their own kind.
MODELS = {
    "PNNStrategy": lambda: PNN(num_layers=2, in_features=FEATURES, hidden_features_per_column=8),
}

# Checks that do not apply, with the reason.
SKIP = {
    **{
        name: {"check_memory_does_not_grow": "keeps patterns of every experience by definition"}
        for name in ("AGEM", "AGEMPlugin", "GEM", "GEMPlugin")
    },
    "EarlyStoppingPlugin": {
        "check_learns_every_kind_of_stream": "some of these have no test stream to be evaluated",
        "check_memory_does_not_grow": "its stream has no test stream; the plugin stores nothing",
    },
    "PNNStrategy": {
        "check_growing_head": "its model is a PNN; see tests/models/test_pnn.py",
        "check_multi_head": "its model is a PNN; see tests/models/test_pnn.py",
    },
    "Cumulative": {"check_memory_does_not_grow": "keeps all data by definition"},
}
