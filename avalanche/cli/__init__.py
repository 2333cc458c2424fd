"""The command line: `avalanche run`, `compare`, `reproduce`, `list` and `report`.

`avalanche.cli.main.main` is the entry point. Options are made from the signatures of what is
chosen (`signatures`, `options`), `experiment` runs it, `folder` writes it down.
"""
