"""Speed, memory and agreement of our layers and of other programs, measured side by side in one run.

Every program runs in a process of its own (`benchmark_worker.py`), other projects' in an environment that is made for
them. Programs are called in turn, one computes at a time, and each output is compared with Kymatio's.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import pathlib
import platform
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import keras
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from keras_scatter import files, layers
from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.errors import errors_by_order
from keras_scatter.features.sources import Folder
from keras_scatter.files import read_json, write_json
from keras_scatter.workflows import benchmark_worker, charts
from keras_scatter.workflows.benchmark_worker import BACKENDS, OURS, PROGRAMS, SCATTERING, Workload, kind
from keras_scatter.workflows.reports import percent

PACKAGE = pathlib.Path(__file__).parents[1]
RESULTS = PACKAGE.parent / "benchmarks" / "results"

WORKLOADS = (
    "128x3x32x32-J2-o1",
    "128x3x32x32-J2-o2",
    "16x3x128x128-J2-o2",
    "4x3x256x256-J2-o2",
    "8x3x224x224-J3-o1",
    "1x3x512x512-J3-o2",
    "32x1x512x128-J2-o2",
    "1x3x32x32-J2-o2",
    "1x3x224x224-J2-o2",
)
SIGNALS = (
    "64x1x65536-J13-Q12-o2",
    "32x1x8192-J8-Q8-o2",
    "1x1x1048576-J14-Q8-o2",
    "1x1x2048-J8-Q8-o2",
)
VOLUMES = ("8x1x64x64x64-J2-o2-L3", "2x1x128x128x128-J2-o2-L3")
TIME_FREQUENCY = ("4x1x32768-J12-Q8-o2-F3",)
# One argument grows, the others stay.
SCALING = {
    "batch": {n: f"{n}x1x64x64-J2-o2" for n in (4, 16, 64, 256)},
    "size": {n: f"4x1x{n}x{n}-J2-o2" for n in (64, 128, 256, 512)},
    "J": {n: f"4x1x128x128-J{n}-o2" for n in (2, 3, 4, 5)},
    "L": {n: f"4x1x128x128-J2-o2-L{n}" for n in (4, 8, 12, 16)},
}
QUICK = "2x3x32x32-J2-o2"
MOST_IMAGES = 16  # of a folder

# By kind: the exact layer, and the program that errors are measured against.
EXACT = {"signals": "exact1d", "images": "exact", "volumes": "exact3d", "time-frequency": "joint"}
REFERENCES = {
    "signals": "kymatio1d-numpy",
    "images": "kymatio-numpy",
    "volumes": "kymatio3d-numpy",
    "time-frequency": "joint-plain",
}
# Largest relative error of any order; the paper's network has none, it is off by half and more at order 2.
TOLERANCES = dict.fromkeys((*EXACT.values(), "kymatio1d", "kymatio", "kymatio3d"), 1e-4) | {"faithful": 0.1}
PHASES = ("forward", "gradient")
WARM_UP = 2
SECONDS_TO_ANSWER = 1800
# Threads of a program that has answered wait in a loop for some milliseconds, and would slow down the next program.
SECONDS_TO_SLEEP = 0.05
# Of the machine's memory; when less is free, the remaining programs are measured after the present ones are gone.
KEPT_FREE = 0.3
# When even less is free, the program that computes is ended, before the system ends another process.
LEAST_FREE = 0.08

# Sets of instructions that make a difference.
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")

PEERS = {"kymatio": "0.3.0", "pytorch_wavelets": "1.3.0", "PyWavelets": ""}
# The versions are those of this environment, where it has them, so that only the programs differ.
FRAMEWORKS = {"tensorflow": "", "keras": "", "jax": "", "torch": "2.13.0", "numpy": "", "scipy": ""}


class ProgramError(ValueError):
    """A program could not do what it was asked for."""


class Worker:
    """A program in a process of its own, to be used in a `with` statement."""

    def __init__(self, python, program, workload, *inputs):
        self._arguments = python, program, workload, *inputs
        self._start(*self._arguments)

    def _start(self, python, program, workload, *inputs):
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
        shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
        path = {"PYTHONPATH": str(PACKAGE.parent) if program in OURS else ""}
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by __exit__)
        self._process = subprocess.Popen(
            [python, "-P", benchmark_worker.__file__, program, workload, *inputs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | quiet | shared | path,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._end()

    def restart_if_ended(self):
        """Make the program once more if its process is gone; raises `ProgramError`."""
        if self._process.poll() is not None:
            self._end()
            self._start(*self._arguments)
            self.answer()
            self.ask("build")

    def _end(self):
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def ask(self, do, **arguments):
        """Send a request and return the answer; raises `ProgramError`."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        return self.answer()

    def answer(self):
        """The next answer; the first one, when the libraries are loaded, comes unasked."""
        waiting_since = time.monotonic()
        while not select.select([self._process.stdout], [], [], 0.1)[0]:
            if time.monotonic() - waiting_since > SECONDS_TO_ANSWER:
                self._kill(f"no answer in {SECONDS_TO_ANSWER} seconds")
            if not _is_free(LEAST_FREE):
                self._kill("it was ended because it took all the memory")
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            last = self._log.read().strip().splitlines()[-1:]
            raise ProgramError(f"the process ended with status {self._process.wait()}: {''.join(last)}")
        time.sleep(SECONDS_TO_SLEEP)
        answer = json.loads(line)
        if "error" in answer:
            raise ProgramError(answer["error"])
        return answer["value"]

    def _kill(self, reason):
        self._process.kill()
        self._process.wait()
        raise ProgramError(reason)


