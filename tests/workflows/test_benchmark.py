import copy
import json
import pathlib
import time

import keras
import numpy as np
import numpy_twin_1d
import pytest
from compare import BACKEND, assert_close, images, on_torch

from keras_scatter import layers
from keras_scatter.cli import main
from keras_scatter.workflows import benchmark, benchmark_worker, charts
from keras_scatter.workflows.benchmark_worker import Workload
from tools import tables

TINY, OTHER = "1x2x8x12-J2-o1-L2", "1x1x8x8-J1-o1-L2"
SIGNAL, VOLUME, JOINT = "2x3x64-J3-Q2-o2", "1x2x8x8x12-J1-o2-L1", "2x2x256-J5-Q4-o2-F2"
OURS, OURS_1D = f"exact-{BACKEND}", f"exact1d-{BACKEND}"
# The network of the paper has J = order, which is not what the workload asks for.
FAILING = f"paper-{BACKEND}"
GOLDEN = pathlib.Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "results" / "tiny.json"
    return out, benchmark.run([TINY], [OURS, FAILING], repetitions=3, out=out)


@pytest.mark.parametrize(
    ("workload", "sizes", "arguments"),
    [
        ("128x3x32x24-J2-o1", (32, 24), {"J": 2, "order": 1, "L": 8}),
        ("1x2x8x12-J3-o2-L6", (8, 12), {"J": 3, "order": 2, "L": 6}),
        ("64x1x65536-J13-Q12-o2", (65536,), {"J": 13, "order": 2, "Q": 12, "kind": "signals"}),
        ("8x1x64x48x32-J2-o2", (64, 48, 32), {"J": 2, "order": 2, "L": 3, "kind": "volumes"}),
        ("4x1x32768-J12-Q8-o2-F3", (32768,), {"J": 12, "Q": 8, "F": 3, "kind": "time-frequency"}),
    ],
)
def test_workloads_are_named_by_rank(workload, sizes, arguments):
    parsed = Workload.parse(workload)
    assert parsed.rank == len(sizes) and parsed.sizes == sizes
    assert {key: getattr(parsed, key) for key in arguments} == arguments
    assert parsed.inputs(0).shape[2:] == sizes


@pytest.mark.parametrize(
    "workload", ["64x1x65536-J13-o2", "8x3x32x32-J2-Q8-o1", "1x1x64-J3-Q2-o2-L8", "32-J2-o1", "1x1x64-J3-Q2-o1-F2"]
)
def test_a_workload_must_have_the_form_of_its_rank(workload):
    with pytest.raises(ValueError, match=f"workload must have the form .* Received: '{workload}'"):
        Workload.parse(workload)


@pytest.mark.parametrize(
    ("program", "workload", "layer"),
    [
        (OURS, TINY, lambda: layers.ScatteringFFT(J=2, L=2, order=1)),
        (OURS_1D, SIGNAL, lambda: layers.ScatteringFFT1D(J=3, Q=2)),
        (f"exact3d-{BACKEND}", VOLUME, lambda: layers.HarmonicScattering3D(J=1, L=1)),
    ],
)
def test_a_worker_answers(program, workload, layer):
    with benchmark.Worker(benchmark.sys.executable, program, workload) as worker:
        assert worker.answer()["numpy"] == np.__version__
        with pytest.raises(benchmark.ProgramError, match="unknown request"):
            worker.ask("dance")
        assert worker.ask("build") > 0
        for phase in benchmark.PHASES:
            assert worker.ask(phase, seed=1) > 0
        asked = time.monotonic()
        assert worker.ask("memory") > 0
        assert time.monotonic() - asked >= benchmark.SECONDS_TO_SLEEP, "its threads sleep when others compute"
        maps = benchmark._output(worker)
    x = Workload.parse(workload).inputs(0)
    expected = layer()(x.reshape(-1, *x.shape[2:], 1))
    assert_close(np.moveaxis(maps, 1, -1), expected)


