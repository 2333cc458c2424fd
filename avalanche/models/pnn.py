"""Progressive neural networks: a column per task that reads the frozen columns before it."""

from collections.abc import Callable, Iterable
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from avalanche.models.checks import check_sizes
from avalanche.models.classes import single_task
from avalanche.models.dynamic_modules import MultiHeadClassifier, MultiTaskModule
from avalanche.models.packed_state import pack, unpack
from avalanche.models.simple_mlp import _flatten

__all__ = ["PNN", "LinearAdapter", "MLPAdapter", "PNNColumn", "PNNLayer"]

Adapter = Literal["linear", "mlp"]


class LinearAdapter(nn.Module):
    r"""Lateral connections as in equation 1: :math:`\sum_{j<k} U^{(k:j)} h^{(j)}`.

    Args:
        in_features: width of each earlier column.
        out_features_per_column: width of the answer.
        num_prev_modules: number of earlier columns, at least 1.

    Example:
        >>> LinearAdapter(4, 3, 2)([torch.zeros(5, 4), torch.zeros(5, 4)]).shape
        torch.Size([5, 3])
    """

    def __init__(
        self, in_features: int, out_features_per_column: int, num_prev_modules: int
    ) -> None:
        super().__init__()
        # All U^(k:j) side by side: one product of matrices instead of one per column.
        self.U = nn.Linear(in_features * num_prev_modules, out_features_per_column, bias=False)

    def forward(self, x: list[Tensor]) -> Tensor:
        """Layer below in each earlier column, ``(batch, in_features)`` each, to the lateral sum."""
        return cast("Tensor", self.U(torch.cat(x, dim=1)))


class MLPAdapter(nn.Module):
    r"""Lateral connections through a hidden layer: :math:`U\,\sigma(V\,[\alpha_j h^{(j)}]_{j<k})`.

    The scalars :math:`\alpha_j` are learnt, from small random values, and adjust for the different
    scales of the columns; :math:`V` projects all of them down to the width of one.

    Args:
        in_features: width of each earlier column, and of the hidden layer.
        out_features_per_column: width of the answer.
        num_prev_modules: number of earlier columns, at least 1.
        activation: the nonlinearity :math:`\sigma`.

    Example:
        >>> MLPAdapter(4, 3, 2)([torch.zeros(5, 4), torch.zeros(5, 4)]).shape
        torch.Size([5, 3])
    """

    def __init__(
        self,
        in_features: int,
        out_features_per_column: int,
        num_prev_modules: int,
        activation: Callable[[Tensor], Tensor] = relu,
    ) -> None:
        super().__init__()
        self.alphas = nn.Parameter(0.1 * torch.randn(num_prev_modules))
        self.V = nn.Linear(in_features * num_prev_modules, in_features)
        self.U = nn.Linear(in_features, out_features_per_column, bias=False)
        self.activation = activation

    def forward(self, x: list[Tensor]) -> Tensor:
        """Layer below in each earlier column, ``(batch, in_features)`` each, to the lateral sum."""
        scaled = torch.stack(x, dim=1) * self.alphas[:, None]  # (batch, columns, in_features)
        return cast("Tensor", self.U(self.activation(self.V(scaled.flatten(1)))))


class PNNColumn(nn.Module):
    """One layer of one column: its own connections and the lateral ones.

    Args:
        in_features: width of the layer below.
        out_features_per_column: width of this layer.
        num_prev_modules: number of earlier columns.
        adapter: ``"linear"`` or ``"mlp"`` lateral connections, or None for no lateral ones.
    """

    def __init__(
        self,
        in_features: int,
        out_features_per_column: int,
        num_prev_modules: int,
        adapter: Adapter | None = "mlp",
    ) -> None:
        super().__init__()
        _check_adapter(adapter)
        self.itoh = nn.Linear(in_features, out_features_per_column)
        self.adapter: nn.Module | None = None
        if num_prev_modules and adapter is not None:
            self.adapter = _adapter(adapter, in_features, out_features_per_column, num_prev_modules)

    def freeze(self) -> None:
        """Take the column out of training for good."""
        _set_trainable(self, False)

    def forward(self, x: list[Tensor]) -> Tensor:
        """Layer below in each column up to this one, own one last, to ``(batch, features)``."""
        own = cast("Tensor", self.itoh(x[-1]))
        return own if self.adapter is None else own + self.adapter(x[:-1])


