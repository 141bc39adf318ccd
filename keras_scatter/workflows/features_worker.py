"""A process that the direct runner of `keras-scatter features` starts."""

import os
import threading
import time

from keras_scatter.workflows.features_pipeline import WANTED, silence

SECONDS = 0.2  # between two looks


def work():
    """Do what the starting process asks for, until it needs no more, dies or is stopped by Ctrl-C."""
    threading.Thread(target=_end_when_unwanted, args=(os.getppid(), os.environ[WANTED]), daemon=True).start()
    with silence():
        from apache_beam.runners.worker import sdk_worker_main

        sdk_worker_main.main([])


def _end_when_unwanted(parent, file):
    while os.getppid() == parent and os.path.exists(file):
        time.sleep(SECONDS)
    os._exit(0)  # Beam would first finish all that it was asked for
