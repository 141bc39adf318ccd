"""The command `keras-scatter`."""

import argparse
import sys

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

    distill = commands.add_parser(
        "distill",
        help="distil the scattering transform into small convolutions",
        description="Train convolutions against the exact scattering transform and write filters, pictures, errors.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    distill.add_argument(
        "--dataset",
        default="dead_leaves",
        help="dead_leaves, random, an image data set of TensorFlow Datasets (cifar10, ...), or a folder of images",
    )
    distill.add_argument("--order", type=int, default=2, help="largest number of wavelets on a path")
    distill.add_argument("--L", type=int, default=8, help="number of angles")
    distill.add_argument("--design", default="faithful", help="faithful or paper")
    distill.add_argument("--kernel-size", type=int, default=7, help="rows and columns of all kernels, odd")
    distill.add_argument("--initializer", default="morlet", help="morlet, or a Keras initializer: glorot_uniform, ...")
    distill.add_argument("--loss", default="balanced", help="balanced, or mse as in the paper")
    distill.add_argument(
        "--epochs", type=int, default=UNSET, help="default: 5 from morlet, 30 from a random initializer"
    )
    distill.add_argument(
        "--images", type=int, default=UNSET, help="default: 2000 from morlet, 20000 from a random initializer"
    )
    distill.add_argument("--held-out", type=int, default=500, help="number of images to measure errors on")
    distill.add_argument("--size", type=int, default=32, help="height and width of images that are made or cropped")
    distill.add_argument("--seed", type=int, default=0, help="seed of everything random")
    distill.add_argument("--out", default="runs/distill", help="folder for the results")
    distill.add_argument("--resume", action="store_true", help="continue the run in --out")
    distill.add_argument("--overwrite", action="store_true", help="replace the run in --out")
    distill.set_defaults(run=_distill)

    filters = commands.add_parser("filters", help="list, describe and draw the shipped filter groups")
    filters.add_argument("name", nargs="?", help="a shipped group, or a file written by save_filters")
    filters.add_argument("--out", help="file for the picture (default: NAME.png)")
    filters.add_argument("--overwrite", action="store_true", help="replace the picture")
    filters.set_defaults(run=_filters)
    return parser


def _distill(options):
    from keras_scatter.workflows import reports
    from keras_scatter.workflows.distill import DistillConfig, distill

    given = {key: value for key, value in vars(options).items() if key in DistillConfig.__dataclass_fields__}
    report = distill(DistillConfig(**given), options.out, resume=options.resume, overwrite=options.overwrite)
    reports.print_distillation(report, options.out)
    return 0 if report["finished"] else 130


def _filters(options):
    from keras_scatter.workflows import reports

    if options.name is None:
        reports.print_filter_groups()
    else:
        reports.describe_filter_group(options.name, options.out, options.overwrite)
