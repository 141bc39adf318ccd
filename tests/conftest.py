"""Test set-up: the tests folder is importable, and every test starts from the same random state."""

import gc
import os
import pathlib
import sys

# A test runs a program once or twice: XLA, of TensorFlow and of JAX, shall not spend its time on making it fast.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import keras
import pytest

from keras_scatter.backend.constants import float64_allowed

sys.path.insert(0, str(pathlib.Path(__file__).parent))


@pytest.fixture(autouse=True, scope="module")
def _small_heap():
    """What earlier modules left stays: the garbage collector, which Keras calls often, need not look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fixed_seed():
    keras.utils.set_random_seed(0)


def pytest_configure(config):
    """Programs that JAX has compiled are kept, for other tests and other processes: many tests need the same ones."""
    if keras.backend.backend() == "jax" and hasattr(config, "cache"):
        import jax

        jax.config.update("jax_compilation_cache_dir", str(config.cache.mkdir("jax")))
        # Small ones take as long to write, and of some thousand writes one has ended the process.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def pytest_report_header():
    return f"keras {keras.__version__}, backend {keras.backend.backend()}"


@pytest.fixture
def float64():
    """A test that computes in double precision, which JAX has to be told."""
    with float64_allowed():
        yield
