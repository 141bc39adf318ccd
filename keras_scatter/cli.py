"""The command `keras-scatter`."""

import argparse
import sys

from keras_scatter.workflows.reproduce import EXPERIMENTS

UNSET = argparse.SUPPRESS  # an option whose default depends on others


def main(arguments=None):
    """Run one command; returns the exit status: 0, 2 for bad input, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except (ValueError, TypeError, ImportError) as error:
        print(f"keras-scatter {options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(prog="keras-scatter", description="Wavelet scattering in Keras 3.")
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (_add_distill, _add_filters, _add_frontier, _add_stability, _add_reproduce, _add_bench):
        add(commands)
    return parser


def _add_distill(commands):
    parser = commands.add_parser(
        "distill",
        help="distil the scattering transform into small convolutions",
        description="Train convolutions against the exact scattering transform and write filters, pictures, errors.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--dataset",
        default="dead_leaves",
        help="dead_leaves, random, an image data set of TensorFlow Datasets (cifar10, ...), or a folder of images",
    )
    parser.add_argument("--order", type=int, default=2, help="largest number of wavelets on a path")
    parser.add_argument("--J", type=int, default=UNSET, help="scale of the low-pass, 1 to 4 (default: the order)")
    parser.add_argument("--L", type=int, default=8, help="number of angles")
    parser.add_argument("--design", default="faithful", help="faithful or paper")
    parser.add_argument("--kernel-size", type=int, default=7, help="rows and columns of all kernels, odd")
    parser.add_argument("--lowpass-filters", type=int, default=2, help="decimated channels of the faithful design")
    parser.add_argument("--initializer", default="morlet", help="morlet, or a Keras initializer: glorot_uniform, ...")
    parser.add_argument("--loss", default="balanced", help="balanced, or mse as in the paper")
    parser.add_argument(
        "--epochs", type=int, default=UNSET, help="default: 5 from morlet, 30 from a random initializer"
    )
    parser.add_argument(
        "--images", type=int, default=UNSET, help="default: 2000 from morlet, 10000 from a random initializer"
    )
    parser.add_argument("--held-out", type=int, default=500, help="number of images to measure errors on")
    parser.add_argument("--size", type=int, default=32, help="height and width of images that are made or cropped")
    parser.add_argument("--seed", type=int, default=0, help="seed of everything random")
    parser.add_argument("--out", default="runs/distill", help="folder for the results")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    parser.set_defaults(run=_distill)


def _distill(options):
    from keras_scatter.workflows import reports
    from keras_scatter.workflows.distill import DistillConfig, distill

    given = {key: value for key, value in vars(options).items() if key in DistillConfig.__dataclass_fields__}
    report = distill(DistillConfig(**given), options.out, resume=options.resume, overwrite=options.overwrite)
    reports.print_distillation(report, options.out)
    return 0 if report["finished"] else 130


def _add_filters(commands):
    parser = commands.add_parser("filters", help="list, describe and draw the shipped filter groups")
    parser.add_argument("name", nargs="?", help="a shipped group, or a file written by save_filters")
    parser.add_argument("--out", help="file for the picture (default: NAME.png)")
    parser.add_argument("--overwrite", action="store_true", help="replace the picture")
    parser.set_defaults(run=_filters)


def _filters(options):
    from keras_scatter.workflows import reports

    if options.name is None:
        reports.print_filter_groups()
    else:
        reports.describe_filter_group(options.name, options.out, options.overwrite)


def _add_frontier(commands):
    parser = commands.add_parser(
        "frontier",
        help="measure what accuracy costs: errors against multiply-adds and time",
        description="Measure the faithful design for kernels 3, 5, 7, 9 and 1 to 4 decimated channels.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--dataset", default="dead_leaves", help="as for distill")
    parser.add_argument("--order", type=int, default=2, help="largest number of wavelets on a path")
    parser.add_argument("--J", type=int, default=2, help="scale of the low-pass, 1 to 4")
    parser.add_argument("--L", type=int, default=8, help="number of angles")
    parser.add_argument("--held-out", type=int, default=500, help="number of images to measure errors on")
    parser.add_argument("--size", type=int, default=32, help="height and width of images that are made or cropped")
    parser.add_argument("--repetitions", type=int, default=11, help="number of timed calls")
    parser.add_argument("--out", default="runs/frontier.json", help="JSON file; a chart is drawn beside it")
    parser.add_argument("--overwrite", action="store_true", help="replace --out")
    parser.add_argument("--quick", action="store_true", help="some seconds: kernels 3 and 5, 1 and 2 channels")
    parser.set_defaults(run=_frontier)


def _frontier(options):
    from keras_scatter.workflows import frontier

    frontier.command(**_given(options))


def _add_stability(commands):
    parser = commands.add_parser(
        "stability",
        help="measure how far noise, shifts and deformations move features",
        description="Measure filter groups beside the exact transform: relative distances under noise, a shift by 2 "
        "pixels right and down and smooth deformations, and the Littlewood-Paley sum.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("groups", nargs="*", default=["morlet_o2", "cifar10_o2"], help="shipped names or paths")
    parser.add_argument("--dataset", default="dead_leaves", help="as for distill")
    parser.add_argument("--images", type=int, default=256, help="number of images")
    parser.add_argument("--size", type=int, default=64, help="height and width of images that are made or cropped")
    parser.add_argument("--seed", type=int, default=0, help="seed of images, noise and deformations")
    parser.add_argument("--out", default="runs/stability.json", help="JSON file; a picture is drawn beside it")
    parser.add_argument("--overwrite", action="store_true", help="replace --out")
    parser.set_defaults(run=_stability)


def _stability(options):
    from keras_scatter.workflows import stability

    stability.command(**_given(options))


def _add_reproduce(commands):
    parser = commands.add_parser(
        "reproduce",
        help="repeat the papers' experiments",
        description="Repeat an experiment of a paper: train or measure, write results, figure and table beside the "
        "paper's numbers.",
        epilog="\n".join(["experiments:", *(f"  {name:14}{text}" for name, text in EXPERIMENTS.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=UNSET,
    )
    parser.add_argument("name", metavar="NAME", help="the experiment, see below")
    parser.add_argument("--quick", action="store_true", help="seconds, on synthetic images: does everything work?")
    parser.add_argument("--out", help="folder for the results (default: runs/NAME)")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, or add seeds to it")
    parser.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    parser.add_argument("--seeds", type=int, help="trainings of each architecture (default: 5)")
    parser.add_argument("--only", nargs="+", metavar="ARCHITECTURE", help="some architectures (default: all)")
    parser.add_argument("--epochs", type=int, help="another number of epochs than the paper's")
    parser.add_argument("--images", type=int, help="train or measure on so many images only")
    parser.add_argument("--width", type=int, help="cifar-*: another base width of the networks than the paper's")
    parser.add_argument("--dataset", help="table1, fig3 to fig7, generalisation: as for distill")
    parser.add_argument("--iterations", type=int, help="mnist-search: repetitions of Hyperband (default: 4)")
    parser.add_argument("--workers", type=int, help="mnist-search: processes at the same time (default: 1)")
    parser.set_defaults(run=_reproduce)


def _reproduce(options):
    from keras_scatter.workflows.reproduce import reproduce

    try:
        reproduce(**_given(options))
    except KeyboardInterrupt:
        print("Interrupted; the same command with --resume continues.", file=sys.stderr)
        return 130


def _add_bench(commands):
    parser = commands.add_parser(
        "bench",
        help="measure speed, memory and agreement beside other programs",
        description="Measure our layers and other scattering programs side by side, on this machine, in one run. The "
        "other programs get an environment of their own in the user's cache.",
    )
    parser.add_argument(
        "--workloads",
        nargs="+",
        metavar="NAME",
        help="such as 128x3x32x32-J2-o1: batch, channels, height, width, J, order; -L6 may follow; scaling stands for "
        "a series in each of batch, size, J and L (default: all of the README)",
    )
    parser.add_argument(
        "--programs", nargs="+", metavar="NAME", help="default: our layers on all installed backends and all others"
    )
    parser.add_argument("--repetitions", type=int, help="number of timed calls (default: 11)")
    parser.add_argument(
        "--out", help="JSON file for the results; a chart is drawn beside it (default: runs/bench.json)"
    )
    parser.add_argument("--resume", action="store_true", help="keep the workloads that --out has")
    parser.add_argument("--overwrite", action="store_true", help="replace --out")
    parser.add_argument("--quick", action="store_true", help="half a minute, our layers only, written only with --out")
    parser.set_defaults(run=_bench)


def _bench(options):
    from keras_scatter.workflows import benchmark

    benchmark.command(**_given(options))


def _given(options):
    return {key: value for key, value in vars(options).items() if key not in ("run", "command")}
