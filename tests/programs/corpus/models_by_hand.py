"""DenseNet, MobileNetV2, ShuffleNet, squeeze-and-excitation, Inception, VGG by a list, written out as in public code."""

import math
from collections import OrderedDict
from functools import partial
from typing import Any, Callable, List, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.checkpoint as cp
from torch import Tensor


class _DenseLayer(nn.Module):
    def __init__(self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float, efficient=False):
        super().__init__()
        self.norm1: nn.BatchNorm2d
        self.add_module("norm1", nn.BatchNorm2d(num_input_features))
        self.add_module("relu1", nn.ReLU(inplace=True))
        self.add_module("conv1", nn.Conv2d(num_input_features, bn_size * growth_rate, 1, stride=1, bias=False))
        self.add_module("norm2", nn.BatchNorm2d(bn_size * growth_rate))
        self.add_module("relu2", nn.ReLU(inplace=True))
        self.add_module("conv2", nn.Conv2d(bn_size * growth_rate, growth_rate, 3, padding=1, bias=False))
        self.drop_rate = float(drop_rate)
        self.memory_efficient = efficient

    def bn_function(self, *inputs: Tensor) -> Tensor:
        return self.conv1(self.relu1(self.norm1(torch.cat(inputs, 1))))

    def forward(self, input):
        prev_features = [input] if isinstance(input, Tensor) else input
        if self.memory_efficient and any(tensor.requires_grad for tensor in prev_features):
            bottleneck_output = cp.checkpoint(self.bn_function, *prev_features, use_reentrant=False)
        else:
            bottleneck_output = self.bn_function(*prev_features)
        new_features = self.conv2(self.relu2(self.norm2(bottleneck_output)))
        if self.drop_rate > 0:
            new_features = F.dropout(new_features, p=self.drop_rate, training=self.training)
        return new_features


class _DenseBlock(nn.ModuleDict):
    def __init__(self, num_layers, num_input_features, bn_size, growth_rate, drop_rate, efficient):
        super(_DenseBlock, self).__init__()
        for i in range(num_layers):
            layer = _DenseLayer(num_input_features + i * growth_rate, growth_rate, bn_size, drop_rate, efficient)
            self.add_module("denselayer%d" % (i + 1), layer)

    def forward(self, init_features):
        features = [init_features]
        for name, layer in self.items():
            features.append(layer(features))
        return torch.cat(features, 1)


