"""Training: two spirals told apart, the best parameters kept, and a run that stops and goes on."""

import math
import tempfile
from pathlib import Path
from typing import Any

import penstock as ps


def spirals(count: int, seed: int) -> tuple[ps.Tensor, ps.Tensor]:
    """Points on two arms, a little off, and which arm each is on."""
    place, noise = ps.random.split(ps.random.key(seed))
    along = ps.random.uniform(place, (count,))
    arm = ps.arange(count) % 2
    angle = 2 * math.pi * along + math.pi * arm.astype("float32")
    points = ps.stack([along * ps.cos(angle), along * ps.sin(angle)], axis=1)
    return points + 0.02 * ps.random.normal(noise, (count, 2)), arm


def network() -> ps.Model:
    """What learns it."""
    model = ps.Model(seed=3)
    model.add(ps.layers.Dense(2, 64, activation="relu"))
    model.add(ps.layers.Dense(64, 64, activation="relu"))
    model.add(ps.layers.Dense(64, 2, activation="softmax"))
    model.compile(optimizer=ps.optimizers.Adam(learning_rate=0.005), loss="cross_entropy", metrics=["accuracy"])
    return model


(x, y), (x_validation, y_validation) = spirals(1000, seed=1), spirals(200, seed=2)
settings: dict[str, Any] = {"validation_data": (x_validation, y_validation), "batch_size": 50, "verbose": 0}

# Epoch after epoch, until the validation loss has not become better for ten of them.
model = network()
stop = ps.callbacks.EarlyStopping("val_loss", patience=10, restore_best_weights=True)
history = model.fit(x, y, epochs=200, callbacks=[stop], **settings)
print(sorted(history.history))
figures = model.evaluate(x_validation, y_validation, verbose=0, return_dict=True)
print("learned:", figures["accuracy"] > 0.95, "before the last epoch:", len(history.epoch) < 200)

with tempfile.TemporaryDirectory() as folder:
    # A run of six epochs that is stopped in the middle of the third, and goes on from its checkpoint ...
    path = Path(folder, "last.safetensors")
    save = ps.callbacks.ModelCheckpoint(path, every=5)

    def stop_at_step_50(batch: int, _: dict[str, float]) -> None:
        """What stands for a power cut."""
        if stopped.step == 50:
            raise InterruptedError

    stopped = network()
    cut = ps.callbacks.LambdaCallback(on_batch_end=stop_at_step_50)
    try:
        stopped.fit(x, y, epochs=6, callbacks=[cut, save], **settings)
    except InterruptedError:
        print("stopped at step", stopped.step)
    resumed = network()
    resumed.fit(x, y, epochs=6, callbacks=[ps.callbacks.LambdaCallback(), save], resume=path, **settings)

# ... ends with the same bytes as one that was never stopped.
whole = network()
whole.fit(x, y, epochs=6, **settings)
pairs = zip(resumed.get_weights(), whole.get_weights(), strict=True)
print("the same bytes:", all(each.equal(other, bitwise=True) for each, other in pairs))

# It prints:
#   ['accuracy', 'learning_rate', 'loss', 'val_accuracy', 'val_loss']
#   learned: True before the last epoch: True
#   stopped at step 50
#   the same bytes: True
