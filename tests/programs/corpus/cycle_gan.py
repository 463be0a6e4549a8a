"""A CycleGAN of stripes: residual generators, a patch discriminator, replay buffers, a decay by LambdaLR, identity."""

import itertools
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(3)
torch.manual_seed(3)


class ResidualBlock(nn.Module):
    def __init__(self, in_features):
        super(ResidualBlock, self).__init__()
        conv_block = [
            nn.ReflectionPad2d(1),
            nn.Conv2d(in_features, in_features, 3),
            nn.InstanceNorm2d(in_features),
            nn.ReLU(inplace=True),
            nn.ReflectionPad2d(1),
            nn.Conv2d(in_features, in_features, 3),
            nn.InstanceNorm2d(in_features),
        ]
        self.conv_block = nn.Sequential(*conv_block)

    def forward(self, x):
        return x + self.conv_block(x)


class Generator(nn.Module):
    def __init__(self, input_nc, output_nc, n_residual_blocks=1):
        super(Generator, self).__init__()
        model = [nn.ReflectionPad2d(3), nn.Conv2d(input_nc, 4, 7), nn.InstanceNorm2d(4), nn.ReLU(inplace=True)]
        in_features, out_features = 4, 8
        for _ in range(1):  # Downsampling
            model += [nn.Conv2d(in_features, out_features, 3, stride=2, padding=1)]
            model += [nn.InstanceNorm2d(out_features), nn.ReLU(inplace=True)]
            in_features = out_features
            out_features = in_features * 2
        for _ in range(n_residual_blocks):
            model += [ResidualBlock(in_features)]
        out_features = in_features // 2
        for _ in range(1):  # Upsampling
            model += [
                nn.ConvTranspose2d(in_features, out_features, 3, stride=2, padding=1, output_padding=1),
                nn.InstanceNorm2d(out_features),
                nn.ReLU(inplace=True),
            ]
        model += [nn.ReflectionPad2d(3), nn.Conv2d(4, output_nc, 7), nn.Tanh()]
        self.model = nn.Sequential(*model)

    def forward(self, x):
        return self.model(x)


class Discriminator(nn.Module):
    def __init__(self, input_nc):
        super(Discriminator, self).__init__()
        model = [nn.ZeroPad2d(1), nn.Conv2d(input_nc, 4, 4, stride=2), nn.LeakyReLU(0.2, inplace=True)]
        model += [nn.Conv2d(4, 8, 4, padding=1), nn.InstanceNorm2d(8), nn.LeakyReLU(0.2, inplace=True)]
        model += [nn.Conv2d(8, 1, 3, padding=1)]
        self.model = nn.Sequential(*model)

    def forward(self, x):
        x = self.model(x)
        return F.avg_pool2d(x, x.size()[2:]).view(x.size()[0], -1)  # Average pooling and flatten


class ReplayBuffer:
    def __init__(self, max_size=4):
        assert max_size > 0, "Empty buffer or trying to create a black hole. Be careful."
        self.max_size = max_size
        self.data = []

    def push_and_pop(self, data):
        to_return = []
        for element in data.data:
            element = torch.unsqueeze(element, 0)
            if len(self.data) < self.max_size:
                self.data.append(element)
                to_return.append(element)
            else:
                if random.uniform(0, 1) > 0.5:
                    i = random.randint(0, self.max_size - 1)
                    to_return.append(self.data[i].clone())
                    self.data[i] = element
                else:
                    to_return.append(element)
        return torch.cat(to_return)


class LambdaLR:
    def __init__(self, n_epochs, offset, decay_start_epoch):
        self.n_epochs, self.offset, self.decay_start_epoch = n_epochs, offset, decay_start_epoch

    def step(self, epoch):
        return 1.0 - max(0, epoch + self.offset - self.decay_start_epoch) / (self.n_epochs - self.decay_start_epoch)


def weights_init_normal(m):
    if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)):
        torch.nn.init.normal_(m.weight.data, 0.0, 0.02)


def pictures(vertical, n=2, size=12):
    stripes = torch.where(torch.arange(size) % 4 < 2, 0.8, -0.8).expand(size, size)
    stripes = stripes if vertical else stripes.t()
    return torch.stack([stripes.roll(k, dims=-1 if vertical else 0) for k in range(n)])[:, None] + torch.zeros(n, 1, 1, 1)


netG_A2B, netG_B2A, netD_A, netD_B = Generator(1, 1), Generator(1, 1), Discriminator(1), Discriminator(1)
for net in (netG_A2B, netG_B2A, netD_A, netD_B):
    net.apply(weights_init_normal)
criterion_GAN, criterion_cycle, criterion_identity = torch.nn.MSELoss(), torch.nn.L1Loss(), torch.nn.L1Loss()
optimizer_G = torch.optim.Adam(
    itertools.chain(netG_A2B.parameters(), netG_B2A.parameters()), lr=2e-3, betas=(0.5, 0.999)
)
optimizer_D_A = torch.optim.Adam(netD_A.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizer_D_B = torch.optim.Adam(netD_B.parameters(), lr=2e-3, betas=(0.5, 0.999))
schedulers = [
    torch.optim.lr_scheduler.LambdaLR(o, lr_lambda=LambdaLR(4, 0, 2).step)
    for o in (optimizer_G, optimizer_D_A, optimizer_D_B)
]
target_real = torch.ones(2, 1, requires_grad=False)
target_fake = torch.zeros(2, 1)
fake_A_buffer, fake_B_buffer = ReplayBuffer(), ReplayBuffer()
real_A, real_B = pictures(True), pictures(False)
for epoch in range(4):
    for i in range(2):
        optimizer_G.zero_grad()
        loss_identity_A = criterion_identity(netG_B2A(real_A), real_A) * 5.0
        loss_identity_B = criterion_identity(netG_A2B(real_B), real_B) * 5.0
        fake_B = netG_A2B(real_A)
        loss_GAN_A2B = criterion_GAN(netD_B(fake_B), target_real)
        fake_A = netG_B2A(real_B)
        loss_GAN_B2A = criterion_GAN(netD_A(fake_A), target_real)
        loss_cycle_ABA = criterion_cycle(netG_B2A(fake_B), real_A) * 10.0
        loss_cycle_BAB = criterion_cycle(netG_A2B(fake_A), real_B) * 10.0
        loss_G = sum([loss_identity_A, loss_identity_B, loss_GAN_A2B, loss_GAN_B2A, loss_cycle_ABA, loss_cycle_BAB])
        loss_G.backward()
        optimizer_G.step()
        losses_D = []
        for netD, optimizer_D, real, fake, buffer in (
            (netD_A, optimizer_D_A, real_A, fake_A, fake_A_buffer),
            (netD_B, optimizer_D_B, real_B, fake_B, fake_B_buffer),
        ):
            optimizer_D.zero_grad()
            loss_real = criterion_GAN(netD(real), target_real)
            loss_fake = criterion_GAN(netD(buffer.push_and_pop(fake).detach()), target_fake)
            loss_D = (loss_real + loss_fake) * 0.5
            loss_D.backward()
            optimizer_D.step()
            losses_D.append(loss_D)
        print(
            "loss_G: %.3f | identity: %.3f | cycle: %.3f | loss_D: %.3f"
            % (loss_G, loss_identity_A + loss_identity_B, loss_cycle_ABA + loss_cycle_BAB, sum(losses_D))
        )
    for scheduler in schedulers:
        scheduler.step()
    print("lr", [o.param_groups[0]["lr"] for o in (optimizer_G, optimizer_D_A, optimizer_D_B)])