@pytest.mark.parametrize("program", ["kymatio-torch", "no-such-program"])
def test_a_worker_that_cannot_start_says_why(program, monkeypatch):
    monkeypatch.setattr(benchmark, "SECONDS_TO_ANSWER", 60)
    with benchmark.Worker(benchmark.sys.executable, program, TINY) as worker:
        if program in benchmark_worker.PROGRAMS and benchmark.importlib.util.find_spec("kymatio"):
            pytest.skip("Kymatio is installed here")
        with pytest.raises(benchmark.ProgramError, match=r"kymatio|torch|KeyError: 'no-such-program'"):
            worker.answer()


def test_pictures_of_a_folder_take_the_place_of_noise(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 8, 12, 3)).astype("uint8")
    for i, picture in enumerate(pictures):
        keras.utils.save_img(tmp_path / f"{i}.png", picture, scale=False)
    assert benchmark.workload_of(tmp_path) == "3x3x8x12-J2-o2"
    with benchmark._saved(tmp_path, "2x3x8x12-J1-o1") as inputs:
        found = Workload.parse("2x3x8x12-J1-o1", *inputs).inputs(seed=5)
        assert_close(np.moveaxis(found, 1, -1), pictures[:2] / 255)
    with benchmark._saved(tmp_path, "1x1x4x4-J1-o1") as inputs:
        assert Workload.parse("1x1x4x4-J1-o1", *inputs).inputs(seed=0).shape == (1, 1, 4, 4)
    for workload, message in {
        "4x3x8x12-J1-o1": "images must be a folder with at least 4 images. Received: 3",
        SIGNAL: "workloads must have images of 1 or 3 channels to be of a folder. Received: 2x3x64-J3-Q2-o2",
    }.items():
        with pytest.raises(ValueError, match=message), benchmark._saved(tmp_path, workload):
            pass


def test_pictures_of_a_folder_are_measured(tmp_path):
    keras.utils.save_img(tmp_path / "a.png", images(8, 8, 3))
    result = benchmark.run(["1x3x8x8-J1-o1-L2"], [OURS], repetitions=2, images=tmp_path)
    assert result["settings"]["images"] == str(tmp_path)
    assert max(result["workloads"]["1x3x8x8-J1-o1-L2"]["programs"][OURS]["error"]) < 1e-5


def test_gradients_are_those_of_the_sum_of_squares():
    program = benchmark_worker.PROGRAMS[OURS](Workload.parse(TINY))
    program.load()
    program.build()
    x, step = program.inputs(0), images(1, 8, 12, 2, seed=1) - 0.5

    def loss(scale):
        return np.sum(np.square(program.forward(x + np.float32(scale) * step), dtype="float64"))

    expected = (loss(1e-2) - loss(-1e-2)) / 2e-2
    assert abs(np.sum(program.gradient(x) * step) - expected) < 1e-2 * abs(expected)


def test_a_run_is_written(measured):
    out, result = measured
    assert json.loads(out.read_text()) == result
    assert result["versions"]["ours"]["keras"] == keras.__version__ and result["machine"]["cores"] > 0
    entry = result["workloads"][TINY]["programs"][OURS]
    assert entry["failed"] == {} and max(entry["error"]) < 1e-5
    for phase in benchmark.PHASES:
        assert len(entry[phase]["seconds"]) == 3
        assert 0 < entry[phase]["lower"] <= entry[phase]["median"] <= entry[phase]["upper"]
        assert entry["memory_bytes"][phase] > 0 and entry["first_call_seconds"][phase] > 0


def test_a_file_is_not_overwritten_silently(measured):
    out, _ = measured
    with pytest.raises(ValueError, match=r"out must be a new file; --resume .* --overwrite"):
        benchmark.run([TINY], [OURS], out=out)
    with pytest.raises(ValueError, match="exclude each other"):
        benchmark.run([TINY], [OURS], out=out, resume=True, overwrite=True)


