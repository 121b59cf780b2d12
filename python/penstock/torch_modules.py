"""torch's modules and penstock's layers, each made from the other with copies of the parameters.

The names and shapes of parameters are torch's already, but for those of recurrent and attention layers, whose torch
names stand in RENAMED.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from penstock import creation, layers
from penstock.errors import InvalidArgumentError, UnavailableError
from penstock.interop import import_optional
from penstock.layers.layer import Layer

__all__ = ["dtype_of", "layer_of", "layers_of", "module_of", "parameters_of", "sequential_of"]

RENAMED = {
    "weight_ih_l0": "weight_ih",
    "weight_hh_l0": "weight_hh",
    "bias_ih_l0": "bias_ih",
    "bias_hh_l0": "bias_hh",
    "out_proj.weight": "out_proj_weight",
    "out_proj.bias": "out_proj_bias",
}


# ---- From torch ----


def convolution(kind: Callable[..., Layer]) -> Callable[[Any], Layer]:
    """What makes a layer of a torch convolution."""

    def make(module: Any) -> Layer:
        if module.padding_mode != "zeros":
            refuse(module, f"padding_mode is {module.padding_mode!r}: only zeros are padded")
        settings = {
            "kernel_size": module.kernel_size,
            "stride": module.stride,
            "padding": module.padding,
            "dilation": module.dilation,
        }
        plain = {key: each if isinstance(each, str) else short(each) for key, each in settings.items()}
        if kind is layers.ConvTranspose2D:
            plain["output_padding"] = short(module.output_padding)
        sizes = module.in_channels, module.out_channels
        return kind(*sizes, groups=module.groups, use_bias=module.bias is not None, **plain)

    return make


def short(sizes: Any) -> int | list[int]:
    """Sizes, as one number where they are equal."""
    given = list(sizes) if isinstance(sizes, (tuple, list)) else [sizes]
    return given[0] if len(set(given)) == 1 else given


def refuse(module: Any, reason: str) -> None:
    """Says why a module has no counterpart."""
    raise UnavailableError(f"{type(module).__name__} has no counterpart here: {reason}")


def batch_norm(module: Any) -> Layer:
    """BatchNorm1d and BatchNorm2d."""
    if not module.track_running_stats or module.momentum is None:
        refuse(module, "running statistics with a momentum are expected")
    return layers.BatchNorm(module.num_features, epsilon=module.eps, momentum=module.momentum, affine=module.affine)


def layer_norm(module: Any) -> Layer:
    """LayerNorm."""
    has_bias = not module.elementwise_affine or module.bias is not None
    return layers.LayerNorm(
        module.normalized_shape, epsilon=module.eps, affine=module.elementwise_affine, use_bias=has_bias
    )


def rms_norm(module: Any) -> Layer:
    """RMSNorm."""
    return layers.RMSNorm(module.normalized_shape, epsilon=module.eps, affine=module.elementwise_affine)


def recurrent(kind: Any) -> Callable[[Any], Layer]:
    """What makes a layer of a torch LSTM or GRU."""

    def make(module: Any) -> Layer:
        if module.num_layers != 1 or module.bidirectional or not module.batch_first or getattr(module, "proj_size", 0):
            refuse(module, "one layer, one direction, batch_first=True and no projection are expected")
        made: Layer = kind(module.input_size, module.hidden_size, return_sequences=True, use_bias=module.bias)
        return made

    return make


def attention(module: Any) -> Layer:
    """MultiheadAttention."""
    if not module.batch_first or not module._qkv_same_embed_dim or module.bias_k is not None or module.add_zero_attn:
        refuse(module, "batch_first=True, one size of features and no added keys are expected")
    has_bias = module.in_proj_bias is not None
    return layers.MultiHeadAttention(module.embed_dim, module.num_heads, use_bias=has_bias, dropout=module.dropout)


def adaptive_pool(module: Any) -> Layer:
    """AdaptiveAvgPool2d to one number a channel."""
    if short(module.output_size) != 1:
        refuse(module, f"output_size is {module.output_size}: expected 1")
    return layers.Sequential(layers.GlobalAvgPool2D(), layers.Reshape((-1, 1, 1)))


def flatten(module: Any) -> Layer:
    """Flatten."""
    if (module.start_dim, module.end_dim) != (1, -1):
        refuse(module, f"it flattens axes {module.start_dim} to {module.end_dim}: expected 1 to -1")
    return layers.Flatten()


def max_pool(module: Any) -> Layer:
    """MaxPool2d."""
    if module.return_indices:
        refuse(module, "return_indices is true")
    sizes = short(module.kernel_size), short(module.stride), short(module.padding), short(module.dilation)
    return layers.MaxPool2D(*sizes, ceil_mode=module.ceil_mode)


def average_pool(module: Any) -> Layer:
    """AvgPool2d."""
    if module.divisor_override is not None:
        refuse(module, "divisor_override is given")
    sizes = short(module.kernel_size), short(module.stride), short(module.padding)
    return layers.AvgPool2D(*sizes, ceil_mode=module.ceil_mode, count_include_pad=module.count_include_pad)


def embedding(module: Any) -> Layer:
    """Embedding."""
    if module.max_norm is not None or module.padding_idx is not None or module.scale_grad_by_freq:
        refuse(module, "max_norm, padding_idx and scale_grad_by_freq are not known")
    return layers.Embedding(module.num_embeddings, module.embedding_dim)


def linear(module: Any) -> Layer:
    """Linear."""
    return layers.Dense(module.in_features, module.out_features, use_bias=module.bias is not None)


def unflatten(module: Any) -> Layer:
    """Unflatten of all but the batch."""
    if module.dim != 1:
        refuse(module, f"it unflattens axis {module.dim}: expected 1")
    return layers.Reshape(list(module.unflattened_size))


def softmax(kind: Any) -> Callable[[Any], Layer]:
    """What makes a layer of a torch Softmax."""

    def make(module: Any) -> Layer:
        made: Layer = kind(-1 if module.dim is None else module.dim)
        return made

    return make


MAKERS: dict[str, Callable[[Any], Layer]] = {
    "Linear": linear,
    "Conv1d": convolution(layers.Conv1D),
    "Conv2d": convolution(layers.Conv2D),
    "ConvTranspose2d": convolution(layers.ConvTranspose2D),
    "MaxPool2d": max_pool,
    "AvgPool2d": average_pool,
    "AdaptiveAvgPool2d": adaptive_pool,
    "BatchNorm1d": batch_norm,
    "BatchNorm2d": batch_norm,
    "LayerNorm": layer_norm,
    "RMSNorm": rms_norm,
    "Dropout": lambda module: layers.Dropout(module.p),
    "Identity": lambda _: layers.Sequential(),
    "Flatten": flatten,
    "Unflatten": unflatten,
    "Embedding": embedding,
    "LSTM": recurrent(layers.LSTM),
    "GRU": recurrent(layers.GRU),
    "MultiheadAttention": attention,
    "ReLU": lambda _: layers.ReLU(),
    "LeakyReLU": lambda module: layers.LeakyReLU(module.negative_slope),
    "ELU": lambda module: layers.ELU(module.alpha),
    "GELU": lambda module: layers.GELU(module.approximate),
    "SiLU": lambda _: layers.SiLU(),
    "Mish": lambda _: layers.Mish(),
    "Sigmoid": lambda _: layers.Sigmoid(),
    "Tanh": lambda _: layers.Tanh(),
    "Softmax": softmax(layers.Softmax),
    "LogSoftmax": softmax(layers.LogSoftmax),
    "Softplus": lambda module: layers.Softplus(module.beta, module.threshold),
}


def without_parameters(module: Any) -> Layer:
    """The layer of a module, whose parameters are drawn anew."""
    name = type(module).__name__
    if name == "Sequential":
        return layers.Sequential(*(without_parameters(each) for each in module))
    if name not in MAKERS or not type(module).__module__.startswith("torch.nn"):
        raise UnavailableError(
            f"{type(module).__module__}.{name} has no counterpart here: there are Sequential, {', '.join(MAKERS)}"
        )
    return MAKERS[name](module)


def layer_of(module: Any) -> Layer:
    """The layer of a module, with copies of its parameters."""
    layer = without_parameters(module)
    found = parameters_of(module)
    dtype = dtype_of(module)
    if dtype != "float32":
        layer = layers.layer.from_description({"kind": layer.kind, "settings": layer._settings}, dtype)
    layer.set_parameters(found)
    return layer


def layers_of(module: Any) -> list[tuple[str | None, Layer]]:
    """The layers of a torch.nn.Sequential, with their names where these are not their places."""
    if type(module).__name__ != "Sequential":
        raise InvalidArgumentError(
            f"from_torch() was given a {type(module).__name__}: expected a torch.nn.Sequential of modules"
        )
    return [
        (None if name == str(place) else name, without_parameters(each))
        for place, (name, each) in enumerate(module.named_children())
    ]


def parameters_of(module: Any) -> dict[str, Any]:
    """A module's parameters and running statistics by the names that they have here."""
    found = {}
    for name, value in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        for theirs, ours in RENAMED.items():
            if name == theirs or name.endswith(f".{theirs}"):
                name = name.removesuffix(theirs) + ours  # noqa: PLW2901 - by the name that it has here
                break
        found[name] = creation.as_tensor(value.detach().cpu().contiguous())
    return found


