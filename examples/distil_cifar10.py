"""Distil the scattering transform into small convolutions, on the green channel of CIFAR-10.

The exact layer is the teacher: it computes the targets of every batch while `fit` runs. Two students can learn:

* `faithful`, the layer as it comes. Its filters are designed, so it is within one or two percent before any training;
  a very small learning rate improves it a little, and a larger one would spoil it.
* `paper`, two blocks of stride-2 convolutions from random filters. It learns order 0 and roughly order 1, and stays
  off by about half in order 2, because envelopes are decimated before they are smoothed.

A single mean squared error hides this, since order 0 holds nearly all the energy: watch the errors by order.

Run:

    python examples/distil_cifar10.py
    python examples/distil_cifar10.py --student paper --epochs 30
    python examples/distil_cifar10.py --dataset dead_leaves --images 200 --epochs 1     # no download, seconds
"""

import argparse
import os

import keras

from keras_scatter.layers import ComplexModulusConv
from keras_scatter.models import RestoreBest, ScatteringDistiller
from keras_scatter.workflows.datasets import load_images

BATCH_SIZE = 50


def make_student(design):
    if design == "paper":
        return ComplexModulusConv(L=8, order=2, design="paper", kernel_initializer="glorot_uniform")
    return ComplexModulusConv(L=8, order=2)


def make_optimizer(design, steps):
    if design == "paper":
        return keras.optimizers.AdamW(1e-3, weight_decay=0.01, global_clipnorm=1.0)
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-5, steps))


def errors_by_order(distiller, images):
    """Relative errors `sqrt(sum |student - teacher|^2 / sum |teacher|^2)` for orders 0, 1 and 2."""
    logs = distiller.evaluate(images, batch_size=BATCH_SIZE, verbose=0, return_dict=True)
    return [logs[f"relative_error_{order}"] for order in range(3)]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--student", choices=["faithful", "paper"], default="faithful", help="design of the student")
    parser.add_argument("--dataset", default="cifar10", help="cifar10, dead_leaves, random, or a folder of images")
    parser.add_argument("--images", type=int, default=2000, help="number of training images")
    parser.add_argument("--epochs", type=int, default=5, help="passes over the training images")
    parser.add_argument("--out", default="distilled.weights.h5", help="file for the filters, .weights.h5 or .npz")
    parser.add_argument("--overwrite", action="store_true", help="replace the file for the filters")
    options = parser.parse_args(arguments)
    if os.path.exists(options.out) and not options.overwrite:
        parser.error(f"{options.out} exists; --overwrite replaces it")

    # Both parts come from the train split: its first images to learn from, its last ones to measure on.
    train, held_out = load_images(options.dataset, options.images, max(options.images // 4, 1))
    print(f"{len(train)} images to train on, {len(held_out)} held out, each {train.shape[1]} x {train.shape[2]}")

    keras.utils.set_random_seed(0)
    student = make_student(options.student)
    distiller = ScatteringDistiller(student, loss="balanced")
    steps = options.epochs * -(-len(train) // BATCH_SIZE)
    distiller.compile(optimizer=make_optimizer(options.student, steps))

    before = errors_by_order(distiller, held_out)
    best = RestoreBest()  # the state before training is a candidate too
    distiller.fit(
        train,
        batch_size=BATCH_SIZE,
        epochs=options.epochs,
        validation_data=held_out,
        callbacks=[best],
        verbose=2,
    )
    after = errors_by_order(distiller, held_out)

    print(f"\nBest after {best.best_epoch} of {options.epochs} epochs. Relative error on held-out images:")
    print("order    before     after")
    for order, (first, last) in enumerate(zip(before, after)):
        print(f"{order:5d}  {first:8.2%}  {last:8.2%}")

    student.save_filters(options.out, overwrite=True, data=options.dataset, images=len(train), relative_error=after)
    design = "" if options.student == "faithful" else f'design="{options.student}", '
    print(f'\nUse the filters by ComplexModulusConv(L=8, order=2, {design}weights="{options.out}")')
    return before, after


if __name__ == "__main__":
    main()
