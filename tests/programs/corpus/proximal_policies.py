"""Actor and critic on a cart with a pole: an environment with gymnasium's interface, A2C on vectors of them, PPO with GAE, clipping and an annealed rate."""

import random
from collections import deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.distributions import Categorical
from torch.distributions.normal import Normal


class Box:
    def __init__(self, low, high, shape, dtype=np.float32):
        self.low, self.high, self.shape, self.dtype = low, high, shape, dtype


class Discrete:
    def __init__(self, n):
        self.n = n


class CartPole:
    """A pole on a cart, as Barto, Sutton and Anderson (1983) describe it."""

    def __init__(self, seed, continuous=False):
        self.rng, self.continuous = np.random.default_rng(seed), continuous
        self.observation_space = Box(-np.inf, np.inf, (4,))
        self.action_space = Box(-1.0, 1.0, (1,)) if continuous else Discrete(2)

    def reset(self, *, seed=None, options=None):
        self.state, self.steps = self.rng.uniform(-0.05, 0.05, size=(4,)), 0
        return np.array(self.state, dtype=np.float32), {}

    def step(self, action):
        x, x_dot, theta, theta_dot = self.state
        force = 10.0 * float(np.clip(action[0], -1, 1)) if self.continuous else (10.0 if action == 1 else -10.0)
        temp = (force + 0.05 * theta_dot**2 * np.sin(theta)) / 1.1
        acc = (9.8 * np.sin(theta) - np.cos(theta) * temp) / (0.5 * (4.0 / 3.0 - 0.1 * np.cos(theta) ** 2 / 1.1))
        xacc = temp - 0.05 * acc * np.cos(theta) / 1.1
        self.state = np.array([x + 0.02 * x_dot, x_dot + 0.02 * xacc, theta + 0.02 * theta_dot, theta_dot + 0.02 * acc])
        self.steps += 1
        terminated = bool(abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.2095)
        return np.array(self.state, dtype=np.float32), 1.0, terminated, self.steps >= 60, {}

    def close(self):
        pass


class VectorEnv:
    def __init__(self, env_fns):
        self.envs = [fn() for fn in env_fns]
        self.single_observation_space, self.single_action_space = self.envs[0].observation_space, self.envs[0].action_space
        self.num_envs = len(self.envs)

    def reset(self, seed=None):
        return np.stack([env.reset()[0] for env in self.envs]), {}

    def step(self, actions):
        obs, rewards, terms, truncs = [], [], [], []
        for env, action in zip(self.envs, actions):
            o, r, term, trunc, _ = env.step(action)
            if term or trunc:
                o, _ = env.reset()
            obs.append(o), rewards.append(r), terms.append(term), truncs.append(trunc)
        return np.stack(obs), np.array(rewards), np.array(terms), np.array(truncs), {}


def layer_init(layer, std=np.sqrt(2), bias_const=0.0):
    torch.nn.init.orthogonal_(layer.weight, std)
    torch.nn.init.constant_(layer.bias, bias_const)
    return layer


class Agent(nn.Module):
    def __init__(self, envs):
        super().__init__()
        size = np.array(envs.single_observation_space.shape).prod()
        self.continuous = hasattr(envs.single_action_space, "low")
        n = int(np.prod(envs.single_action_space.shape)) if self.continuous else envs.single_action_space.n
        self.critic = nn.Sequential(layer_init(nn.Linear(size, 16)), nn.Tanh(), layer_init(nn.Linear(16, 16)), nn.Tanh(),
                                    layer_init(nn.Linear(16, 1), std=1.0))
        self.actor = nn.Sequential(layer_init(nn.Linear(size, 16)), nn.Tanh(), layer_init(nn.Linear(16, 16)), nn.Tanh(),
                                   layer_init(nn.Linear(16, n), std=0.01))
        if self.continuous:
            self.actor_logstd = nn.Parameter(torch.zeros(1, n))

    def get_value(self, x):
        return self.critic(x)

    def get_action_and_value(self, x, action=None):
        if self.continuous:
            action_mean = self.actor(x)
            action_logstd = self.actor_logstd.expand_as(action_mean)
            probs = Normal(action_mean, torch.exp(action_logstd))
            if action is None:
                action = probs.sample()
            return action, probs.log_prob(action).sum(1), probs.entropy().sum(1), self.critic(x)
        probs = Categorical(logits=self.actor(x))
        if action is None:
            action = probs.sample()
        return action, probs.log_prob(action), probs.entropy(), self.critic(x)


