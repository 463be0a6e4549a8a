"""ResNet-18 (He et al. 2015) from the parts of lessons 03, 08 and 09: its size, its shapes, its names."""

import tinytorch as tt
import tinytorch.nn as nn


class ResNet18(nn.Module):
    """Eight residual blocks in four stages, from (N, 3, 224, 224) to 1000 scores; named as torchvision names it."""

    def __init__(self, num_classes: int = 1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        for i, (inside, outside) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)]):
            first = nn.BasicBlock(inside, outside, 1 if i == 0 else 2)
            setattr(self, f"layer{i + 1}", nn.Sequential(first, nn.BasicBlock(outside, outside, 1)))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, num_classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.fc(self.avgpool(x).flatten(1))


def test_resnet18():
    net = ResNet18()
    assert sum(p.numel() for p in net.parameters()) == 11_689_512
    shapes = []
    for stage in (net.layer1, net.layer2, net.layer3, net.layer4):
        stage.register_forward_hook(lambda module, args, output: shapes.append(output.shape))
    with tt.no_grad():
        scores = net.eval()(tt.randn(1, 3, 224, 224))
    assert shapes == [(1, 64, 56, 56), (1, 128, 28, 28), (1, 256, 14, 14), (1, 512, 7, 7)]
    assert scores.shape == (1, 1000)


def test_names_are_torchvisions():
    names = list(ResNet18().state_dict())
    assert len(names) == 122
    assert {
        "conv1.weight",
        "bn1.running_mean",
        "layer1.1.bn2.num_batches_tracked",
        "layer2.0.downsample.0.weight",
        "layer4.0.downsample.1.running_var",
        "fc.bias",
    } <= set(names)
    assert not any("layer1.0.downsample" in name for name in names)
