"""Seed 001, the code of "Benchmarks" and "Dataloading", as written but for the size of the data."""

from avalanche.benchmarks.classic import SplitMNIST

# fmt: off


def test_benchmark_data_iteration(mnist, capsys):
    benchmark_instance = SplitMNIST(n_experiences=5)

    train_stream = benchmark_instance.train_stream
    test_stream = benchmark_instance.test_stream

    seen = 0
    for idx, experience in enumerate(train_stream):
        dataset = experience.dataset

        print('Train dataset contains',
              len(dataset), 'patterns')

        for x, y, t in dataset:
            assert x.shape == (1, 28, 28)
            assert y in experience.classes_in_this_experience
            assert t == 0
            seen += 1

        test_experience = test_stream[idx]
        cumulative_test = test_stream[:idx+1]

        assert test_experience.current_experience == experience.current_experience == idx
        assert [e.current_experience for e in cumulative_test] == list(range(idx + 1))
    assert seen == (60000 if mnist == "real" else 200)
    lines = capsys.readouterr().out.splitlines()
    sizes = [len(experience.dataset) for experience in train_stream]
    assert lines == [f"Train dataset contains {size} patterns" for size in sizes]
    assert sum(sizes) == seen


def test_benchmark_generators_and_scenarios(mnist):
    import torch
    from torchvision.transforms import ToTensor

    benchmark = SplitMNIST(
        n_experiences=5,
        seed=1,
        return_task_id=False,
        fixed_class_order=[5,0,9, 1,2,3,4,6,7,8],  # the slide breaks off after 9
        train_transform=ToTensor(),
        eval_transform=ToTensor()
    )

    found = [e.classes_in_this_experience for e in benchmark.train_stream]
    assert found == [[5, 0], [9, 1], [2, 3], [4, 6], [7, 8]]
    assert benchmark.classes_order == [5, 0, 9, 1, 2, 3, 4, 6, 7, 8]
    for stream in (benchmark.train_stream, benchmark.test_stream):
        x, y, t = stream[0].dataset[0]
        assert x.shape == (1, 28, 28)
        assert x.dtype == torch.float32
        assert x.min() >= 0
        assert x.max() == 1  # scaled to [0, 1] once, not twice
        assert (y in (0, 5), t) == (True, 0)


def test_replay_buffers(mnist, capsys):
    from types import SimpleNamespace

    from avalanche.training.storage_policy import ReservoirSamplingBuffer

    benchmark = SplitMNIST(5, return_task_id=False)
    storage_p = ReservoirSamplingBuffer(max_size=30)

    print(f"Max buffer size: {storage_p.max_size}, " \
          " current size: {len(storage_p.buffer)}")

    for i in range(5):
        exp = benchmark.train_stream[i]
        strategy_state = SimpleNamespace(experience=exp)
        storage_p.update(strategy_state)
        print(f"Max buffer size: {storage_p.max_size}, " \
              " current size: {len(storage_p.buffer)}")
        print(f"class targets: {storage_p.buffer.targets}\n")

    lines = capsys.readouterr().out.splitlines()
    # the slide forgets an "f" before the second half
    assert lines[0] == "Max buffer size: 30,  current size: {len(storage_p.buffer)}"
    targets = [line for line in lines if line.startswith("class targets: ")]
    assert len(targets) == 5
    last = [int(label) for label in targets[-1][len("class targets: ["):-1].split(",")]
    assert len(last) == 30
    assert last == [y for _, y, _ in storage_p.buffer]
    assert len(set(last)) > 5  # of several experiences