def test_programs_are_measured_on_workloads_of_their_rank(tmp_path, monkeypatch):
    asked = {}

    def measure(workload, programs, *others):
        asked[workload] = programs
        return {"programs": {}}

    monkeypatch.setattr(benchmark, "measure", measure)
    benchmark.run([TINY, SIGNAL], [OURS, OURS_1D])
    assert asked == {TINY: [OURS], SIGNAL: [OURS_1D]}
    with pytest.raises(ValueError, match=rf"programs must have one for signals, as {SIGNAL} .* Received: {OURS}"):
        benchmark.run([TINY, SIGNAL], [OURS])


def test_resume_keeps_what_is_there_and_measures_the_rest(measured, tmp_path, monkeypatch):
    out, result = measured
    other = tmp_path / "other.json"
    other.write_text(out.read_text())
    asked, together = [], []

    def measure(workload, programs, *others):
        asked.append(workload)
        together[:] = programs
        return {"programs": {}}

    monkeypatch.setattr(benchmark, "measure", measure)
    resumed = benchmark.run([TINY, OTHER], [OURS], repetitions=3, out=other, resume=True)
    assert asked == [OTHER] and resumed["workloads"][TINY] == result["workloads"][TINY]
    benchmark.run([TINY], ["faithful-jax"], repetitions=3, out=other, resume=True)
    assert together == ["faithful-jax", OURS, FAILING]
    with pytest.raises(ValueError, match=r"other conditions \(settings.repetitions: 3 there, 4 now\)"):
        benchmark.run([TINY], [OURS], repetitions=4, out=other, resume=True)


@pytest.mark.parametrize("frontend", ["numpy", "torch"])
def test_signals_of_kymatio_are_in_the_convention_of_the_layer(frontend):
    """Its wrong factors are undone path by path."""
    pytest.importorskip("kymatio")
    pytest.importorskip("torch")
    program = benchmark_worker.PROGRAMS[f"kymatio1d-{frontend}"](Workload.parse(SIGNAL))
    program.load()
    program.build()
    x = program.inputs(0)
    expected = [list(numpy_twin_1d.scattering(signal, 3, 2).values()) for signal in x.reshape(6, 64)]
    assert_close(program.maps(x), np.array(expected))


@pytest.mark.parametrize("frontend", ["numpy", "torch"])
def test_volumes_of_kymatio_are_in_the_order_of_the_layer(frontend):
    pytest.importorskip("kymatio")
    pytest.importorskip("torch")
    program = benchmark_worker.PROGRAMS[f"kymatio3d-{frontend}"](Workload.parse(VOLUME))
    program.load()
    program.build()
    x = program.inputs(0)
    assert_close(program.maps(x), layers.HarmonicScattering3D(J=1, L=1)(x.reshape(2, *x.shape[2:], 1)))


@on_torch
def test_joint_scattering_as_it_is_written_gives_the_numbers_of_the_layer():
    workload = Workload.parse(JOINT)
    plain, ours = (benchmark_worker.PROGRAMS[name](workload) for name in ("joint-plain", "joint-torch"))
    for program in (plain, ours):
        program.load()
        program.build()
    found, expected = (program.maps(program.inputs(0)) for program in (plain, ours))
    errors = benchmark.relative_errors(found, expected, JOINT)
    assert len(errors) == 3 and max(errors) < 1e-5
    gradients = [program.gradient(program.inputs(0)).reshape(2, -1) for program in (plain, ours)]
    assert_close(gradients[0], np.moveaxis(gradients[1].reshape(2, 256, 2), 1, 2).reshape(2, -1))


def test_a_failing_program_is_recorded_and_the_run_goes_on(measured):
    _, result = measured
    entry = result["workloads"][TINY]["programs"][FAILING]
    assert "J" in entry["failed"]["build"] and "forward" not in entry


def test_errors_are_by_order():
    with np.load(GOLDEN / "kymatio2d_J2_L8_o2_32x32.npz") as file:
        expected = file["y"]
    wrong = expected.copy()
    wrong[:, 17:] *= 1.5
    errors = benchmark.relative_errors(wrong, expected, "1x3x32x32-J2-o2")
    np.testing.assert_allclose(errors, [0, 0, 0.5], atol=1e-6)


