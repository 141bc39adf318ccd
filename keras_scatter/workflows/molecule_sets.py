"""Sets of molecules with their energies: QM7 and QM9, from files that are there. Nothing is downloaded."""

import pathlib
from typing import NamedTuple

import numpy as np
import scipy.io

from keras_scatter.files import damaged, read_npz
from keras_scatter.optional import require

BOHR = 0.529177210903  # Angstrom
HARTREE = 627.5094740631  # kcal/mol
CHARGES = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}
INTERNAL_ENERGY = 12  # its place in the second line of a file of QM9


class MoleculeSet(NamedTuple):
    """Molecules of at most A atoms; the rows of a molecule with fewer end with zeros.

    Attributes:
        positions: `(N, A, 3)` float32, Angstrom.
        charges: `(N, A)` int64, zero for atoms that are not there.
        energies: `(N,)` float64, kcal/mol.
        folds: `(folds, N / folds)` int64, the indices of the published cross-validation; None where the file has none.
    """

    positions: np.ndarray
    charges: np.ndarray
    energies: np.ndarray
    folds: np.ndarray | None = None


def load_qm7(file):
    """Read QM7: 7,165 molecules with up to seven atoms besides hydrogen, and their atomisation energies.

    Args:
        file: `qm7.mat` as it is published; or an .npz file with arrays `positions`, `charges` and `energies`, as those
            of `MoleculeSet`.

    Returns:
        `MoleculeSet`.

    Raises:
        ValueError: the file is not there, or not of this kind.
    """
    path = pathlib.Path(file)
    if not path.is_file():
        raise ValueError(f"file must be qm7.mat, or an .npz file of molecules. Received: file={str(file)!r}")
    if path.suffix == ".npz":
        found = read_npz(path, ("positions", "charges", "energies"))
        molecules = MoleculeSet(found["positions"], found["charges"], found["energies"])
    else:
        try:
            found = scipy.io.loadmat(path)
            folds = found["P"].astype("int64")
            molecules = MoleculeSet(BOHR * found["R"], found["Z"], found["T"].reshape(-1), folds)
        except (scipy.io.matlab.MatReadError, ValueError, KeyError, TypeError, NotImplementedError, OSError) as error:
            raise damaged(path, error) from error
    return _checked(path, molecules)


def load_qm9(folder=None):
    """Read QM9: 133,885 molecules with up to nine atoms besides hydrogen, and their internal energies at 0 K.

    Args:
        folder: where its files such as `dsgdb9nsd_000001.xyz` are, also deeper in it. None takes TensorFlow Datasets'
            `qm9/original`, if it is there already: nothing is downloaded.

    Returns:
        `MoleculeSet`; its energies are those of the whole molecule, from which those of its atoms are not subtracted.

    Raises:
        ValueError: there are no molecules, or a file is none of QM9.
    """
    molecules = list(_qm9_from_tfds() if folder is None else map(_read_xyz, _xyz_files(folder)))
    most = max(len(charges) for _, charges, _ in molecules)
    positions, charges = np.zeros((len(molecules), most, 3), "float32"), np.zeros((len(molecules), most), "int64")
    for i, (places, kinds, _) in enumerate(molecules):
        positions[i, : len(kinds)], charges[i, : len(kinds)] = places, kinds
    return MoleculeSet(positions, charges, HARTREE * np.array([energy for *_, energy in molecules]))


def _checked(path, molecules):
    positions, charges, energies, _ = molecules
    shapes = positions.shape, charges.shape, energies.shape
    if shapes != ((len(energies), *charges.shape[1:], 3), charges.shape, (len(charges),)) or charges.ndim != 2:
        raise damaged(path, f"positions, charges and energies of shapes {shapes} do not belong together")
    if not all(np.isfinite(part).all() for part in (positions, charges, energies)):
        raise damaged(path, "it has values that are not finite")
    converted = positions.astype("float32"), charges.astype("int64"), energies.astype("float64")
    return molecules._replace(**dict(zip(("positions", "charges", "energies"), converted)))


def _xyz_files(folder):
    found = sorted(pathlib.Path(folder).rglob("dsgdb9nsd_*.xyz"))
    if not found:
        raise ValueError(f"folder must hold files such as dsgdb9nsd_000001.xyz. Received: folder={str(folder)!r}")
    return found


def _read_xyz(path):
    """Positions, charges and energy in a file of QM9, which writes 1.2*^-6 for 1.2e-6."""
    try:
        count, properties, *lines = path.read_text().replace("*^", "e").splitlines()
        atoms = [line.split() for line in lines[: int(count)]]
        positions = np.array([row[1:4] for row in atoms], "float32").reshape(int(count), 3)
        return positions, [CHARGES[row[0]] for row in atoms], float(properties.split()[INTERNAL_ENERGY])
    except (ValueError, KeyError, IndexError) as error:
        raise damaged(path, error) from error


def _qm9_from_tfds():
    datasets = require("tensorflow_datasets", "datasets")
    try:
        found = datasets.load("qm9/original", split="train", download=False)
    except (AssertionError, ImportError) as error:
        raise ValueError(
            "TensorFlow Datasets must have qm9/original in TFDS_DATA_DIR already, or the folder of the files must be "
            f"given. Received: folder=None ({error})"
        ) from error
    for example in found.as_numpy_iterator():
        count = int(example["num_atoms"])
        yield example["positions"][:count], example["charges"][:count], float(example["U0"])