def ppo(continuous, num_steps=24, num_envs=3, num_minibatches=3, update_epochs=2, total_updates=4):
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    gamma, gae_lambda, clip_coef, ent_coef, vf_coef, max_grad_norm, target_kl = 0.99, 0.95, 0.2, 0.01, 0.5, 0.5, None
    batch_size = num_envs * num_steps
    minibatch_size = batch_size // num_minibatches
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    envs = VectorEnv([lambda i=i: CartPole(i, continuous) for i in range(num_envs)])
    agent = Agent(envs).to(device)
    optimizer = optim.Adam(agent.parameters(), lr=2.5e-3, eps=1e-5)
    obs = torch.zeros((num_steps, num_envs) + envs.single_observation_space.shape).to(device)
    actions = torch.zeros((num_steps, num_envs) + (envs.single_action_space.shape if continuous else ())).to(device)
    logprobs, rewards, dones, values = [torch.zeros((num_steps, num_envs)).to(device) for _ in range(4)]
    next_obs, _ = envs.reset(seed=1)
    next_obs, next_done = torch.Tensor(next_obs).to(device), torch.zeros(num_envs).to(device)
    for update in range(1, total_updates + 1):
        frac = 1.0 - (update - 1.0) / total_updates
        optimizer.param_groups[0]["lr"] = frac * 2.5e-3
        for step in range(0, num_steps):
            obs[step] = next_obs
            dones[step] = next_done
            with torch.no_grad():
                action, logprob, _, value = agent.get_action_and_value(next_obs)
                values[step] = value.flatten()
            actions[step] = action
            logprobs[step] = logprob
            next_obs, reward, terminations, truncations, infos = envs.step(action.cpu().numpy())
            next_done = np.logical_or(terminations, truncations)
            rewards[step] = torch.tensor(reward).to(device).view(-1)
            next_obs, next_done = torch.Tensor(next_obs).to(device), torch.Tensor(next_done).to(device)
        with torch.no_grad():
            next_value = agent.get_value(next_obs).reshape(1, -1)
            advantages = torch.zeros_like(rewards).to(device)
            lastgaelam = 0
            for t in reversed(range(num_steps)):
                if t == num_steps - 1:
                    nextnonterminal, nextvalues = 1.0 - next_done, next_value
                else:
                    nextnonterminal, nextvalues = 1.0 - dones[t + 1], values[t + 1]
                delta = rewards[t] + gamma * nextvalues * nextnonterminal - values[t]
                advantages[t] = lastgaelam = delta + gamma * gae_lambda * nextnonterminal * lastgaelam
            returns = advantages + values
        b_obs = obs.reshape((-1,) + envs.single_observation_space.shape)
        b_logprobs, b_advantages, b_returns, b_values = (x.reshape(-1) for x in (logprobs, advantages, returns, values))
        b_actions = actions.reshape((-1,) + envs.single_action_space.shape) if continuous else actions.reshape(-1)
        b_inds, clipfracs = np.arange(batch_size), []
        for epoch in range(update_epochs):
            np.random.shuffle(b_inds)
            for start in range(0, batch_size, minibatch_size):
                mb_inds = b_inds[start : start + minibatch_size]
                chosen = b_actions[mb_inds] if continuous else b_actions.long()[mb_inds]
                _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs[mb_inds], chosen)
                logratio = newlogprob - b_logprobs[mb_inds]
                ratio = logratio.exp()
                with torch.no_grad():
                    old_approx_kl = (-logratio).mean()
                    approx_kl = ((ratio - 1) - logratio).mean()
                    clipfracs += [((ratio - 1.0).abs() > clip_coef).float().mean().item()]
                mb_advantages = b_advantages[mb_inds]
                mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)
                pg_loss1 = -mb_advantages * ratio
                pg_loss2 = -mb_advantages * torch.clamp(ratio, 1 - clip_coef, 1 + clip_coef)
                pg_loss = torch.max(pg_loss1, pg_loss2).mean()
                newvalue = newvalue.view(-1)
                v_loss_unclipped = (newvalue - b_returns[mb_inds]) ** 2
                v_clipped = b_values[mb_inds] + torch.clamp(newvalue - b_values[mb_inds], -clip_coef, clip_coef)
                v_loss = 0.5 * torch.max(v_loss_unclipped, (v_clipped - b_returns[mb_inds]) ** 2).mean()
                loss = pg_loss - ent_coef * entropy.mean() + v_loss * vf_coef
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
                optimizer.step()
            if target_kl is not None and approx_kl > target_kl:
                break
        y_pred, y_true = b_values.cpu().numpy(), b_returns.cpu().numpy()
        var_y = np.var(y_true)
        explained_var = np.nan if var_y == 0 else 1 - np.var(y_true - y_pred) / var_y
        print(f"update {update} value {v_loss.item():.4f} policy {pg_loss.item():.4f} entropy {entropy.mean().item():.4f} "
              f"kl {approx_kl.item():.5f} {old_approx_kl.item():.5f} clip {np.mean(clipfracs):.3f} ev {explained_var:.3f}")


