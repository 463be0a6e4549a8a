"""Segmentation in four classes: an attention U-Net, a Dice and a Tversky loss, class weights, IoU by a confusion matrix."""

import os
import random

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils import data


def set_seed(seed=11):
    random.seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


def init_weights(net, init_type="kaiming", gain=0.02):
    def init_func(m):
        classname = m.__class__.__name__
        if hasattr(m, "weight") and (classname.find("Conv") != -1 or classname.find("Linear") != -1):
            if init_type == "normal":
                nn.init.normal_(m.weight.data, 0.0, gain)
            elif init_type == "xavier":
                nn.init.xavier_normal_(m.weight.data, gain=gain)
            elif init_type == "kaiming":
                nn.init.kaiming_normal_(m.weight.data, a=0, mode="fan_in")
            else:
                raise NotImplementedError("initialization method [%s] is not implemented" % init_type)
            if hasattr(m, "bias") and m.bias is not None:
                nn.init.constant_(m.bias.data, 0.0)
        elif classname.find("BatchNorm2d") != -1:
            nn.init.normal_(m.weight.data, 1.0, gain)
            nn.init.constant_(m.bias.data, 0.0)

    print("initialize network with %s" % init_type)
    net.apply(init_func)


class Attention_block(nn.Module):
    def __init__(self, F_g, F_l, F_int):
        super(Attention_block, self).__init__()
        self.W_g = nn.Sequential(nn.Conv2d(F_g, F_int, kernel_size=1, bias=True), nn.BatchNorm2d(F_int))
        self.W_x = nn.Sequential(nn.Conv2d(F_l, F_int, kernel_size=1, bias=True), nn.BatchNorm2d(F_int))
        self.psi = nn.Sequential(nn.Conv2d(F_int, 1, kernel_size=1), nn.BatchNorm2d(1), nn.Sigmoid())
        self.relu = nn.ReLU(inplace=True)

    def forward(self, g, x):
        psi = self.relu(self.W_g(g) + self.W_x(x))
        return x * self.psi(psi)


def conv_block(ch_in, ch_out, dilation=1):
    return nn.Sequential(
        nn.Conv2d(ch_in, ch_out, 3, stride=1, padding=dilation, dilation=dilation), nn.BatchNorm2d(ch_out),
        nn.ReLU(inplace=True), nn.Conv2d(ch_out, ch_out, kernel_size=3, padding=1), nn.BatchNorm2d(ch_out),
        nn.ReLU(inplace=True),
    )  # fmt: skip


class AttU_Net(nn.Module):
    def __init__(self, img_ch=3, output_ch=4):
        super(AttU_Net, self).__init__()
        self.Maxpool = nn.MaxPool2d(kernel_size=2, stride=2, return_indices=True)
        self.Unpool = nn.MaxUnpool2d(2, stride=2)
        self.Conv1, self.Conv2 = conv_block(img_ch, 6), conv_block(6, 6, dilation=2)
        self.Up2 = nn.ConvTranspose2d(6, 6, kernel_size=2, stride=2)
        self.Att2 = Attention_block(F_g=12, F_l=6, F_int=4)
        self.Up_conv2 = conv_block(18, 6)
        self.Conv_1x1 = nn.Conv2d(6, output_ch, kernel_size=1, stride=1, padding=0)
        self.aux = nn.Conv2d(6, output_ch, 1)

    def forward(self, x):
        x1 = self.Conv1(x)
        x2, indices = self.Maxpool(x1)
        x2 = self.Conv2(x2)
        aux = F.interpolate(self.aux(x2), size=x.shape[-2:], mode="bilinear", align_corners=False)
        d2 = torch.cat((self.Up2(x2), self.Unpool(x2, indices)), dim=1)
        d2 = torch.cat((self.Att2(g=d2, x=x1), d2), dim=1)
        out = self.Conv_1x1(self.Up_conv2(d2))
        return {"out": out, "aux": aux} if self.training else out