def dtype_of(module: Any) -> str:
    """The dtype of a module's parameters; "float32" where it has none."""
    return next((str(each.dtype).removeprefix("torch.") for each in module.parameters()), "float32")


# ---- To torch ----


def convolution_module(name: str, settings: dict[str, Any], torch: Any) -> Any:
    """A torch convolution."""
    keys = ["stride", "padding", "dilation", "groups", *(["output_padding"] if "output_padding" in settings else [])]
    given = {key: tuple(settings[key]) if isinstance(settings[key], list) else settings[key] for key in keys}
    sizes = settings["in_channels"], settings["out_channels"], tuple(settings["kernel_size"])
    return getattr(torch.nn, name)(*sizes, bias=settings["use_bias"], **given)


def batch_norm_module(settings: dict[str, Any], torch: Any) -> Any:
    """A torch batch normalization, of whichever rank comes."""

    class BatchNorm(torch.nn.modules.batchnorm._BatchNorm):  # type: ignore[misc] # BatchNorm1d refuses images
        def _check_input_dim(self, _: Any) -> None: ...

    names = {"eps": "epsilon", "momentum": "momentum", "affine": "affine"}
    return BatchNorm(settings["features"], **{theirs: settings[ours] for theirs, ours in names.items()})


def norm_module(name: str, settings: dict[str, Any], torch: Any) -> Any:
    """A torch LayerNorm or RMSNorm."""
    others = {"bias": settings["use_bias"]} if "use_bias" in settings else {}
    kind = getattr(torch.nn, name)
    return kind(settings["shape"], eps=settings["epsilon"], elementwise_affine=settings["affine"], **others)


