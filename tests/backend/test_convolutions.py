import pytest
from compare import BACKEND

from keras_scatter.backend import convolutions, programs


def test_the_form_of_a_backend():
    expected = {"tensorflow": "channels", "torch": "channels", "jax": "blocks"}[BACKEND]
    assert convolutions.form("float32") == expected
    assert {convolutions.form(dtype) for dtype in ("float16", "float64")} == {"planes"}
    with programs.inlined():
        assert convolutions.form("float32") == "planes"


def test_without_gradients_of_groups(monkeypatch):
    monkeypatch.setattr(convolutions, "_has_grouped_gradients", lambda: False)
    assert convolutions.form("float32") == {"tensorflow": "planes", "torch": "channels", "jax": "blocks"}[BACKEND]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's convolutions")
@pytest.mark.parametrize("fails", [False, True])
def test_grouped_gradients_are_tried(fails, monkeypatch):
    import tensorflow as tf

    def correlated(maps, kernel, *_):
        if fails:
            raise tf.errors.UnimplementedError(None, None, "no gradient of groups")
        return maps[..., :1] * kernel[0, 0, 0, 0]

    monkeypatch.setattr(tf.nn, "conv2d", correlated)
    convolutions._has_grouped_gradients.cache_clear()
    assert convolutions._has_grouped_gradients() is not fails
    convolutions._has_grouped_gradients.cache_clear()


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("vendor_id: GenuineIntel\nflags: avx512_bf16 amx_bf16", True),
        ("vendor_id: AuthenticAMD\nflags: avx512f avx512_bf16", True),
        ("vendor_id: GenuineIntel\nflags: avx512f avx512_bf16", False),
        ("vendor_id: AuthenticAMD\nflags: avx2", False),
        (None, False),
    ],
)
def test_which_processors_are_fast_in_bfloat16(about, expected, tmp_path, monkeypatch):
    path = tmp_path / "cpuinfo"
    if about is not None:
        path.write_text(about)
    monkeypatch.setattr(convolutions, "CPUINFO", path)
    convolutions._processor_has_bfloat16.cache_clear()
    assert convolutions._processor_has_bfloat16() is expected
    assert convolutions.has_bfloat16() is (expected and BACKEND != "jax")
    convolutions._processor_has_bfloat16.cache_clear()