def run(
    workloads=WORKLOADS,
    programs=None,
    repetitions=11,
    out=None,
    resume=False,
    overwrite=False,
    peers=None,
    images=None,
):
    """Measure and write a result file.

    Args:
        workloads: names such as `"128x3x32x32-J2-o1"` (batch, channels, height, width, J, order; `-L6` may follow), or
            `"64x1x65536-J13-Q12-o2"` for signals; see `benchmark_worker.Workload`.
        programs: names from `benchmark_worker.PROGRAMS`; None means our layers on all installed backends and all
            other programs. Each is measured on the workloads of its kind.
        repetitions: number of timed calls.
        out: JSON file, written after each workload; None writes nothing.
        resume: keep the workloads that `out` has for these programs; a workload that lacks some is measured again,
            with all. Versions and hardware must be the same.
        overwrite: replace `out`; not together with `resume`.
        peers: Python interpreter of the environment with the other programs; None makes one in the user's cache.
        images: folder of images to transform, scaled to the sizes of the workloads; None for noise.

    Returns:
        The content of the file: `machine`, `versions`, `settings`, and in `workloads` for every name `reference`, the
        program that errors are measured against, and `programs`. A program has `build_seconds`, `first_call_seconds`
        and `memory_bytes` (for `forward` and `gradient`), `error` by order (None for another transform), `forward` and
        `gradient` with `median`, `lower` and `upper` quartile and all `seconds`, and `failed`: what went wrong, by
        step.
    """
    check_integer("repetitions", repetitions, minimum=2)
    programs = list(programs or default_programs())
    for program in programs:
        check_choice("program", program, tuple(PROGRAMS))
    chosen = {workload: _of_kind(programs, workload) for workload in workloads}
    earlier = _earlier(out, resume, overwrite)
    if peers is None and not set(programs) <= set(OURS):
        peers = peers_python()
    result = _description(peers, repetitions, images) | {"workloads": {}}
    if earlier:
        there, now = _leaves(earlier), _leaves(result)
        different = [key for key in sorted(there | now) if there.get(key) != now.get(key)]
        if different:
            shown = ", ".join(f"{key}: {there.get(key)} there, {now.get(key)} now" for key in different)
            raise ValueError(
                f"out was measured under other conditions ({shown}); --overwrite replaces it. "
                f"Received: out={str(out)!r}"
            )
        result["workloads"] = earlier["workloads"]
    there = {name: list(found["programs"]) for name, found in result["workloads"].items()}
    todo = [workload for workload in workloads if not set(chosen[workload]) <= set(there.get(workload, ()))]
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=sum(len(chosen[workload]) for workload in todo) * (1 + len(PHASES)))
        for workload in todo:

            def report(step, workload=workload):
                progress.update(task, advance=1, description=f"{workload} {step}")

            # Times are comparable only within one measurement, so what is there is measured again.
            together = list(dict.fromkeys([*chosen[workload], *there.get(workload, ())]))
            result["workloads"][workload] = measure(workload, together, repetitions, peers, report, images)
            if out is not None:
                pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
                write_json(out, result)
    return result