class Pretender:
    """A worker whose program gives a constant as its output, and other answers from a list."""

    def __init__(self, maps, seconds=()):
        self.maps, self.seconds = maps, iter(seconds)

    def ask(self, do, path=None, **others):
        if do == "output":
            np.save(path, self.maps)
            return True
        seconds = next(self.seconds, None)
        if seconds is None:
            raise benchmark.ProgramError("enough")
        return seconds

    def answer(self):
        return {}


@pytest.mark.parametrize(
    "found, said",
    [
        (np.full((1, 3, 4, 4), 1.1), "allowed"),
        (np.full((1, 3, 4, 4), np.nan), "allowed"),
        (np.ones((1, 3, 4, 5)), "shape"),
    ],
)
def test_a_wrong_output_is_a_failure(found, said):
    worker = Pretender(found, seconds=[1, 1, 1, 1, 1])
    entry = benchmark._first_calls(worker, OURS, OTHER, np.ones((1, 3, 4, 4)))
    assert said in entry["failed"]["output"]
    benchmark._interleave("forward", {OURS: worker}, {OURS: entry}, 2)
    assert "forward" not in entry


def test_rounds_begin_with_another_program_and_warm_up_is_not_counted():
    measured = {name: {"failed": {}, "first_call_seconds": {"forward": 1}} for name in "abc"}
    order = []

    class Noting(Pretender):
        def ask(self, do, **others):
            order.append(self.maps)
            return super().ask(do, **others)

    times = {"a": [9, 9, 1, 2, 3], "b": [9, 9, 5, 5, 5], "c": [9, 9, 1]}
    benchmark._interleave("forward", {name: Noting(name, times[name]) for name in "abc"}, measured, 3)
    assert "".join(order[:9]) == "abcbcacab"
    assert measured["a"]["forward"] == {"lower": 1.5, "median": 2, "upper": 2.5, "seconds": [1, 2, 3]}
    assert measured["c"]["failed"] == {"forward": "enough"} and "forward" not in measured["c"]


def result_of(seconds, workloads=(TINY,)):
    """A small result: {program: seconds of a forward call}, gradients take twice as long."""
    programs = {}
    for name, median in seconds.items():
        times = {phase: {"median": factor * median} for factor, phase in enumerate(benchmark.PHASES, 1)}
        programs[name] = {"failed": {}, "memory_bytes": {"forward": 1e6 * median}, **times}
    return {"workloads": {workload: {"programs": copy.deepcopy(programs)} for workload in workloads}}


def test_ratios_are_to_the_fastest_frontend_and_for_gradients_to_torch():
    result = result_of({"exact-jax": 1, "kymatio-torch": 6, "kymatio-jax": 3, "kymatio-numpy": 7})
    assert benchmark.comparison(result, "forward")[TINY]["exact-jax"] == (1, 3)
    assert benchmark.comparison(result, "gradient")[TINY]["exact-jax"] == (2, 6)
    assert benchmark.comparison(result, "memory")[TINY][None] == "kymatio-torch"
    rows = benchmark.table(result, "forward", ["exact-jax", "exact-torch"])
    assert rows == [
        ["workload", "compared with", "`exact-jax`", "`exact-torch`"],
        [TINY, "`kymatio-jax` 3 s", "1 s (3.0x)", ""],
    ]
    assert tables.markdown(rows).startswith("| workload |")


def test_signals_are_compared_with_kymatios_signals():
    result = result_of({"exact1d-jax": 1, "kymatio1d-torch": 6, "kymatio1d-jax": 3}, [SIGNAL])
    assert benchmark.comparison(result, "forward")[SIGNAL]["exact1d-jax"] == (1, 3)
    assert benchmark.comparison(result, "gradient")[SIGNAL]["exact1d-jax"] == (2, 6)


def test_layers_are_compared_with_pytorch_wavelets():
    result = result_of({"invariant-jax": 1, "conv-jax": 0.5, "scatlayer": 2})
    assert benchmark.comparison(result, "gradient")[TINY]["invariant-jax"] == (2, 2)


