"""Looking inside of modules: hooks for activations and gradients, Grad-CAM, guided ReLU, spectral and weight norm, parametrizations, pruning, freezing, a text CNN to look at."""

import functools
import types
from collections import OrderedDict
from functools import partial

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.parametrizations as parametrizations
import torch.nn.utils.parametrize as parametrize
import torch.nn.utils.prune as prune

torch.manual_seed(3)


class TextCNN(nn.Module):
    def __init__(self, vocab=30, dim=8, kernels=(2, 3, 4), channels=6, classes=3, dropout=0.3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim, padding_idx=1)
        self.convs1 = nn.ModuleList([nn.Conv2d(1, channels, (K, dim)) for K in kernels])
        self.char_conv = nn.Conv1d(dim, channels, 3, padding="same")
        self.dropout = nn.Dropout(dropout)
        self.bn = nn.BatchNorm1d(len(kernels) * channels + channels)
        self.fc1 = nn.Linear(len(kernels) * channels + channels, classes)

    def forward(self, x):
        emb = self.embed(x)
        x = emb.unsqueeze(1)
        x = [F.relu(conv(x)).squeeze(3) for conv in self.convs1]
        x = [F.max_pool1d(i, i.size(2)).squeeze(2) for i in x]
        x.append(F.adaptive_max_pool1d(F.relu(self.char_conv(emb.permute(0, 2, 1))), 1).squeeze(-1))
        x = self.dropout(self.bn(torch.cat(x, 1)))
        return self.fc1(x)


model = TextCNN()
tokens, labels = torch.randint(2, 30, (12, 9)), torch.randint(0, 3, (12,))
tokens[:, 7:] = 1
activations, gradients, shapes = {}, OrderedDict(), []


def get_activation(name):
    def hook(module, input, output):
        activations[name] = output.detach()

    return hook


def summary_hook(module, inputs, output, *, name):
    shapes.append((name, module.__class__.__name__, list(output.size()), sum(p.numel() for p in module.parameters(recurse=False))))


handles = [m.register_forward_hook(partial(summary_hook, name=n)) for n, m in model.named_modules() if not list(m.children())]
handles += [model.convs1[0].register_forward_hook(get_activation("conv")), model.fc1.register_forward_pre_hook(lambda m, args: shapes.append(("before", tuple(args[0].shape))))]
handles.append(model.fc1.register_full_backward_hook(lambda m, gi, go: gradients.update(fc1=(gi[0].norm().item(), go[0].norm().item()))))
handles.append(model.embed.weight.register_hook(lambda g: gradients.update(embed=g.norm().item())))
model(tokens).log_softmax(-1)
loss = F.cross_entropy(model(tokens), labels)
loss.backward()
for row in shapes[: len(shapes) // 2]:
    print(row)
print("%.5f" % loss.item(), activations["conv"].shape, activations["conv"].std().item(), gradients, model.embed.weight.grad[1].abs().sum().item())
for h in handles:
    h.remove()
del shapes[:]
model(tokens)
print(len(shapes), len(model._forward_hooks), sum(len(m._forward_hooks) for m in model.modules()))
optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95, eps=1e-6)
for step in range(8):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(tokens), labels, label_smoothing=0.1)
    loss.backward()
    optimizer.step()
print("Adadelta %.5f" % loss.item(), model.bn.running_mean[:3], model.bn.num_batches_tracked)


# Grad-CAM, guided backpropagation, saliency, occlusion
class Hook:
    def __init__(self, m):
        self.hook = m.register_forward_hook(self.hook_func)

    def hook_func(self, m, i, o):
        self.stored = o.detach().clone()

    def __enter__(self, *args):
        return self

    def __exit__(self, *args):
        self.hook.remove()


class HookBwd(Hook):
    def __init__(self, m):
        self.hook = m.register_full_backward_hook(self.hook_func)

    def hook_func(self, m, gi, go):
        self.stored = go[0].detach().clone()


body = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.ReLU())
net = nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)).eval()
image = torch.randn(1, 1, 8, 8, requires_grad=True)
with HookBwd(net[0]) as hookg:
    with Hook(net[0]) as hook:
        output = net(image)
        act = hook.stored
    output[0, output.argmax()].backward()
    grad = hookg.stored
w = grad[0].mean(dim=(1, 2), keepdim=True)
cam_map = (w * act[0]).sum(0).relu()
cam = F.interpolate(cam_map[None, None], size=(8, 8), mode="bilinear", align_corners=False)
print(cam_map.shape, cam_map.max().item(), cam.sum().item(), image.grad.abs().max(dim=1)[0].flatten().topk(2).values)


