"""Networks: layers that are called, a model of layers, and its parameters."""

import tempfile
from pathlib import Path

import penstock as ps

# A layer is called with a batch; its parameters begin by its seed.
layer = ps.layers.Dense(3, 2, activation="tanh", seed=1)
x = ps.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(layer(x).shape, {name: each.shape for name, each in layer.parameters().items()})

# What is computed from layers is differentiated like anything else.
ps.sum(layer(x)).backward()
print(layer.weight.grad.shape)

# A model is layers in a row.  It knows what comes out of each.
model = ps.Model(seed=1)
model.add(ps.layers.Reshape((1, 8, 8)))
model.add(ps.layers.Conv2D(1, 4, 3, padding=1, activation="relu"))
model.add(ps.layers.MaxPool2D(2))
model.add(ps.layers.Flatten())
model.add(ps.layers.Dense(64, 10, activation="softmax"), name="head")
images = ps.random.uniform(ps.random.key(1), (5, 64))
probabilities = model.predict(images)
model.summary()
print(probabilities.shape, ps.all(ps.abs(probabilities.sum(axis=1) - 1) < 1e-6).item())

# Parameters have names; the flat buffer has all that are trained, in the model's own memory.
print(list(model.named_parameters()), model.parameters.ndim)

# A file holds the description too: loading needs nothing else.
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder, "digits.safetensors"))
    loaded = ps.Model.load(Path(folder, "digits.safetensors"))
print(loaded.predict(images).equal(probabilities, bitwise=True))

# It prints:
#   (2, 2) {'weight': (2, 3), 'bias': (2,)}
#   (2, 3)
#   Layer          Output shape     Parameters
#   ------------------------------------------
#   0 (Reshape)    (None, 1, 8, 8)           0
#   1 (Conv2D)     (None, 4, 8, 8)          40
#   2 (MaxPool2D)  (None, 4, 4, 4)           0
#   3 (Flatten)    (None, 64)                0
#   head (Dense)   (None, 10)              650
#   ------------------------------------------
#   Parameters: 690 (2.7 KiB), 690 of them trained
#   (5, 10) True
#   ['1.weight', '1.bias', 'head.weight', 'head.bias'] 1
#   True
