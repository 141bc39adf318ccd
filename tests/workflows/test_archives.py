import hashlib
import pathlib
import tarfile
import zipfile

import keras
import numpy as np
import pytest
from compare import once

from keras_scatter.workflows import archives
from keras_scatter.workflows.archives import load_archive, locate
from keras_scatter.workflows.datasets import load_images, load_labelled

pytestmark = once


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv(archives.VARIABLE, str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def make_cifar100(home, count=3):
    """Image n is n, 10 + n and 20 + n in its channels, of the fine class n."""
    folder = home / "cifar-100-binary"
    folder.mkdir()
    for part, n in (("train", count), ("test", 2)):
        records = [bytes([7, i]) + b"".join(bytes([10 * c + i]) * 1024 for c in range(3)) for i in range(n)]
        (folder / f"{part}.bin").write_bytes(b"".join(records))
    return folder


def make_tiny_imagenet(home):
    folder = home / "tiny-imagenet-200"
    names = ["n02", "n01"]
    for level, name in enumerate(names):
        (folder / "train" / name / "images").mkdir(parents=True)
        for i in range(2):
            image = np.full((64, 64, 3), 100 * level + 10 * i)
            keras.utils.save_img(folder / "train" / name / "images" / f"{name}_{i}.JPEG", image, scale=False)
    (folder / "val" / "images").mkdir(parents=True)
    keras.utils.save_img(folder / "val" / "images" / "val_0.JPEG", np.full((64, 64, 3), 50), scale=False)
    (folder / "val" / "val_annotations.txt").write_text("val_0.JPEG\tn02\t0\t0\t1\t1\n")
    (folder / "wnids.txt").write_text("\n".join(names) + "\n")
    return folder


def test_cifar100(home):
    make_cifar100(home)
    (images, labels), (test, _) = load_archive("cifar100")
    assert images.shape == (3, 32, 32, 3) and images.dtype == np.uint8 and test.shape == (2, 32, 32, 3)
    assert labels.tolist() == [0, 1, 2] and labels.dtype == np.int64
    assert images[2, 5, 6].tolist() == [2, 12, 22]


def test_tiny_imagenet(home):
    make_tiny_imagenet(home)
    (images, labels), (validation, others) = load_archive("tiny_imagenet_200")
    assert images.shape == (4, 64, 64, 3) and labels.tolist() == [0, 0, 1, 1]
    assert images[:, 0, 0, 0].tolist() == [100, 110, 0, 10]
    assert validation.shape == (1, 64, 64, 3) and others.tolist() == [1]


def test_as_other_data_sets(home):
    make_cifar100(home, 10)
    (images, labels), (test, _) = load_labelled("cifar100", ("train", "test"), images=4)
    assert len(images) == len(labels) == 4 and len(test) == 2
    train, held_out = load_images("cifar100", 6, 3)
    assert train.shape == (6, 32, 32, 1) and np.allclose(held_out[:, 0, 0, 0], [17 / 255, 18 / 255, 19 / 255])
    with pytest.raises(ValueError, match=r"cifar100 has 10 training images\. Received: 9 and 3"):
        load_images("cifar100", 9, 3)


@pytest.mark.parametrize("dataset", archives.ARCHIVES)
def test_nothing_is_downloaded_unasked(home, monkeypatch, dataset):
    monkeypatch.setattr(keras.utils, "get_file", lambda *arguments, **options: pytest.fail("a download"))
    for load in (load_archive, lambda name: load_labelled(name, ("train", "test"))):
        with pytest.raises(ValueError) as caught:
            load(dataset)
        assert str(home) in str(caught.value) and "download=True" in str(caught.value)
        assert archives.ARCHIVES[dataset].url in str(caught.value)


@pytest.mark.parametrize("dataset", archives.ARCHIVES)
def test_a_download_is_checked_and_unpacked(tmp_path, home, monkeypatch, dataset):
    made = {"cifar100": make_cifar100, "tiny_imagenet_200": make_tiny_imagenet}[dataset](tmp_path)
    file = tmp_path / pathlib.PurePosixPath(archives.ARCHIVES[dataset].url).name
    if file.suffix == ".gz":
        with tarfile.open(file, "w:gz") as archive:
            archive.add(made, made.name)
    else:
        with zipfile.ZipFile(file, "w") as archive:
            for path in made.rglob("*"):
                archive.write(path, path.relative_to(tmp_path))

    def serve(md5):
        changed = archives.dataclasses.replace(archives.ARCHIVES[dataset], url=file.as_uri(), md5=md5)
        monkeypatch.setitem(archives.ARCHIVES, dataset, changed)

    serve("0" * 32)
    with pytest.raises(ValueError, match="could not be downloaded"):
        locate(dataset, download=True)
    serve(hashlib.md5(file.read_bytes()).hexdigest())
    assert locate(dataset, download=True) == home / made.name
    assert len(load_archive(dataset)[0][0]) > 2


def test_damaged_archives_are_named(home):
    (make_cifar100(home) / "train.bin").write_bytes(b"123")
    with pytest.raises(ValueError, match=r"train\.bin is damaged: it has 3 bytes"):
        load_archive("cifar100")
    folder = make_tiny_imagenet(home)
    (folder / "val" / "images" / "val_0.JPEG").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"val_0\.JPEG is damaged: "):
        load_archive("tiny_imagenet_200")
    (folder / "wnids.txt").unlink()
    with pytest.raises(ValueError, match=r"is damaged: it lacks wnids\.txt"):
        load_archive("tiny_imagenet_200")