def default_programs(quick=False):
    """Our scattering layers on the installed backends and, unless it must be quick, others but the reference."""
    backends = [backend for backend in BACKENDS if importlib.util.find_spec(backend)]
    if quick:
        exact = [f"{layer}-{backend}" for layer in EXACT.values() for backend in backends]
        return [*exact, f"paper-{backends[0]}"]
    scattering = [f"{layer}-{backend}" for layer in SCATTERING for backend in backends]
    others = [name for name in PROGRAMS if name not in (*OURS, *REFERENCES.values(), "scatlayer")]
    return [*others, *scattering]


def _of_kind(programs, workload):
    """Those of the programs that do what the workload asks for."""
    wanted = Workload.parse(workload).kind
    found = [program for program in programs if kind(program) == wanted]
    if not found:
        raise ValueError(
            f"programs must have one for {wanted}, as {workload} asks for. Received: {', '.join(programs)}"
        )
    return found


def measure(workload, programs, repetitions, peers=None, report=print, images=None):
    """Measure the programs on one workload, as many together as fit into the memory; see `run`."""
    pythons = {program: sys.executable if program in OURS else peers for program in PROGRAMS}
    reference = REFERENCES[Workload.parse(workload).kind] if peers else _of_kind(default_programs(True), workload)[0]
    with _saved(images, workload) as inputs:
        with Worker(pythons[reference], reference, workload, *inputs) as worker:
            worker.answer()
            worker.ask("build")
            expected = _output(worker, "float64")
        measured, waiting, group = {}, list(programs), 0
        while waiting:
            with contextlib.ExitStack() as stack:
                alive = {}
                while waiting and (not alive or _is_free(KEPT_FREE)):
                    program = waiting.pop(0)
                    report(program)
                    alive[program] = stack.enter_context(Worker(pythons[program], program, workload, *inputs))
                    measured[program] = {"group": group, **_first_calls(alive[program], program, workload, expected)}
                for phase in PHASES:
                    report(phase, len(alive))
                    _interleave(phase, alive, measured, repetitions)
            group += 1
    return {"reference": reference, "programs": measured}


def workload_of(images):
    """The workload of a folder: images in colour at the size of the first one."""
    folder = Folder(images, argument="images")
    return f"{min(folder.count, MOST_IMAGES)}x3x{'x'.join(map(str, folder.image_size))}-J2-o2"


@contextlib.contextmanager
def _saved(images, workload):
    """The file with a folder's first images as a batch, in a `with` statement; no file without a folder."""
    if images is None:
        yield ()
        return
    parsed = Workload.parse(workload)
    if parsed.rank != 2 or parsed.channels not in (1, 3):
        raise ValueError(f"workloads must have images of 1 or 3 channels to be of a folder. Received: {workload}")
    folder = Folder(images, parsed.sizes, "rgb" if parsed.channels == 3 else "grayscale", argument="images")
    if folder.count < parsed.batch:
        raise ValueError(f"images must be a folder with at least {parsed.batch} images. Received: {folder.count}")
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place) / "images.npy"
        np.save(path, np.moveaxis(folder.read(0, parsed.batch).inputs, -1, 1))
        yield (str(path),)


def relative_errors(found, expected, workload):
    """Errors by order of maps `(n, K, h, w)` or `(n, K, t)`, or of integrals `(n, K)`."""
    if found.shape != expected.shape:
        raise ProgramError(f"the output has shape {found.shape}, the reference {expected.shape}")
    workload = Workload.parse(workload)
    layer = SCATTERING[EXACT[workload.kind]](layers, keras, workload)
    return errors_by_order(np.moveaxis(found, 1, -1), np.moveaxis(expected, 1, -1), layer.paths)


