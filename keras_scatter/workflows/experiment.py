"""What an experiment is: everything that all have in common, written once.

An experiment is a module in `experiments/PAPER/` with an instance named `EXPERIMENT`; it is found there, nothing else
names it.
"""

import concurrent.futures
import dataclasses
import importlib
import json
import os
import pathlib
import pkgutil
import subprocess
import sys

from rich.console import Console
from rich.progress import Progress

from keras_scatter import files
from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.backend import processes
from keras_scatter.optional import require
from keras_scatter.versions import versions
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.folders import check_folder, claimed, folder_of_process, start_folder

QUICK_NOTE = "Quick form: synthetic images, small networks. The accuracies measure nothing."
WORK = "import sys; from keras_scatter.workflows.experiment import work; work(sys.argv[1])"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """One measurement, beside the paper's. A subclass says what is measured, and how it is shown.

    Attributes:
        module: `__name__` of its module, which gives its name, such as `"distilled-filters/table1"`.
        title: what it shows, for people.
        alias: a shorter name, for the results too; None if it has none.
        paper: what the paper says, None where the table has it.
        note: how the protocol differs from the paper's.
    """

    module: str
    title: str
    alias: str | None = None
    paper: str | None = None
    note: str | None = None

    figure = None  # name of the file
    extra = "plots"  # extra of the package that brings what is needed
    needs = ("matplotlib",)
    shared = False  # whether several processes may work in one folder
    launched = False  # whether `keras-scatter launch` may train its models in several processes

    @property
    def name(self):
        """Paper and experiment, such as `"distilled-filters/table1"`."""
        return "/".join(self.module.replace("_", "-").split(".")[-2:])

    @property
    def label(self):
        """The alias if there is one, else the name."""
        return self.alias or self.name

    def plan(self, quick):
        """What the options ask for. Further arguments are the options of the command; they need type and `Args` entry.

        Args:
            quick: whether it must take seconds only, without a data set.

        Returns:
            `(protocol, jobs)`: what must agree between all results of a folder, and the names of the results to make,
            files without their ending.
        """
        raise NotImplementedError

    def parts(self, protocol):
        """Names of what it makes in its folder, without the ending .json, besides summary and figure."""
        return ()

    def prepare(self, protocol):
        """What all jobs need, such as images; it is made before the folder is."""

    def measure(self, job, protocol, data, out, verbose):
        """One result, a dict.

        Args:
            job: name of the result.
            protocol, data: from `plan` and `prepare`.
            out: folder of the run.
            verbose: as in `keras.Model.fit`.
        """
        raise NotImplementedError

    def tables(self, summary):
        """Rows of text by caption, headers first."""
        raise NotImplementedError

    def draw(self, summary):
        """The figure."""

    def remark(self, protocol):
        """What the reader of the table must know, None for nothing."""
        return self.note

    def reduced(self, protocol):
        """What is less than in the paper, for the foot of the figure; None for nothing."""
        return "Quick form: it measures nothing." if protocol.get("quick") else None

    def run(
        self,
        out: str | None = None,
        quick: bool = False,
        resume: bool = False,
        overwrite: bool = False,
        workers: int = 1,
        verbose="auto",
        **options,
    ):
        """Make what is not there yet, and write and print the summary.

        Files: `config.json`, `summary.json`, the figure, and those of the experiment.

        Args:
            out: folder for the results. The default is runs/NAME, with -quick in the quick form.
            quick: seconds, on synthetic images: does everything work?
            resume: continue the run in the folder, or add to it.
            overwrite: replace the run in the folder.
            workers: processes at the same time, where there are several trainings.
            verbose: as in `keras.Model.fit`.
            **options: those of `plan`.

        Returns:
            The content of `summary.json`.

        Raises:
            ValueError: an option is wrong, or the folder holds something else.
        """
        out = pathlib.Path(out or f"runs/{self.label}{'-quick' * quick}")
        protocol, jobs = self.plan(quick, **options)
        self._check_processes()
        check_integer("workers", workers)
        if workers > 1 and (not self.shared or processes.count() > 1):
            launched = " in several processes" if processes.count() > 1 else ""
            raise ValueError(f"workers must be 1 for {self.label}{launched}. Received: workers={workers}")
        config = self._config(protocol)
        check_folder(config, out, resume, overwrite, self.shared)
        for package in self.needs:
            require(package, self.extra)
        todo = [job for job in jobs if not (resume and result_file(out, job).exists())]
        data = self.prepare(protocol) if todo and workers == 1 else None
        parts = self.parts(protocol)
        made = ("summary.json", *parts, *(f"{part}.json" for part in parts))
        with folder_of_process(out) as out:
            start_folder(config, out, resume, overwrite, made, self.shared)
            if workers > 1:
                self._in_processes(todo, protocol, out, workers)
            else:
                self.make(todo, protocol, data, out, verbose)
            summary = self.summarise(protocol, out)
            if self.figure:
                figure, reduced = self.draw(summary), self.reduced(protocol)
                charts.save(charts.stamped(figure, reduced) if reduced else figure, out / self.figure)
            self.show(summary, out)
            return summary

    def make(self, jobs, protocol, data, out, verbose="auto"):
        """Make the results that are not there and that no other process makes."""
        for index, job in enumerate(jobs):
            file = result_file(out, job)
            file.parent.mkdir(parents=True, exist_ok=True)
            with claimed(file.with_suffix("")) as ours:
                if not ours:
                    Console().print(f"{self.label}: another process makes {job}")
                elif not file.exists():
                    Console().print(f"{self.label}: {job} ({index + 1} of {len(jobs)})")
                    about = self._config(protocol) | ({} if self.shared else self.about(protocol))
                    result = about | self.measure(job, protocol, data, out, verbose)
                    files.write_json(file, {"versions": versions()} | result, sealed=True)
            self.summarise(protocol, out)

    def summarise(self, protocol, out):
        """The content of `summary.json`, which is the only result."""
        return files.read_json(out / "summary.json", ("experiment",))

    def about(self, protocol):
        """Title and notes, as the summary has them."""
        described = {"title": self.title, "paper": self.paper, "note": self.remark(protocol)}
        return {key: value for key, value in described.items() if value is not None}

    def heading(self, summary):
        """The line above the table."""
        counted = [f"{summary['epochs']} epochs"] if summary.get("epochs") else []
        if "dataset" in summary and summary.get("images"):
            counted.append(f"{summary['images']} images of {summary['dataset']}")
        return f"{self.title}: {', '.join(counted)}" if counted else self.title

    def show(self, summary, out):
        """Print the tables."""
        console = Console()
        console.print(self.heading(summary))
        for caption, (header, *rows) in self.tables(summary).items():
            if caption:
                console.print(caption)
            console.print(reports.table(header, rows))
        if "paper" in summary:
            console.print(f"The paper: {summary['paper']}")
        if "note" in summary:
            console.print(summary["note"])
        console.print(f"Results{' and figure' * bool(self.figure)} are in {out}/")

    def _check_processes(self):
        if processes.count() > 1 and not self.launched:
            raise ValueError(
                f"{self.label} cannot be trained in several processes: those that compare accuracies or learn filters "
                f"can. Received: {processes.count()} processes"
            )

    def _config(self, protocol):
        return {"experiment": self.label, **protocol}

    def _in_processes(self, jobs, protocol, out, workers):
        """Each job in a process of its own, some at a time."""
        shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}

        def make(job):
            order = json.dumps({"module": self.module, "job": job, "protocol": protocol, "out": str(out)})
            status = subprocess.run([sys.executable, "-c", WORK, order], env=os.environ | shared).returncode
            progress.update(task, advance=1, description=f"{job} {'failed' if status else 'done'}")
            return status

        pool = concurrent.futures.ThreadPoolExecutor(workers)
        try:
            with Progress() as progress:
                task = progress.add_task(self.label, total=len(jobs))
                failed = [job for job, status in zip(jobs, pool.map(make, jobs)) if status]
        finally:
            # After Ctrl-C nothing further must start.
            pool.shutdown(cancel_futures=True)
        if failed:
            raise ValueError(f"{self.label} failed for {', '.join(failed)}; what went wrong stands above.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Series(Experiment):
    """Many measurements, a file each, which several processes may share; the summary collects those that are there."""

    shared = True
    pattern = "*.json"  # of the files with results

    def rows(self, results):
        """The rows of the summary.

        Args:
            results: what `measure` gave, by job.
        """
        raise NotImplementedError

    def summarise(self, protocol, out):
        known = self.parts(protocol)
        found = [(path.relative_to(out).with_suffix(""), path) for path in sorted(out.glob(self.pattern))]
        results = {job.as_posix(): files.read_json(path) for job, path in found if job.parts[0] in known}
        summary = self._config(protocol) | self.about(protocol) | {"rows": self.rows(results), "versions": versions()}
        files.write_json(out / "summary.json", summary)
        return super().summarise(protocol, out)


def result_file(out, job):
    """The file of a result."""
    return out / f"{job}.json"


def work(order):
    """Make one result in a process of its own, see `Experiment.run`."""
    order = json.loads(order)
    experiment = importlib.import_module(order["module"]).EXPERIMENT
    try:
        data = experiment.prepare(order["protocol"])
        experiment.make([order["job"]], order["protocol"], data, pathlib.Path(order["out"]), verbose=0)
    except KeyboardInterrupt:
        sys.exit(130)


def experiments():
    """All experiments by name, those of one paper together."""
    package = importlib.import_module("keras_scatter.workflows.experiments")
    modules = [
        module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if not module.ispkg
    ]
    found = [importlib.import_module(name).EXPERIMENT for name in sorted(modules)]
    return {experiment.name: experiment for experiment in found}


def chosen(names, default, known):
    """What `only` asks for, checked: names in `known`, or the default."""
    names = list(names or default)
    for name in names:
        check_choice("only", name, tuple(known))
    return names


def given(name, value, default, minimum=1):
    """An integer option, checked, or its default."""
    return default if value is None else check_integer(name, value, minimum)
