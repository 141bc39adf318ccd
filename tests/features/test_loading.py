import pickle

import numpy as np
import pytest
from compare import once

from keras_scatter.features import load, shards

pytestmark = once


def write(folder, labels=True):
    """Seven items in shards of three; each has its number as feature and label."""
    with shards.opened(folder, {}, "out") as manifest:
        lines = []
        for index, first in enumerate((0, 3, 6)):
            numbers = np.arange(first, min(first + 3, 7))
            arrays = {"features": np.stack([numbers, -numbers], axis=1).astype("float32")}
            lines.append(shards.write_shard(folder, index, arrays | ({"labels": numbers} if labels else {}), {}))
        lines.append(shards.write_shard(folder, 3, {"features": np.zeros(0)}, {"skipped": {"a.png": "broken"}}))
        shards.finish(folder, manifest, lines)
    return load(folder)


def test_arrays(tmp_path):
    features = write(tmp_path)
    assert (len(features), features.shape, features.dtype) == (7, (2,), "float32")
    assert features.skipped == {"a.png": "broken"} and features.versions["keras"]
    assert features.arrays()["features"][:, 1].tolist() == [0, -1, -2, -3, -4, -5, -6]
    assert [part["labels"].tolist() for part in features.shards()] == [[0, 1, 2], [3, 4, 5], [6]]
    assert features.read(2)["labels"].tolist() == [6] and "7 of shape (2,), 3 shards" in repr(features)
    with pytest.raises(ValueError, match=r"index must be an integer from 0 to 2\. Received: index=3"):
        features.read(3)


@pytest.mark.parametrize("labels", [True, False])
def test_tensorflow(tmp_path, labels):
    dataset = write(tmp_path, labels).to_tf()
    assert int(dataset.cardinality()) == 7
    batches = list(dataset.batch(4).as_numpy_iterator())
    found = np.concatenate([batch[0] if labels else batch for batch in batches])
    assert found[:, 0].tolist() == list(range(7)) and found.dtype == np.float32
    assert not labels or np.concatenate([batch[1] for batch in batches]).tolist() == list(range(7))


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("workers", [0, 2])
def test_torch(tmp_path, labels, workers):
    torch = pytest.importorskip("torch")
    dataset = pickle.loads(pickle.dumps(write(tmp_path, labels).to_torch()))
    assert len(dataset) == 7
    if workers:  # what two of them would read
        parts = []
        for number in range(workers):
            info = torch.utils.data._utils.worker.WorkerInfo(id=number, num_workers=workers, seed=0, dataset=dataset)
            torch.utils.data._utils.worker._worker_info = info
            parts += list(dataset)
        torch.utils.data._utils.worker._worker_info = None
        assert sorted(int((part[0] if labels else part)[0]) for part in parts) == list(range(7))
        return
    batches = list(torch.utils.data.DataLoader(dataset, batch_size=4))
    assert torch.cat([batch[0] if labels else batch for batch in batches])[:, 0].tolist() == list(range(7))
    assert not labels or torch.cat([batch[1] for batch in batches]).tolist() == list(range(7))


def test_a_damaged_shard_is_named(tmp_path):
    features = write(tmp_path)
    path = shards.shard_path(tmp_path, 1)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"shard-000001\.npz is damaged: its sha256 is not that of the manifest"):
        features.arrays()


def test_folders_without_features(tmp_path):
    with pytest.raises(ValueError, match="folder must be one that extract or keras-scatter features wrote"):
        load(tmp_path)
    with shards.opened(tmp_path, {}, "out"):
        pass
    with pytest.raises(ValueError, match=r"folder must hold all features: .* with 0 shards"):
        load(tmp_path)