def _first_calls(worker, program, workload, expected):
    """What is known of a program after its first calls, made while all others wait."""
    entry = {"failed": {}, "first_call_seconds": {}, "memory_bytes": {}, "error": None}
    step = "load"
    try:
        worker.answer()
        step = "build"
        entry["build_seconds"] = worker.ask("build")
        for phase in PHASES:
            step = phase
            entry["first_call_seconds"][phase] = worker.ask(phase, seed=0)
            entry["memory_bytes"][phase] = worker.ask("memory")
            if phase == "forward":
                step = "output"
                entry["error"] = _checked_errors(worker, program, workload, expected)
    except ProgramError as error:
        entry["failed"][step] = str(error)
        if _has_done(entry, "forward"):
            worker.restart_if_ended()
    return entry


def _checked_errors(worker, program, workload, expected):
    """Errors by order, None for another transform; raises `ProgramError` if one is larger than allowed."""
    found = _output(worker)
    if found is None:
        return None
    errors = relative_errors(found, expected, workload)
    allowed = TOLERANCES.get(program.split("-")[0], np.inf)
    # Written so that NaN fails.
    if not all(error <= allowed for error in errors):
        raise ProgramError(
            f"relative errors by order are {', '.join(map(percent, errors))}; allowed {percent(allowed)}"
        )
    return errors


def _output(worker, dtype="float32"):
    """The maps of the first inputs, None for another transform."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "output.npy"
        return np.load(path) if worker.ask("output", seed=0, dtype=dtype, path=str(path)) else None


def _interleave(phase, alive, measured, repetitions):
    """Call the programs in turn, each round beginning with another one, and enter the times into `measured`."""
    able = [name for name in alive if _has_done(measured[name], phase)]
    seconds = {name: [] for name in able}
    for round_ in range(WARM_UP + repetitions):
        first = round_ % max(1, len(able))
        for name in able[first:] + able[:first]:
            try:
                seconds[name].append(alive[name].ask(phase, seed=round_))
            except ProgramError as error:
                measured[name]["failed"][phase] = str(error)
                able = [other for other in able if other != name]
    for name in able:
        measured[name][phase] = _statistics(seconds[name][WARM_UP:])


def _has_done(entry, phase):
    return entry["first_call_seconds"].get(phase) is not None and not {"output", phase} & set(entry["failed"])


def _statistics(seconds):
    lower, median, upper = statistics.quantiles(seconds, n=4, method="inclusive")
    return {"median": median, "lower": lower, "upper": upper, "seconds": seconds}


def _is_free(part):
    """Whether this part of the machine's memory is free; true where the system does not tell."""
    try:
        lines = pathlib.Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return True
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kilobytes["MemAvailable"] > part * kilobytes["MemTotal"]


def _earlier(out, resume, overwrite):
    """The content of a result file that is to be continued, if there is one."""
    if resume and overwrite:
        raise ValueError("resume and overwrite exclude each other. Received: resume=True, overwrite=True")
    if out is None or overwrite or not pathlib.Path(out).exists():
        return None
    if not resume:
        raise ValueError(
            "out must be a new file; --resume measures what is missing in it, --overwrite replaces it. "
            f"Received: out={str(out)!r}"
        )
    return read_json(out, keys=("workloads",))


def _leaves(result, prefix=""):
    """The conditions of a result by dotted name."""
    found = {}
    for key, value in result.items():
        if isinstance(value, dict) and key != "workloads":
            found |= _leaves(value, f"{prefix}{key}.")
        elif key != "workloads":
            found[prefix + key] = value
    return found


def _description(peers, repetitions, images=None):
    """What must be equal for two runs to be parts of one."""
    versions = {"ours": benchmark_worker.versions()}
    if peers is not None:
        script = (peers, "-P", benchmark_worker.__file__, "versions")
        versions["peers"] = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
    sources = hashlib.sha256()
    for path in sorted(
        path
        for part in ("backend", "filters", "functional", "layers", "plan")
        for path in (PACKAGE / part).glob("*.py")
    ):
        sources.update(path.read_bytes())
    versions["ours"]["sources"] = sources.hexdigest()[:8]
    return {
        "machine": machine(),
        "versions": versions,
        "settings": {"repetitions": repetitions, "warm_up": WARM_UP, "others": "asleep"}
        | ({"images": str(images)} if images else {}),
    }


