import dataclasses

import keras
import numpy as np
import pytest
from compare import assert_close, to_numpy

from keras_scatter.workflows import training
from keras_scatter.workflows.training import Backup, Batches, DecayedSGD, Recipe, shifted_and_mirrored, train

RECIPE = Recipe(0.1, 0.5, 1e-3, 1.0, epochs=3, batch=8)


def data(count=20):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, 4, 4, 1)).astype("float32"), generator.integers(0, 3, count)


def classifier():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3)])


def test_weight_decay_is_that_of_pytorch():
    """v <- m v + (g + d w), w <- w - r v."""
    rate, momentum, decay, generator = 0.3, 0.9, 0.2, np.random.default_rng(0)
    w, v = generator.normal(size=5), np.zeros(5)
    variable = keras.Variable(w, dtype="float32")
    optimizer = DecayedSGD(rate, momentum, decay)
    optimizer.build([variable])
    for gradient in generator.normal(size=(4, 5)):
        optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [variable])
        v = momentum * v + gradient + decay * w
        w = w - rate * v
        assert_close(variable, w, 1e-5)
    assert DecayedSGD.from_config(optimizer.get_config()).l2 == decay


def test_the_learning_rate_drops_after_whole_epochs():
    rate = Recipe(0.5, 0.9, 0, 1, epochs=120, drops=(60, 80, 100)).optimizer(steps=10)._learning_rate
    found = [float(rate(step)) for step in (0, 599, 600, 799, 800, 999, 1000)]
    assert_close(found, [0.5, 0.5, 0.1, 0.1, 0.02, 0.02, 0.004])


def test_a_shorter_recipe_has_its_drops_in_proportion():
    assert Recipe(1, 0, 0, 1, epochs=120, drops=(60, 90)).of_length(12).drops == (6, 9)
    assert RECIPE.of_length(3) == RECIPE


def test_batches_are_a_function_of_seed_epoch_and_index():
    first, second = (Batches(*data(), batch=8, seed=3, augment=True) for _ in range(2))
    assert len(first) == 3 and first[2][0].shape == (4, 4, 4, 1)
    first[0]
    for epoch in (2, 0):
        first.start(epoch)
    second.start(0)
    assert all(np.array_equal(a, b) for a, b in zip(first[1], second[1]))
    second.start(1)
    assert not np.array_equal(first[1][0], second[1][0])
    assert not np.array_equal(first[1][0], Batches(*data(), batch=8, seed=4, augment=True)[1][0])


def test_an_epoch_has_every_image_once():
    images, labels = np.arange(20.0).reshape(20, 1, 1, 1), np.arange(20)
    batches = Batches(images, labels, batch=8, seed=0)
    found = np.concatenate([batches[i][1] for i in range(3)])
    assert sorted(found) == list(range(20)) and list(found) != list(range(20))
    assert all(np.array_equal(x[:, 0, 0, 0], y) for x, y in batches)


def test_shifted_and_mirrored():
    image = np.arange(1.0, 37.0).reshape(1, 6, 6, 1)
    padded = np.pad(image, ((0, 0), (4, 4), (4, 4), (0, 0)))
    windows = [padded[0, r : r + 6, c : c + 6] for r in range(9) for c in range(9)]
    known = {window.tobytes() for window in windows} | {window[:, ::-1].tobytes() for window in windows}
    found = {one.tobytes() for one in shifted_and_mirrored(np.repeat(image, 2000, 0), np.random.default_rng(0))}
    assert found == known


class Stop(training.EpochLog):
    """Ctrl-C in the second epoch."""

    def on_train_batch_end(self, batch, logs=None):
        if self.epochs_seen:
            raise KeyboardInterrupt

    epochs_seen = 0

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        self.epochs_seen += 1


def test_a_resumed_training_is_an_uninterrupted_one(tmp_path, monkeypatch):
    whole = classifier()
    expected = train(whole, RECIPE, (data(), data()), 0, tmp_path / "whole", verbose=0)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "EpochLog", Stop)
        train(classifier(), RECIPE, (data(), data()), 0, tmp_path / "part", verbose=0)
    resumed = classifier()
    found = train(resumed, RECIPE, (data(), data()), 0, tmp_path / "part", verbose=0)
    assert len(found["loss"]) == 3
    for name in expected:
        assert_close(found[name], expected[name], 1e-5)
    for one, other in zip(whole.weights, resumed.weights):
        assert_close(one, other, 1e-5)


