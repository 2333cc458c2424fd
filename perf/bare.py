"""The bare loop: the same work in plain PyTorch, on tensors in memory, with no metrics."""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
import workloads as w
from scipy.optimize import nnls
from torch import nn

torch.set_num_threads(1)


def load(root: Path) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    raw = root / "MNIST" / "raw"
    return {
        part: (
            torch.from_numpy(w.read_idx(raw / f"{part}-images-idx3-ubyte").copy()),
            torch.from_numpy(w.read_idx(raw / f"{part}-labels-idx1-ubyte").astype("int64")),
        )
        for part in ("train", "t10k")
    }


def make_model(row: w.Row) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, units in zip((784, *row.layers), row.layers, strict=False):
        layers += [nn.Linear(inputs, units), nn.ReLU(inplace=True), nn.Dropout(row.dropout)]
    return nn.Sequential(*layers, nn.Linear(row.layers[-1], 10))


def prepare(images: torch.Tensor) -> torch.Tensor:
    """``(batch, 28, 28)`` bytes to normalized floats ``(batch, 1, 28, 28)``."""
    return images.unsqueeze(1).float().div_(255).sub_(w.MEAN).div_(w.DEVIATION)


def split(y: torch.Tensor, count: int) -> list[torch.Tensor]:
    """Sample positions of two classes at a time."""
    return [((y == 2 * k) | (y == 2 * k + 1)).nonzero().flatten() for k in range(count)]


def train(row: w.Row, x: torch.Tensor, y: torch.Tensor) -> tuple[float, int]:
    torch.manual_seed(0)
    model = make_model(row)
    optimizer = torch.optim.SGD(model.parameters(), lr=w.LEARNING_RATE)
    parts = split(y, row.experiences)
    memory = torch.empty(0, dtype=torch.int64)
    anchors: list[tuple[list[torch.Tensor], list[torch.Tensor]]] = []
    remembered: list[torch.Tensor] = []
    teacher, seen = None, 0
    synapses = Synapses(model) if row.method == "si" else None
    start = time.perf_counter()
    for index in parts:
        shuffled = index[torch.randperm(len(index))]
        for chosen in shuffled.split(row.batch):
            if row.method == "replay" and len(memory):
                chosen = torch.cat([chosen, memory[torch.randperm(len(memory))[: row.batch]]])
            images, labels = prepare(x[chosen]), y[chosen]
            optimizer.zero_grad()
            out = model(images)
            loss = F.cross_entropy(out, labels)
            for importances, old in anchors:
                for f, p, q in zip(importances, model.parameters(), old, strict=True):
                    loss = loss + w.EWC_LAMBDA / 2 * (f * (p - q) ** 2).sum()
            if teacher is not None:
                with torch.no_grad():
                    target = F.log_softmax(teacher(images)[:, :seen] / w.TEMPERATURE, 1)
                student = F.log_softmax(out[:, :seen] / w.TEMPERATURE, 1)
                loss = loss + w.ALPHA * F.kl_div(
                    student, target, reduction="batchmean", log_target=True
                )
            loss.backward()
            if remembered:
                project(row, model, x, y, remembered)
            if synapses is not None:
                synapses.before_step()
            optimizer.step()
            if synapses is not None:
                synapses.after_step()
        seen += 2
        if synapses is not None:
            synapses.consolidate()
        if row.method == "replay":
            kept = torch.cat([memory, index])
            memory = kept[torch.randperm(len(kept))[: w.MEMORY]]
        if row.method in ("gem", "agem"):
            kept = w.PATTERNS if row.method == "gem" else w.AVERAGED_PATTERNS
            remembered.append(index[torch.randperm(len(index))[:kept]])
        if row.method == "ewc":
            anchors.append(squared_batch_gradients(model, x, y, index, row.batch))
        if row.method == "lwf":
            teacher = make_model(row).eval()
            teacher.load_state_dict(model.state_dict())
    return time.perf_counter() - start, sum(len(p) for p in parts)


