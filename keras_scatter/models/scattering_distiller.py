"""Distillation of the scattering transform into convolutions by `fit`."""

from typing import Any, Self

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import check_choice, shown
from keras_scatter.layers.base_complex_modulus_conv import BaseComplexModulusConv
from keras_scatter.layers.complex_modulus_conv import ComplexModulusConv
from keras_scatter.models.relative_error import RelativeError
from keras_scatter.models.restore_best import RestoreBest
from keras_scatter.typing import ArrayLike, Data, KerasObject, Shape, Tensor, Tensors

CALIBRATION_IMAGES = 512
NOTHING = 1e-36  # mean square of the coefficients of zeros: the smallest normal number stands below each root


@keras.saving.register_keras_serializable(package="keras_scatter")
class ScatteringDistiller(keras.Model):
    """Train convolutions to give the coefficients of the exact scattering transform.

    `fit` takes images, or signals, alone: the teacher computes the targets of each batch. Calling the model, and
    `predict`, give the student's features. Besides the loss, the relative error `sqrt(sum |V - S|^2 / sum |S|^2)` of
    every order m is logged as `relative_error_m`, because one squared error over all paths shows only order 0.

    Args:
        student: a `ComplexModulusConv` or `ComplexModulusConv1D`, or a model whose last layer is one.
        teacher: a layer with the same `paths`; None makes the `ScatteringFFT` or `ScatteringFFT1D` for the student's
            arguments.
        loss: `"balanced"` divides each path's squared error by its mean squared teacher coefficient (plus 1e-6 of
            the largest) over the first 512 images that `fit` sees; the divisors are computed once and saved with the
            model. `"mse"` is the plain mean squared error of the paper.
        **kwargs: `name`, `dtype` and other arguments of `keras.Model`.

    Raises:
        TypeError: the student is no `ComplexModulusConv` or `ComplexModulusConv1D`, and no model that ends in one.
        ValueError: the paths of student and teacher differ, the loss is unknown, `compile` was given a loss, or a
            student of signals pads by zeros, whose outputs are centred elsewhere.

    Example:

    >>> student = ComplexModulusConv(L=4, order=1, kernel_initializer="glorot_uniform")
    >>> distiller = ScatteringDistiller(student)
    >>> distiller.compile(optimizer=keras.optimizers.AdamW(1e-3, weight_decay=0.01, global_clipnorm=1.0))
    >>> images = np.random.default_rng(0).uniform(size=(8, 16, 16, 1))
    >>> history = distiller.fit(images, batch_size=4, verbose=0)
    >>> sorted(history.history)
    ['loss', 'relative_error_0', 'relative_error_1']

    Reference:
        Build the noise, shift, deformation stable filter group based on the reverse engineering with Scattering
        Transform: figure 1.
    """

    def __init__(
        self,
        student: keras.layers.Layer,
        teacher: keras.layers.Layer | None = None,
        loss: str = "balanced",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice("loss", loss, ("balanced", "mse"))
        layer = _scattering_layer(student)
        if teacher is None:
            teacher = layer.exact()
        if not isinstance(teacher, keras.layers.Layer):
            raise TypeError(f"teacher must be a scattering layer. Received: teacher={shown(teacher)}")
        for scattering in (layer, teacher):
            if scattering.get_config().get("output") != "scattering":
                raise ValueError(
                    'student and teacher must give coefficients, output="scattering". '
                    f"Received: the layer {scattering.name!r} with output={scattering.get_config().get('output')!r}"
                )
        if getattr(teacher, "feature_order", None) != layer.feature_order:
            raise ValueError(
                "teacher must order its features as the student does, c * K + k. "
                f"Received: {type(teacher).__name__}, whose features are not in that order"
            )
        if getattr(teacher, "paths", None) != layer.paths:
            raise ValueError(
                "student and teacher must have the same paths. "
                f"Received: {_summary(layer)} for the student, {_summary(teacher)} for the teacher"
            )
        self.student = student
        self.teacher = teacher
        self.distillation_loss = loss
        self.path_weights = self.add_weight(
            name="path_weights", shape=(len(layer.paths),), initializer="ones", trainable=False
        )
        self.calibrated = self.add_weight(name="calibrated", shape=(), initializer="zeros", trainable=False)
        self._data_format = layer.data_format
        orders = [path.order for path in layer.paths]
        there = sorted(set(orders))
        self._order_slices = [slice(orders.index(m), orders.index(m) + orders.count(m)) for m in there]
        self._errors = [RelativeError(name=f"relative_error_{m}") for m in there]

    def build(self, input_shape: Shape) -> None:
        if not self.student.built:
            self.student.build(input_shape)
        self.built = True

    def call(self, images: ArrayLike) -> Tensors:
        return self.student(images)

    def compile(self, optimizer: KerasObject = "adam", loss: KerasObject = None, **kwargs: Any) -> None:
        """As `keras.Model.compile`, but the loss is the distiller's: one given here is a ValueError."""
        if loss is not None:
            raise ValueError(
                "compile takes no loss: the loss is chosen by ScatteringDistiller(..., loss='balanced' or 'mse'). "
                f"Received: loss={loss!r}"
            )
        super().compile(optimizer=optimizer, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def fit(
        self, x: Data = None, *args: Any, validation_data: Data = None, callbacks: Any = None, **kwargs: Any
    ) -> keras.callbacks.History:
        """As `keras.Model.fit`, with images alone: arrays, `tf.data`, Keras datasets or PyTorch loaders.

        Labels that a data set yields beside its images are ignored. With a `RestoreBest` among the callbacks the
        state before training is evaluated first.
        """
        if self.distillation_loss == "balanced" and not float(ops.convert_to_numpy(self.calibrated)):
            self.calibrate(x)
        given = callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]
        kept = [callback for callback in given if isinstance(callback, RestoreBest)]
        for callback in kept:
            callback.set_model(self)
            if callback.best_weights is None:
                self._evaluate_before(callback, validation_data, kwargs.get("batch_size"))
        try:
            return super().fit(x, *args, validation_data=validation_data, callbacks=callbacks, **kwargs)
        finally:
            # Keras calls no callback after an exception.
            for callback in kept:
                callback.release()

    def calibrate(self, images: Data) -> None:
        """Set the path weights of the balanced loss from the first 512 images of an array or data set.

        Kernels that were drawn at random are scaled too, such that each block of the student gives as much energy as
        the teacher; from another scale, training would spend its time on that. `fit` does all this once by itself; call
        it before if the images come from a generator.

        Raises:
            ValueError: there are no images, all are zero, or one has NaN or values whose squares are infinite; nothing
                is set then.
        """
        mean = self._mean_squares(self.teacher, images)
        if not np.isfinite(mean).all() or mean.max() <= NOTHING:
            fault = "zeros only" if mean.max() <= NOTHING else "NaN, or values whose squares are infinite"
            raise ValueError(
                f"The first {CALIBRATION_IMAGES} images must be finite and not all zero, because path weights follow "
                f"from them. Received: {fault}"
            )
        self.path_weights.assign(1 / (mean + 1e-6 * mean.max() + np.finfo("float32").tiny))
        self.calibrated.assign(1.0)
        self._scale_random_kernels(images, mean)

    def _scale_random_kernels(self, images, mean):
        """Scale the student's kernels, unless they were designed, read or trained.

        Args:
            mean: mean square of the teacher's coefficients, by path.
        """
        layer = _scattering_layer(self.student)
        if not isinstance(layer, ComplexModulusConv) or not layer.is_as_drawn():
            return
        found = self._mean_squares(self.student, images)
        if not np.isfinite(found).all() or found.min() <= NOTHING:
            return
        # A low-pass has a positive mean; energies stay.
        kernels = _lowpasses(layer).items()
        layer.scale_filters({name: np.where(kernel.sum((0, 1)) < 0, -1, 1) for name, kernel in kernels})
        layer.scale_filters(_factors(layer, np.sqrt(mean / found)))

    def _mean_squares(self, layer, images):
        """Mean square of the coefficients that a layer gives for the first images, by path."""
        total, pixels = 0.0, 0
        for batch in _first_images(images, CALIBRATION_IMAGES):
            coefficients = self._by_path(layer(ops.convert_to_tensor(batch)))
            others = tuple(range(len(coefficients.shape) - 1))
            total = total + ops.convert_to_numpy(ops.sum(ops.square(coefficients), axis=others)).astype("float64")
            pixels += int(np.prod(coefficients.shape[:-1]))
        if not pixels:
            raise ValueError("fit needs at least one image. Received: an empty data set")
        return total / pixels

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        target = self._by_path(ops.stop_gradient(self.teacher(x)))
        found = self._by_path(y_pred)
        for metric, paths in zip(self._errors, self._order_slices):
            metric.update_state(target[..., paths], found[..., paths])
        return ops.mean(ops.square(found - target) * self.path_weights)

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "student": serialize(self.student),
            "teacher": serialize(self.teacher),
            "loss": self.distillation_loss,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        config = dict(config)
        for part in ("student", "teacher"):
            config[part] = keras.saving.deserialize_keras_object(config[part], custom_objects=custom_objects)
        return cls(**config)

    def _by_path(self, features):
        """Features as `(batch, h, w, C, K)`, or `(batch, time, C, K)`, in the dtype of the variables."""
        if self._data_format == "channels_first":
            features = ops.moveaxis(features, 1, -1)
        paths = self.path_weights.shape[0]
        features = ops.reshape(features, (*ops.shape(features)[:-1], features.shape[-1] // paths, paths))
        return ops.cast(features, self.path_weights.dtype)

    def _evaluate_before(self, callback, validation_data, batch_size):
        if validation_data is None:
            raise ValueError("RestoreBest needs fit(..., validation_data=images). Received: validation_data=None")
        logs = self.evaluate(validation_data, batch_size=batch_size, verbose=0, return_dict=True)
        callback.consider(0, {f"val_{name}": value for name, value in logs.items()})


def _scattering_layer(student):
    layer = student.layers[-1] if isinstance(student, keras.Model) and student.layers else student
    if not isinstance(layer, BaseComplexModulusConv):
        raise TypeError(
            "student must be a ComplexModulusConv, a ComplexModulusConv1D or a model whose last layer is one. "
            f"Received: {type(student).__name__}"
        )
    return layer


def _lowpasses(layer):
    filters = layer.filters.items()
    return {name: ops.convert_to_numpy(kernel) for name, kernel in filters if name.startswith("lowpass")}


def _factors(layer, ratios):
    """Factors of kernels, given by what the amplitude of each path must be multiplied.

    A path of order 1 and scale d has every low-pass and psi_d; that of order 0 has the low-passes alone.
    """
    orders = np.array([path.order for path in layer.paths])
    smooth = float(np.mean(ratios[orders == 0])) if 0 in orders else 1.0
    lowpasses = _lowpasses(layer)
    factors = dict.fromkeys(lowpasses, smooth ** (1 / max(1, len(lowpasses))))
    for d in range(layer.group_config["J"]):
        chosen = [path.order == 1 and path.scales == (d,) for path in layer.paths]
        if any(chosen):
            factors[f"psi_{d}"] = float(np.exp(np.mean(np.log(ratios[chosen])))) / smooth
    return factors


def _summary(layer):
    paths = getattr(layer, "paths", ())
    return f"{len(paths)} paths up to {paths[-1]}" if paths else "none"


def _first_images(images, count):
    """Batches of at most `count` images in all, from an array, a data set or anything that can be iterated anew."""
    if hasattr(images, "shape"):
        yield from (images[i : i + 64] for i in range(0, min(count, len(images)), 64))
        return
    if isinstance(images, keras.utils.PyDataset):
        images = map(images.__getitem__, range(images.num_batches or 0))
    elif iter(images) is images:
        raise ValueError(
            "The images of a generator can be read only once: call distiller.calibrate(first_images) before fit. "
            f"Received: {type(images).__name__}"
        )
    for batch in images:
        batch = batch[0] if isinstance(batch, (tuple, list)) else batch
        yield batch[:count]
        count -= len(batch)
        if count <= 0:
            return