def test_a_finished_training_is_not_repeated(tmp_path):
    expected = train(classifier(), RECIPE, (data(), data()), 0, tmp_path, verbose=0)
    model = classifier()
    assert train(model, RECIPE, (data(), data()), 0, tmp_path, verbose=0) == expected
    assert not np.array_equal(to_numpy(model.weights[0]), to_numpy(classifier().weights[0]))


def test_logs_for_tensorboard(tmp_path):
    train(classifier(), RECIPE, (data(), data()), 0, tmp_path, verbose=0)
    assert list((tmp_path / "tensorboard" / "validation").iterdir())


def test_a_diverged_training_is_an_error_and_leaves_no_checkpoint(tmp_path):
    recipe = dataclasses.replace(RECIPE, learning_rate=1e30)
    with pytest.raises(ValueError, match=r"training diverged: the loss of epoch 1 is (nan|inf). Received: Recipe"):
        train(classifier(), recipe, (data(), data()), 0, tmp_path, verbose=0)
    assert not (tmp_path / "backup").exists()


def test_a_cut_row_of_the_log_is_written_anew(tmp_path):
    """As a full disk leaves it."""
    expected = train(classifier(), RECIPE, (data(), data()), 0, tmp_path / "whole", verbose=0)
    train(classifier(), dataclasses.replace(RECIPE, epochs=2), (data(), data()), 0, tmp_path / "part", verbose=0)
    log = tmp_path / "part" / "history.csv"
    log.write_text(log.read_text() + "2,0.1")
    found = train(classifier(), RECIPE, (data(), data()), 0, tmp_path / "part", verbose=0)
    for name in expected:
        assert_close(found[name], expected[name], 1e-5)
    assert log.read_text() == (tmp_path / "whole" / "history.csv").read_text()


def test_a_damaged_backup_is_named(tmp_path):
    """Bits all over the file: what can be read is what was written."""
    once = dataclasses.replace(RECIPE, epochs=1)
    whole = train(classifier(), once, (data(), data()), 0, tmp_path, verbose=0)
    file = tmp_path / "backup" / "latest.weights.h5"
    content, refused = file.read_bytes(), 0
    generator = np.random.default_rng(0)
    for _ in range(20):
        flipped = bytearray(content)
        flipped[generator.integers(len(content))] ^= 1 << generator.integers(8)
        file.write_bytes(flipped)
        model = classifier()
        try:
            assert train(model, once, (data(), data()), 0, tmp_path, verbose=0) == whole
        except ValueError as error:
            refused += 1
            assert "latest.weights.h5 is damaged: " in str(error)
    assert refused
    file.write_bytes(b"{")
    with pytest.raises(ValueError, match=r"latest\.weights\.h5 is damaged"):
        train(classifier(), RECIPE, (data(), data()), 0, tmp_path, verbose=0)


def test_a_backup_is_one_file(tmp_path):
    train(classifier(), RECIPE, (data(), data()), 0, tmp_path, verbose=0)
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["latest.weights.h5"]


def test_the_epoch_of_a_backup_is_part_of_its_checksum(tmp_path):
    train(classifier(), RECIPE, (data(), data()), 0, tmp_path, verbose=0)
    path = tmp_path / "backup" / "latest.weights.h5"
    content = path.read_bytes()
    start = content.index(b'{"epoch": ') + 10
    path.write_bytes(content[:start] + bytes([content[start] ^ 1]) + content[start + 1 :])
    with pytest.raises(ValueError, match=r"latest\.weights\.h5 is damaged: its checksum"):
        train(classifier(), RECIPE, (data(), data()), 0, tmp_path, verbose=0)


def test_the_backup_of_keras_is_read(tmp_path):
    """Version 0.1.0 wrote it."""
    model, (images, _) = classifier(), data()
    model.compile("sgd", "mse")
    earlier = keras.callbacks.BackupAndRestore(str(tmp_path), delete_checkpoint=False)
    model.fit(images, np.zeros((len(images), 3)), epochs=2, callbacks=[earlier], verbose=0)
    other = classifier()
    other.compile("sgd", "mse")
    backup = Backup(tmp_path)
    backup.set_model(other)
    backup.on_train_begin()
    assert other._initial_epoch == 2
    for one, found in zip(model.weights, other.weights):
        assert_close(one, found, 1e-7)


def test_steps_take_all_images_equally_often():
    batches = training.Steps(np.arange(10), np.arange(10), batch=4, seed=1, steps=5)
    drawn = [batches[index] for index in range(len(batches))]
    assert [len(images) for images, _ in drawn] == [4] * 5
    found = np.concatenate([images for images, _ in drawn])
    assert np.array_equal(np.bincount(found), np.full(10, 2)) and not np.array_equal(found[:10], found[10:])
    assert all(np.array_equal(*batch) for batch in drawn)
