"""Sounds and letters without an alignment: convolutions, a bidirectional GRU, CTC loss, OneCycleLR, greedy decoding, edit distance."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torch.utils.data as data

use_cuda = torch.cuda.is_available()
torch.manual_seed(7)
rng = np.random.RandomState(7)
letters = "' abcde"
char_map = {c: i for i, c in enumerate(letters)}
BLANK = len(letters)
patterns = rng.randn(len(letters), 8).astype("float32")


def utterance():
    text = "".join(rng.choice(list("abcde "), rng.randint(3, 7))).strip() or "a"
    frames = [patterns[char_map[c]] for c in text for _ in range(rng.randint(4, 7))]
    spectrogram = np.stack(frames) + 0.3 * rng.randn(len(frames), 8).astype("float32")
    return torch.from_numpy(spectrogram.astype("float32")), text


def text_to_int(text):
    return [char_map[c] for c in text]


def data_processing(batch):
    spectrograms, labels, input_lengths, label_lengths = [], [], [], []
    for spec, text in batch:
        spectrograms.append(spec)
        label = torch.Tensor(text_to_int(text))
        labels.append(label)
        input_lengths.append(spec.shape[0] // 2)
        label_lengths.append(len(label))
    spectrograms = nn.utils.rnn.pad_sequence(spectrograms, batch_first=True).unsqueeze(1).transpose(2, 3)
    labels = nn.utils.rnn.pad_sequence(labels, batch_first=True)
    return spectrograms, labels, input_lengths, label_lengths


class CNNLayerNorm(nn.Module):
    def __init__(self, n_feats):
        super().__init__()
        self.layer_norm = nn.LayerNorm(n_feats)

    def forward(self, x):
        x = x.transpose(2, 3).contiguous()
        x = self.layer_norm(x)
        return x.transpose(2, 3).contiguous()


class ResidualCNN(nn.Module):
    def __init__(self, channels, kernel, dropout, n_feats):
        super().__init__()
        self.cnn1 = nn.Conv2d(channels, channels, kernel, 1, padding=kernel // 2)
        self.cnn2 = nn.Conv2d(channels, channels, kernel, 1, padding=kernel // 2)
        self.dropout1, self.dropout2 = nn.Dropout(dropout), nn.Dropout(dropout)
        self.layer_norm1, self.layer_norm2 = CNNLayerNorm(n_feats), CNNLayerNorm(n_feats)

    def forward(self, x):
        residual = x
        x = self.cnn1(self.dropout1(F.gelu(self.layer_norm1(x))))
        x = self.cnn2(self.dropout2(F.gelu(self.layer_norm2(x))))
        x += residual
        return x


class BidirectionalGRU(nn.Module):
    def __init__(self, rnn_dim, hidden_size, dropout, batch_first):
        super().__init__()
        self.BiGRU = nn.GRU(rnn_dim, hidden_size, num_layers=1, batch_first=batch_first, bidirectional=True)
        self.layer_norm = nn.LayerNorm(rnn_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = F.gelu(self.layer_norm(x))
        x, _ = self.BiGRU(x)
        return self.dropout(x)


class SpeechRecognitionModel(nn.Module):
    def __init__(self, rnn_dim=16, n_class=BLANK + 1, n_feats=8, dropout=0.1):
        super().__init__()
        n_feats = n_feats // 2
        self.cnn = nn.Conv2d(1, 8, 3, stride=2, padding=3 // 2)
        self.rescnn_layers = nn.Sequential(*[ResidualCNN(8, 3, dropout, n_feats) for _ in range(1)])
        self.fully_connected = nn.Linear(n_feats * 8, rnn_dim)
        self.birnn_layers = nn.Sequential(*[BidirectionalGRU(rnn_dim if i == 0 else rnn_dim * 2, rnn_dim, dropout, i == 0)
                                            for i in range(2)])
        self.classifier = nn.Sequential(nn.Linear(rnn_dim * 2, rnn_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(rnn_dim, n_class))

    def forward(self, x):
        x = self.rescnn_layers(self.cnn(x))
        sizes = x.size()
        x = x.view(sizes[0], sizes[1] * sizes[2], sizes[3])
        x = x.transpose(1, 2)
        x = self.fully_connected(x)
        return self.classifier(self.birnn_layers(x))


def greedy_decoder(output, labels, label_lengths, blank_label=BLANK, collapse_repeated=True):
    arg_maxes = torch.argmax(output, dim=2)
    decodes, targets = [], []
    for i, args in enumerate(arg_maxes):
        decode = []
        targets.append("".join(letters[int(k)] for k in labels[i][: label_lengths[i]].tolist()))
        for j, index in enumerate(args):
            if index != blank_label:
                if collapse_repeated and j != 0 and index == args[j - 1]:
                    continue
                decode.append(index.item())
        decodes.append("".join(letters[k] for k in decode))
    return decodes, targets


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


dataset = [utterance() for _ in range(48)]
kwargs = {"num_workers": 1, "pin_memory": True} if use_cuda else {}
train_loader = data.DataLoader(dataset[:40], batch_size=8, shuffle=True, collate_fn=lambda x: data_processing(x), **kwargs)
test_loader = data.DataLoader(dataset[40:], batch_size=8, shuffle=False, collate_fn=data_processing)
model = SpeechRecognitionModel()
print("Num Model Parameters", sum([param.nelement() for param in model.parameters()]))
epochs = 6
optimizer = optim.AdamW(model.parameters(), 1e-2)
criterion = nn.CTCLoss(blank=BLANK)
scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-2, steps_per_epoch=int(len(train_loader)), epochs=epochs,
                                          anneal_strategy="linear")
for epoch in range(1, epochs + 1):
    model.train()
    for batch_idx, _data in enumerate(train_loader):
        spectrograms, labels, input_lengths, label_lengths = _data
        optimizer.zero_grad()
        output = model(spectrograms)
        output = F.log_softmax(output, dim=2)
        output = output.transpose(0, 1)
        loss = criterion(output, labels, input_lengths, label_lengths)
        loss.backward()
        optimizer.step()
        scheduler.step()
    print("Train Epoch: {} [{}/{} ({:.0f}%)]\tLoss: {:.4f} lr {:.6f} momentum {:.4f}".format(
        epoch, batch_idx * len(spectrograms), len(train_loader.dataset), 100.0 * batch_idx / len(train_loader), loss.item(),
        scheduler.get_last_lr()[0], optimizer.param_groups[0]["betas"][0]))
model.eval()
test_loss, wrong, count = 0, 0, 0
with torch.no_grad():
    for spectrograms, labels, input_lengths, label_lengths in test_loader:
        output = F.log_softmax(model(spectrograms), dim=2).transpose(0, 1)
        test_loss += criterion(output, labels, input_lengths, label_lengths).item() / len(test_loader)
        decoded, targets = greedy_decoder(output.transpose(0, 1), labels, label_lengths)
        for d, t in zip(decoded, targets):
            wrong, count = wrong + edit_distance(t, d), count + len(t)
print("Test set: Average loss: {:.4f}, CER {}/{}".format(test_loss, wrong, count), decoded[:3], targets[:3])
logits = torch.randn(10, 3, 5).log_softmax(2).detach().requires_grad_()
targets = torch.tensor([1, 2, 2, 3, 4, 1, 1])
for reduction in ("none", "sum", "mean"):
    value = F.ctc_loss(logits, targets, torch.tensor([10, 8, 3]), torch.tensor([2, 3, 2]), reduction=reduction, zero_infinity=True)
    (grad,) = torch.autograd.grad(value.sum(), logits)
    print(reduction, value.detach().numpy().round(4), grad.norm().item())
