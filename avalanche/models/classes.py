"""What modules that grow read of an experience: its classes and its tasks."""

from typing import Any

from avalanche.benchmarks.utils import AvalancheDataset

__all__ = ["classes_by_task", "classes_of", "data_of", "single_task", "tasks_of"]


def data_of(experience: Any) -> Any:
    """The data of an experience; code up to 0.2 adapts modules to the data themselves."""
    return experience if isinstance(experience, AvalancheDataset) else experience.dataset


def classes_of(experience: Any) -> list[int]:
    """Classes of an experience: its own list, else the targets of its data set.

    Raises:
        ValueError: a class id below 0, which no unit can stand for.
    """
    classes = getattr(experience, "classes_in_this_experience", None)
    if classes is None:
        classes = data_of(experience).targets.uniques
    ids = sorted(int(c) for c in classes)
    if ids and ids[0] < 0:
        raise ValueError(f"classes={ids}: a head has a unit for each class, so they start at 0")
    return ids


def tasks_of(experience: Any) -> list[int]:
    labels = getattr(experience, "task_labels", None)
    if isinstance(experience, AvalancheDataset):
        column = getattr(experience, "targets_task_labels", None)
        labels = None if column is None else column.uniques
    return sorted({int(t) for t in labels or [0]})


def single_task(experience: Any) -> int:
    """The task label of an experience that has one.

    Raises:
        ValueError: it has several.
    """
    tasks = tasks_of(experience)
    if len(tasks) != 1:
        raise ValueError(
            f"task_labels={tasks}: the model adapts to one task at a time; give each experience "
            "the label of one task"
        )
    return tasks[0]


def classes_by_task(experience: Any) -> dict[int, list[int]]:
    """Which classes belong to which task of an experience."""
    tasks = tasks_of(experience)
    if len(tasks) == 1:
        return {tasks[0]: classes_of(experience)}
    if not isinstance(experience, AvalancheDataset) and not hasattr(experience, "dataset"):
        raise ValueError(
            f"task_labels={tasks}: an experience with several tasks needs a dataset with targets "
            "and task labels, to tell which classes belong to which task"
        )
    dataset = data_of(experience)
    targets, labels = dataset.targets.values, dataset.targets_task_labels.values
    return {t: sorted(targets[labels == t].unique().tolist()) for t in tasks}
