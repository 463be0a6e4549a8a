"""A small U-Net that finds discs: down, up by transposed convolutions, skips by cat, a Dice loss, early stopping."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, random_split


class DoubleConv(nn.Module):
    """(convolution => BN => ReLU) * 2"""

    def __init__(self, in_channels, out_channels, mid_channels=None):
        super().__init__()
        mid_channels = mid_channels or out_channels
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class Up(nn.Module):
    def __init__(self, in_channels, out_channels, bilinear):
        super().__init__()
        if bilinear:
            self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
            self.conv = DoubleConv(in_channels + out_channels, out_channels)
        else:
            self.up = nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
            self.conv = DoubleConv(2 * out_channels, out_channels)

    def forward(self, x1, x2):
        x1 = self.up(x1)
        diffY, diffX = x2.size()[2] - x1.size()[2], x2.size()[3] - x1.size()[3]
        x1 = F.pad(x1, [diffX // 2, diffX - diffX // 2, diffY // 2, diffY - diffY // 2])
        return self.conv(torch.cat([x2, x1], dim=1))


class UNet(nn.Module):
    def __init__(self, bilinear=False):
        super().__init__()
        self.inc = DoubleConv(1, 4)
        self.down1 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(4, 8))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), DoubleConv(8, 16))
        self.up1, self.up2 = Up(16, 8, bilinear), Up(8, 4, bilinear)
        self.outc = nn.Conv2d(4, 1, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        return self.outc(self.up2(self.up1(x3, x2), x1))


class Discs(Dataset):
    def __init__(self, n, size=18):
        rng = np.random.RandomState(0)
        rows, columns = np.mgrid[:size, :size]
        centres = rng.uniform(4, size - 4, (n, 2))
        self.masks = [((rows - y) ** 2 + (columns - x) ** 2 < 12).astype(np.float32) for y, x in centres]
        self.images = [mask + rng.normal(0, 0.4, mask.shape).astype(np.float32) for mask in self.masks]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image, mask = torch.from_numpy(self.images[i]).unsqueeze(0), torch.as_tensor(self.masks[i])[None]
        return {"image": image.float().contiguous(), "mask": mask}


def dice_coeff(input, target, epsilon=1e-6):
    inter = 2 * (input * target).sum(dim=(-1, -2))
    sets_sum = input.sum(dim=(-1, -2)) + target.sum(dim=(-1, -2))
    return ((inter + epsilon) / (sets_sum + epsilon)).mean()


for bilinear in (False, True):
    torch.manual_seed(0)
    dataset = Discs(40)
    train_set, val_set = random_split(dataset, [32, 8], generator=torch.Generator().manual_seed(0))
    train_loader = DataLoader(train_set, shuffle=True, batch_size=8, num_workers=0, pin_memory=False)
    net = UNet(bilinear)
    optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3, weight_decay=1e-8, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "max", patience=1)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(3):
        net.train()
        for batch in train_loader:
            pred = net(batch["image"])
            loss = criterion(pred, batch["mask"]) + 1 - dice_coeff(torch.sigmoid(pred), batch["mask"])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        net.eval()
        with torch.inference_mode():
            batch = next(iter(DataLoader(val_set, batch_size=8)))
            score = dice_coeff((torch.sigmoid(net(batch["image"])) > 0.5).float(), batch["mask"])
        scheduler.step(score)
        print(bilinear, epoch, f"loss {loss.item():.3f} dice {score.item():.2f}", optimizer.param_groups[0]["lr"])
    print(sum(p.numel() for p in net.parameters() if p.requires_grad), len(list(net.modules())))