def guided(module, grad_in, grad_out):
    return (torch.clamp(grad_in[0], min=0.0),)


hooks = [m.register_full_backward_hook(guided) for m in net.modules() if isinstance(m, nn.ReLU)]
image.grad = None
net(image)[0, 1].backward()
print("guided", image.grad.norm().item(), (image.grad > 0).float().mean().item())
[h.remove() for h in hooks]
with torch.no_grad():
    patches = image.unfold(2, 4, 4).unfold(3, 4, 4)
    occluded = image.repeat(4, 1, 1, 1)
    for i, m in enumerate(occluded):
        m[:, (i // 2) * 4 : (i // 2) * 4 + 4, (i % 2) * 4 : (i % 2) * 4 + 4] = 0
print(patches.shape, (net(image).softmax(1)[:, 0] - net(occluded).softmax(1)[:, 0]).detach())

# parametrizations
torch.manual_seed(0)


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)

    def right_inverse(self, A):
        return A.triu()


layer = nn.Linear(3, 3)
parametrize.register_parametrization(layer, "weight", Symmetric())
print(torch.allclose(layer.weight, layer.weight.T), list(dict(layer.named_parameters())), parametrize.is_parametrized(layer, "weight"))
layer.weight = torch.eye(3)
parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
print(layer.weight.tolist(), type(layer).__name__)
spectral = parametrizations.spectral_norm(nn.Linear(6, 4))
weight = parametrizations.weight_norm(nn.Linear(6, 4), name="weight")
orthogonal = nn.Linear(4, 4)
nn.init.orthogonal_(orthogonal.weight)
old = nn.utils.spectral_norm(nn.Conv2d(2, 3, 3))
x = torch.randn(5, 6)
for _ in range(4):
    out = orthogonal(spectral(x) + weight(x))
    old(torch.randn(1, 2, 4, 4))
out.pow(2).sum().backward()
print(torch.linalg.matrix_norm(spectral.weight, 2).item(), weight.parametrizations.weight.original0.grad.flatten(), (orthogonal.weight @ orthogonal.weight.T - torch.eye(4)).detach().abs().max().item() < 1e-5)
print(sorted(old.state_dict()), sorted(k for k in weight.state_dict()), out.norm().item())

# pruning
torch.manual_seed(1)
pruned = nn.Sequential(OrderedDict(fc1=nn.Linear(8, 8), act=nn.ReLU(), fc2=nn.Linear(8, 2)))
prune.random_unstructured(pruned.fc1, name="weight", amount=0.3)
prune.l1_unstructured(pruned.fc1, name="bias", amount=3)
prune.ln_structured(pruned.fc2, name="weight", amount=0.25, n=2, dim=1)
print([n for n, _ in pruned.named_buffers()], pruned.fc1.weight_mask.sum().item(), pruned.fc2.weight.count_nonzero().item(), len(pruned.fc1._forward_pre_hooks))
pruned(torch.randn(3, 8)).sum().backward()
print((pruned.fc1.weight_orig.grad[pruned.fc1.weight_mask == 0] == 0).all().item(), prune.is_pruned(pruned))
prune.global_unstructured(((pruned.fc1, "weight"), (pruned.fc2, "weight")), pruning_method=prune.L1Unstructured, amount=0.5)
for m, name in ((pruned.fc1, "weight"), (pruned.fc1, "bias"), (pruned.fc2, "weight")):
    prune.remove(m, name)
print("Sparsity: {:.2f}%".format(100.0 * float(torch.sum(pruned.fc1.weight == 0)) / float(pruned.fc1.weight.nelement())), sorted(pruned.state_dict()))


class FooBarPruningMethod(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


FooBarPruningMethod.apply(pruned.fc2, "bias")
print(pruned.fc2.bias_mask)

# freezing, surgery, methods changed at run time
for name, child in net.named_children():
    if name in ("0",):
        child.requires_grad_(False)
print([n for n, p in net.named_parameters() if p.requires_grad], sum(p.numel() for p in filter(lambda p: p.requires_grad, net.parameters())))
net[3] = nn.Identity()
features = nn.Sequential(*list(net.children())[:-1])
print(features(image).shape, net.get_submodule("0.2").stride, next(net.modules()) is net, [type(m).__name__ for m in net.children()])
old_forward = features.forward
features.forward = types.MethodType(lambda self, x: old_forward(x).mul(2), features)
print(torch.equal(features(image), old_forward(image) * 2), functools.reduce(lambda a, b: a + b.numel(), features.parameters(), 0))