def pool_module(name: str, settings: dict[str, Any], torch: Any) -> Any:
    """A torch pooling."""
    given = {key: tuple(each) if isinstance(each, list) else each for key, each in settings.items()}
    return getattr(torch.nn, name)(**given)


def activation_module(description: Any, torch: Any) -> Any:
    """The torch module of an activation; None for "linear"."""
    given = {"name": description} if isinstance(description, str) else dict(description)
    name = given.pop("name")
    if name == "linear":
        return None
    return MODULES[name](given, torch)


def softmax_module(name: str) -> Callable[[dict[str, Any], Any], Any]:
    """What makes a torch Softmax."""
    return lambda settings, torch: getattr(torch.nn, name)(dim=settings.get("axis", -1))


def plain_module(name: str, **renamed: str) -> Callable[[dict[str, Any], Any], Any]:
    """What makes a torch module whose settings have the same names, or others."""

    def make(settings: dict[str, Any], torch: Any) -> Any:
        return getattr(torch.nn, name)(**{renamed.get(key, key): each for key, each in settings.items()})

    return make


MODULES: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "dense": lambda s, torch: torch.nn.Linear(s["in_features"], s["out_features"], bias=s["use_bias"]),
    "conv_1d": lambda s, torch: convolution_module("Conv1d", s, torch),
    "conv_2d": lambda s, torch: convolution_module("Conv2d", s, torch),
    "conv_transpose_2d": lambda s, torch: convolution_module("ConvTranspose2d", s, torch),
    "max_pool_2d": lambda s, torch: pool_module("MaxPool2d", s, torch),
    "avg_pool_2d": lambda s, torch: pool_module("AvgPool2d", s, torch),
    "global_avg_pool_2d": lambda _, torch: torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()),
    "batch_norm": batch_norm_module,
    "layer_norm": lambda s, torch: norm_module("LayerNorm", s, torch),
    "rms_norm": lambda s, torch: norm_module("RMSNorm", s, torch),
    "dropout": lambda s, torch: torch.nn.Dropout(s["rate"]),
    "flatten": lambda _, torch: torch.nn.Flatten(),
    "reshape": lambda s, torch: torch.nn.Unflatten(1, tuple(s["shape"])),
    "embedding": lambda s, torch: torch.nn.Embedding(s["count"], s["features"]),
    "relu": plain_module("ReLU"),
    "leaky_relu": plain_module("LeakyReLU"),
    "elu": plain_module("ELU"),
    "gelu": plain_module("GELU"),
    "silu": plain_module("SiLU"),
    "mish": plain_module("Mish"),
    "sigmoid": plain_module("Sigmoid"),
    "tanh": plain_module("Tanh"),
    "softmax": softmax_module("Softmax"),
    "log_softmax": softmax_module("LogSoftmax"),
    "softplus": plain_module("Softplus"),
}


