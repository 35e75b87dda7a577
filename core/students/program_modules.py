"""From a program to a module: its operations as a graph, in which each BatchNorm is a layer that can be watched.

TorchScript's graph is found by running the program on images without content and noting its operations, at two sizes
of the batch: numbers that grow with it stand for the batch's size in the graph.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from pathlib import Path

import torch
from torch import fx, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.node import map_aggregate
from torch.utils import _pytree as pytree

from core.config import InputSpec
from core.errors import InputError
from core.students.files import display_name
from core.students.programs import Kind

aten = torch.ops.aten

BATCHES = 5, 7  # no multiples of each other, and rare among the sides of layers
TOGETHER = 6  # images that are answered at once, and half of them at a time
NORMS = (
    aten.batch_norm.default,
    aten.native_batch_norm.default,
    aten.cudnn_batch_norm.default,
    aten._native_batch_norm_legit.default,
    aten._native_batch_norm_legit_no_training.default,
)
TENSORS = ("weight", "bias", "running_mean", "running_var")
REMEDIES: dict[Kind, str] = {
    "TorchScript": "export it again after model.eval()",
    "torch.export": "export it again after model.eval(), of two images or more, for any number of them: "
    "dynamic_shapes=({0: torch.export.Dim.DYNAMIC},)",
}

Program = Callable[[torch.Tensor], object]


class _Unsteady(Exception):
    """Why a program's operations on one batch do not tell those on another."""


def load_program(path: Path, kind: Kind, input: InputSpec, device: torch.device) -> tuple[nn.Module, int]:
    """Run a file that is trusted: a module from normalised images `(N, C, H, W)` to logits `(N, K)`, and K.

    Its BatchNorm layers for images are `nn.BatchNorm2d` with the program's own statistics, in the order of use.

    Args:
        path: a program that `core.students.programs` recognised as one of TorchScript or torch.export.

    Raises:
        InputError: it cannot be read or run, takes other images, gives anything but one tensor, or answers an image
            otherwise among others than alone.
    """
    file = display_name(path)
    try:
        program, traced, batch = (_exported if kind == "torch.export" else _scripted)(path, file, input)
        module = _rebuilt(traced, device)
        images = torch.randn(2 * batch, input.channels, input.height, input.width, generator=_generator())
        with torch.no_grad():
            apart = torch.cat([_only_tensor(program(part), file) for part in images.split(batch)])
    except InputError:
        raise
    except Exception as error:  # it is code, and can fail in any way
        raise InputError(
            f"{file} does not run on images of {input.channels}x{input.height}x{input.width}",
            actual=f"{type(error).__name__}: {_what_happened(error)}",
            remedy="set the student's input to what it was exported for, or export it with torch.export",
        ) from error
    if apart.ndim != 2 or len(apart) != len(images):
        raise InputError(
            f"{file} gives no logits for each image",
            rule=f"({len(images)}, K)",
            actual=str(tuple(apart.shape)),
            remedy="choose a classifier",
        )
    _check_same(module, images.to(device), apart, file, REMEDIES[kind])
    return module, apart.shape[1]


def _exported(path: Path, file: str, input: InputSpec) -> tuple[Program, fx.GraphModule, int]:
    """The program, its graph, and a number of images that it takes at a time."""
    exported = torch.export.load(path)
    graph, program = exported.module(), exported.module()
    placeholders = [node for node in graph.graph.nodes if node.op == "placeholder"]
    if len(placeholders) != 1:
        raise InputError(
            f"{file} takes more than images",
            rule="one input",
            actual=f"{len(placeholders)}: {', '.join(str(node.target)[:40] for node in placeholders[:3])}",
            remedy="export the model with the images as its only input",
        )
    batch, *shape = placeholders[0].meta["val"].shape
    expected = (input.channels, input.height, input.width)
    if len(shape) != 3 or any(isinstance(side, int) and side != own for side, own in zip(shape, expected, strict=True)):
        raise InputError(
            f"{file} was exported for other images",
            rule="x".join(map(str, expected)),
            actual="x".join(map(str, shape)),
            remedy="set the student's input to what the program takes",
        )
    return program, graph, batch if isinstance(batch, int) else TOGETHER // 2