def test_a_wrong_program_has_no_ratio():
    result = result_of({"exact-jax": 1, "kymatio-torch": 6})
    result["workloads"][TINY]["programs"]["exact-jax"]["failed"]["output"] = "off"
    assert "exact-jax" not in benchmark.comparison(result, "forward")[TINY]


def test_growth():
    result = {"workloads": {}}
    for n, name in benchmark.SCALING["batch"].items():
        result["workloads"] |= result_of({"exact-jax": 3 * n, "exact-torch": n**0.5}, [name])["workloads"]
    largest = result["workloads"][benchmark.SCALING["batch"][256]]["programs"]
    del largest["exact-torch"]
    found = benchmark.growth(result, "forward")
    slopes = {program: line["slope"] for program, line in found["batch"].items()}
    assert slopes == pytest.approx({"exact-jax": 1, "exact-torch": 0.5})
    assert found["batch"]["exact-jax"]["values"] == [3 * n for n in found["batch"]["exact-jax"]["at"]]
    assert found["batch"]["exact-torch"]["at"] == [4, 16, 64]
    assert set(found) == {"batch"}
    figure = charts.scaling({measure: benchmark.growth(result, measure) for measure in ("forward", "memory")})
    assert [axis.get_xlabel() for axis in figure.axes] == ["batch", "batch"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["exact-jax", "exact-torch", "no result"]
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [(list(line.get_xdata()), line.get_color()) for line in crosses] == [([256], "C1")]


def test_the_tables_of_the_readme(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "RESULTS", tmp_path)
    (tmp_path / "cpu.json").write_text(json.dumps(result_of({"exact-jax": 0.001, "kymatio-torch": 0.006})))
    text = tables.with_tables("<!-- table: speed -->\n<!-- end -->")
    assert f"| {TINY} | `kymatio-torch` 6 ms |  | 1 ms (6.0x) |" in text


def test_the_chart(tmp_path):
    result = result_of({"exact-jax": 1, "kymatio-torch": 6}, [TINY, OTHER])
    compared = [benchmark.comparison(result, phase) for phase in benchmark.PHASES]
    figure = charts.speed(*compared)
    # Kymatio's is the line at 1.
    assert [bar.get_y() + bar.get_height() for bar in figure.axes[0].patches] == [6, 6]
    charts.save(figure, tmp_path / "speed.png")
    assert (tmp_path / "speed.png").read_bytes().startswith(b"\x89PNG")


def test_the_chart_names_what_ours_are_compared_with():
    """And it shows four workloads, in one colour for a layer."""
    programs = {"dtcwt-jax": 1, "dtcwt-torch": 2, "scatlayerj2": 6}
    result = result_of(programs, [f"{n}x1x8x8-J1-o1-L2" for n in range(1, 7)])
    figure = charts.speed(*(benchmark.comparison(result, phase) for phase in benchmark.PHASES))
    for axis in figure.axes:
        assert axis.get_title().endswith("against pytorch_wavelets")
        assert len(axis.get_xticks()) == 4 and len(axis.patches) == 8
        assert len({bar.get_facecolor()[:3] for bar in axis.patches}) == 1


def test_the_command(measured, tmp_path, capsys):
    out = tmp_path / "bench.json"
    out.write_text(measured[0].read_text())
    options = ["bench", f"--workloads={TINY}", f"--programs={OURS}", "--repetitions=3", f"--out={out}"]
    assert main(options) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*options, "--resume"]) == 0
    printed = capsys.readouterr().out
    assert OURS[:8] in printed and f"{FAILING} failed (build)" in printed
    assert out.with_suffix(".png").exists()


@pytest.mark.parametrize("option", ["--workloads=huge", "--programs=scatnet", "--repetitions=1"])
def test_bad_options_are_named(option, capsys):
    assert main(["bench", "--quick", option]) == 2
    assert "Received: " in capsys.readouterr().err
