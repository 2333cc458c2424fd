"""Arguments for classes whose constructors need some; add yours when a test asks for it."""

STRATEGIES = {
    "EWC": {"criterion": None, "ewc_lambda": 1.0},
    "LwF": {"criterion": None, "alpha": 1.0, "temperature": 2.0},
    "Replay": {"mem_size": 20},
}

PLUGINS = {
    "EWCPlugin": {"ewc_lambda": 1.0},
    "ReplayPlugin": {"mem_size": 20},
}

# Checks that do not apply, with the reason.
SKIP = {
    "Cumulative": {"check_memory_does_not_grow": "keeps all data by definition"},
}
