"""Sparse autoencoders of SAELens on exported vectors: how long they train, and how well they recover the features.

    python -m superposition.dictionary export sparse_recovery --at n_hidden=10 --to vectors
    python benchmarks/dictionaries.py vectors --to saes          # in an environment with sae-lens; none of ours
    python -m superposition.dictionary score saes/* --of sparse_recovery --at n_hidden=10

Nothing of this project is imported, as SAELens wants an environment of its own. Each autoencoder is left in a folder of
its name, with the seconds of CPU that it took in seconds.json.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from sae_lens import StandardTrainingSAEConfig, TopKTrainingSAEConfig
from sae_lens.config import LoggingConfig, SAETrainerConfig
from sae_lens.saes.standard_sae import StandardTrainingSAE
from sae_lens.saes.topk_sae import TopKTrainingSAE
from sae_lens.training.sae_trainer import SAETrainer
from safetensors.torch import load_file

LATENTS = (40, 80)
PENALTY = 0.4  # of the sum of codes, beside the squared error of a vector
K = 2  # as many features as are active on average
BATCH, RATE = 512, 3e-3


def batches(hidden: torch.Tensor, seed: int) -> Iterator[torch.Tensor]:
    """Without end, of rows drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield hidden[torch.randint(len(hidden), (BATCH,), generator=generator)]


def trained(hidden: torch.Tensor, latents: int, kind: str, steps: int, folder: Path) -> float:
    """Seconds of CPU that training took; of a standard one with a penalty, or of one that keeps the k largest codes."""
    torch.manual_seed(0)
    size = {"d_in": hidden.shape[1], "d_sae": latents}
    sae = (
        TopKTrainingSAE(TopKTrainingSAEConfig(**size, k=K))
        if kind == "topk"
        else StandardTrainingSAE(StandardTrainingSAEConfig(**size, l1_coefficient=PENALTY))
    )
    settings = SAETrainerConfig(
        total_training_samples=steps * BATCH,
        train_batch_size_samples=BATCH,
        lr=RATE,
        lr_end=RATE / 10,
        lr_decay_steps=steps // 5,
        logger=LoggingConfig(log_to_wandb=False),
    )
    start = time.process_time()
    SAETrainer(cfg=settings, sae=sae, data_provider=batches(hidden, seed=0)).fit()
    seconds = time.process_time() - start
    sae.save_inference_model(folder)
    (folder / "seconds.json").write_text(json.dumps({"training": seconds, "steps": steps}) + "\n", encoding="utf-8")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description="Train SAELens' autoencoders on exported vectors.")
    parser.add_argument("vectors", type=Path, help="folder that python -m superposition.dictionary export has made")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--steps", type=int, default=3000)
    arguments = parser.parse_args()
    hidden = load_file(arguments.vectors / "vectors.safetensors")["hidden"]
    for latents in LATENTS:
        for kind in ("standard", "topk"):
            name = f"{kind}-{latents}"
            seconds = trained(hidden, latents, kind, arguments.steps, arguments.to / name)
            print(f"{name}: {seconds:.1f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
