import gc
import weakref

from compare import images
from keras import ops

from keras_scatter.functional.scattering import cascade


def test_nothing_is_kept_after_a_call():
    """What the wavelets are made of can be large, so it must be free before garbage is collected."""

    def wavelet_moduli(moduli, level, scales):
        return [ops.tile(moduli[:, None, :: 2 ** (j - level), :: 2 ** (j - level)], (1, 3, 1, 1)) for j in scales]

    alive = weakref.ref(wavelet_moduli)
    gc.collect()
    gc.disable()
    try:
        maps = cascade(ops.convert_to_tensor(images(2, 16, 16)), wavelet_moduli, 2, 3, 2, "periodic")
        del wavelet_moduli
        assert alive() is None
    finally:
        gc.enable()
    assert tuple(maps.shape) == (2, 1 + 2 * 3 + 9, 4, 4)
