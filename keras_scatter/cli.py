"""The command `keras-scatter`."""

import inspect
import pathlib
import re
import sys
from typing import Annotated

import cyclopts
from cyclopts import App, Parameter

from keras_scatter import files
from keras_scatter.arguments import check_integer
from keras_scatter.workflows import (
    benchmark,
    distill,
    export,
    features,
    frontier,
    reports,
    reproduce,
    selfcheck,
    stability,
    synthesize,
)

STYLE = {
    "help_format": "plaintext",
    "version_flags": [],
    "result_action": "return_value",
    "suppress_keyboard_interrupt": False,
    # Options are spelled as the arguments are: --J, --held-out; there is no --no-resume.
    "default_parameter": Parameter(
        name_transform=lambda name: name.replace("_", "-"), negative=(), consume_multiple=True, allow_repeating=True
    ),
}
DEFAULT = distill.DistillConfig()
app = App(name="keras-scatter", help="Wavelet scattering in Keras 3. --verbose shows what the frameworks say.", **STYLE)
app.command(frontier.command, name="frontier")
app.command(stability.command, name="stability")
app.command(selfcheck.command, name="selfcheck")
app.command(synthesize.command, name="synthesize")
app.command(export.command, name="export")
app.command(features.command, name="features")


def main(arguments=None):
    """Run one command; returns the exit status: 0, 1 if selfcheck found a fault, 2 for bad input, 130 after Ctrl-C."""
    tokens = [token for token in (sys.argv[1:] if arguments is None else arguments) if token != "--verbose"]
    command = " ".join(["keras-scatter", *tokens[:1]])
    try:
        if not tokens:
            raise cyclopts.CycloptsError(msg="a command must be given; --help lists them")
        if tokens[0] == "reproduce":
            tokens[1:] = _name_first(tokens[1:])
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


@app.command(name="distill")
def _distill(
    *,
    config: Annotated[distill.DistillConfig, Parameter(name="*")] = DEFAULT,
    out: str = "runs/distill",
    resume: bool = False,
    overwrite: bool = False,
):
    """Distil the scattering transform into small convolutions.

    Train convolutions against the exact scattering transform and write filters, pictures, errors.

    Args:
        out: folder for the results.
        resume: continue the run in --out.
        overwrite: replace the run in --out.
    """
    report = distill.distill(config, out, resume=resume, overwrite=overwrite)
    reports.print_distillation(report, out)
    return 0 if report["finished"] else 130


@app.command(name="filters")
def _filters(name: str | None = None, /, *, out: str | None = None, overwrite: bool = False):
    """List, describe and draw the shipped filter groups.

    Args:
        name: a shipped group, or a file written by save_filters.
        out: file for the picture (default: NAME.png).
        overwrite: replace the picture.
    """
    if name is None:
        reports.print_filter_groups()
    else:
        reports.describe_filter_group(name, out, overwrite)


@app.command(name="bench")
def _bench(
    *,
    workloads: list[str] | None = None,
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
            for a series in each of batch, size, J and L (default: all of the README).
        programs: default: our layers on all installed backends and all others.
        repetitions: number of timed calls (default: 11).
        out: JSON file for the results; a chart is drawn beside it (default: runs/bench.json).
        resume: keep the workloads that --out has.
        overwrite: replace --out and the chart.
        quick: half a minute, our layers only, written only with --out.
    """
    if repetitions is not None:
        check_integer("repetitions", repetitions, minimum=2)
    out = out or (None if quick else "runs/bench.json")
    if out:
        there = pathlib.Path(out).exists()
        files.check_result(out, overwrite or there)
        if there and resume:
            files.read_json(out, ("workloads",))
    benchmark.command(workloads, programs, repetitions, out, resume, overwrite, quick)


def _add(experiment):
    """The command of one experiment: its options are those of `run` and `plan`, and so is what is said of them."""

    def command(**options):
        experiment.run(**options)

    said = (re.search(r"Args:\n(.*?)(\n\n|$)", inspect.getdoc(f), re.DOTALL) for f in (experiment.run, experiment.plan))
    command.__doc__ = f"{experiment.title}\n\nArgs:\n" + "\n".join(found[1] for found in said if found)
    command.__signature__ = inspect.Signature(reproduce.parameters(experiment))
    names = list(filter(None, [experiment.name, experiment.alias]))
    papers.command(command, name=names, group=experiment.name.split("/")[0])


papers = App(
    name="reproduce",
    help="Repeat an experiment of a paper, or one of ours: train or measure, and write results, figure and table "
    "beside the paper's numbers. NAME --help shows what it takes. Several processes may --resume one folder, and "
    "share the work.",
    **STYLE,
)
app.command(papers)
for experiment in reproduce.EXPERIMENTS.values():
    _add(experiment)


def _name_first(tokens):
    """The arguments of `reproduce` with the experiment before its options."""
    known = (*reproduce.EXPERIMENTS, *reproduce.ALIASES)
    name = next((token for token in tokens if token in known), None)
    if name is None:
        if tokens and not tokens[0].startswith("-"):
            reproduce.find(tokens[0])
        return tokens
    rest = list(tokens)
    rest.remove(name)
    return [name, *rest]


if __name__ == "__main__":
    sys.exit(main())
