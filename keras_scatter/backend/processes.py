"""Several processes that train one model, each on its part of every batch; `keras-scatter launch` starts them.

They know of each other by the environment variables of `keras.distribution.initialize`; under PyTorch also by those
of `torch.distributed`.
"""

import contextlib
import functools
import os
import sys

import keras

VARIABLES = {
    "addresses": "KERAS_DISTRIBUTION_JOB_ADDRESSES",
    "count": "KERAS_DISTRIBUTION_NUM_PROCESSES",
    "rank": "KERAS_DISTRIBUTION_PROCESS_ID",
}


def count():
    """The number of processes; 1 without `keras-scatter launch`."""
    return int(os.environ.get(VARIABLES["count"], 1))


def rank():
    """The number of this process, from 0 on."""
    return int(os.environ.get(VARIABLES["rank"], 0))


def check_backend():
    """Refuse a backend that cannot train in several processes."""
    if keras.backend.backend() not in ("jax", "torch"):
        raise ValueError(
            "KERAS_BACKEND must be jax or torch for training in several processes: Keras 3 does not train by the "
            "strategies of TensorFlow. With TensorFlow, `keras-scatter reproduce NAME --workers N` does several "
            "trainings at a time, and `keras-scatter features --workers N` computes features. "
            f"Received: {keras.backend.backend()}"
        )


def check_shares(batch, items):
    """Refuse a batch size, or a number of items, that the processes cannot share."""
    if batch % count():
        raise ValueError(f"processes must divide the batch size, {batch}. Received: processes={count()}")
    if items < count():
        raise ValueError(f"items must be at least as many as processes, {count()}. Received: {items}")


def initialize():
    """Join the other processes, if there are any, before anything is computed.

    From then on an exception that nobody catches ends this process at once.
    """
    if count() == 1:
        return
    check_backend()
    if keras.backend.backend() == "jax":
        keras.distribution.initialize()
        sys.excepthook = _leave_after(sys.excepthook)
        return
    import torch

    accelerated = torch.cuda.is_available()
    if accelerated:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.distributed.init_process_group("nccl" if accelerated else "gloo")


def leave(status):
    """End this process at once: at the end of Python, JAX would wait five minutes for processes that wait for it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _leave_after(hook):
    def say_and_leave(*exception):
        hook(*exception)
        leave(1)

    return say_and_leave


def wait():
    """Wait until all processes are here."""
    if count() == 1:
        return
    if keras.backend.backend() == "jax":
        from jax.experimental import multihost_utils

        multihost_utils.sync_global_devices("keras_scatter")
        return
    import torch

    torch.distributed.barrier()


def scope():
    """A `with` statement in which models are made and trained such that all processes have the same weights."""
    if count() == 1 or keras.backend.backend() != "jax":
        return contextlib.nullcontext()
    return keras.distribution.DataParallel(auto_shard_dataset=False).scope()


def average_gradients(model):
    """Have a compiled model train on the parts of all processes.

    Under JAX it does within `scope`. Under PyTorch its training step goes through DistributedDataParallel, and its
    metrics, whose states must be sums, are those of all parts.
    """
    if count() > 1 and keras.backend.backend() == "torch":
        model.train_step = _TorchStep(model)
        model.get_metrics_result = functools.partial(_torch_metrics, model, model.get_metrics_result)


class _TorchStep:
    """Keras's training step of a model, with the mean gradients of all processes."""

    def __init__(self, model):
        self._model = model

    @functools.cached_property
    def _forward(self):
        """Loss and outputs by inputs, targets and weights; made when the model has its variables."""
        import torch

        class Forward(torch.nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, x, y, sample_weight):
                outputs = self.model(x, training=True)
                return self.model.compute_loss(x, y, outputs, sample_weight, training=True), outputs

        return torch.nn.parallel.DistributedDataParallel(Forward(self._model))

    def __call__(self, data):
        import torch

        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        self._model.zero_grad()
        loss, outputs = self._forward(x, y, sample_weight)
        self._model.optimizer.scale_loss(loss).backward()
        variables = self._model.trainable_variables
        with torch.no_grad():
            self._model.optimizer.apply([variable.value.grad for variable in variables], variables)
        for metric in self._model.metrics:
            if metric.name == "loss":
                metric.update_state(loss.detach(), sample_weight=len(keras.tree.flatten(x)[0]))
        return self._model.compute_metrics(x, y, outputs, sample_weight)


def _torch_metrics(model, result):
    """The results of a model's metrics, whose states are summed over all processes for that."""
    import torch

    variables = model.metrics_variables
    here = [variable.value.clone() for variable in variables]
    for variable in variables:
        total = variable.value.clone()
        torch.distributed.all_reduce(total)
        variable.assign(total)
    found = {name: float(value) for name, value in result().items()}
    for variable, value in zip(variables, here):
        variable.assign(value)
    return found
