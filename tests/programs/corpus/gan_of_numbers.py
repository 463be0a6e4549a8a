"""A generator and a discriminator of numbers: two optimizers, detach, BCE, real and fake labels, Xavier by apply."""

import torch
from torch import nn

torch.manual_seed(7)
BATCH, NOISE = 32, 4


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        nn.init.xavier_normal_(m.weight.data)
        if m.bias is not None:
            nn.init.constant_(m.bias.data, 0.01)
    elif classname.find("BatchNorm") != -1:
        m.weight.data.normal_(1.0, 0.02)
        m.bias.data.fill_(0)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(NOISE, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(True), nn.Linear(16, 16), nn.LeakyReLU(0.2),
            nn.Linear(16, 2),
        )

    def forward(self, z):
        return self.main(z)


netG = Generator()
netD = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2, inplace=True), nn.Dropout(0.3), nn.Linear(16, 1), nn.Sigmoid())
netG.apply(weights_init)
netD.apply(weights_init)
print(netG)
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))
fixed_noise = torch.randn(3, NOISE)
for i in range(60):
    netD.zero_grad()
    real = torch.randn(BATCH, 2) * 0.5 + torch.tensor([1.0, -1.0])
    label = torch.full((BATCH,), 1.0)
    errD_real = criterion(netD(real).view(-1), label)
    errD_real.backward()
    fake = netG(torch.randn(BATCH, NOISE))
    label.fill_(0.0)
    output = netD(fake.detach()).view(-1)
    errD_fake = criterion(output, label)
    errD_fake.backward()
    optimizerD.step()

    netG.zero_grad()
    label.fill_(1.0)
    errG = criterion(netD(fake).view(-1), label)
    errG.backward()
    optimizerG.step()
    if i % 15 == 0:
        print("[%d] Loss_D: %.4f Loss_G: %.4f D(x): %.4f" % (i, errD_real + errD_fake, errG.item(), output.mean()))
netG.eval()
with torch.no_grad():
    print(netG(fixed_noise))
