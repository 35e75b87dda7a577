"""MLServer's side: a model of the zoo as an inference runtime. It answers with probabilities."""

from __future__ import annotations

from pathlib import Path

from lent import load_zoo_model, predict, torch
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class ZooModel(MLModel):
    async def load(self) -> bool:
        self._module = load_zoo_model(Path(self.settings.parameters.uri))
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        images = torch.from_numpy(NumpyCodec.decode_input(payload.inputs[0]))
        scores = predict(self._module, images).softmax(1).numpy()
        outputs = [NumpyCodec.encode_output("scores", scores)]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
