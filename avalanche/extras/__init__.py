"""Older paths: :mod:`avalanche.extras.models` is :mod:`avalanche.models`."""
