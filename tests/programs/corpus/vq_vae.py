"""A VQ-VAE on digits: straight-through codes, the codebook by moving averages, perplexity, a residual stack."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader

torch.manual_seed(0)
digits = load_digits()
training_data = (digits.images[:256] / 16.0 - 0.5).astype(np.float32)[:, None]
data_variance = np.var(training_data)
print("variance %.4f" % data_variance)


class VectorQuantizer(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, commitment_cost):
        super(VectorQuantizer, self).__init__()
        self._embedding_dim = embedding_dim
        self._num_embeddings = num_embeddings
        self._embedding = nn.Embedding(self._num_embeddings, self._embedding_dim)
        self._embedding.weight.data.uniform_(-1 / self._num_embeddings, 1 / self._num_embeddings)
        self._commitment_cost = commitment_cost

    def forward(self, inputs):
        inputs = inputs.permute(0, 2, 3, 1).contiguous()  # BCHW -> BHWC
        input_shape = inputs.shape
        flat_input = inputs.view(-1, self._embedding_dim)
        distances = (
            torch.sum(flat_input**2, dim=1, keepdim=True)
            + torch.sum(self._embedding.weight**2, dim=1)
            - 2 * torch.matmul(flat_input, self._embedding.weight.t())
        )
        encoding_indices = torch.argmin(distances, dim=1).unsqueeze(1)
        encodings = torch.zeros(encoding_indices.shape[0], self._num_embeddings, device=inputs.device)
        encodings.scatter_(1, encoding_indices, 1)
        quantized = torch.matmul(encodings, self._embedding.weight).view(input_shape)
        e_latent_loss = F.mse_loss(quantized.detach(), inputs)
        q_latent_loss = F.mse_loss(quantized, inputs.detach())
        loss = q_latent_loss + self._commitment_cost * e_latent_loss
        quantized = inputs + (quantized - inputs).detach()
        avg_probs = torch.mean(encodings, dim=0)
        perplexity = torch.exp(-torch.sum(avg_probs * torch.log(avg_probs + 1e-10)))
        return loss, quantized.permute(0, 3, 1, 2).contiguous(), perplexity, encodings


class VectorQuantizerEMA(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, commitment_cost, decay, epsilon=1e-5):
        super().__init__()
        self.K, self.D, self.beta, self.decay, self.epsilon = num_embeddings, embedding_dim, commitment_cost, decay, epsilon
        self._embedding = nn.Embedding(num_embeddings, embedding_dim)
        self._embedding.weight.data.normal_()
        self._embedding.weight.requires_grad = False
        self.register_buffer("_ema_cluster_size", torch.zeros(num_embeddings))
        self._ema_w = nn.Parameter(torch.Tensor(num_embeddings, embedding_dim), requires_grad=False)
        self._ema_w.data.normal_()

    def forward(self, inputs):
        inputs = inputs.permute(0, 2, 3, 1).contiguous()
        flat = inputs.view(-1, self.D)
        indices = torch.cdist(flat, self._embedding.weight).argmin(dim=-1)
        encodings = F.one_hot(indices, self.K).type(flat.dtype)
        quantized = self._embedding(indices).view(inputs.shape)
        if self.training:
            self._ema_cluster_size = self._ema_cluster_size * self.decay + (1 - self.decay) * torch.sum(encodings, 0)
            n = torch.sum(self._ema_cluster_size.data)
            self._ema_cluster_size = (self._ema_cluster_size + self.epsilon) / (n + self.K * self.epsilon) * n
            dw = torch.matmul(encodings.t(), flat.detach())
            self._ema_w = nn.Parameter(self._ema_w * self.decay + (1 - self.decay) * dw, requires_grad=False)
            self._embedding.weight = nn.Parameter(self._ema_w / self._ema_cluster_size.unsqueeze(1), requires_grad=False)
        loss = self.beta * F.mse_loss(quantized.detach(), inputs)
        quantized = inputs + (quantized - inputs).detach()
        perplexity = torch.exp(torch.special.entr(encodings.mean(0)).sum())
        return loss, quantized.permute(0, 3, 1, 2).contiguous(), perplexity, encodings


class Residual(nn.Module):
    def __init__(self, in_channels, num_hiddens, num_residual_hiddens):
        super(Residual, self).__init__()
        self._block = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(in_channels, num_residual_hiddens, kernel_size=3, stride=1, padding=1, bias=False),
            nn.ReLU(True),
            nn.Conv2d(num_residual_hiddens, num_hiddens, kernel_size=1, stride=1, bias=False),
        )

    def forward(self, x):
        return x + self._block(x)


class Model(nn.Module):
    def __init__(self, decay=0.0, hiddens=12, dim=4):
        super(Model, self).__init__()
        self._encoder = nn.Sequential(
            nn.Conv2d(1, hiddens, 4, stride=2, padding=1),
            nn.ReLU(),
            Residual(hiddens, hiddens, 6),
            nn.Conv2d(hiddens, dim, kernel_size=1),
        )
        self._vq_vae = VectorQuantizerEMA(16, dim, 0.25, decay) if decay > 0.0 else VectorQuantizer(16, dim, 0.25)
        self._decoder = nn.Sequential(
            nn.Conv2d(dim, hiddens, 3, padding="same"),
            Residual(hiddens, hiddens, 6),
            nn.ReLU(inplace=False),
            nn.ConvTranspose2d(hiddens, 1, 4, stride=2, padding=1),
        )

    def forward(self, x):
        loss, quantized, perplexity, _ = self._vq_vae(self._encoder(x))
        return loss, self._decoder(quantized), perplexity


for decay in (0.0, 0.9):
    training_loader = DataLoader(torch.from_numpy(training_data), batch_size=32, shuffle=True, pin_memory=True)
    model = Model(decay)
    optimizer = optim.Adam(model.parameters(), lr=3e-3, amsgrad=False)
    model.train()
    train_res_recon_error, train_res_perplexity = [], []
    for i in range(16):
        data = next(iter(training_loader))
        optimizer.zero_grad()
        vq_loss, data_recon, perplexity = model(data)
        recon_error = F.mse_loss(data_recon, data) / data_variance
        loss = recon_error + vq_loss
        loss.backward()
        optimizer.step()
        train_res_recon_error.append(recon_error.item())
        train_res_perplexity.append(perplexity.item())
        if (i + 1) % 4 == 0:
            print("%d iterations" % (i + 1))
            print("recon_error: %.3f" % np.mean(train_res_recon_error[-100:]))
            print("perplexity: %.3f" % np.mean(train_res_perplexity[-100:]))
    model.eval()
    valid = torch.tensor(digits.images[-8:] / 16 - 0.5).unsqueeze(1).float()
    with torch.no_grad():
        vq_output_eval = model._encoder(valid)
        _, valid_quantize, _, encodings = model._vq_vae(vq_output_eval)
        print(encodings.argmax(1).view(8, 4, 4)[0].tolist(), model._decoder(valid_quantize).shape)
    print([name for name, _ in model.named_buffers()], sum(p.requires_grad for p in model.parameters()))