class Synapses:
    """Synaptic Intelligence, parameter by parameter; the penalty's gradient in closed form."""

    def __init__(self, model: nn.Module) -> None:
        self.parameters = list(model.parameters())
        self.omega = [torch.zeros_like(p) for p in self.parameters]
        self.consolidate(first=True)

    @torch.no_grad()
    def before_step(self) -> None:
        self.gradients = [p.grad.clone() for p in self.parameters]
        self.before = [p.clone() for p in self.parameters]
        if not self.learnt:
            return
        for p, q, omega in zip(self.parameters, self.start, self.omega, strict=True):
            p.grad += w.SI_LAMBDA * omega * (p - q)

    @torch.no_grad()
    def after_step(self) -> None:
        for path, g, p, q in zip(
            self.path, self.gradients, self.parameters, self.before, strict=True
        ):
            path -= g * (p - q)

    @torch.no_grad()
    def consolidate(self, first: bool = False) -> None:
        self.learnt = not first
        if not first:
            for path, p, q, omega in zip(
                self.path, self.parameters, self.start, self.omega, strict=True
            ):
                omega += path.clamp(min=0) / ((p - q) ** 2 + w.DAMPING)
        self.start = [p.detach().clone() for p in self.parameters]
        self.path = [torch.zeros_like(p) for p in self.parameters]


def project(
    row: w.Row, model: nn.Module, x: torch.Tensor, y: torch.Tensor, memory: list[torch.Tensor]
) -> None:
    """Correct the gradients by those of remembered samples, as GEM or A-GEM does."""
    parameters = list(model.parameters())
    if row.method == "agem":
        whole = torch.cat(memory)
        memory = [whole[torch.randperm(len(whole))[: w.SAMPLE]]]
    rows = []
    for chosen in memory:
        loss = F.cross_entropy(model(prepare(x[chosen])), y[chosen])
        rows.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)]))
    past = torch.stack(rows)
    g = torch.cat([p.grad.flatten() for p in parameters])
    if not (past @ g < 0).any():
        return
    gram, products = (past @ past.T).double(), (past @ g).double()
    if row.method == "agem":
        v = -products / gram[0]
    else:
        root = torch.linalg.cholesky(gram).T
        target = torch.linalg.solve(root.T, products + gram.sum(1) * w.STRENGTH)
        v = torch.from_numpy(nnls(root.numpy(), -target.numpy())[0]) + w.STRENGTH
    pieces = (g + v.float() @ past).split([p.numel() for p in parameters])
    for p, piece in zip(parameters, pieces, strict=True):
        p.grad.copy_(piece.view_as(p))


def squared_batch_gradients(
    model: nn.Module, x: torch.Tensor, y: torch.Tensor, index: torch.Tensor, batch: int
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The cheap estimate of the Fisher information: one backward pass per batch."""
    model.eval()
    total = [torch.zeros_like(p) for p in model.parameters()]
    for chosen in index.split(batch):
        loss = F.cross_entropy(model(prepare(x[chosen])), y[chosen])
        for t, g in zip(total, torch.autograd.grad(loss, list(model.parameters())), strict=True):
            t += g**2
    model.train()
    return total, [p.detach().clone() for p in model.parameters()]


@torch.no_grad()
def evaluate(row: w.Row, x: torch.Tensor, y: torch.Tensor) -> tuple[float, int]:
    model = make_model(row).eval()
    parts = split(y, row.experiences)
    start = time.perf_counter()
    for index in parts:
        correct, loss = 0, torch.zeros(())
        for chosen in index.split(row.batch):
            out = model(prepare(x[chosen]))
            correct = correct + (out.argmax(1) == y[chosen]).sum()
            loss += F.cross_entropy(out, y[chosen], reduction="sum")
        float(correct), float(loss)
    return time.perf_counter() - start, sum(len(p) for p in parts)


if __name__ == "__main__":
    DATA = load(Path(sys.argv[1]))
    w.serve(
        lambda row: (
            evaluate(row, *DATA["t10k"]) if row.method == "eval" else train(row, *DATA["train"])
        )
    )
