"""Values of actions: DQN with replay and a target network, double and duelling; DDPG with noise; SAC with squashed Gaussians and a learned temperature."""

import copy
import math
import random
from collections import deque, namedtuple
from itertools import count

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Normal, TanhTransform, TransformedDistribution

random.seed(0)
np.random.seed(0)
torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu")


class Corridor:
    """A place on a line; the aim is at its right end. Actions are left and right, or a push between -1 and 1."""

    def __init__(self, continuous=False):
        self.continuous, self.rng = continuous, np.random.RandomState(3)

    def reset(self, seed=None):
        self.x, self.t = self.rng.uniform(-0.5, 0.5), 0
        return np.array([self.x, self.t / 20], np.float32), {}

    def step(self, action):
        push = float(np.asarray(action).reshape(-1)[0]) if self.continuous else (1 if action == 1 else -1)
        self.x = float(np.clip(self.x + 0.2 * push + 0.02 * self.rng.randn(), -1.0, 1.0))
        self.t += 1
        return np.array([self.x, self.t / 20], np.float32), -abs(1 - self.x), self.x > 0.95, self.t >= 20, {}


Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class ReplayMemory(object):
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class DuelingDQN(nn.Module):
    def __init__(self, n_observations, n_actions):
        super().__init__()
        self.layer1, self.layer2 = nn.Linear(n_observations, 24), nn.Linear(24, 24)
        self.advantage, self.value = nn.Linear(24, n_actions), nn.Linear(24, 1)

    def forward(self, x):
        x = F.relu(self.layer2(F.relu(self.layer1(x))))
        advantage = self.advantage(x)
        return self.value(x) + advantage - advantage.mean(dim=1, keepdim=True)


BATCH_SIZE, GAMMA, EPS_START, EPS_END, EPS_DECAY, TAU, LR = 16, 0.95, 0.9, 0.05, 60, 0.05, 5e-3
env = Corridor()
state, info = env.reset()
policy_net = DuelingDQN(len(state), 2).to(device)
target_net = DuelingDQN(len(state), 2).to(device)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=LR, amsgrad=True)
memory, steps_done = ReplayMemory(200), 0


