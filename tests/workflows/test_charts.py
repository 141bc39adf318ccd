import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter import saved_filters
from keras_scatter.filters import groups, morlet
from keras_scatter.filters import pyramid as design
from keras_scatter.workflows import charts

pytestmark = once


@pytest.mark.parametrize("name", saved_filters.names())
def test_every_shipped_group_can_be_drawn(name, tmp_path):
    config, arrays = saved_filters.load(name)
    draw = charts.filter_group if name in saved_filters.names("images") else charts.signal_filter_group
    charts.save(draw(config, arrays), tmp_path / "group.png")
    assert (tmp_path / "group.png").read_bytes().startswith(b"\x89PNG")


def test_the_drawn_wavelets_are_the_effective_ones():
    """The picture of level 1 shows psi_1 itself, up to the error of the design."""
    config, arrays = saved_filters.load("morlet_o2")
    (_, psi_0), (lowpass, psi_1) = groups.effective_filters(config, arrays)
    assert psi_0.shape == (8, 9, 9) and lowpass.shape == (2, 5, 5) and psi_1.shape == (8, 17, 17)
    exact = morlet.morlet(1, 8, 8)[:, ::-1, ::-1]
    assert np.linalg.norm(psi_1 - exact) < 0.1 * np.linalg.norm(exact)
    assert_close(design.taps_spectrum(psi_1)[:, 0, 0] + 1, np.ones(8), 1e-5)


@pytest.mark.parametrize(("d", "channel_size", "size"), [(2, 19, 43), (3, 43, 91)])
def test_the_drawn_wavelets_of_further_levels_are_the_effective_ones(d, channel_size, size):
    config = groups.resolve_config(8, 1, 4, 7, "faithful", 2, True)
    lowpass, psi = groups.effective_filters(config, groups.designed_group(config))[d]
    assert lowpass.shape == (2, channel_size, channel_size) and psi.shape == (8, size, size)
    exact = morlet.morlet(d, 8, size // 2)[:, ::-1, ::-1]
    assert np.linalg.norm(psi - exact) < 0.1 * np.linalg.norm(exact)


def test_loss_curve(tmp_path):
    history = {"epoch": [1, 2], "loss": [2.0, 1.0], "val_loss": [2.5, 1.5]}
    history |= {f"val_relative_error_{m}": [0.2, 0.1] for m in range(2)}
    figure = charts.loss_curve(history, range(2))
    assert [line.get_label() for line in figure.axes[1].lines] == ["order 0", "order 1"]
    charts.save(figure, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").stat().st_size > 1000
    # An order without error would flatten the others.
    figure = charts.loss_curve(history | {"val_relative_error_0": [1e-7, 1e-7]}, range(2))
    exact, other = figure.axes[1].lines
    assert exact.get_label() == "order 0, below 0.001 %" and len(exact.get_xdata()) == 0
    assert list(other.get_ydata()) == [20, 10] and figure.axes[1].get_ylim()[0] > 1


def test_a_reduced_protocol_stands_below_its_figure():
    figure = charts.stamped(charts.subplots()[0], "Reduced protocol: 15 epochs.")
    assert figure.get_supxlabel() == "Reduced protocol: 15 epochs."
