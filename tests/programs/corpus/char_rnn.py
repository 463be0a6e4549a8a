"""Text letter by letter, as character RNNs were written from 2016 on: Variables, chunks by chance, one-hot rows in numpy, sampling with a temperature."""

import random
import string
import time
import math

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable

all_characters = string.printable
n_characters = len(all_characters)
file = "shall i compare thee to a day? thou art more lovely; rough winds do shake the buds, and summer is too short.\n" * 5
file_len, chunk_len = len(file), 25
random.seed(1)
np.random.seed(1)
torch.manual_seed(1)


def random_chunk():
    start_index = random.randint(0, file_len - chunk_len - 1)
    return file[start_index : start_index + chunk_len + 1]


def char_tensor(string):
    tensor = torch.zeros(len(string)).long()
    for c in range(len(string)):
        tensor[c] = all_characters.index(string[c])
    return Variable(tensor)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size, n_layers=1):
        super(RNN, self).__init__()
        self.input_size, self.hidden_size, self.output_size, self.n_layers = input_size, hidden_size, output_size, n_layers
        self.encoder = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, n_layers)
        self.decoder = nn.Linear(hidden_size, output_size)

    def forward(self, input, hidden):
        input = self.encoder(input.view(1, -1))
        output, hidden = self.gru(input.view(1, 1, -1), hidden)
        output = self.decoder(output.view(1, -1))
        return output, hidden

    def init_hidden(self):
        return Variable(torch.zeros(self.n_layers, 1, self.hidden_size))


def evaluate(prime_str="A", predict_len=60, temperature=0.8):
    hidden = decoder.init_hidden()
    prime_input = char_tensor(prime_str)
    predicted = prime_str
    for p in range(len(prime_str) - 1):
        _, hidden = decoder(prime_input[p], hidden)
    inp = prime_input[-1]
    for p in range(predict_len):
        output, hidden = decoder(inp, hidden)
        output_dist = output.data.view(-1).div(temperature).exp()
        top_i = torch.multinomial(output_dist, 1)[0]
        predicted_char = all_characters[top_i]
        predicted += predicted_char
        inp = char_tensor(predicted_char)
    return predicted


def time_since(since):
    s = time.time() - since
    m = math.floor(s / 60)
    return "%dm %ds" % (m, s - m * 60)


decoder = RNN(n_characters, 32, n_characters, 2)
decoder_optimizer = torch.optim.Adam(decoder.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
start, all_losses, loss_avg = time.time(), [], 0
for epoch in range(1, 25):
    chunk = random_chunk()
    inp, target = char_tensor(chunk[:-1]), char_tensor(chunk[1:])
    hidden = decoder.init_hidden()
    decoder.zero_grad()
    loss = 0
    for c in range(chunk_len):
        output, hidden = decoder(inp[c], hidden)
        loss += criterion(output, target[c].unsqueeze(0))
    loss.backward()
    decoder_optimizer.step()
    loss_avg += loss.data.item() / chunk_len
    if epoch % 8 == 0:
        assert time_since(start).endswith("s")
        print("[(%d %d%%) %.4f]" % (epoch, epoch / 24 * 100, loss_avg / 8))
        print(repr(evaluate("th", 30)))
        loss_avg = 0

# The same with an LSTM on batches of one-hot rows.
chars = tuple(sorted(set(file)))
int2char = dict(enumerate(chars))
char2int = {ch: ii for ii, ch in int2char.items()}
encoded = np.array([char2int[ch] for ch in file])


def one_hot_encode(arr, n_labels):
    one_hot = np.zeros((np.multiply(*arr.shape), n_labels), dtype=np.float32)
    one_hot[np.arange(one_hot.shape[0]), arr.flatten()] = 1.0
    return one_hot.reshape((*arr.shape, n_labels))


def get_batches(arr, n_seqs, n_steps):
    batch_size = n_seqs * n_steps
    n_batches = len(arr) // batch_size
    arr = arr[: n_batches * batch_size].reshape((n_seqs, -1))
    for n in range(0, arr.shape[1], n_steps):
        x = arr[:, n : n + n_steps]
        y = np.zeros_like(x)
        try:
            y[:, :-1], y[:, -1] = x[:, 1:], arr[:, n + n_steps]
        except IndexError:
            y[:, :-1], y[:, -1] = x[:, 1:], arr[:, 0]
        yield x, y


class CharRNN(nn.Module):
    def __init__(self, tokens, n_hidden=32, n_layers=2, drop_prob=0.2):
        super().__init__()
        self.drop_prob, self.n_layers, self.n_hidden, self.chars = drop_prob, n_layers, n_hidden, tokens
        self.lstm = nn.LSTM(len(self.chars), n_hidden, n_layers, dropout=drop_prob, batch_first=True)
        self.dropout = nn.Dropout(drop_prob)
        self.fc = nn.Linear(n_hidden, len(self.chars))
        self.init_weights()

    def forward(self, x, hc):
        x, (h, c) = self.lstm(x, hc)
        x = self.dropout(x)
        x = x.reshape(x.size()[0] * x.size()[1], self.n_hidden)
        return self.fc(x), (h, c)

    def init_weights(self):
        initrange = 0.1
        self.fc.bias.data.fill_(0)
        self.fc.weight.data.uniform_(-1 * initrange, initrange)

    def init_hidden(self, n_seqs):
        weight = next(self.parameters()).data
        return (weight.new(self.n_layers, n_seqs, self.n_hidden).zero_(), weight.new(self.n_layers, n_seqs, self.n_hidden).zero_())

    def predict(self, char, h=None, top_k=None):
        if h is None:
            h = self.init_hidden(1)
        x = one_hot_encode(np.array([[char2int[char]]]), len(self.chars))
        h = tuple([each.data for each in h])
        out, h = self.forward(torch.from_numpy(x), h)
        p = nn.functional.softmax(out, dim=1).data
        if top_k is None:
            top_ch = np.arange(len(self.chars))
        else:
            p, top_ch = p.topk(top_k)
            top_ch = top_ch.numpy().squeeze()
        p = p.numpy().squeeze()
        char = np.random.choice(top_ch, p=p / p.sum())
        return int2char[char.item()], h


net = CharRNN(chars)
print(net)
opt = torch.optim.RMSprop(net.parameters(), lr=0.002)
for e in range(3):
    h = net.init_hidden(4)
    for x, y in get_batches(encoded, 4, 11):
        x = one_hot_encode(x, len(chars))
        inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
        h = tuple([each.data for each in h])
        net.zero_grad()
        output, h = net.forward(inputs, h)
        loss = criterion(output, targets.view(4 * 11).type(torch.LongTensor))
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5)
        opt.step()
    print("Epoch: {}/3...".format(e + 1), "Loss: {:.4f}".format(loss.item()))
net.eval()
sampled, h = [ch for ch in "sum"], net.init_hidden(1)
for ch in "sum":
    char, h = net.predict(ch, h, top_k=3)
for ii in range(20):
    sampled.append(char)
    char, h = net.predict(sampled[-1], h, top_k=3)
print(repr("".join(sampled)))