def machine():
    """The hardware that results are measured on, a dict."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names, flags = (
        [line.split(":")[1].strip() for line in lines if line.startswith(key)] for key in ("model name", "flags")
    )
    accelerators = ""
    if shutil.which("nvidia-smi"):
        query = ("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
        accelerators = subprocess.run(query, capture_output=True, text=True).stdout.strip()
    return {
        "processor": names[0] if names else platform.processor(),
        "instructions": [name for name in INSTRUCTIONS if flags and name in flags[0].split()],
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "accelerators": accelerators.splitlines(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def peers_python():
    """The interpreter of the environment with the other programs, in the user's cache; made when it is missing."""
    requirements = [f"{name}=={version}" if version else name for name, version in PEERS.items()]
    here = benchmark_worker.versions()
    for name, version in FRAMEWORKS.items():
        version = here.get(name, version).split("+")[0]
        requirements.append(f"{name}=={version}" if version else name)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "keras_scatter"
    name = hashlib.sha256(" ".join((platform.python_version(), *requirements)).encode()).hexdigest()[:8]
    folder = cache / f"peers-{name}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        print(f"making {folder} with {' '.join(requirements)}", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=cache, prefix=folder.name) as partial:
            python = pathlib.Path(partial) / "env" / "bin" / "python"
            subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
            command = [python, "-m", "pip", "install", "--progress-bar=off", *requirements]
            if subprocess.run(command, stdout=2).returncode:
                raise ImportError("the other programs could not be installed; --programs can leave them out")
            # An interpreter is at home wherever its environment is, so the finished folder can be moved.
            python.parents[1].rename(folder)
    return str(folder / "bin" / "python")


def comparison(result, measure):
    """Every program against Kymatio.

    Args:
        result: content of a result file.
        measure: `"forward"` or `"gradient"`, seconds, `"memory"` or `"gradient memory"`, bytes of the peak of a first
            call.

    Returns:
        For each workload, by program, the value and how many times better it is than that of the baseline, whose
        name stands under `None`: the fastest frontend of Kymatio for `"forward"`, its torch frontend for the others;
        where it was not measured, pytorch_wavelets or the straightforward program, else the best one.
    """
    compared = {}
    for workload, found in result["workloads"].items():
        values = {name: _value(entry, measure) for name, entry in found["programs"].items()}
        values = {name: value for name, value in values.items() if value}
        kymatio = [name for name in values if name.startswith("kymatio")]
        if measure != "forward":
            kymatio = [name for name in kymatio if name.endswith("-torch")]
        rivals = kymatio or [name for name in values if name.startswith("scatlayer") or name.endswith("-plain")]
        if values:
            baseline = min(rivals or values, key=values.get)
            compared[workload] = {None: baseline} | {
                name: (value, values[baseline] / value) for name, value in values.items()
            }
    return compared


def _value(entry, measure):
    if "output" in entry["failed"]:
        return None
    if measure.endswith("memory"):
        return entry["memory_bytes"].get("gradient" if measure.startswith("gradient") else "forward")
    return entry[measure]["median"] if measure in entry else None


def growth(result, measure):
    """Growth with batch, size, J and L, as far as measured: `{argument: {program: {"at", "values", "slope"}}}`.

    The slope is that of log(value) against log(argument): the power with which the value grows. A program is there
    with the values that it has, if these are more than one.
    """
    compared = comparison(result, measure)
    found = {}
    for argument, workloads in SCALING.items():
        lines = {}
        for n, workload in workloads.items():
            for program, value in compared.get(workload, {}).items():
                if program:
                    line = lines.setdefault(program, {"at": [], "values": []})
                    line["at"].append(n)
                    line["values"].append(value[0])
        lines = {program: line for program, line in sorted(lines.items()) if len(line["at"]) > 1}
        for line in lines.values():
            line["slope"] = float(np.polyfit(np.log(line["at"]), np.log(line["values"]), 1)[0])
        if lines:
            found[argument] = lines
    return found


