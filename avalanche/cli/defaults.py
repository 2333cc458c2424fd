"""Values that the command line fills in where a signature has no default, or none for a whole run.

They are chosen so that `avalanche run` works as it stands and shows each method at work on the
small benchmarks; every one of them is an option.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CHOICES", "DEFAULTS", "RUN_DEFAULTS", "RUN_OWNED"]

CHOICES = {
    "benchmark": "SplitDigits",
    "strategy": "Naive",
    "model": "SimpleMLP",
    "optimizer": "SGD",
}
"""What is used where nothing is named."""

RUN_DEFAULTS = {"epochs": 20, "batch_size": 32, "eval_batch_size": 256}

DEFAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "benchmark": {
        "SplitMNIST": {"n_experiences": 5},
        "PermutedMNIST": {"n_experiences": 5},
        "RotatedMNIST": {"n_experiences": 5},
        "SplitFMNIST": {"n_experiences": 5},
        "SplitCIFAR10": {"n_experiences": 5},
        "SplitCIFAR100": {"n_experiences": 10},
        "SplitCIFAR110": {"n_experiences": 11},
        "SplitOmniglot": {"n_experiences": 4},
        "PermutedOmniglot": {"n_experiences": 5},
        "RotatedOmniglot": {"n_experiences": 5},
        "SplitAlphabetOmniglot": {"n_experiences": 10},
        "ConConDisjoint": {"n_experiences": 3},
        "ConConStrict": {"n_experiences": 3},
    },
    "strategy": {
        # The width of what SimpleMLP answers on the small benchmarks.
        "CoPE": {"p_size": 10},
        # Strong enough to slow forgetting down, not so strong that new classes are not learnt.
        "EWC": {"ewc_lambda": 100.0},
        # A strength of 1 in the paper's terms.
        "SynapticIntelligence": {"si_lambda": 2.0},
        # Weak: gradients of squared norms are large, and 1 makes training diverge at this rate.
        "MAS": {"lambda_reg": 0.01},
        # As many patterns as A-GEM and GEM papers keep for each task of MNIST, rounded.
        "AGEM": {"patterns_per_exp": 250},
        "GEM": {"patterns_per_exp": 250},
        # Temperature 2 as in Li and Hoiem 2016.
        "LwF": {"alpha": 1.0, "temperature": 2.0},
    },
    "optimizer": {"SGD": {"lr": 0.1}},
    "model": {},
}
"""Kind -> name -> argument -> value."""

RUN_OWNED = {
    "train_epochs": "epochs",
    "train_passes": "epochs",
    "train_mb_size": "batch_size",
    "eval_mb_size": "eval_batch_size",
    "eval_every": "eval_every",
    "peval_mode": "peval_mode",
    "device": "device",
}
"""Arguments of strategies that belong to the whole run, and the option that sets them."""
