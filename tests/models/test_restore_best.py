import math
import os
import signal

import keras
import numpy as np
import pytest
from compare import assert_close, images, to_numpy

from keras_scatter.files import SEAL
from keras_scatter.layers import ComplexModulusConv
from keras_scatter.models import RestoreBest, ScatteringDistiller

pytestmark = pytest.mark.keras_version

IMAGES = images(8, 8, 8, 1)


def distiller(rate, **arguments):
    model = ScatteringDistiller(ComplexModulusConv(L=2, order=1, kernel_size=5, **arguments))
    model.compile(keras.optimizers.SGD(rate))
    return model


def loss(model):
    return model.evaluate(IMAGES, verbose=0, return_dict=True)["loss"]


def test_a_training_that_only_harms_changes_nothing():
    model, best = distiller(1e3), RestoreBest()
    before = to_numpy(model(IMAGES))
    model.fit(IMAGES, validation_data=IMAGES, epochs=2, callbacks=[best], verbose=0)
    assert best.best_epoch == 0
    assert_close(model(IMAGES), before, 0)


def test_a_nan_is_never_the_best():
    model, best = distiller(math.inf), RestoreBest()
    model.fit(IMAGES, validation_data=IMAGES, epochs=1, callbacks=[best], verbose=0)
    assert best.best_epoch == 0
    assert np.isfinite(to_numpy(model(IMAGES))).all()


def test_the_best_epoch_is_restored():
    model, best = distiller(1e-3, kernel_initializer="glorot_uniform"), RestoreBest()
    history = model.fit(IMAGES, validation_data=IMAGES, epochs=3, callbacks=[best], verbose=0).history["val_loss"]
    assert best.best_epoch == 1 + int(np.argmin(history))
    assert loss(model) == pytest.approx(min(history), rel=1e-4)


class PressCtrlC(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_the_fit_with_the_best_weights():
    model, best = distiller(1e3), RestoreBest()
    before, handler = to_numpy(model(IMAGES)), signal.getsignal(signal.SIGINT)
    history = model.fit(
        IMAGES, validation_data=IMAGES, batch_size=1, epochs=50, callbacks=[best, PressCtrlC()], verbose=0
    )
    assert best.interrupted and len(history.epoch) <= 1
    assert_close(model(IMAGES), before, 0)
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_best_is_kept_in_a_file(tmp_path):
    path = tmp_path / "best.npz"
    first = distiller(1e-3, kernel_initializer="glorot_uniform")
    before = RestoreBest(filepath=path)
    first.fit(IMAGES, validation_data=IMAGES, epochs=2, callbacks=[before], verbose=0)
    after = RestoreBest(filepath=path)
    assert (after.best, after.best_epoch) == (before.best, before.best_epoch)
    with np.load(path) as archive:
        assert archive.files[0] == SEAL  # behind other arrays a flipped bit could hide it
    second = distiller(1e3, kernel_initializer="glorot_uniform")
    second.fit(IMAGES, validation_data=IMAGES, epochs=1, callbacks=[after], verbose=0)
    assert_close(second(IMAGES), first(IMAGES), 1e-6)


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"filepath must end in \.npz"):
        RestoreBest(filepath="best.h5")
    with pytest.raises(ValueError, match="RestoreBest needs fit"):
        distiller(0.1).fit(IMAGES, callbacks=[RestoreBest()], verbose=0)
    with pytest.raises(ValueError, match=r"monitor must be one of \['val_loss', .* Received: monitor='val_lost'"):
        distiller(0.1).fit(IMAGES, validation_data=IMAGES, callbacks=[RestoreBest("val_lost")], verbose=0)


class Fail(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        raise RuntimeError("no space left")


def test_ctrl_c_is_given_back_after_an_exception():
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="no space left"):
        distiller(0.1).fit(IMAGES, validation_data=IMAGES, callbacks=[RestoreBest(), Fail()], verbose=0)
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interrupted_epoch_is_no_epoch():
    """It is neither a candidate, even if it is better, nor logged."""
    model, best = distiller(1e-3, kernel_initializer="glorot_uniform"), RestoreBest()
    seen = []
    log = best.whole_epochs(keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)))
    model.fit(IMAGES, validation_data=IMAGES, batch_size=1, epochs=5, callbacks=[best, PressCtrlC(), log], verbose=0)
    assert best.interrupted and best.best_epoch == 0 and seen == []


def test_another_distiller_begins_anew():
    first, second, best = distiller(1e-3), distiller(1e3), RestoreBest()
    for variable in second.student.trainable_variables:
        variable.assign(variable * 2)
    before = to_numpy(second(IMAGES))
    for model in (first, second):
        model.fit(IMAGES, validation_data=IMAGES, epochs=1, callbacks=[best], verbose=0)
    assert best.best_epoch == 0
    assert_close(second(IMAGES), before, 0)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "best.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"best\.npz is damaged"):
        RestoreBest(filepath=path)
    np.savez(path, best=1.0, best_epoch=2)
    with pytest.raises(ValueError, match=r"best\.npz is damaged: it lacks weights"):
        RestoreBest(filepath=path)
