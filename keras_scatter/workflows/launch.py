"""One command in several processes, which train together.

A program that `keras-scatter launch` starts calls `initialize` first.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from keras_scatter.arguments import check_integer
from keras_scatter.backend import processes
from keras_scatter.backend.processes import VARIABLES, check_backend, initialize, leave

__all__ = ["command", "initialize", "joined", "launch", "leave"]

GRACE = 10.0  # seconds between asking a process to end and ending it
LOOK = 0.1  # seconds between two looks at the processes


def command(*command, processes):
    """Do what `keras-scatter launch` asks for.

    Args:
        command: program and arguments.
        processes: number of processes.

    Returns:
        The exit status, see `launch`.
    """
    if not command:
        raise ValueError("COMMAND must be given: keras-scatter launch --processes 2 -- COMMAND. Received: none")
    check_integer("processes", processes, minimum=2)
    check_backend()
    return launch(command, processes)


@contextlib.contextmanager
def joined(command):
    """Join the other processes while a command of `keras-scatter` runs; the first one alone prints."""
    if command not in ("distill", "reproduce"):
        raise ValueError(f"launch takes distill, reproduce or another program. Received: {command}")
    initialize()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere if processes.rank() else sys.stdout):
        yield


def launch(command, count):
    """Run a command in several processes until all are done, or one fails: then the others are ended.

    Each gets the environment variables of `keras.distribution.initialize` and of `torch.distributed`.

    Args:
        command: program and arguments.
        count: number of processes.

    Returns:
        The exit status: 0 if it is that of all, else that of one that failed; 128 and the number of the
        signal for one that was killed.
    """
    environments, children = _environments(count), []
    try:
        children += [subprocess.Popen(command, env=os.environ | added) for added in environments]
        while (failed := _failed(children)) is None and any(child.poll() is None for child in children):
            time.sleep(LOOK)
        if failed is None:
            return 0
        status = children[failed].returncode
        said = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        print(f"keras-scatter launch: process {failed} of {count} {said}; the others are ended", file=sys.stderr)
        return 128 - status if status < 0 else status
    except KeyboardInterrupt:
        _wait(children, GRACE)  # Ctrl-C has reached them too
        raise
    finally:
        _end(children)


def _failed(children):
    """The number of a process that failed, None if there is none."""
    return next((i for i, child in enumerate(children) if child.poll()), None)


def _environments(count):
    """The environment variables of each process."""
    ports = _free_ports(2)
    here = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(ports[0]), "WORLD_SIZE": str(count)}
    here |= {"LOCAL_WORLD_SIZE": str(count), "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo"}
    here |= {VARIABLES["addresses"]: f"127.0.0.1:{ports[1]}", VARIABLES["count"]: str(count)}
    if "OMP_NUM_THREADS" not in os.environ:
        here["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // count))
    names = ("RANK", "LOCAL_RANK", "JAX_LOCAL_DEVICE_IDS", VARIABLES["rank"])
    return [here | dict.fromkeys(names, str(rank)) for rank in range(count)]


def _free_ports(count):
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [server.getsockname()[1] for server in with_ports]
    for server in with_ports:
        server.close()
    return found


def _end(children):
    """End all that still run, in peace if they can."""
    for child in children:
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
    _wait(children, GRACE)
    for child in children:
        child.kill()
        child.wait()


def _wait(children, seconds):
    last = time.monotonic() + seconds
    while time.monotonic() < last and any(child.poll() is None for child in children):
        time.sleep(LOOK)