def recurrent_module(layer: Layer, settings: dict[str, Any], torch: Any) -> Any:
    """A torch LSTM or GRU; it gives a pair of all states and the last one."""
    if settings["reverse"]:
        raise UnavailableError(
            f"{layer!r} has no counterpart in torch, whose layers go backwards beside forwards alone"
        )
    kind = getattr(torch.nn, type(layer).__name__)
    return kind(settings["in_features"], settings["units"], bias=settings["use_bias"], batch_first=True)


def attention_module(settings: dict[str, Any], torch: Any) -> Any:
    """A torch MultiheadAttention; it is called with query, key and value, and gives a pair."""
    given = {"dropout": settings["dropout"], "bias": settings["use_bias"], "batch_first": True}
    return torch.nn.MultiheadAttention(settings["features"], settings["heads"], **given)


def bare_module(layer: Layer, torch: Any) -> Any:
    """A torch module without the parameters' values and the activation."""
    settings = layer.settings
    if layer.kind in ("lstm", "gru"):
        return recurrent_module(layer, settings, torch)
    if layer.kind == "multi_head_attention":
        return attention_module(settings, torch)
    if isinstance(layer, layers.Sequential):
        return torch.nn.Sequential(*(bare_module(each, torch) for each in layer.layers))
    if layer.kind not in MODULES:
        raise UnavailableError(f"{layer!r} has no counterpart in torch.nn")
    module = MODULES[layer.kind](settings, torch)
    activation = activation_module(settings.get("activation") or "linear", torch)
    return module if activation is None else torch.nn.Sequential(module, activation)


def module_of(layer: Layer) -> Any:
    """A torch module with copies of a layer's parameters."""
    torch = import_optional("torch", "torch")
    module = bare_module(layer, torch).to(getattr(torch, layer.dtype.name))
    fill(module, list(layer.parameters().values()), torch)
    return module


def fill(module: Any, parameters: Sequence[Any], torch: Any) -> None:
    """Copies parameters into a module, whose own are in the same order."""
    theirs = [value for name, value in module.state_dict().items() if not name.endswith("num_batches_tracked")]
    with torch.no_grad():
        for mine, value in zip(parameters, theirs, strict=True):
            value.copy_(torch.from_dlpack(mine.detach()))


def sequential_of(given: Sequence[Layer], names: Sequence[str]) -> Any:
    """A torch.nn.Sequential of layers: an activation of a layer becomes a module of its own behind it."""
    torch = import_optional("torch", "torch")
    from collections import OrderedDict

    modules = [module_of(layer) for layer in given]
    if all(name == str(place) for place, name in enumerate(names)):
        return torch.nn.Sequential(*modules)
    return torch.nn.Sequential(OrderedDict(zip(names, modules, strict=True)))
