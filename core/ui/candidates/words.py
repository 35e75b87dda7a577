"""What the choices of a candidate's form are called."""

from __future__ import annotations

from core.candidates import ImageForm, Layout, Output, PixelRange

PIXELS: dict[PixelRange, str] = {
    "unit": "0 to 1",
    "signed": "-1 to 1",
    "imagenet": "ImageNet's mean and deviation",
    "bytes": "0 to 255",
}
LAYOUTS: dict[Layout, str] = {
    "channels_first": "channels first (PyTorch)",
    "channels_last": "channels last (TensorFlow)",
}
OUTPUTS: dict[Output | str, str] = {
    "auto": "find out by a test",
    "logits": "logits",
    "probs": "probabilities of all classes",
    "top_k": "the strongest classes",
    "labels": "a label alone",
}
IMAGES: dict[ImageForm, str] = {
    "numbers": "lists of numbers in JSON",
    "base64": "a PNG file as base64 text in JSON",
    "upload": "a PNG file as a form's upload",
    "raw": "a PNG file as the whole body",
}
