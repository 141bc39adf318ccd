import numpy as np
import pytest
import scipy.io
from compare import once

from keras_scatter.workflows import molecule_sets

pytestmark = once
WATER = """3
gdb 3\t799.58\t437.9\t282.9\t1.8511\t6.31\t-0.29\t0.0687\t0.3615\t19.0\t0.021375\t-76.404702\t-76.4\t-76.3\t-76.4\t6.0
O\t-0.0343604951\t0.9775395708\t0.0076015923\t-0.589706
H\t0.0647664923\t0.0205721989\t1.5346341*^-3\t0.294853
H\t0.8717903737\t1.3007924048\t0.0006931336\t0.294853
1671.4\t3803.6\t3907.7
O\tO
"""


def arrays(count=10):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 4, 3)), generator.integers(0, 9, (count, 4)), generator.normal(size=count)


def test_qm7_as_it_is_published_and_as_npz(tmp_path):
    positions, charges, energies = arrays()
    folds = np.arange(10).reshape(5, 2)
    scipy.io.savemat(tmp_path / "qm7.mat", {"R": positions, "Z": charges, "T": energies[None], "P": folds})
    np.savez(tmp_path / "qm7.npz", positions=positions, charges=charges, energies=energies)
    for name, unit in (("qm7.mat", molecule_sets.BOHR), ("qm7.npz", 1)):
        found = molecule_sets.load_qm7(tmp_path / name)
        np.testing.assert_allclose(found.positions, unit * positions, rtol=1e-6)
        assert found.positions.dtype == np.float32 and found.charges.dtype == np.int64
        assert (found.charges == charges).all()
        np.testing.assert_allclose(found.energies, energies)
    assert molecule_sets.load_qm7(tmp_path / "qm7.mat").folds.shape == (5, 2) and found.folds is None


def test_damaged_qm7(tmp_path):
    positions, charges, energies = arrays()
    (tmp_path / "text.mat").write_text("nothing")
    np.savez(tmp_path / "few.npz", positions=positions, charges=charges, energies=energies[:5])
    np.savez(tmp_path / "nan.npz", positions=np.nan * positions, charges=charges, energies=energies)
    for name, text in (
        ("text.mat", "text.mat is damaged"),
        ("few.npz", "do not belong together"),
        ("nan.npz", "values that are not finite"),
        ("none.npz", "file must be qm7.mat, or an .npz file"),
    ):
        with pytest.raises(ValueError, match=text):
            molecule_sets.load_qm7(tmp_path / name)


def test_qm9_from_a_folder(tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "dsgdb9nsd_000003.xyz").write_text(WATER)
    found = molecule_sets.load_qm9(tmp_path)
    assert found.charges.tolist() == [[8, 1, 1]]
    assert found.positions[0, 1, 2] == pytest.approx(1.5346341e-3)
    assert found.energies[0] == pytest.approx(-76.404702 * 627.5094740631)


def test_qm9_that_is_not_there(tmp_path, monkeypatch):
    pytest.importorskip("tensorflow_datasets")
    with pytest.raises(ValueError, match=r"folder must hold files such as dsgdb9nsd_000001\.xyz"):
        molecule_sets.load_qm9(tmp_path)
    (tmp_path / "dsgdb9nsd_000001.xyz").write_text("5\nno numbers\n")
    with pytest.raises(ValueError, match=r"dsgdb9nsd_000001\.xyz is damaged"):
        molecule_sets.load_qm9(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "empty"))
    with pytest.raises(ValueError, match="qm9/original in TFDS_DATA_DIR already"):
        molecule_sets.load_qm9()
