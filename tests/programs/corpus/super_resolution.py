"""Super-resolution by an efficient sub-pixel network, orthogonal weights; an EDSR beside it; PSNR, bicubic as the bar."""

import argparse
from math import log10

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.init as init
import torch.optim as optim
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser(description="PyTorch Super Res Example")
parser.add_argument("--upscale_factor", type=int, default=2, help="super resolution upscale factor")
parser.add_argument("--batchSize", type=int, default=8, help="training batch size")
parser.add_argument("--nEpochs", type=int, default=3, help="number of epochs to train for")
parser.add_argument("--lr", type=float, default=0.01, help="Learning Rate. Default=0.01")
parser.add_argument("--seed", type=int, default=123)
opt = parser.parse_args([])
print(vars(opt))
torch.manual_seed(opt.seed)
device = torch.device("cpu")


class Net(nn.Module):
    def __init__(self, upscale_factor):
        super(Net, self).__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(1, 12, (5, 5), (1, 1), (2, 2))
        self.conv2 = nn.Conv2d(12, 12, (3, 3), (1, 1), (1, 1))
        self.conv3 = nn.Conv2d(12, upscale_factor**2, (3, 3), (1, 1), (1, 1))
        self.pixel_shuffle = nn.PixelShuffle(upscale_factor)
        self._initialize_weights()

    def forward(self, x):
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        return self.pixel_shuffle(self.conv3(x))

    def _initialize_weights(self):
        init.orthogonal_(self.conv1.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv2.weight, init.calculate_gain("relu"))
        init.orthogonal_(self.conv3.weight)


def default_conv(in_channels, out_channels, kernel_size, bias=True):
    return nn.Conv2d(in_channels, out_channels, kernel_size, padding=(kernel_size // 2), bias=bias)


class MeanShift(nn.Conv2d):
    def __init__(self, mean=0.5, sign=-1):
        super(MeanShift, self).__init__(1, 1, kernel_size=1)
        self.weight.data = torch.eye(1).view(1, 1, 1, 1)
        self.bias.data = sign * torch.Tensor([mean])
        for p in self.parameters():
            p.requires_grad = False


class ResBlock(nn.Module):
    def __init__(self, conv, n_feats, kernel_size, bias=True, bn=False, act=nn.ReLU(True), res_scale=0.5):
        super(ResBlock, self).__init__()
        m = []
        for i in range(2):
            m.append(conv(n_feats, n_feats, kernel_size, bias=bias))
            if bn:
                m.append(nn.BatchNorm2d(n_feats))
            if i == 0:
                m.append(act)
        self.body = nn.Sequential(*m)
        self.res_scale = res_scale

    def forward(self, x):
        res = self.body(x).mul(self.res_scale)
        res += x
        return res


class EDSR(nn.Module):
    def __init__(self, scale, conv=default_conv, n_feats=8, n_resblocks=2):
        super(EDSR, self).__init__()
        self.sub_mean, self.add_mean = MeanShift(), MeanShift(sign=1)
        self.head = nn.Sequential(conv(1, n_feats, 3))
        m_body = [ResBlock(conv, n_feats, 3) for _ in range(n_resblocks)]
        m_body.append(conv(n_feats, n_feats, 3))
        self.body = nn.Sequential(*m_body)
        self.tail = nn.Sequential(
            conv(n_feats, n_feats * scale**2, 3), nn.PixelShuffle(scale), conv(n_feats, 1, 3)
        )

    def forward(self, x):
        x = self.head(self.sub_mean(x))
        res = self.body(x)
        res += x
        return self.add_mean(self.tail(res))


class Waves(Dataset):
    """Pictures of waves, and each at half the size."""

    def __init__(self, n, first):
        grid = torch.stack(torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij"))
        angles = torch.arange(first, first + n).float()
        direction = torch.stack([angles.cos(), angles.sin()], dim=1)
        self.targets = torch.einsum("nd,dhw->nhw", direction, grid).mul_(0.7).sin_().div(2).add(0.5).unsqueeze(1)

    def __getitem__(self, index):
        target = self.targets[index]
        input = F.interpolate(target[None], scale_factor=1 / opt.upscale_factor, mode="area").squeeze(0)
        return input, target.clone()

    def __len__(self):
        return self.targets.size(0)


training_data_loader = DataLoader(dataset=Waves(32, 0), num_workers=0, batch_size=opt.batchSize, shuffle=True)
testing_data_loader = DataLoader(dataset=Waves(8, 40), batch_size=4, shuffle=False)
criterion = nn.MSELoss()
avg = 0.0
for batch in testing_data_loader:
    up = F.interpolate(batch[0], scale_factor=2, mode="bicubic", align_corners=False).clamp(0, 1)
    avg += 10 * log10(1 / criterion(up, batch[1]).item())
print("bicubic {:.3f} dB".format(avg / len(testing_data_loader)))
for name, model in (("ESPCN", Net(upscale_factor=opt.upscale_factor)), ("EDSR", EDSR(opt.upscale_factor))):
    model = model.to(device)
    optimizer = optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=opt.lr, eps=1e-8)
    scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 2], gamma=0.5)
    for epoch in range(1, opt.nEpochs + 1):
        epoch_loss = 0
        for iteration, batch in enumerate(training_data_loader, 1):
            input, target = batch[0].to(device), batch[1].to(device)
            optimizer.zero_grad()
            loss = criterion(model(input), target) if name == "ESPCN" else F.l1_loss(model(input), target)
            epoch_loss += loss.item()
            loss.backward()
            optimizer.step()
        print("===> Epoch {} Complete: Avg. Loss: {:.4f}".format(epoch, epoch_loss / len(training_data_loader)))
        avg_psnr = 0
        with torch.no_grad():
            for batch in testing_data_loader:
                mse = criterion(model(batch[0].to(device)), batch[1].to(device))
                avg_psnr += 10 * log10(1 / mse.item())
        print("===> Avg. PSNR: {:.2f} dB".format(avg_psnr / len(testing_data_loader)), optimizer.param_groups[0]["lr"])
        scheduler.step()
    model_out_path = "model_{}.pth".format(name)
    torch.save({"epoch": epoch, "model": model.state_dict(), "opt": vars(opt)}, model_out_path)
    again = Net(opt.upscale_factor) if name == "ESPCN" else EDSR(opt.upscale_factor)
    again.load_state_dict(torch.load(model_out_path, map_location=device)["model"], strict=True)
    print(name, torch.equal(again(batch[0]), model(batch[0])), len(list(again.parameters())))
