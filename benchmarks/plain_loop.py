"""The plain way to train an ensemble: the loop of the paper's public notebook, in a form of our own.

Float32, two uniform draws for each feature, einsum, autograd, AdamW; no compilation. This is what ports of the notebook
do too, and none that is public is faster.
"""

import torch


class PlainLoop:
    """Trains `instances` tied ReLU-output models; instance k sees features of density 20^(-k / (instances - 1))."""

    def __init__(self, n_features: int, n_hidden: int, instances: int, batch_size: int = 1024) -> None:
        self.shape = (batch_size, instances, n_features)
        self.density = 20 ** -torch.linspace(0, 1, instances)[:, None]
        self.importance = 0.9 ** torch.arange(n_features)
        self.W = torch.nn.Parameter(torch.empty(instances, n_features, n_hidden))
        torch.nn.init.xavier_normal_(self.W)
        self.b = torch.nn.Parameter(torch.zeros(instances, n_features))
        self.optimiser = torch.optim.AdamW([self.W, self.b], lr=1e-3)

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.optimiser.zero_grad(set_to_none=True)
            x = torch.where(torch.rand(self.shape) <= self.density, torch.rand(self.shape), 0.0)
            h = torch.einsum("bif,ifh->bih", x, self.W)
            y = torch.relu(torch.einsum("bih,ifh->bif", h, self.W) + self.b)
            loss = (self.importance * (x - y) ** 2).mean((0, 2)).sum()
            loss.backward()
            self.optimiser.step()