class ActorCritic(nn.Module):
    """Two heads on one body, one episode at a time."""

    def __init__(self):
        super(ActorCritic, self).__init__()
        self.affine1, self.action_head, self.value_head = nn.Linear(4, 32), nn.Linear(32, 2), nn.Linear(32, 1)
        self.saved_actions, self.rewards = [], []

    def forward(self, x):
        x = F.relu(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


def a2c(episodes=12):
    torch.manual_seed(543)
    env, model, eps = CartPole(543), ActorCritic(), np.finfo(np.float32).eps.item()
    optimizer = optim.Adam(model.parameters(), lr=3e-2)
    running_reward, lengths = 10, deque(maxlen=10)
    for i_episode in range(episodes):
        state, _ = env.reset()
        ep_reward = 0
        for t in range(1, 10000):
            state = torch.from_numpy(state).float()
            probs, state_value = model(state)
            m = Categorical(probs)
            action = m.sample()
            model.saved_actions.append((m.log_prob(action), state_value))
            state, reward, done, truncated, _ = env.step(action.item())
            model.rewards.append(reward)
            ep_reward += reward
            if done or truncated:
                break
        lengths.append(t)
        running_reward = 0.05 * ep_reward + (1 - 0.05) * running_reward
        R, policy_losses, value_losses, returns = 0, [], [], []
        for r in model.rewards[::-1]:
            R = r + 0.99 * R
            returns.insert(0, R)
        returns = torch.tensor(returns)
        returns = (returns - returns.mean()) / (returns.std() + eps)
        for (log_prob, value), R in zip(model.saved_actions, returns):
            advantage = R - value.item()
            policy_losses.append(-log_prob * advantage)
            value_losses.append(F.smooth_l1_loss(value, torch.tensor([R])))
        optimizer.zero_grad()
        loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
        loss.backward()
        optimizer.step()
        del model.rewards[:]
        del model.saved_actions[:]
        if i_episode % 4 == 3:
            print("Episode {}\tLast length: {:3d}\tAverage: {:.2f}\tloss {:.4f}".format(i_episode, t, running_reward, loss.item()))


ppo(False)
ppo(True)
a2c()