class DenseNet(nn.Module):
    def __init__(self, growth_rate=4, block_config=(2, 2), num_init_features=8, bn_size=2, efficient=False):
        super(DenseNet, self).__init__()
        self.features = nn.Sequential(
            OrderedDict(
                [
                    ("conv0", nn.Conv2d(3, num_init_features, kernel_size=3, padding=1, bias=False)),
                    ("norm0", nn.BatchNorm2d(num_init_features)),
                    ("relu0", nn.ReLU(inplace=True)),
                    ("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
                ]
            )
        )
        num_features = num_init_features
        for i, num_layers in enumerate(block_config):
            block = _DenseBlock(num_layers, num_features, bn_size, growth_rate, 0.0, efficient)
            self.features.add_module("denseblock%d" % (i + 1), block)
            num_features = num_features + num_layers * growth_rate
            if i != len(block_config) - 1:
                trans = nn.Sequential()
                trans.add_module("norm", nn.BatchNorm2d(num_features))
                trans.add_module("relu", nn.ReLU(inplace=True))
                trans.add_module("conv", nn.Conv2d(num_features, num_features // 2, kernel_size=1, bias=False))
                trans.add_module("pool", nn.AvgPool2d(kernel_size=2, stride=2))
                self.features.add_module("transition%d" % (i + 1), trans)
                num_features = num_features // 2
        self.features.add_module("norm5", nn.BatchNorm2d(num_features))
        self.classifier = nn.Linear(num_features, 5)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def forward(self, x):
        out = F.relu(self.features(x), inplace=True)
        out = torch.flatten(F.adaptive_avg_pool2d(out, (1, 1)), 1)
        return self.classifier(out)


def _make_divisible(v: float, divisor: int, min_value: Optional[int] = None) -> int:
    if min_value is None:
        min_value = divisor
    new_v = max(min_value, int(v + divisor / 2) // divisor * divisor)
    return new_v + divisor if new_v < 0.9 * v else new_v


class ConvNormActivation(nn.Sequential):
    def __init__(self, i, o, kernel_size=3, stride=1, groups=1, act: Optional[Callable[..., nn.Module]] = nn.ReLU6):
        layers: List[nn.Module] = [
            nn.Conv2d(i, o, kernel_size, stride, (kernel_size - 1) // 2, groups=groups, bias=False),
            partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)(o),
        ]
        if act is not None:
            layers.append(act(inplace=True))
        super().__init__(*layers)


class SqueezeExcitation(nn.Module):
    def __init__(self, input_channels, squeeze_channels, activation=nn.ReLU, scale_activation=nn.Hardsigmoid):
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation, self.scale_activation = activation(), scale_activation()

    def forward(self, input):
        scale = self.avgpool(input)
        scale = self.scale_activation(self.fc2(self.activation(self.fc1(scale))))
        return scale * input


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio, se=False, act=nn.ReLU6):
        super(InvertedResidual, self).__init__()
        assert stride in [1, 2]
        hidden_dim = int(round(inp * expand_ratio))
        self.use_res_connect = stride == 1 and inp == oup
        layers = [ConvNormActivation(inp, hidden_dim, kernel_size=1, act=act)] if expand_ratio != 1 else []
        layers.append(ConvNormActivation(hidden_dim, hidden_dim, stride=stride, groups=hidden_dim, act=act))
        if se:
            layers.append(SqueezeExcitation(hidden_dim, _make_divisible(hidden_dim // 4, 4)))
        layers += [nn.Conv2d(hidden_dim, oup, 1, 1, 0, bias=False), nn.BatchNorm2d(oup)]
        self.conv = nn.Sequential(*layers)

    def forward(self, x):
        if self.use_res_connect:
            return x + self.conv(x)
        return self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, width_mult=0.5, settings=((1, 16, 1, 1), (3, 24, 2, 2)), se=False, act=nn.ReLU6):
        super(MobileNetV2, self).__init__()
        input_channel = _make_divisible(16 * width_mult, 4)
        features = [ConvNormActivation(3, input_channel, stride=2, act=act)]
        for t, c, n, s in settings:
            output_channel = _make_divisible(c * width_mult, 4)
            for i in range(n):
                features.append(InvertedResidual(input_channel, output_channel, s if i == 0 else 1, t, se, act))
                input_channel = output_channel
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=0.2), nn.Linear(input_channel, 5))
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out")
                if m.bias is not None:
                    nn.init.zeros_(m.bias)
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.ones_(m.weight)
                nn.init.zeros_(m.bias)
            elif isinstance(m, nn.Linear):
                n = m.weight.size(0)
                init_range = 1.0 / math.sqrt(n)
                m.weight.data.uniform_(-init_range, init_range)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        return self.classifier(x.mean([2, 3]))


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    batchsize, num_channels, height, width = x.size()
    x = x.view(batchsize, groups, num_channels // groups, height, width)
    return torch.transpose(x, 1, 2).contiguous().view(batchsize, -1, height, width)


class ShuffleInception(nn.Module):
    """Branches by chunk, shuffled; then an Inception block; then a spatial pyramid."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.branch = nn.Sequential(
            nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
            nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False), nn.BatchNorm2d(4), nn.PReLU(4),
        )  # fmt: skip
        self.b1, self.b2 = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 4, (1, 3), padding=(0, 1))
        self.b3, self.b4 = nn.Conv2d(8, 4, (3, 1), padding=(1, 0), padding_mode="reflect"), nn.Conv2d(8, 4, 1)
        self.fc = nn.Linear(16 * 5, 5)
        nn.init.trunc_normal_(self.fc.weight, std=0.1)

    def forward(self, x):
        x1, x2 = self.stem(x).chunk(2, dim=1)
        x = channel_shuffle(torch.cat((x1, self.branch(x2)), dim=1), 2)
        pool = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)
        x = torch.cat([self.b1(x), F.elu(self.b2(x), alpha=0.5), F.hardswish(self.b3(x)), self.b4(pool)], 1)
        levels = [F.adaptive_max_pool2d(x, size).reshape(x.size(0), -1) for size in (1, 2)]
        return self.fc(torch.hstack(levels))


cfg = {"A": [4, "M", 8, "M"], "B": [4, 4, "M", 8, 8, "M"]}


def vgg(name: str, batch_norm: bool = False, **kwargs: Any) -> nn.Sequential:
    layers, in_channels = [], 3
    for v in cfg[name]:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2, ceil_mode=True)]
        else:
            conv2d = nn.Conv2d(in_channels, v, kernel_size=3, padding=1)
            layers += [conv2d, nn.BatchNorm2d(v), nn.ReLU(inplace=True)] if batch_norm else [conv2d, nn.ReLU(True)]
            in_channels = v
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(5), **kwargs)


torch.manual_seed(0)
x, y = torch.randn(8, 3, 16, 16), torch.arange(8) % 5
models = {
    "densenet": lambda: DenseNet(),
    "densenet, checkpointed": lambda: DenseNet(efficient=True),
    "mobilenet v2": lambda: MobileNetV2(),
    "mobilenet v3-like": lambda: MobileNetV2(se=True, act=nn.Hardswish),
    "shuffle and inception": ShuffleInception,
    "vgg a": lambda: vgg("A"),
    "vgg b bn": lambda: vgg("B", batch_norm=True),
}
for name, make in models.items():
    torch.manual_seed(1)
    model = make()
    with torch.no_grad():
        model.train()
        model(x[:2])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-4, nesterov=True)
    losses = []
    for step in range(3):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append("%.3f" % loss.item())
    model.eval()
    with torch.inference_mode():
        top = model(x).topk(2, dim=1)
    total = sum(p.numel() for p in model.parameters()), sum(b.numel() for b in model.buffers())
    print(name, total, len(model.state_dict()), *losses, "%.3f" % top.values.mean().item())
print(*dict(DenseNet().features.named_children()))
print(max(len(n) for n, _ in DenseNet().named_modules()), [n for n, _ in vgg("A").named_parameters()])
