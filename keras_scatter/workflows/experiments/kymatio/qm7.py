"""Energies of molecules from solid harmonic scattering of their densities, by regression."""

import dataclasses
import hashlib
import math
import warnings

import keras
import numpy as np
import scipy.linalg
from scipy.spatial.distance import pdist

from keras_scatter.arguments import check_positive
from keras_scatter.layers import HarmonicScattering3D
from keras_scatter.molecules import gaussian_densities, valence_charges
from keras_scatter.optional import require
from keras_scatter.workflows import charts
from keras_scatter.workflows.experiment import Series, chosen, given
from keras_scatter.workflows.feature_cache import cached_in_parts
from keras_scatter.workflows.molecule_sets import MoleculeSet, load_qm7

BOX = (80, 48, 40)  # voxels for sigma = 1
POWERS = (0.5, 1.0, 2.0, 3.0)
OVERLAP = 0.1  # of the Gaussians of the two closest atoms of all, at most
FOLDS = 5
PENALTIES = {"ridge": 10.0 ** -np.arange(10.0), "bilinear": 10.0 ** -np.arange(2.0, 12.0, 2.0)}
PART, BATCH = 64, 4  # molecules in a file of features, and at a time

DENSITIES = ("full", "valence", "core")
# Which densities the features of a row are of.
ROWS = {"atoms": (), "full": ("full",), "full+core": ("full", "core"), "full+valence+core": DENSITIES}
JOBS = ["atoms/ridge", *(f"{row}/{regression}" for row in ROWS if ROWS[row] for regression in PENALTIES)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Energies(Series):
    """Errors of energies by densities and regression.

    Files: `DENSITIES/REGRESSION.json`, and `features/` with the scattering of all molecules, some in each file.
    """

    figure = "energies.png"
    extra, needs = "reproduce", ("matplotlib", "sklearn")
    pattern = "*/*.json"

    def plan(
        self,
        quick,
        file: str | None = None,
        sigma: float = 1.0,
        molecules: int | None = None,
        only: list[str] | None = None,
    ):
        """As in `Experiment`.

        Args:
            file: QM7, which is qm7.mat, or an .npz file with positions, charges and energies.
            sigma: width of the Gaussians in voxels, which is the resolution; Kymatio's example has 2, which takes eight
                times as long.
            molecules: so many at random only (default: all).
            only: densities and regression, such as full+core/ridge (default: all).
        """
        if not quick and file is None:
            raise ValueError("file must be qm7.mat, or an .npz file of molecules. Received: file=None")
        jobs = chosen(only, JOBS, JOBS)
        protocol = {
            "quick": quick,
            "file": None if quick else str(file),
            "sigma": check_positive("sigma", sigma),
            "molecules": 20 if quick else given("molecules", molecules, None, 10 * FOLDS),
        }
        return protocol | {"data": _checksum(_molecules(protocol))}, jobs

    def parts(self, protocol):
        return (*ROWS, "features")

    def prepare(self, protocol):
        """Molecules in random order."""
        return _molecules(protocol)

    def measure(self, job, protocol, data, out, verbose):
        """Errors of one regression."""
        row, regression = job.split("/")
        counts = np.stack([(data.charges == charge).sum(1) for charge in np.unique(data.charges[data.charges > 0])], 1)
        if ROWS[row]:
            by_density = scattering(data, protocol["sigma"], protocol["quick"], out / "features")
            features = np.concatenate([by_density[:, DENSITIES.index(name)] for name in ROWS[row]], 1)
        else:
            features = counts.astype("float64")
        folds = folds_of(len(features))
        penalties = PENALTIES[regression]
        found = cross_validated(features, data.energies, folds, penalties, regression)
        return {
            "densities": row,
            "regression": regression,
            "molecules": len(features),
            "features": features.shape[1],
            **errors(found, data.energies),
            "energies": np.stack([data.energies, found], 1)[:200].round(3).tolist(),
        }

    def _config(self, protocol):
        # The molecules are what must agree, wherever they lie.
        return {key: value for key, value in super()._config(protocol).items() if key != "file"}

    def rows(self, results):
        return {job: results[job] for job in JOBS if job in results}

    def tables(self, summary):
        lines = [
            [row["densities"], row["regression"], f"{row['molecules']:,}", f"{row['features']}"]
            + [f"{row[error]:.2f}" for error in ("mae", "rmse")]
            for row in summary["rows"].values()
        ]
        header = ["densities", "regression", "molecules", "features", "MAE", "RMSE"]
        return {
            None: [header, *lines, ["full+valence+core", "ridge: Kymatio's example", "7,165", "300", "2.75", "4.18"]]
        }

    def draw(self, summary):
        """Energies found against those wanted, of the best row."""
        best = min(summary["rows"].values(), key=lambda row: row["mae"])
        figure, axis = charts.subplots(figsize=(5, 4.5))
        wanted, found = np.array(best["energies"]).T
        axis.plot([wanted.min(), wanted.max()], [wanted.min(), wanted.max()], color="gray", linewidth=0.8)
        axis.plot(wanted, found, ".", markersize=3)
        axis.set(title=f"{best['densities']}, {best['regression']}: MAE {best['mae']:.2f} kcal/mol")
        axis.set(xlabel="energy (kcal/mol)", ylabel="energy found (kcal/mol)")
        return figure


def aligned(positions, charges, sigma):
    """Positions in voxels, `(N, A, 3)`: the principal axes of every molecule along those of the box, its middle in 0.

    The unit is such that Gaussians of width sigma around the two closest atoms of all molecules hardly overlap.
    """
    found, closest = np.zeros(positions.shape), math.inf
    for i, there in enumerate(charges > 0):
        atoms = positions[i, there].astype("float64")
        closest = min(closest, pdist(atoms).min())
        centred = atoms - atoms.mean(0)
        atoms = centred @ np.linalg.svd(centred, full_matrices=False)[2].T
        found[i, there] = atoms - (atoms.max(0) + atoms.min(0)) / 2
    return found * sigma * math.sqrt(-8 * math.log(OVERLAP)) / closest


def scattering(molecules, sigma, quick, folder):
    """Coefficients of orders 0 to 2 of the densities of all molecules, `(N, 3, K)`, kept in the folder."""
    positions = aligned(molecules.positions, molecules.charges, sigma)
    valence = valence_charges(molecules.charges)
    charges = np.stack([molecules.charges, valence, molecules.charges - valence], -1)
    shape = (24, 24, 24) if quick else tuple(round(sigma * size) for size in BOX)
    layer = HarmonicScattering3D(
        1 if quick else 2, 1 if quick else 3, sigma, integral_powers=POWERS, order_0=True, data_format="channels_last"
    )

    def batch(first):
        chosen = slice(first, first + BATCH)
        found = layer(gaussian_densities(positions[chosen], charges[chosen], shape, sigma, dtype="float32"))
        return keras.ops.convert_to_numpy(found).reshape(-1, len(DENSITIES), len(layer.paths))

    def compute(first, last):
        return np.concatenate([batch(start) for start in range(first, last, BATCH)])[: last - first]

    return cached_in_parts(compute, len(charges), folder, PART)


def folds_of(count):
    """The fold of every item: as many of each, or one more; the items are in random order already."""
    return np.arange(count) % FOLDS


def cross_validated(features, energies, folds, penalties, regression):
    """Energies of every fold from the others.

    The penalty is chosen on the next fold; what it was chosen with is then fitted to all other folds together.
    """
    found = np.zeros(len(energies))
    for fold in range(FOLDS):
        held_out, validation = folds == fold, folds == (fold + 1) % FOLDS
        train = ~held_out & ~validation
        tried = [
            np.abs(predicted - energies[validation]).mean()
            for predicted in fitted(features, energies, train, validation, penalties, regression)
        ]
        best = penalties[int(np.argmin(tried))]
        (found[held_out],) = fitted(features, energies, ~held_out, held_out, [best], regression)
    return found


def fitted(features, energies, train, others, penalties, regression):
    """Energies of others by regressions on standardised features, for every penalty.

    `"ridge"` is linear in them, `"bilinear"` in all products of two, by the kernel `(1 + x y / K)^2`.
    """
    preprocessing = require("sklearn.preprocessing", "reproduce")
    scaler = preprocessing.StandardScaler().fit(features[train].astype("float64"))
    x, y = (scaler.transform(features[part].astype("float64")) for part in (train, others))
    middle = energies[train].mean()
    wanted = energies[train] - middle
    if regression == "bilinear":
        square, basis = ((1 + part @ x.T / x.shape[1]) ** 2 for part in (x, y))
    else:
        square, basis, wanted = x.T @ x, y, x.T @ wanted
    identity = np.eye(len(square))
    with warnings.catch_warnings():
        # A penalty that is too small for the precision is not the best one, and may leave negative eigenvalues.
        warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)
        return [
            middle + basis @ scipy.linalg.solve(square + penalty * identity, wanted, assume_a="sym")
            for penalty in penalties
        ]


