"""Convolutions of many planes with a few small kernels, in the form that is fast on the backend.

Channels are the last axis of everything here. `form` has the rule; the forms themselves are stages of
`functional.pyramid_stages`.
"""

import functools
import pathlib

import keras
from keras import ops

from keras_scatter.backend.programs import in_xla, is_inlined

# Samples, with margins, that go through at a time.
CHUNK_SAMPLES = {"tensorflow": 96, "jax": 8, "torch": 128}[keras.backend.backend()] * 1600
CPUINFO = pathlib.Path("/proc/cpuinfo")  # Linux describes its processor there


def form(dtype):
    """How the pyramid of the faithful design is computed.

    * `"channels"`, rows side by side as channels of a convolution in groups: TensorFlow and PyTorch. On two cores it
      takes half the time of the last one.
    * `"blocks"`, blocks of samples as channels: JAX on a processor, where XLA is slow for few of them.
    * `"planes"`, every row by itself: wherever else. That is in what is exported and in XLA programs of
      TensorFlow, for float64 and float16, and where TensorFlow has no gradients of convolutions in groups, as without
      oneDNN.
    """
    backend = keras.backend.backend()
    if is_inlined() or in_xla() or dtype not in ("float32", "bfloat16"):
        return "planes"
    if backend == "jax":
        return "blocks" if dtype == "float32" and not has_accelerator() else "planes"
    return "channels" if backend == "torch" or _has_grouped_gradients() else "planes"


def has_accelerator():
    """Whether the backend computes on something else than the processor."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.default_backend() != "cpu"
    if backend == "torch":
        import torch

        return torch.accelerator.is_available()
    import tensorflow as tf

    return bool(tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("TPU"))


def has_bfloat16():
    """Whether convolutions take less time in bfloat16 than in float32."""
    return has_accelerator() or (keras.backend.backend() != "jax" and _processor_has_bfloat16())


@functools.cache
def _processor_has_bfloat16():
    """Whether it has AMX, or on AMD's the instructions of AVX-512: on Intel's these gain nothing."""
    try:
        about = CPUINFO.read_text()
    except OSError:
        return False
    return "amx_bf16" in about or ("avx512_bf16" in about and "AuthenticAMD" in about)


@functools.cache
def _has_grouped_gradients():
    """Whether TensorFlow differentiates convolutions in groups, tried on the smallest one."""
    import tensorflow as tf

    with tf.init_scope():
        maps, kernel = tf.ones((1, 3, 3, 2)), tf.ones((3, 3, 1, 2))
        try:
            with tf.GradientTape() as tape:
                tape.watch([maps, kernel])
                found = tf.nn.conv2d(maps, kernel, 1, "VALID")
            tape.gradient(found, [maps, kernel])
        except tf.errors.OpError:
            return False
    return True


def correlate(maps, kernel, stride=1, groups=1):
    """Correlate `(n, h, w, groups * P)` with `(k, k, P, groups * F)` where the kernel is within.

    Returns:
        `(n, h', w', groups * F)`.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow" and groups > 1:
        import tensorflow as tf

        return tf.nn.conv2d(maps, kernel, stride, "VALID")  # Keras hands these to XLA, which is slow
    if backend == "torch":
        return _correlate_in_torch(maps, kernel, stride, groups)
    return ops.conv(maps, kernel, strides=stride, padding="valid", data_format="channels_last")


def _correlate_in_torch(maps, kernel, stride, groups):
    import torch

    maps, kernel = maps.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1)
    # One channel is fast with the channels first, several with the channels last.
    memory = torch.contiguous_format if maps.shape[1] == 1 else torch.channels_last
    kernel = kernel.contiguous(memory_format=memory)
    return torch.nn.functional.conv2d(maps, kernel, stride=stride, groups=groups).permute(0, 2, 3, 1)