class PNNLayer(MultiTaskModule):
    """One layer of all columns; it gains a column with every new task in training.

    Args:
        in_features: width of the layer below.
        out_features_per_column: width of this layer in each column.
        adapter: ``"linear"`` or ``"mlp"`` lateral connections, or None for no lateral ones.

    Attributes:
        columns: one :class:`PNNColumn` per task; the first waits for the first task.
        task_to_module_idx: task label to the position of its column.
    """

    def __init__(
        self, in_features: int, out_features_per_column: int, adapter: Adapter | None = "mlp"
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features_per_column = out_features_per_column
        self.adapter = adapter
        self.task_to_module_idx: dict[int, int] = {}
        self.columns = nn.ModuleList([self._new_column(0)])

    @property
    def num_columns(self) -> int:
        """Number of columns."""
        return len(self.columns)

    def _new_column(self, position: int) -> PNNColumn:
        return PNNColumn(
            self.in_features, self.out_features_per_column, position, adapter=self.adapter
        )

    def adaptation(self, experience: Any) -> None:
        """Add a column for a new task and freeze the others; nothing in evaluation mode.

        Raises:
            ValueError: an experience with several tasks.
        """
        if self.training:
            task = single_task(experience)
            super().adaptation(experience)
            self.add_task(task)

    def add_task(self, task: int) -> None:
        """Give ``task`` a column, unless it has one; all columns before it are frozen."""
        if task in self.task_to_module_idx:
            return
        if self.task_to_module_idx:
            self._add_column()
        self.task_to_module_idx[task] = self.num_columns - 1
        self._freeze_earlier()

    def _add_column(self) -> None:
        weight = next(self.parameters())
        column = self._new_column(self.num_columns).to(weight.device, weight.dtype)
        self.columns.append(column)

    def _fits(self, saved: Tensor) -> bool:
        """Whether a saved weight of a first column is of this layer's shape."""
        return saved.shape == cast("PNNColumn", self.columns[0]).itoh.weight.shape

    def _freeze_earlier(self) -> None:
        for column in cast("list[PNNColumn]", list(self.columns)[:-1]):
            column.freeze()

    def forward_single_task(  # type: ignore[override]
        self, x: list[Tensor], task_label: int
    ) -> list[Tensor]:
        """Answers of every column up to the task's, before the nonlinearity.

        Args:
            x: layer below in each of these columns, ``(batch, in_features)`` each.
            task_label: a task met in training.
        """
        last = self.task_to_module_idx[task_label]
        columns = cast("list[PNNColumn]", list(self.columns)[: last + 1])
        return [column(x[: i + 1]) for i, column in enumerate(columns)]

    def get_extra_state(self) -> Tensor:
        """Which task has which column, saved with the weights."""
        return torch.cat([super().get_extra_state(), pack(self.task_to_module_idx)])

    def set_extra_state(self, state: Tensor | dict[str, Any]) -> None:
        """Restore :meth:`get_extra_state`."""
        super().set_extra_state(state)
        columns = state["columns"] if isinstance(state, dict) else unpack(state)[-1]
        self.task_to_module_idx = {task: i for i, task in enumerate(columns)}
        self._freeze_earlier()

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Have as many columns as were saved before their weights are read."""
        saved = _count(state_dict, f"{prefix}columns", "itoh.weight")
        if saved and self._fits(state_dict[f"{prefix}columns.0.itoh.weight"]):
            while self.num_columns < saved:
                self._add_column()
            _cut(self.columns, saved)
        super()._load_from_state_dict(state_dict, prefix, *args)


class PNN(MultiTaskModule):
    r"""Progressive neural network: one column per task, with lateral connections from old ones.

    Nothing is forgotten: a column is frozen as soon as the next task arrives, and the new column
    reads every layer of the old ones. Layer :math:`i` of column :math:`k` is

    .. math:: h_i^{(k)} = \sigma\Big(W_i^{(k)} h_{i-1}^{(k)} + U_i^{(k)}
        \sigma\big(V_i^{(k)} \alpha_{i-1}^{(<k)} h_{i-1}^{(<k)}\big)\Big)

    with the adapter ``"mlp"`` (equation 2), and
    :math:`\sigma(W_i^{(k)} h_{i-1}^{(k)} + \sum_{j<k} U_i^{(k:j)} h_{i-1}^{(j)})` with
    ``"linear"`` (equation 1). Each task also has a head of its own. Size and time grow with the
    number of tasks, quadratically in the lateral connections. Needs task labels, in training and
    in evaluation; a task that was never trained gets equal logits.

    Args:
        num_layers: hidden layers of each column, at least 1.
        in_features: number of values of one input; inputs are flattened.
        hidden_features_per_column: units of each hidden layer.
        adapter: ``"mlp"`` or ``"linear"``, for every layer that has lateral connections: all
            hidden layers but the first, and the head.

    Raises:
        ValueError: a size that is no whole number of at least 1, or an unknown adapter.

    Example:
        >>> from types import SimpleNamespace
        >>> model = PNN(num_layers=1, in_features=8, hidden_features_per_column=4)
        >>> for task in (0, 1):
        ...     model.adaptation(
        ...         SimpleNamespace(classes_in_this_experience=[0, 1], task_labels=[task])
        ...     )
        >>> model(torch.zeros(3, 8), torch.tensor([0, 1, 1])).shape
        torch.Size([3, 2])
        >>> model.layers[0].columns[0].itoh.weight.requires_grad
        False

    Differences from the paper:
        1. The lateral term of the head enters before the head's own matrix, as
           :math:`W (h + U \sigma(V \alpha h^{(<k)}))`, so that heads can gain classes. The lateral
           matrix of the head is the product :math:`W U`.
        2. The head of a task that comes back is trained again, since no other column reads it;
           its column stays frozen.

    Differences from avalanche-lib 0.6:
        The first layer has no lateral connections from the input, and the head has some, both as
        in the paper. The adapter applies to every layer that has lateral connections. Heads of
        earlier tasks are frozen with their columns.

    References:
        Rusu et al., "Progressive Neural Networks", 2016 (arXiv 1606.04671), equations 1 and 2.
    """

    def __init__(
        self,
        num_layers: int = 1,
        in_features: int = 784,
        hidden_features_per_column: int = 100,
        adapter: Adapter = "mlp",
    ) -> None:
        super().__init__()
        check_sizes(
            num_layers=num_layers,
            in_features=in_features,
            hidden_features_per_column=hidden_features_per_column,
        )
        if adapter is None:
            raise ValueError("adapter=None: expected 'linear' or 'mlp'")
        width = hidden_features_per_column
        self.in_features = in_features
        self.adapter = adapter
        # All columns read the same input, so there is nothing lateral in the first layer.
        first = PNNLayer(in_features, width, adapter=None)
        further = [PNNLayer(width, width, adapter) for _ in range(num_layers - 1)]
        self.layers = nn.ModuleList([first, *further])
        self.laterals = nn.ModuleList()  # into the head: one of every column but the first
        self.classifier = MultiHeadClassifier(width)
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            _freeze_earlier_heads
        )
        _check_adapter(adapter)

    @property
    def task_to_module_idx(self) -> dict[int, int]:
        """Task label to the position of its column."""
        return cast("PNNLayer", self.layers[0]).task_to_module_idx

    def adaptation(self, experience: Any) -> None:
        """Add a column and a head for a new task; nothing in evaluation mode.

        Raises:
            ValueError: an experience with several tasks.
        """
        if not self.training:
            return
        task = single_task(experience)
        super().adaptation(experience)
        for layer in cast("Iterable[PNNLayer]", self.layers):
            layer.add_task(task)
        if len(self.laterals) < len(self.task_to_module_idx) - 1:
            self._add_lateral()
        self.classifier.adaptation(experience)
        self._train_head_of(task)

    def _train_head_of(self, task: int) -> None:
        for name, head in self.classifier.classifiers.items():
            _set_trainable(head, name == str(task))

    def _add_lateral(self) -> None:
        width, weight = self.classifier.in_features, next(self.parameters())
        _set_trainable(self.laterals, False)
        lateral = _adapter(self.adapter, width, width, len(self.laterals) + 1)
        self.laterals.append(lateral.to(weight.device, weight.dtype))

    def forward_single_task(self, x: Tensor, task_label: int) -> Tensor:
        """Logits of one task: ``(batch, ...)`` to ``(batch, units)``."""
        x = _flatten(x, self.in_features, "in_features")
        column = self.task_to_module_idx.get(task_label)
        if column is None:
            units = max(self.max_class_label, self.classifier.starting_out_features)
            return x.new_zeros(x.shape[0], units)
        hidden = [x] * (column + 1)
        for layer in self.layers:
            hidden = [
                relu(h) for h in cast("PNNLayer", layer).forward_single_task(hidden, task_label)
            ]
        features = hidden[column]
        if column:
            features = features + self.laterals[column - 1](hidden[:column])
        return self.classifier.forward_single_task(features, task_label)

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *args: Any) -> None:
        """Have the lateral connections that were saved before their weights are read."""
        saved = _count(state_dict, f"{prefix}laterals", "U.weight")
        column = state_dict.get(f"{prefix}layers.0.columns.0.itoh.weight")
        if column is not None and cast("PNNLayer", self.layers[0])._fits(column):
            while len(self.laterals) < saved:
                self._add_lateral()
            _cut(self.laterals, saved)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _freeze_earlier_heads(model: PNN, missing: Any) -> None:
    """After weights were loaded: of the heads that came with them, the latest alone is trained."""
    columns = model.task_to_module_idx
    if len(columns) > 1:
        model._train_head_of(max(columns, key=columns.__getitem__))


def _count(state_dict: dict[str, Tensor], name: str, parameter: str) -> int:
    """Number of modules of a list in a saved state, each of which has ``parameter``."""
    number = 0
    while f"{name}.{number}.{parameter}" in state_dict:
        number += 1
    return number


def _cut(modules: nn.ModuleList, length: int) -> None:
    """Shorten a list whose last module alone is trained; the one before takes its place."""
    if len(modules) <= length:
        return
    trained = any(p.requires_grad for p in modules[-1].parameters())
    del modules[length:]
    if length:
        _set_trainable(modules[-1], trained)


def _adapter(kind: Adapter, in_features: int, out_features: int, columns: int) -> nn.Module:
    make = LinearAdapter if kind == "linear" else MLPAdapter
    return make(in_features, out_features, columns)


def _check_adapter(adapter: Any) -> None:
    if adapter is not None and adapter not in get_args(Adapter):
        raise ValueError(f"adapter={adapter!r}: expected 'linear' or 'mlp'")


def _set_trainable(module: nn.Module, trainable: bool) -> None:
    """Freeze or thaw; a gradient that is left would let momentum move what is frozen."""
    for parameter in module.parameters():
        parameter.requires_grad_(trainable)
        if not trainable:
            parameter.grad = None
