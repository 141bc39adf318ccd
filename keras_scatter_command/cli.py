"""The command `keras-scatter`: its options and help, which need no Keras. It is imported when a command runs."""

import contextlib
import functools
import inspect
import os
import sys
from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import App, Parameter

from keras_scatter_command import __version__, experiments, workflow

STYLE: dict[str, Any] = {
    "help_format": "plaintext",
    "version_flags": [],
    "result_action": "return_value",
    "suppress_keyboard_interrupt": False,
    # Options are spelled as the arguments are: --J, --held-out; there is no --no-resume.
    "default_parameter": Parameter(
        name_transform=lambda name: name.replace("_", "-"), negative=(), consume_multiple=True, allow_repeating=True
    ),
}


app = App(
    name="keras-scatter",
    help="Wavelet scattering in Keras 3. --verbose shows what the frameworks say.",
    version=__version__,
    **STYLE | {"version_flags": ["--version"]},
)


def main(arguments=None):
    """Run one command; returns the exit status: 0, 1 if selfcheck found a fault, 2 for bad input, 130 after Ctrl-C."""
    status = _run(arguments)
    if status and _is_one_of_several():
        workflow("launch").leave(status)
    return status


def _run(arguments):
    tokens = _without_verbose(sys.argv[1:] if arguments is None else arguments)
    command = " ".join(["keras-scatter", *tokens[:1]])
    try:
        if not tokens:
            raise cyclopts.CycloptsError(msg="a command must be given; --help lists them")
        with workflow("launch").joined(tokens[0]) if _is_one_of_several() else contextlib.nullcontext():
            if tokens[0] == "reproduce":
                return _reproduce(tokens[1:]) or 0
            return app(tokens, exit_on_error=False, print_error=False) or 0
    except (cyclopts.CycloptsError, ValueError, TypeError, ImportError, OSError, RuntimeError) as error:
        print(f"{command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        resumed = tokens[0] in ("distill", "reproduce", "bench", "selfcheck")
        goes_on = resumed or tokens[0] == "features"
        said = f"; the same command{' with --resume' * resumed} continues" * goes_on
        print(f"Interrupted{said}.", file=sys.stderr)
        return 130


def _without_verbose(tokens):
    """The arguments without our own --verbose; those behind -- are for others."""
    own = tokens.index("--") if "--" in tokens else len(tokens)
    return [*(token for token in tokens[:own] if token != "--verbose"), *tokens[own:]]


def _is_one_of_several():
    """Whether `keras-scatter launch` has started this process."""
    return os.environ.get("KERAS_DISTRIBUTION_NUM_PROCESSES", "1") != "1"


def _command(module):
    """Make a command of a function that has only signature and docstring: `command` of a workflow does its work."""

    def add(function):
        @functools.wraps(function)
        def run(*arguments, **options):
            given = inspect.signature(function).bind(*arguments, **options)
            given.apply_defaults()
            return workflow(module).command(*given.args, **given.kwargs)

        app.command(run, name=function.__name__)
        return function

    return add


@_command("distill")
def distill(
    *,
    dataset: str = "dead_leaves",
    order: int = 2,
    L: int = 8,
    J: int | None = None,
    design: Literal["faithful", "paper"] = "faithful",
    kernel_size: int | None = None,
    lowpass_filters: int = 2,
    initializer: str = "morlet",
    loss: Literal["balanced", "mse"] = "balanced",
    epochs: int | None = None,
    images: int | None = None,
    held_out: int = 500,
    size: int = 32,
    seed: int = 0,
    out: str = "runs/distill",
    resume: bool = False,
    overwrite: bool = False,
):
    """Distil the scattering transform into small convolutions.

    Train convolutions against the exact scattering transform and write filters, pictures, errors.

    Args:
        dataset: dead_leaves, random, an image data set of TensorFlow Datasets (cifar10, ...), or a folder of images.
        order: largest number of wavelets on a path.
        L: number of angles.
        J: scale of the low-pass, 1 to 4 (default: the order).
        design: the network.
        kernel_size: rows and columns of all kernels, odd (default: 9, 7, 5 if faithful, 7 of the paper).
        lowpass_filters: decimated channels of the faithful design.
        initializer: morlet, or a Keras initializer: glorot_uniform, ...
        loss: mse as in the paper, or balanced.
        epochs: how long the training is (default: 5 from morlet, 30 from a random initializer).
        images: number of images to train on (default: 2000 from morlet, 10000 from a random initializer).
        held_out: number of images to measure errors on.
        size: height and width of images that are made or cropped.
        seed: seed of images, initial values and shuffling.
        out: folder for the results.
        resume: continue the run in --out.
        overwrite: replace the run in --out.
    """


@_command("filter_groups")
def filters(name: str | None = None, /, *, out: str | None = None, overwrite: bool = False):
    """List, describe and draw the shipped filter groups.

    Args:
        name: a shipped group, or a file written by save_filters.
        out: file for the picture, .png, .pdf or .svg (default: NAME.png).
        overwrite: replace the picture.
    """


@_command("frontier")
def frontier(
    *,
    dataset: str = "dead_leaves",
    order: int = 2,
    J: int = 2,
    L: int = 8,
    held_out: int = 500,
    size: int = 32,
    repetitions: int = 11,
    out: str = "runs/frontier.json",
    overwrite: bool = False,
    quick: bool = False,
):
    """Measure what accuracy costs: errors against multiply-adds and time.

    The faithful design for kernels 3, 5, 7, 9 and 1 to 4 decimated channels.

    Args:
        dataset: as for distill.
        order: largest number of wavelets on a path.
        J: scale of the low-pass, 1 to 4.
        L: number of angles.
        held_out: number of images to measure errors on.
        size: height and width of images that are made or cropped.
        repetitions: number of timed calls.
        out: JSON file; a chart is drawn beside it.
        overwrite: replace both.
        quick: some seconds: kernels 3 and 5, 1 and 2 channels.
    """


@_command("stability")
def stability(
    *groups: str,
    dataset: str = "dead_leaves",
    images: int = 256,
    size: int = 64,
    seed: int = 0,
    out: str = "runs/stability.json",
    overwrite: bool = False,
):
    """Measure how far noise, shifts and deformations move features.

    Filter groups beside the exact transform: relative distances under noise, a shift by 2 pixels right and down and
    smooth deformations, and the Littlewood-Paley sum.

    Args:
        groups: shipped names or paths (default: morlet_o2 cifar10_o2).
        dataset: as for distill.
        images: number of images.
        size: height and width of images that are made or cropped.
        seed: seed of images, noise and deformations.
        out: JSON file; a picture is drawn beside it.
        overwrite: replace both.
    """


@_command("benchmark")
def bench(
    *,
    workloads: list[str] | None = None,
    images: str | None = None,
    programs: list[str] | None = None,
    repetitions: int | None = None,
    out: str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    quick: bool = False,
):
    """Measure speed, memory and agreement beside other programs.

    Measure our layers and other scattering programs side by side, on this machine, in one run. The other programs get
    an environment of their own in the user's cache.

    Args:
        workloads: such as 128x3x32x32-J2-o1: batch, channels, height, width, J, order; -L6 may follow. scaling stands
            for a series in each of batch, size, J and L; signals, volumes and time-frequency for some of each
            (default: all of the README).
        images: a folder of images, which are transformed in the place of noise. Without workloads up to 16 of them at
            the size of the first one, with J = 2 and order 2; with workloads they are scaled to those sizes.
        programs: default: our layers on all installed backends and all others.
        repetitions: number of timed calls (default: 11).
        out: JSON file for the results; a chart is drawn beside it (default: runs/bench.json).
        resume: keep the workloads that --out has.
        overwrite: replace --out and the chart.
        quick: half a minute, our layers only, written only with --out.
    """


@_command("selfcheck")
def selfcheck(
    *,
    minutes: float = 1.0,
    seed: int = 0,
    stops: int | None = None,
    out: str = "runs/selfcheck.json",
    resume: bool = False,
    overwrite: bool = False,
):
    """Check on this machine that nothing is wrong, and that every error is clear.

    Random arguments, shapes, dtypes and layouts of every layer are held to NumPy or to float64; what is no argument
    must be refused in words, and so must damaged files. Commands are stopped, by Ctrl-C or for good, and resumed.
    Every case that is neither right nor a clear error is printed as code to paste. The status is then 1.

    Args:
        minutes: how long.
        seed: seed of the cases.
        stops: how many commands are stopped and resumed, about half a minute each (default: 1 from three minutes on).
        out: JSON file for the counts, and the cases that went wrong.
        resume: go on with the cases behind those that --out has.
        overwrite: replace --out.
    """


@_command("synthesize")
def synthesize(
    picture: str,
    /,
    *,
    count: int = 2,
    size: int = 128,
    J: int | None = None,
    L: int = 4,
    wavelets: Literal["bump", "morlet"] = "bump",
    reduction: Literal["isotropic", "harmonic"] | None = None,
    iterations: int = 100,
    seed: int = 0,
    out: str = "runs/synthesis.json",
    overwrite: bool = False,
):
    """Make new textures with the scattering covariances of a picture.

    Args:
        picture: an image file; its middle is taken, in grey.
        count: number of samples.
        size: height and width in pixels.
        J: number of scales (default: up to a quarter of the size).
        L: number of angles.
        wavelets: the filters.
        reduction: for fewer statistics (default: all angles).
        iterations: largest number of steps.
        seed: of the samples.
        out: JSON file; samples are written beside it as NPZ, and a picture of target and samples is drawn.
        overwrite: replace all of them.
    """


@_command("export")
def export(
    model: str,
    path: str,
    /,
    *,
    format: Literal["saved_model", "onnx", "litert", "openvino", "torch"] | None = None,
    input_shape: list[str] | None = None,
    quantize: Literal["float16", "dynamic_int8", "int8"] | None = None,
    calibration: str | None = None,
    unverified: bool = False,
    overwrite: bool = False,
):
    """Write a model for another runtime, run the file there, and compare it with Keras.

    Args:
        model: a .keras file.
        path: where to write: a folder (SavedModel), or a file .onnx, .tflite, .xml (OpenVINO) or .pt2 (PyTorch). A
            report is written beside it, as JSON.
        format: default: what the ending tells.
        input_shape: sizes with the batch in front, such as 1 64 64 1, or any 64 64 1 for batches of any size.
        quantize: smaller numbers, for LiteRT.
        calibration: a .npy file with typical inputs, for int8.
        unverified: do not run the file.
        overwrite: replace what is there.
    """


@_command("launch")
def launch(*command: Annotated[str, Parameter(allow_leading_hyphen=True)], processes: int):
    """Train one model in several processes.

    Run COMMAND in several processes of this machine: `keras-scatter distill` or `reproduce`, which share each batch, or
    a program of yours. Needs KERAS_BACKEND=jax or torch.

    Args:
        command: the command, behind --.
        processes: number of processes; on a machine with accelerators, one for each.
    """


@_command("features")
def features(
    *options: str,
    input: str,
    output: str,
    layer: str,
    shard_size: int = 1024,
    batch_size: int = 32,
    image_size: list[int] | None = None,
    color_mode: Literal["rgb", "grayscale"] = "rgb",
    scale: float = 1 / 255,
    split: str = "train",
    on_error: Literal["fail", "skip"] = "fail",
    workers: int = 1,
    threads: int | None = None,
    runner: str = "direct",
):
    """Compute the features of all images of a data set once, in shards; a second start computes those that lack.

    Features, labels and names of images are in files .npz, what they were made of in manifest.json;
    keras_scatter.features.load reads them.

    Args:
        options: what the runner of Apache Beam shall know, its own options, behind two dashes that stand alone.
        input: a folder of images, whose folders are the classes, or a data set of TensorFlow Datasets.
        output: folder for the features, which all workers must see.
        layer: a .keras file, or a layer as it is written in Python, such as 'ScatteringFFT(J=3, order=1)'.
        shard_size: images of a file.
        batch_size: images that are computed at a time.
        image_size: height and width that images are scaled to (default: those of the first image).
        color_mode: of folders.
        scale: what pixels of 0 to 255 are multiplied by (default: 1/255).
        split: part of a data set of TensorFlow Datasets, such as train or test[:1000].
        on_error: skip leaves out images that cannot be read.
        workers: processes on this machine.
        threads: threads of each of these processes (default: as many as the backend takes).
        runner: direct, on this machine, or another one of Apache Beam: DataflowRunner, FlinkRunner, SparkRunner.
    """


papers = App(
    name="reproduce",
    help="Repeat an experiment of a paper, or one of ours: train or measure, and write results, figure and table "
    "beside the paper's numbers. NAME --help shows what it takes. Several processes may --resume one folder, and "
    "share the work.",
    **STYLE,
)
app.command(papers)


def _reproduce(tokens):
    """Run an experiment, whose name may stand behind its options."""
    known = {}
    for name, alias, title in experiments.titles():
        names = [name, alias] if alias else [name]
        if name not in papers:
            papers.command(lambda: None, name=names, help=title, group=name.split("/")[0])
        known |= dict.fromkeys(names, (name, title))
    called = next((token for token in tokens if token in known), None)
    if called is None:
        if tokens and not tokens[0].startswith("-"):
            listed = ", ".join(map(repr, known))
            raise ValueError(f"name must be one of {listed}. Received: name={tokens[0]!r}")
        return app(["reproduce", *tokens], exit_on_error=False, print_error=False)
    rest, (name, title) = list(tokens), known[called]
    rest.remove(called)

    def command(**options):
        workflow("reproduce").find(name).run(**options)

    parameters, said = experiments.options(name)
    command.__doc__, command.__signature__ = f"{title}\n\nArgs:\n{said}", inspect.Signature(parameters)
    alone = App(name=f"keras-scatter reproduce {called}", **STYLE)
    alone.default(command)
    return alone(rest, exit_on_error=False, print_error=False)


if __name__ == "__main__":
    sys.exit(main())
