"""A variational autoencoder for patterns of stripes: two heads, noise, a loss of two parts, samples at the end."""

import numpy as np
import torch
import torch.utils.data
from torch import nn, optim
from torch.nn import functional as F

rng = np.random.RandomState(1)
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator()
else:
    device = torch.device("cpu")


class Stripes(torch.utils.data.Dataset):
    def __init__(self, n=96):
        self.images = torch.zeros(n, 36)
        for i, image in enumerate(self.images):
            image.view(6, 6)[i % 6] = 1
            image.view(6, 6)[:, (i // 6) % 6] = 0.5

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i]


class Encoder(nn.Module):
    def __init__(self, latent):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(36, 20), nn.LeakyReLU(0.1))
        self.mean, self.log_var = nn.Linear(20, latent), nn.Linear(20, latent)

    def forward(self, x):
        hidden = self.body(x)
        return self.mean(hidden), self.log_var(hidden)


class Autoencoder(nn.Module):
    def __init__(self, latent=3):
        super().__init__()
        self.encoder = Encoder(latent)
        self.decoder = nn.Sequential(nn.Linear(latent, 20), nn.LeakyReLU(0.1), nn.Linear(20, 36), nn.Sigmoid())

    def forward(self, x):
        mean, log_var = self.encoder(x)
        noise = torch.from_numpy(rng.standard_normal(tuple(mean.shape))).to(mean)
        return self.decoder(torch.addcmul(mean, noise, (log_var / 2).exp())), mean, log_var


def negative_elbo(rebuilt, x, mean, log_var):
    likelihood = F.binary_cross_entropy(rebuilt, x, reduction="none").sum(-1)
    divergence = 0.5 * (mean**2 + log_var.exp() - log_var - 1).sum(dim=-1)
    return likelihood.mean(), divergence.mean()


model = Autoencoder().to(device)
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.25, 0.25, tuple(p.shape)), dtype=torch.float32))
optimizer = optim.Adam(model.parameters(), lr=1e-2)
loader = torch.utils.data.DataLoader(Stripes(), batch_size=24)
for epoch in range(3):
    sums = torch.zeros(2)
    for x in loader:
        optimizer.zero_grad()
        x = x.to(device)
        rebuilt, mean, log_var = model(x)
        parts = torch.stack(negative_elbo(rebuilt, x, mean, log_var))
        parts.sum().backward()
        optimizer.step()
        sums += parts.detach().cpu()
    print("epoch", epoch, ["%.3f" % v for v in (sums / len(loader)).tolist()])
with torch.inference_mode():
    print(model.decoder(torch.zeros(1, 3, device=device)).reshape(6, 6).sum(0))