def errors(found, energies):
    """Mean absolute and root mean square error, kcal/mol."""
    difference = found - energies
    return {"mae": float(abs(difference).mean()), "rmse": float(np.sqrt((difference**2).mean()))}


def _molecules(protocol):
    """Molecules in random order."""
    generator = np.random.default_rng(0)
    if protocol["quick"]:
        return _chains(protocol["molecules"], generator)
    found = load_qm7(protocol["file"])
    order = generator.permutation(len(found.energies))[: protocol["molecules"]]
    return MoleculeSet(found.positions[order], found.charges[order], found.energies[order])


def _chains(count, generator):
    """Chains of atoms, whose energies are those of their bonds."""
    charges = generator.choice([1, 6, 7, 8], (count, 4))
    steps = generator.normal(size=(count, 4, 3))
    positions = np.cumsum(steps / np.linalg.norm(steps, axis=-1, keepdims=True), 1)
    return MoleculeSet(positions.astype("float32"), charges, -(charges[:, 1:] * charges[:, :-1]).sum(1) * 10.0)


def _checksum(molecules):
    parts = molecules.positions, molecules.charges, molecules.energies
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


EXPERIMENT = Energies(
    module=__name__,
    title="Errors of the atomisation energies of QM7, kcal/mol",
    note="Solid harmonic scattering of three densities, sums of Gaussians, J = 2, L = 3, powers 0.5, 1, 2 and 3, of "
    "molecules that are turned to their principal axes. Five random folds; the penalty is chosen within the training "
    "folds. Atoms: their numbers by element alone. Kymatio's example has random folds too, twice the resolution, and "
    "states its best penalty.",
)