def select_action(state):
    global steps_done
    sample = random.random()
    eps_threshold = EPS_END + (EPS_START - EPS_END) * math.exp(-1.0 * steps_done / EPS_DECAY)
    steps_done += 1
    if sample > eps_threshold:
        with torch.no_grad():
            return policy_net(state).max(1).indices.view(1, 1)
    else:
        return torch.tensor([[random.randrange(2)]], device=device, dtype=torch.long)


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return
    transitions = memory.sample(BATCH_SIZE)
    batch = Transition(*zip(*transitions))
    non_final_mask = torch.tensor(tuple(map(lambda s: s is not None, batch.next_state)), device=device, dtype=torch.bool)
    non_final_next_states = torch.cat([s for s in batch.next_state if s is not None])
    state_batch, action_batch, reward_batch = torch.cat(batch.state), torch.cat(batch.action), torch.cat(batch.reward)
    state_action_values = policy_net(state_batch).gather(1, action_batch)
    next_state_values = torch.zeros(BATCH_SIZE, device=device)
    with torch.no_grad():
        best = policy_net(non_final_next_states).argmax(1, keepdim=True)
        next_state_values[non_final_mask] = target_net(non_final_next_states).gather(1, best).squeeze(1)
    expected_state_action_values = (next_state_values * GAMMA) + reward_batch
    criterion = nn.SmoothL1Loss()
    loss = criterion(state_action_values, expected_state_action_values.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()
    return loss.item()


for i_episode in range(6):
    state, info = env.reset()
    state = torch.tensor(state, dtype=torch.float32, device=device).unsqueeze(0)
    total = 0
    for t in count():
        action = select_action(state)
        observation, reward, terminated, truncated, _ = env.step(action.item())
        reward = torch.tensor([reward], device=device)
        total += reward.item()
        done = terminated or truncated
        next_state = None if terminated else torch.tensor(observation, dtype=torch.float32, device=device).unsqueeze(0)
        memory.push(state, action, next_state, reward.float())
        state = next_state
        loss = optimize_model()
        target_net_state_dict = target_net.state_dict()
        policy_net_state_dict = policy_net.state_dict()
        for key in policy_net_state_dict:
            target_net_state_dict[key] = policy_net_state_dict[key] * TAU + target_net_state_dict[key] * (1 - TAU)
        target_net.load_state_dict(target_net_state_dict)
        if done:
            break
    print(i_episode, t + 1, "%.4f" % total, None if loss is None else "%.5f" % loss, reward.dtype)


class ReplayBuffer:
    def __init__(self, obs_dim, act_dim, size):
        self.obs_buf, self.obs2_buf = np.zeros((size, obs_dim), np.float32), np.zeros((size, obs_dim), np.float32)
        self.act_buf, self.rew_buf, self.done_buf = np.zeros((size, act_dim), np.float32), np.zeros(size, np.float32), np.zeros(size, np.float32)
        self.ptr, self.size, self.max_size = 0, 0, size

    def store(self, obs, act, rew, next_obs, done):
        self.obs_buf[self.ptr], self.obs2_buf[self.ptr] = obs, next_obs
        self.act_buf[self.ptr], self.rew_buf[self.ptr], self.done_buf[self.ptr] = act, rew, done
        self.ptr = (self.ptr + 1) % self.max_size
        self.size = min(self.size + 1, self.max_size)

    def sample_batch(self, batch_size=32):
        idxs = np.random.randint(0, self.size, size=batch_size)
        batch = dict(obs=self.obs_buf[idxs], obs2=self.obs2_buf[idxs], act=self.act_buf[idxs], rew=self.rew_buf[idxs], done=self.done_buf[idxs])
        return {k: torch.as_tensor(v, dtype=torch.float32) for k, v in batch.items()}


def mlp(sizes, activation, output_activation=nn.Identity):
    layers = []
    for j in range(len(sizes) - 1):
        act = activation if j < len(sizes) - 2 else output_activation
        layers += [nn.Linear(sizes[j], sizes[j + 1]), act()]
    return nn.Sequential(*layers)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = mlp([3, 16, 16, 1], nn.ReLU)

    def forward(self, obs, act):
        return torch.squeeze(self.q(torch.cat([obs, act], dim=-1)), -1)


class SquashedGaussianActor(nn.Module):
    def __init__(self):
        super().__init__()
        self.net, self.mu_layer, self.log_std_layer = mlp([2, 16, 16], nn.ReLU, nn.ReLU), nn.Linear(16, 1), nn.Linear(16, 1)

    def forward(self, obs, deterministic=False):
        net_out = self.net(obs)
        mu, log_std = self.mu_layer(net_out), torch.clamp(self.log_std_layer(net_out), -5, 2)
        pi_distribution = Normal(mu, torch.exp(log_std))
        pi_action = mu if deterministic else pi_distribution.rsample()
        logp_pi = pi_distribution.log_prob(pi_action).sum(axis=-1)
        logp_pi -= (2 * (np.log(2) - pi_action - F.softplus(-2 * pi_action))).sum(axis=1)
        return torch.tanh(pi_action), logp_pi


class OUNoise:
    def __init__(self, size, theta=0.15, sigma=0.2):
        self.state, self.theta, self.sigma = torch.zeros(size), theta, sigma

    def sample(self):
        self.state = self.state - self.theta * self.state + self.sigma * torch.randn(self.state.shape)
        return self.state


def train(kind, steps=70):
    torch.manual_seed(0)
    np.random.seed(0)
    env, buffer, noise = Corridor(True), ReplayBuffer(2, 1, 500), OUNoise(1)
    actor = SquashedGaussianActor() if kind == "sac" else mlp([2, 16, 16, 1], nn.ReLU, nn.Tanh)
    critics = nn.ModuleList([Critic() for _ in range(2 if kind == "sac" else 1)])
    actor_target, critics_target = copy.deepcopy(actor), copy.deepcopy(critics)
    for p in [*actor_target.parameters(), *critics_target.parameters()]:
        p.requires_grad = False
    log_alpha = torch.tensor(np.log(0.2), dtype=torch.float32, requires_grad=True)
    pi_optimizer, q_optimizer = optim.Adam(actor.parameters(), lr=3e-3), optim.Adam(critics.parameters(), lr=3e-3)
    alpha_optimizer = optim.Adam([log_alpha], lr=1e-2)
    obs, _ = env.reset()
    for t in range(steps):
        with torch.no_grad():
            o = torch.as_tensor(obs, dtype=torch.float32)[None]
            act = actor(o)[0][0].numpy() if kind == "sac" else (actor(o)[0] + noise.sample()).clamp_(-1, 1).numpy()
        obs2, rew, terminated, truncated, _ = env.step(act)
        buffer.store(obs, act, rew, obs2, terminated)
        obs = env.reset()[0] if terminated or truncated else obs2
        if t < 30:
            continue
        data = buffer.sample_batch(32)
        alpha = log_alpha.exp().detach()
        with torch.no_grad():
            if kind == "sac":
                a2, logp_a2 = actor(data["obs2"])
                q_targ = torch.min(critics_target[0](data["obs2"], a2), critics_target[1](data["obs2"], a2)) - alpha * logp_a2
            else:
                q_targ = critics_target[0](data["obs2"], actor_target(data["obs2"]))
            backup = data["rew"] + 0.95 * (1 - data["done"]) * q_targ
        loss_q = sum(((q(data["obs"], data["act"]) - backup) ** 2).mean() for q in critics)
        q_optimizer.zero_grad()
        loss_q.backward()
        q_optimizer.step()
        critics.requires_grad_(False)
        if kind == "sac":
            pi, logp_pi = actor(data["obs"])
            loss_pi = (alpha * logp_pi - torch.minimum(critics[0](data["obs"], pi), critics[1](data["obs"], pi))).mean()
        else:
            loss_pi = -critics[0](data["obs"], actor(data["obs"])).mean()
        pi_optimizer.zero_grad()
        loss_pi.backward()
        pi_optimizer.step()
        if kind == "sac":
            alpha_loss = -(log_alpha * (logp_pi + -1.0).detach()).mean()
            alpha_optimizer.zero_grad()
            alpha_loss.backward()
            alpha_optimizer.step()
        critics.requires_grad_(True)
        with torch.no_grad():
            for p, p_targ in zip([*actor.parameters(), *critics.parameters()], [*actor_target.parameters(), *critics_target.parameters()]):
                p_targ.data.mul_(0.95)
                p_targ.data.add_((1 - 0.95) * p.data)
        if t % 13 == 0:
            print(kind, t, "q %.5f pi %.5f alpha %.5f" % (loss_q.item(), loss_pi.item(), log_alpha.exp().item()))


train("ddpg")
train("sac")
squashed = TransformedDistribution(Normal(torch.tensor([0.3, -0.2]), torch.tensor([0.5, 1.0])), [TanhTransform(cache_size=1)])
action = squashed.rsample()
print(action, squashed.log_prob(action), TanhTransform().inv(action))