class DiceLoss(nn.Module):
    def __init__(self, n_classes, smooth=1e-5):
        super(DiceLoss, self).__init__()
        self.n_classes, self.smooth = n_classes, smooth

    def _one_hot_encoder(self, input_tensor):
        tensor_list = []
        for i in range(self.n_classes):
            tensor_list.append((input_tensor == i).unsqueeze(1))
        return torch.cat(tensor_list, dim=1).float()

    def _dice_loss(self, score, target):
        intersect = torch.sum(score * target)
        z_sum, y_sum = torch.sum(score * score), torch.sum(target * target)
        return 1 - (2 * intersect + self.smooth) / (z_sum + y_sum + self.smooth)

    def forward(self, inputs, target, weight=None, softmax=True):
        if softmax:
            inputs = torch.softmax(inputs, dim=1)
        target = self._one_hot_encoder(target)
        weight = [1] * self.n_classes if weight is None else weight
        assert inputs.size() == target.size(), f"predict {inputs.size()} & target {target.size()} shape do not match"
        loss = 0.0
        for i in range(self.n_classes):
            loss += self._dice_loss(inputs[:, i], target[:, i]) * weight[i]
        return loss / self.n_classes


def tversky(logits, true, alpha=0.3, beta=0.7, eps=1e-7):
    num_classes = logits.shape[1]
    true_1_hot = torch.eye(num_classes)[true].permute(0, 3, 1, 2).type(logits.type())
    probas = F.softmax(logits, dim=1)
    dims = (0,) + tuple(range(2, true.ndimension() + 1))
    intersection = torch.sum(probas * true_1_hot, dims)
    fps, fns = torch.sum(probas * (1 - true_1_hot), dims), torch.sum((1 - probas) * true_1_hot, dims)
    return 1 - (intersection / (intersection + (alpha * fps) + (beta * fns) + eps)).mean()


class Shapes(data.Dataset):
    """Rectangles of three kinds on noise, some of it void (255)."""

    def __init__(self, n):
        self.items = []
        for _ in range(n):
            mask, image = np.zeros((16, 16), dtype=np.int64), np.random.randn(3, 16, 16).astype("float32") * 0.3
            for kind in (1, 2, 3):
                r, c, h, w = np.random.randint(0, 10, 2).tolist() + np.random.randint(3, 7, 2).tolist()
                mask[r : r + h, c : c + w] = kind
            for kind in (1, 2, 3):
                image[kind - 1][mask == kind] += 1
            mask[:, 0] = 255
            self.items.append((torch.from_numpy(image), torch.LongTensor(mask)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def fast_hist(a, b, n):
    k = (a >= 0) & (a < n)
    return torch.bincount(n * a[k] + b[k], minlength=n**2).reshape(n, n)


set_seed()
train_loader = data.DataLoader(Shapes(32), batch_size=8, shuffle=True)
val_loader = data.DataLoader(Shapes(8), batch_size=8)
model = AttU_Net()
init_weights(model)
class_weights = torch.tensor([0.5, 1.0, 1.0, 1.0])
ce, dice = nn.CrossEntropyLoss(weight=class_weights, ignore_index=255), DiceLoss(4)
optimizer = torch.optim.SGD(
    [{"params": [p for n, p in model.named_parameters() if "Conv_1x1" not in n]},
     {"params": model.Conv_1x1.parameters(), "lr": 0.1}],
    lr=0.03, momentum=0.9, weight_decay=1e-4, nesterov=True,
)  # fmt: skip
max_iterations = 3 * len(train_loader)
scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=max_iterations, power=0.9)
for epoch in range(3):
    model.train()
    for image, label in train_loader:
        output = model(image)
        losses = {name: ce(x, label) for name, x in output.items()}
        loss = losses["out"] + 0.4 * losses["aux"] + 0.5 * dice(output["out"], label)
        loss = loss + 0.1 * tversky(output["out"], label.clone().masked_fill_(label == 255, 0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    model.eval()
    hist = torch.zeros(4, 4)
    with torch.no_grad():
        for image, label in val_loader:
            pred = torch.argmax(torch.softmax(model(image), dim=1), dim=1).squeeze(0)
            hist += fast_hist(label.flatten(), pred.flatten(), 4)
    ious = hist.diag() / (hist.sum(1) + hist.sum(0) - hist.diag() + 1e-9)
    print(f"epoch {epoch}: loss {loss.item():.3f} ce {losses['out'].item():.3f} mean IoU {ious.mean():.2f}", hist.sum())
    print("  lr", [f"{group['lr']:.4f}" for group in optimizer.param_groups])
