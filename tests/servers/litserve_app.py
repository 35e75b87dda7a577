"""LitServe's side: all models of a folder in one worker, each at `/<model>/predict`. They answer with logits.

Arguments: the folder, a port.
"""

import sys
from pathlib import Path
from typing import Annotated

import litserve
import numpy as np
from fastapi import Depends

Asked = tuple[str, np.ndarray]  # the model's name, an image (C, H, W)


def with_model(model: str, body: dict) -> dict:
    """What decode_request gets: the body, and the model that the path names."""
    return {"model": model, **body}


class ZooAPI(litserve.LitAPI):
    def __init__(self, folder: Path) -> None:
        super().__init__(api_path="/{model}/predict", max_batch_size=16, batch_timeout=0.01)
        self.folder = folder

    def setup(self, device: str) -> None:
        import lent  # in the worker only: what takes calls needs no torch

        self.zoo = lent
        self.models = {path.stem: lent.load_zoo_model(path) for path in self.folder.glob("*.safetensors")}

    def decode_request(self, request: Annotated[dict, Depends(with_model)]) -> Asked:
        return request["model"], np.array(request["input"], np.float32)

    def predict(self, batch: list[Asked]) -> list[np.ndarray]:
        """Logits `(K,)` for each; images of a batch may be for different models."""
        answers = {}
        for name in {name for name, _ in batch}:
            places = [place for place, (asked, _) in enumerate(batch) if asked == name]
            images = self.zoo.torch.from_numpy(np.stack([batch[place][1] for place in places]))
            answers.update(zip(places, self.zoo.predict(self.models[name], images).numpy(), strict=True))
        return [answers[place] for place in range(len(batch))]

    def encode_response(self, output: np.ndarray) -> dict:
        return {"output": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(ZooAPI(Path(sys.argv[1])), accelerator="cpu")
    server.run(
        host="127.0.0.1", port=int(sys.argv[2]), num_api_servers=1, log_level="warning", generate_client_file=False
    )