def _scripted(path: Path, file: str, input: InputSpec) -> tuple[Program, fx.GraphModule, int]:
    """The same of TorchScript."""
    program = torch.jit.load(path, map_location="cpu").eval()
    one, other = (_traced(program, input, batch) for batch in BATCHES)
    try:
        _generalise(one.graph, other.graph)
    except _Unsteady as why:
        raise InputError(
            f"{file} does other things with {BATCHES[0]} images than with {BATCHES[1]}",
            rule="the same operations whatever the number of images",
            actual=str(why)[:200],
            remedy="export the model's state dict, or with torch.export",
        ) from why
    trained = {parameter.data_ptr() for parameter in program.parameters()}
    for name, tensor in list(one.named_buffers()):
        if tensor.data_ptr() in trained:
            delattr(one, name)
            one.register_parameter(name, nn.Parameter(tensor.detach()))
    return program, one, TOGETHER // 2


def _traced(program: Program, input: InputSpec, batch: int) -> fx.GraphModule:
    """What it does with so many images, which have a shape and no content."""
    images = torch.empty(batch, input.channels, input.height, input.width)
    trace = make_fx(lambda x: program(x), tracing_mode="fake", pre_dispatch=True, _allow_non_fake_inputs=True)
    with torch.jit.optimized_execution(False):
        return trace(images)


