"""The layers that networks are made of.

Each is made with its settings, and is called with a batch; where gradients are recorded, the result remembers how it
was made:

>>> import penstock as ps
>>> layer = ps.layers.Dense(2, 3, activation="relu")
>>> ps.sum(layer(ps.ones((4, 2)))).backward()
>>> layer.bias.grad.shape
(3,)

Names, shapes and first values of parameters are torch's. penstock.Model trains layers in a row, much faster.
"""

from penstock.layers.basic import (
    ELU,
    GELU,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LeakyReLU,
    LogSoftmax,
    Mish,
    ReLU,
    Reshape,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from penstock.layers.containers import Residual, Sequential
from penstock.layers.layer import Layer
from penstock.layers.normalizations import BatchNorm, LayerNorm, RMSNorm
from penstock.layers.sequences import GRU, LSTM, MultiHeadAttention
from penstock.layers.spatial import AvgPool2D, Conv1D, Conv2D, ConvTranspose2D, GlobalAvgPool2D, MaxPool2D

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "AvgPool2D",
    "BatchNorm",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GlobalAvgPool2D",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "LogSoftmax",
    "MaxPool2D",
    "Mish",
    "MultiHeadAttention",
    "RMSNorm",
    "ReLU",
    "Reshape",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]
