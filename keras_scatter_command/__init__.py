"""Where the command `keras-scatter` begins: before anything is imported that takes long, or talks.

It stands beside the package, because `import keras_scatter` imports Keras.
"""

import contextlib
import importlib
import os
import signal
import sys
import tempfile
import threading
import time

__version__ = "0.2.0"

# What the frameworks read to be silent; what the user has set stays.
SILENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "JAX_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "GLOG_minloglevel": "2",
    "GRPC_VERBOSITY": "ERROR",
}


def main():
    """Run `keras_scatter_command.cli.main`; returns the exit status."""
    from keras_scatter_command.cli import main as run

    return run()


def workflow(name):
    """A module of `keras_scatter.workflows`. Keras comes with it: silently, and Ctrl-C ends the process meanwhile."""
    loud = "--verbose" in sys.argv or os.environ.get("KERAS_SCATTER_VERBOSE") or "TF_CPP_MIN_LOG_LEVEL" in os.environ
    silent = not loud and "keras" not in sys.modules
    with _ended_by_ctrl_c(), _silence() if silent else contextlib.nullcontext():
        return importlib.import_module(f"keras_scatter.workflows.{name}")


def features_worker():
    """Do what a process of `keras-scatter features` asks for, until it needs no more, dies, or Ctrl-C ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_when_unwanted, args=sys.argv[1:3], daemon=True).start()
    with contextlib.nullcontext() if os.environ.get("KERAS_SCATTER_VERBOSE") else _silence():
        from keras_scatter.workflows.features_pipeline import work
    work()
    os._exit(0)  # threads of gRPC would not survive the end of Python in peace


def _end_when_unwanted(parent, file):
    """Beam alone would first finish all that it was asked for, also if nobody is there any more."""
    while os.path.exists(file) and (os.name == "nt" or os.getppid() == int(parent)):
        time.sleep(0.2)
    os._exit(0)


@contextlib.contextmanager
def _ended_by_ctrl_c():
    """Ctrl-C while importing ends the process: nothing is there to clean up, and imports may swallow an exception."""
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _silence():
    """Silence the frameworks by their variables, and altogether while TensorFlow is imported, which heeds none then."""
    for variable, value in SILENT.items():
        os.environ.setdefault(variable, value)
    with tempfile.TemporaryFile() as said:
        kept = os.dup(2)
        os.dup2(said.fileno(), 2)
        try:
            yield
        except Exception:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
