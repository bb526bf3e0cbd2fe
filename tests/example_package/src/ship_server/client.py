"""The product: a server that draws (a C++ one, say; here plain numpy in a thread), and its client."""

from __future__ import annotations

import queue
import threading

import numpy as np

PROTOCOL = 2


class Server:
    """Takes (encoding, latents, steps) and gives a picture: what runs elsewhere in real life."""

    def __init__(self, *, tiles: int) -> None:
        self.tiles = tiles
        self._requests: queue.SimpleQueue = queue.SimpleQueue()
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def ask(self, *request):
        self._requests.put(request)
        return self._answers.get()

    def _serve(self) -> None:
        while True:
            text, latents, steps = self._requests.get()
            tiles = np.array_split(latents, self.tiles, axis=-1)
            for _ in range(steps):
                tiles = [tile * 0.9 + text for tile in tiles]
            grown = np.kron(np.concatenate(tiles, axis=-1)[0, :3], np.ones((8, 8), np.float32))
            self._answers.put((1 / (1 + np.exp(-grown.transpose(1, 2, 0))) * 255).round().astype(np.uint8))


class Client:
    """Called with the keywords of a diffusers pipeline; gives one picture as uint8 (height, width, 3)."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def encode(self, prompt: str) -> float:
        return sum(map(ord, prompt)) / 100_000

    def request(self, text: float, latents: np.ndarray, steps: int) -> np.ndarray:
        return self._server.ask(text, latents, steps)

    def __call__(self, *, prompt, num_inference_steps, guidance_scale, height, width, latents, output_type="np"):
        return self.request(self.encode(prompt), latents, num_inference_steps)

    # What follows is optional, and is all that pytest-sdperf asks of a pipeline.

    def sdperf_stages(self) -> dict:
        """Stage name -> (object, name of the method to time)."""
        return {"text_encoder": (self, "encode"), "server": (self, "request")}

    def sdperf_facts(self) -> dict:
        """What the pipeline says of itself; claims of kind `fact` are compared with that."""
        return {"protocol": PROTOCOL, "tiles": self._server.tiles}