def table(result, measure, programs):
    """Rows of text, header first: a workload a row, a program a column, with values and ratios to the baseline."""
    rows = [["workload", "compared with", *(f"`{name}`" for name in programs)]]
    for workload, found in comparison(result, measure).items():
        baseline = found[None]
        cells = [f"{shown(*found[name], measure)}" if name in found else "" for name in programs]
        rows.append([workload, f"`{baseline}` {shown(found[baseline][0], None, measure)}", *cells])
    return rows


def shown(value, ratio, measure):
    """A result of `comparison` for people; without a ratio if that is None."""
    if measure.endswith("memory"):
        value = f"{value / 1e6:.0f} MB"
    else:
        value = f"{value:.3g} s" if value >= 1 else f"{1000 * value:.3g} ms"
    return value if ratio is None else f"{value} ({ratio:.1f}x)"


def print_result(result, workloads):
    """Tables on the terminal: a workload a table, a program a row; how things grow, if that was measured."""
    console = Console()
    compared = {measure: comparison(result, measure) for measure in (*PHASES, "memory")}
    for workload in workloads:
        found = result["workloads"][workload]
        values = {measure: of.get(workload, {}) for measure, of in compared.items()}
        baselines = ", ".join(f"{measure} to {of[None]}" for measure, of in values.items() if of)
        console.print(f"{workload}; ratios: {baselines}; error: against {found['reference']}")
        rows = Table("program", "forward", "quartiles (ms)", "gradient", "memory", "start", "error")
        for name, entry in found["programs"].items():
            rows.add_row(name, *_cells(entry, [(measure, of.get(name)) for measure, of in values.items()]))
        console.print(rows)
        for name, entry in found["programs"].items():
            for step, text in entry["failed"].items():
                console.print(f"{name} failed ({step}): {text}", markup=False)
    for measure in ("forward", "memory"):
        for argument, found in growth(result, measure).items():
            powers = ", ".join(f"{program} {line['slope']:.2f}" for program, line in found.items())
            console.print(f"{measure} grows with {argument} to the power of: {powers}")


def _cells(entry, values):
    forward, *others = (shown(*value, measure) if value else "" for measure, value in values)
    quartiles = [f"{1000 * entry['forward'][key]:.3g}" for key in ("lower", "upper") if "forward" in entry]
    first = entry["first_call_seconds"].get("forward")
    start = "" if first is None else f"{entry['build_seconds'] + first:.2f} s"
    error = f"{max(entry['error']):.0e}" if entry["error"] else ""
    return forward, " - ".join(quartiles), *others, start, error


def command(workloads, images, programs, repetitions, out, resume, overwrite, quick):
    """What `keras-scatter bench` does; None for a default."""
    if repetitions is not None:
        check_integer("repetitions", repetitions, minimum=2)
    out = out or (None if quick else "runs/bench.json")
    if out:
        there = pathlib.Path(out).exists()
        files.check_result(out, overwrite or there)
        if there and resume:
            files.read_json(out, ("workloads",))
    if images is not None:
        workloads = workloads or [workload_of(images)]
    workloads = workloads or ([QUICK] if quick else WORKLOADS)
    series = {"signals": SIGNALS, "volumes": VOLUMES, "time-frequency": TIME_FREQUENCY}
    series["scaling"] = [name for argument in SCALING.values() for name in argument.values()]
    workloads = list(dict.fromkeys(name for given in workloads for name in series.get(given, [given])))
    out = pathlib.Path(out) if out else None
    result = run(
        workloads,
        programs or default_programs(quick),
        repetitions or (2 if quick else 11),
        out,
        resume=resume,
        overwrite=overwrite,
        images=images,
    )
    print_result(result, workloads)
    if out:
        charts.save(_chart(result), out.with_suffix(".png"))
        print(f"Results are in {out}, a chart in {out.with_suffix('.png')}")


def _chart(result):
    """Of how things grow, if that was measured, else of ratios."""
    grown = {measure: growth(result, measure) for measure in ("forward", "memory")}
    if all(grown.values()):
        return charts.scaling(grown)
    return charts.speed(*(comparison(result, phase) for phase in PHASES))
