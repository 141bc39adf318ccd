import numpy as np
import pytest
from compare import once

from keras_scatter.features.sources import Arrays, Folder, source_of

pytestmark = once


@pytest.fixture
def folder(tmp_path):
    """Five grey images of two classes: their values are 10 times their numbers."""
    image = pytest.importorskip("PIL.Image")
    for number in range(5):
        path = tmp_path / "images" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(np.full((6, 4), 10 * number, "uint8")).save(path)
    return tmp_path / "images"


def test_images_come_in_the_order_of_their_names(folder):
    source = Folder(folder, color_mode="grayscale", scale=1)
    part = source.read(1, 4)
    assert (source.count, source.shape) == (5, (6, 4, 1))
    assert part.names.tolist() == ["a/2.png", "a/4.png", "b/1.png"] and part.labels.tolist() == [0, 0, 1]
    assert part.inputs.dtype == np.float32 and part.inputs[:, 0, 0, 0].tolist() == [20, 40, 10] and not part.skipped


def test_colours_and_scales(folder):
    part = Folder(folder).read(0, 5)
    assert part.inputs.shape == (5, 6, 4, 3) and np.allclose(part.inputs[1], 20 / 255)
    assert Folder(folder, image_size=(3, 8)).read(0, 5).inputs.shape == (5, 3, 8, 3)


def test_images_without_classes_have_no_labels(folder):
    assert Folder(folder / "a").read(0, 2).labels is None
    (folder / "0.png").write_bytes((folder / "a" / "0.png").read_bytes())
    assert Folder(folder).read(0, 6).labels is None


def break_images(folder):
    (folder / "a" / "2.png").write_bytes((folder / "a" / "2.png").read_bytes()[:40])
    (folder / "b" / "1.png").write_bytes(b"no image")


def test_images_that_cannot_be_read_are_named_and_counted(folder):
    break_images(folder)
    said = r"input must hold .* Received: 2 that cannot be read \(a/2\.png: .*; b/1\.png: "
    with pytest.raises(ValueError, match=said):
        Folder(folder, argument="input").read(0, 5)


def test_images_that_cannot_be_read_are_left_out_when_asked(folder):
    break_images(folder)
    part = Folder(folder, on_error="skip", scale=1).read(0, 5)
    assert part.names.tolist() == ["a/0.png", "a/4.png", "b/3.png"] and list(part.skipped) == ["a/2.png", "b/1.png"]
    assert part.inputs[:, 0, 0, 0].tolist() == [0, 40, 30] and part.labels.tolist() == [0, 0, 1]
    assert Folder(folder / "b", on_error="skip").image_size == (6, 4)
    none = Folder(folder, on_error="skip", image_size=(6, 4)).read(1, 2)
    assert none.inputs.shape == (0, 6, 4, 3) and len(none.labels) == len(none.names) == 0


@pytest.mark.parametrize(("pixels", "text"), [((7, 4), "it is 7x4, not 6x4"), ((6, 4), "more than 8 bits")])
def test_images_of_another_kind_are_refused(folder, pixels, text):
    from PIL import Image

    Image.fromarray(np.zeros(pixels, "uint8" if pixels == (7, 4) else "uint16")).save(folder / "b" / "5.png")
    with pytest.raises(ValueError, match=text):
        Folder(folder).read(0, 6)


def test_the_description_of_a_folder(folder):
    found = Folder(folder).describe()
    assert found["images"] == 5 and found["classes"] == ["a", "b"]
    moved = folder.rename(folder.parent / "moved")
    assert Folder(moved).describe() == found
    (moved / "b" / "1.png").rename(moved / "b" / "2.png")
    assert Folder(moved).describe() != found


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"color_mode": "RGB"}, ValueError, "color_mode must be one of 'rgb', 'grayscale'. Received: color_mode='RGB'"),
        ({"scale": 0}, ValueError, "scale must be a number > 0"),
        ({"on_error": "stop"}, ValueError, "on_error must be one of 'fail', 'skip'"),
        ({"image_size": 8}, TypeError, "image_size must be two integers"),
        ({"image_size": (8, 0)}, ValueError, "image_size must be an integer >= 1"),
    ],
)
def test_bad_options(folder, options, error, text):
    with pytest.raises(error) as caught:
        source_of(folder, **options)
    assert text in str(caught.value)


def test_folders_without_images(tmp_path):
    with pytest.raises(ValueError, match="data must be a folder of images"):
        source_of(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"data must be a folder with images \(\.bmp, .*without any"):
        source_of(tmp_path)


def test_arrays():
    x = np.arange(12).reshape(4, 3)
    source = source_of((x, [0, 1, 2, 3]))
    part = source.read(1, 3)
    assert (
        part.inputs.dtype == np.float32 and part.inputs.tolist() == x[1:3].tolist() and part.labels.tolist() == [1, 2]
    )
    assert source_of(x).describe() != source.describe() == Arrays(x, np.arange(4)).describe()
    assert source_of(x + 1).describe() != source_of(x).describe()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.zeros((0, 4)), r"data must hold items. Received: shape \(0, 4\)"),
        ((np.zeros(3), np.zeros(2)), "data must have a label for each item"),
        ((np.zeros(3),), "data must be inputs, or inputs and labels. Received: a tuple of 1"),
    ],
)
def test_bad_arrays(data, text):
    with pytest.raises(ValueError, match=text):
        source_of(data)


def test_batches_of_a_dataset_are_cut_anew():
    import tensorflow as tf

    x = np.arange(10, dtype="int32")[:, None]
    source = source_of(tf.data.Dataset.from_tensor_slices((x, x[:, 0] % 2)).batch(3))
    parts = list(source.parts(4))
    assert [part.inputs[:, 0].tolist() for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert parts[2].labels.tolist() == [0, 1] and source.shape == (1,) and source.count is None
    assert parts[0].digest() != parts[1].digest() and parts[0].inputs.dtype == np.float32
    one = next(source_of(tf.data.Dataset.from_tensor_slices(x).batch(100)).parts(3))
    assert one.inputs[:, 0].tolist() == [0, 1, 2] and one.labels is None


@pytest.mark.parametrize("elements", [{"a": [1.0]}, ([1], [1], [1]), [1.0]])
def test_datasets_of_other_elements_are_refused(elements):
    import tensorflow as tf

    with pytest.raises(ValueError, match="data must be a dataset of batches of inputs"):
        source_of(tf.data.Dataset.from_tensor_slices(elements))
