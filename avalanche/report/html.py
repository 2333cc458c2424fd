"""Turns summaries and pictures into one HTML file that needs nothing else to open."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avalanche.report.summary import MeanSd, StrategySummary, best_learner

__all__ = ["Figure", "Page", "render"]


@dataclass(frozen=True)
class Figure:
    """A picture of the page: its SVG file, what it shows, and how to read it."""

    svg: Path
    title: str
    caption: str

    @property
    def data_uri(self) -> str:
        """The picture itself, as text that stands in for an address."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg.read_bytes()).decode()


@dataclass(frozen=True)
class Page:
    """Everything that the page shows.

    Args:
        title: headline.
        facts: short statements under the headline (benchmark, seeds, epochs).
        summaries: the strategies.
        figures: the pictures, in order.
        commands: the commands that made the runs.
        configs: text of each run's configuration, by folder name.
        versions: version of each library, and of the machine.
        notes: warnings, such as an interrupted run.
    """

    title: str
    facts: Sequence[str]
    summaries: Sequence[StrategySummary]
    figures: Sequence[Figure]
    commands: Sequence[str]
    configs: Mapping[str, str]
    versions: Mapping[str, Any]
    notes: Sequence[str] = ()


def render(page: Page) -> str:
    """Return the page as HTML text; every name in it is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("avalanche.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda value: value.text(1, scale=100)
    environment.filters["number"] = number
    environment.filters["count"] = lambda value: "-" if math.isnan(value) else f"{value:,.0f}"
    best = best_learner(page.summaries)
    template = environment.get_template("report.html.j2")
    gpu = any(not math.isnan(item.peak_gpu_memory_mib.mean) for item in page.summaries)
    return template.render(page=page, best=best.name if best else None, gpu=gpu)


def number(value: MeanSd, digits: int = 1) -> str:
    """Return a mean ± sd with thousands set apart, or a dash where it is unknown.

    Example:
        >>> number(MeanSd((12000.0, 14000.0)), 0)
        '13,000 ± 1,414'
    """
    if math.isnan(value.mean):
        return "-"
    text = f"{value.mean:,.{digits}f}"
    return text if math.isnan(value.sd) else f"{text} ± {value.sd:,.{digits}f}"