def _generalise(graph: fx.Graph, other: fx.Graph) -> None:
    """Put the batch's size into `graph` wherever the graph of another batch has another number; raises `_Unsteady`."""
    pairs = list(zip(graph.nodes, other.nodes, strict=False))
    if len(graph.nodes) != len(other.nodes) or any(one.target != two.target for one, two in pairs):
        raise _Unsteady("other operations")
    images = next(node for node in graph.nodes if node.op == "placeholder")
    with graph.inserting_after(images):
        size = graph.call_function(aten.sym_size.int, (images, 0))

    def merged(one: object, two: object) -> object:
        match one, two:
            case (fx.Node(), fx.Node()):
                return one
            case (list() | tuple(), list() | tuple()) if len(one) == len(two):
                return type(one)(merged(*pair) for pair in zip(one, two, strict=True))
            case (int(), int()) if one != two and one * BATCHES[1] == two * BATCHES[0]:
                return size if one == BATCHES[0] else graph.call_function(operator.mul, (size, one // BATCHES[0]))
        if type(one) is not type(two) or one != two:
            raise _Unsteady(f"{one} for {two}")
        return one

    for one, two in pairs:
        with graph.inserting_before(one):
            one.args = merged(one.args, two.args)
            one.kwargs = {name: merged(value, two.kwargs[name]) for name, value in one.kwargs.items()}


def _rebuilt(traced: fx.GraphModule, device: torch.device) -> nn.Module:
    """The graph alone, without guards, with layers where it normalises batches, on a device."""
    graph = traced.graph
    for node in list(graph.nodes):
        if node.op == "call_module":  # torch.export's guards of the number of images
            graph.erase_node(node)
        elif node.target in NORMS and (layer := _layer_of(node, traced)):
            _replace(node, layer, traced)
        elif node.target is aten.view.default:
            node.target = aten.reshape.default  # which takes images that are laid out otherwise
    (output,) = (node for node in graph.nodes if node.op == "output")
    output.args = tuple(pytree.tree_leaves(output.args))[:1]  # one, as is checked of its answers
    graph.set_codegen(fx.graph.CodeGen())  # tensor in, tensor out
    graph.eliminate_dead_code()
    for node in graph.nodes:
        moved = map_aggregate((node.args, node.kwargs), lambda leaf: device if type(leaf) is torch.device else leaf)
        node.args, node.kwargs = moved
    used = [node.target for node in graph.nodes if node.op in ("get_attr", "call_module")]
    held = {name: operator.attrgetter(name)(traced) for name in used}
    module = fx.GraphModule(held, graph).eval().requires_grad_(False)
    return module.to(device, memory_format=torch.channels_last)  # as a student's


def _layer_of(node: fx.Node, traced: fx.GraphModule) -> nn.BatchNorm2d | None:
    """The layer that an operation is, where it takes images and has statistics of its own."""
    names = [argument.name for argument in node.target._schema.arguments]
    said = dict(zip(names, node.args, strict=False)) | node.kwargs
    held = {name: _attribute(traced, said[name]) for name in TENSORS}
    affine = held["weight"] is not None
    if said.get("training") or held["running_mean"] is None or affine != (held["bias"] is not None):
        return None
    if said["input"].meta["val"].dim() != 4:
        return None
    layer = nn.BatchNorm2d(len(held["running_mean"]), eps=said.get("eps", said.get("epsilon")), affine=affine)
    layer.running_mean, layer.running_var = held["running_mean"], held["running_var"]
    if affine:
        layer.weight, layer.bias = nn.Parameter(held["weight"]), nn.Parameter(held["bias"])
    return layer


def _replace(node: fx.Node, layer: nn.BatchNorm2d, traced: fx.GraphModule) -> None:
    """`node` by a call of `layer`, which joins the module."""
    name = f"batchnorm_{node.name}"
    traced.add_submodule(name, layer)
    with node.graph.inserting_before(node):
        call = node.graph.call_module(name, (node.args[0],))
    call.meta = dict(node.meta)
    if len(node.target._schema.returns) == 1:
        node.replace_all_uses_with(call)
    for user in list(node.users):  # the others take one of several results, of which the first are the images
        if user.target is operator.getitem and user.args[1] == 0:
            user.replace_all_uses_with(call)
            node.graph.erase_node(user)
    if not node.users:
        node.graph.erase_node(node)


def _attribute(traced: fx.GraphModule, node: fx.Node | None) -> torch.Tensor | nn.Module | None:
    """What the graph holds under the name that a node says; None for a node that computes something."""
    return operator.attrgetter(node.target)(traced) if node is not None and node.op == "get_attr" else None


def _only_tensor(answer: object, file: str) -> torch.Tensor:
    leaves = pytree.tree_leaves(answer)
    if len(leaves) != 1 or not isinstance(leaves[0], torch.Tensor):
        raise InputError(
            f"{file} gives more or other than logits",
            rule="one tensor",
            actual=", ".join(type(leaf).__name__ for leaf in leaves[:5]) or "nothing",
            remedy="export the model so that it returns its logits alone",
        )
    return leaves[0].detach()


def _check_same(module: nn.Module, images: torch.Tensor, apart: torch.Tensor, file: str, remedy: str) -> None:
    """The module answers all images at once as the program did in two parts, and gives gradients to them."""
    images = images.requires_grad_()
    try:
        together = module(images)
        together.sum().backward()
        tolerance = 1e-4 * apart.abs().max().item()
        same = together.shape == apart.shape and torch.allclose(together.cpu(), apart, rtol=1e-3, atol=tolerance)
        why = "other answers" if not same else "" if images.grad is not None else "no gradient"
    except Exception as error:  # as above
        why = f"{type(error).__name__}: {_what_happened(error)}"
    if why:
        raise InputError(
            f"{file} answers {len(images)} images at once otherwise than half of them at a time",
            rule="the same answer to an image whatever is asked with it, and its gradient",
            actual=why,
            remedy=remedy,
        )


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _what_happened(error: Exception) -> str:
    """Of the message what happened, where TorchScript says where before and after it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
    return next((line for line in reversed(lines) if line.startswith("RuntimeError: ")), lines[0])[:200]
