"""A loop in twenty lines that fires the events of the real one, for tests of metrics."""

from types import SimpleNamespace as Namespace

import torch


def make_stream(name, n_experiences=2, *, task_labels=None, classes=2):
    """Experiences with what metrics read of them."""
    stream = Namespace(name=name, experiences=[])
    for number in range(n_experiences):
        labels = [0] if task_labels is None else task_labels[number]
        experience = Namespace(
            current_experience=number,
            origin_stream=stream,
            task_labels=labels,
            classes_in_this_experience=list(range(number * classes, (number + 1) * classes)),
        )
        if task_labels == "none":
            del experience.task_labels
        stream.experiences.append(experience)
    return stream.experiences


class FakeLoop:
    """Feeds given outputs through the events.

    A batch is ``(output, target)`` or ``(output, target, task_ids)`` or
    ``(output, target, task_ids, loss)``.
    """

    def __init__(self, evaluator):
        self.evaluator = evaluator
        self.clock = Namespace(
            train_iterations=0, train_exp_counter=0, train_exp_epochs=0, train_exp_iterations=0
        )
        self.experience = None
        self.is_training = False
        self.dataloader = []
        self.current_eval_stream = []

    @property
    def is_eval(self):
        return not self.is_training

    def fire(self, event):
        if self.evaluator.listens(event):
            getattr(self.evaluator, event)(self)

    def _set_batch(self, output, target, task_ids=None, loss=None):
        self.mb_output, self.mb_y = output, target
        self.mb_task_id = torch.zeros_like(target) if task_ids is None else task_ids
        self.loss = torch.zeros(1) if loss is None else torch.as_tensor(loss)

    def train(self, experience, epochs):
        """``epochs`` is a list of epochs, each a list of batches."""
        self.is_training = True
        self.fire("before_training")
        self.experience = experience
        self.clock.train_exp_epochs = self.clock.train_exp_iterations = 0
        self.fire("before_train_dataset_adaptation")
        self.fire("after_train_dataset_adaptation")
        self.fire("before_training_exp")
        for batches in epochs:
            self.dataloader = batches
            self.fire("before_training_epoch")
            for batch in batches:
                self._set_batch(*batch)
                for event in (
                    "before_training_iteration",
                    "before_forward",
                    "after_forward",
                    "before_backward",
                    "after_backward",
                    "before_update",
                    "after_update",
                    "after_training_iteration",
                ):
                    self.fire(event)
                self.clock.train_iterations += 1
                self.clock.train_exp_iterations += 1
            self.fire("after_training_epoch")
            self.clock.train_exp_epochs += 1
        self.fire("after_training_exp")
        self.clock.train_exp_counter += 1
        self.fire("after_training")
        self.experience, self.is_training = None, False

    def eval(self, experiences, batches_of):
        """``batches_of`` has one list of batches per experience."""
        before = self.is_training, self.experience
        self.is_training, self.current_eval_stream = False, experiences
        self.fire("before_eval")
        for experience, batches in zip(experiences, batches_of, strict=True):
            self.experience, self.dataloader = experience, batches
            self.fire("before_eval_exp")
            for batch in batches:
                self._set_batch(*batch)
                self.fire("before_eval_iteration")
                self.fire("before_eval_forward")
                self.fire("after_eval_forward")
                self.fire("after_eval_iteration")
            self.fire("after_eval_exp")
        self.fire("after_eval")
        self.is_training, self.experience = before


def answers(n_right, n):
    """A batch of ``n`` samples of class 0 of which ``n_right`` are recognised."""
    predicted = torch.cat([torch.zeros(n_right), torch.ones(n - n_right)]).long()
    return torch.nn.functional.one_hot(predicted, 2).float(), torch.zeros(n, dtype=torch.long)
