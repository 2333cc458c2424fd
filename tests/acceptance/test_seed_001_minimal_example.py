"""Seed 001, "A Minimal Example", as written but for the size of the data."""

import torch
from torch.nn import CrossEntropyLoss
from torch.optim import SGD

from avalanche.benchmarks.classic import PermutedMNIST
from avalanche.models import SimpleMLP
from avalanche.training import Naive

device = torch.device("cpu")


def test_a_minimal_example(mnist, capsys):
    # CL Benchmark Creation
    benchmark = PermutedMNIST(n_experiences=3)
    train_stream = benchmark.train_stream
    test_stream = benchmark.test_stream

    # Prepare model, optimizer, criterion (standard pytorch)
    model = SimpleMLP(num_classes=10)
    optimizer = SGD(model.parameters(), lr=0.001, momentum=0.9)
    criterion = CrossEntropyLoss()

    # Continual learning strategy
    cl_strategy = Naive(
        model, optimizer, criterion,
        train_mb_size=32, train_epochs=2,
        eval_mb_size=32, device=device)  # fmt: skip

    # train and test loop over the stream of experiences
    results = []
    for train_exp in train_stream:
        cl_strategy.train(train_exp)
        results.append(cl_strategy.eval(test_stream))

    assert len(results) == 3
    for k in range(3):
        accuracy = results[k][f"Top1_Acc_Exp/eval_phase/test_stream/Task000/Exp{k:03}"]
        assert accuracy > (0.8 if mnist == "real" else 0)
    printed = capsys.readouterr().out
    assert "Top1_Acc_Stream/eval_phase/test_stream/Task000" in printed
