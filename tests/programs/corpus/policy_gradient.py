"""REINFORCE on a corridor: an environment of one's own, returns discounted backwards, log-probabilities, a baseline."""

from collections import deque, namedtuple
from itertools import count

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class Corridor:
    """Seven places; the goal is at the right end."""

    def __init__(self, n=7):
        self.n = n

    def reset(self, seed=None):
        self.at, self.steps = self.n // 2, 0
        return self.state(), {}

    def state(self):
        state = np.zeros(self.n, dtype=np.float32)
        state[self.at] = 1
        return state

    def step(self, action):
        self.at = min(max(self.at + (1 if action else -1), 0), self.n - 1)
        self.steps += 1
        done = self.at == self.n - 1
        return self.state(), 1.0 if done else -0.05, done, self.steps >= 30, {}


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(7, 16)
        self.action_head = nn.Linear(16, 2)
        self.value_head = nn.Linear(16, 1)
        self.saved, self.rewards = [], []

    def forward(self, x):
        x = F.relu(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


def select_action(policy, state):
    state = torch.from_numpy(state).float()
    probs, value = policy(state)
    action = torch.multinomial(probs, 1)
    policy.saved.append((torch.log(probs.gather(0, action)), value))
    return action.item()


def finish_episode(policy, optimizer, gamma=0.95, eps=np.finfo(np.float32).eps.item()):
    R, returns = 0, deque()
    for r in policy.rewards[::-1]:
        R = r + gamma * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    if len(returns) > 1:
        returns = (returns - returns.mean()) / (returns.std() + eps)
    policy_losses, value_losses = [], []
    for (log_prob, value), R in zip(policy.saved, returns):
        advantage = R - value.item()
        policy_losses.append(-log_prob * advantage)
        value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
    optimizer.zero_grad()
    loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
    loss.backward()
    optimizer.step()
    del policy.rewards[:], policy.saved[:]
    return loss.item()


torch.manual_seed(543)
env, policy = Corridor(), Policy()
optimizer = optim.Adam(policy.parameters(), lr=1e-2)
running_reward = 0
for i_episode in range(30):
    (state, _), ep_reward = env.reset(seed=543), 0
    for t in count(1):
        action = select_action(policy, state)
        state, reward, done, truncated, _ = env.step(action)
        policy.rewards.append(reward)
        ep_reward += reward
        if done or truncated:
            break
    running_reward = 0.05 * ep_reward + (1 - 0.05) * running_reward
    loss = finish_episode(policy, optimizer)
    if i_episode % 10 == 0:
        print(f"Episode {i_episode}\tLength: {t}\tReward: {ep_reward:.2f}\tAverage: {running_reward:.3f}\tLoss: {loss:.3f}")

memory = deque([], maxlen=50)
net, target = nn.Linear(7, 2), nn.Linear(7, 2)
target.load_state_dict(net.state_dict())
optimizer = optim.AdamW(net.parameters(), lr=1e-2, amsgrad=True)
rng = np.random.default_rng(0)
for i in range(60):
    if i % 15 == 0:
        state = torch.tensor(env.reset()[0]).unsqueeze(0)
    with torch.no_grad():
        action = net(state).max(1).indices.view(1, 1) if rng.random() > 0.3 else torch.tensor([[rng.integers(2)]])
    observation, reward, done, _, _ = env.step(action.item())
    next_state = None if done else torch.tensor(observation).unsqueeze(0)
    memory.append(Transition(state, action, next_state, torch.tensor([reward])))
    state = torch.tensor(env.reset()[0]).unsqueeze(0) if done else next_state
    if len(memory) >= 10:
        batch = Transition(*zip(*[memory[j] for j in rng.choice(len(memory), 10, replace=False)]))
        mask = torch.tensor(tuple(map(lambda s: s is not None, batch.next_state)), dtype=torch.bool)
        values = net(torch.cat(batch.state)).gather(1, torch.cat(batch.action))
        next_values = torch.zeros(10)
        with torch.no_grad():
            next_values[mask] = target(torch.cat([s for s in batch.next_state if s is not None])).max(1).values
        expected = next_values * 0.9 + torch.cat(batch.reward)
        loss = nn.SmoothL1Loss()(values, expected.unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(net.parameters(), 100)
        optimizer.step()
        weights, soft = net.state_dict(), target.state_dict()
        for key in weights:
            soft[key] = weights[key] * 0.05 + soft[key] * 0.95
        target.load_state_dict(soft)
        if i % 20 == 19:
            print(i, f"{loss.item():.4f}", {k: v.shape[0] for k, v in soft.items()})
