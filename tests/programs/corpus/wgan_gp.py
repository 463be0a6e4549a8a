"""WGAN with clipped weights, then with the gradient penalty: critics, interpolates, autograd.grad with create_graph."""

import numpy as np
import torch
import torch.autograd as autograd
import torch.nn as nn
from torch.autograd import Variable

torch.manual_seed(1)
cuda = True if torch.cuda.is_available() else False
Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor
img_shape = (1, 6, 6)
latent_dim, n_critic, clip_value, lambda_gp = 5, 3, 0.01, 10


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()

        def block(in_feat, out_feat, normalize=True):
            layers = [nn.Linear(in_feat, out_feat)]
            if normalize:
                layers.append(nn.BatchNorm1d(out_feat, 0.8))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            return layers

        self.model = nn.Sequential(
            *block(latent_dim, 16, normalize=False),
            *block(16, 32),
            nn.Linear(32, int(np.prod(img_shape))),
            nn.Tanh(),
        )

    def forward(self, z):
        img = self.model(z)
        return img.view(img.shape[0], *img_shape)


class Critic(nn.Module):
    def __init__(self):
        super(Critic, self).__init__()
        self.model = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.LeakyReLU(0.2, inplace=True),
            nn.InstanceNorm2d(4, affine=True),
            nn.Flatten(),
            nn.Linear(4 * 36, 16),
            nn.LayerNorm(16),
            nn.SiLU(),
            nn.Linear(16, 1),
        )

    def forward(self, img):
        return self.model(img)


def batches(n, size=16):
    rng = np.random.RandomState(0)
    for _ in range(n):
        imgs = rng.uniform(-1, -0.5, (size,) + img_shape)
        imgs[np.arange(size), 0, rng.randint(0, 6, size)] = 0.9
        yield Variable(torch.from_numpy(imgs).type(Tensor))


def compute_gradient_penalty(D, real_samples, fake_samples):
    """Calculates the gradient penalty loss for WGAN GP"""
    alpha = Tensor(np.random.random((real_samples.size(0), 1, 1, 1)))
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = Variable(Tensor(real_samples.shape[0], 1).fill_(1.0), requires_grad=False)
    gradients = autograd.grad(
        outputs=d_interpolates,
        inputs=interpolates,
        grad_outputs=fake,
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


for penalty in (False, True):
    np.random.seed(0)
    generator, discriminator = Generator(), Critic()
    if cuda:
        generator.cuda()
        discriminator.cuda()
    if penalty:
        optimizer_G = torch.optim.Adam(generator.parameters(), lr=0.0005, betas=(0.5, 0.9))
        optimizer_D = torch.optim.Adam(discriminator.parameters(), lr=0.0005, betas=(0.5, 0.9))
    else:
        optimizer_G = torch.optim.RMSprop(generator.parameters(), lr=0.0005)
        optimizer_D = torch.optim.RMSprop(discriminator.parameters(), lr=0.0005)
    for i, real_imgs in enumerate(batches(15)):
        optimizer_D.zero_grad()
        z = Variable(Tensor(np.random.normal(0, 1, (real_imgs.shape[0], latent_dim))))
        fake_imgs = generator(z).detach()
        d_loss = -torch.mean(discriminator(real_imgs)) + torch.mean(discriminator(fake_imgs))
        if penalty:
            gradient_penalty = compute_gradient_penalty(discriminator, real_imgs.data, fake_imgs.data)
            d_loss += lambda_gp * gradient_penalty
        d_loss.backward()
        optimizer_D.step()
        if not penalty:
            for p in discriminator.parameters():
                p.data.clamp_(-clip_value, clip_value)
        if i % n_critic == 0:
            optimizer_G.zero_grad()
            for p in discriminator.parameters():
                p.requires_grad = False
            g_loss = -torch.mean(discriminator(generator(z)))
            g_loss.backward()
            for p in discriminator.parameters():
                p.requires_grad = True
            optimizer_G.step()
            print("[Batch %d] [D loss: %.4f] [G loss: %.4f]" % (i, d_loss.item(), g_loss.item()))
    weights = nn.utils.parameters_to_vector(discriminator.parameters())
    print(penalty, weights.abs().max().item() <= clip_value, "%.4f" % weights.norm(), "%.3f" % fake_imgs.std())
