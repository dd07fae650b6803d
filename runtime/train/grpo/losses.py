"""Losses of policy gradients over rows of tokens. All log probabilities are of the sampled tokens, at the temperature of the sampling.

`old` are those that the engine had when it sampled. `proximal` are those of the policy at the start of the step, where that is not what
sampled (Hilton et al. 2022, "Batch size-invariance for policy optimization"): the ratio is to them, and how far they are from `old` is a
weight that is cut at `cap` (truncated importance sampling).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

Loss = Literal["grpo", "dr_grpo", "dapo", "gspo"]


@dataclass(frozen=True, slots=True)
class LossSettings:
    """`low` and `high` bound the ratio (clip-higher: Yu et al. 2025, "DAPO"); `beta` weighs the divergence from the reference model,
    `entropy` what is given for entropy; `cap` bounds the weight of stale tokens. `length` is the constant that Dr. GRPO divides by."""

    loss: Loss = "dapo"
    low: float = 0.2
    high: float = 0.28
    beta: float = 0.0
    entropy: float = 0.0
    cap: float = 2.0
    length: int = 1024


@dataclass(frozen=True, slots=True)
class Passed:
    """What a pass over a batch gives, each (rows, tokens): `logprobs` of the policy; `old`, `mask` and, (rows, 1), `advantages` of the rows;
    `proximal`, `reference` and `entropies` where they are needed."""

    logprobs: Tensor
    old: Tensor
    mask: Tensor
    advantages: Tensor
    proximal: Tensor | None = None
    reference: Tensor | None = None
    entropies: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Norms:
    """What sums are divided by, over all passes and processes of a step: its trained tokens, its rows, its episodes."""

    tokens: int
    rows: int
    episodes: int


def policy_loss(passed: Passed, norms: Norms, settings: LossSettings) -> Tensor:
    """The part of a step's loss that these rows give; the parts add up to the loss."""
    import torch

    ratio = _ratio(passed, settings)
    bounded = ratio.clamp(1 - settings.low, 1 + settings.high)
    gain = torch.min(ratio * passed.advantages, bounded * passed.advantages)
    if passed.proximal is not None:
        gain = gain * torch.exp((passed.proximal - passed.old) * passed.mask).clamp(max=settings.cap).detach()
    each = -gain
    if passed.reference is not None and settings.beta:
        each = each + settings.beta * divergence(passed.logprobs, passed.reference)
    loss = _reduced(each, passed.mask, norms, settings)
    if passed.entropies is not None and settings.entropy:  # a mean over tokens, whatever the loss divides by
        loss = loss - settings.entropy * (passed.entropies * passed.mask).sum() / norms.tokens
    return loss


def divergence(logprobs: Tensor, reference: Tensor) -> Tensor:
    """The estimator k3 of the divergence of each token from the reference: Schulman 2020, "Approximating KL Divergence"."""
    import torch

    away = reference - logprobs
    return torch.exp(away) - away - 1


def clipped_share(passed: Passed, settings: LossSettings) -> Tensor:
    """Of the trained tokens those whose ratio is held where it would go on: the sum, to be divided by their number."""
    ratio = _ratio(passed, settings)
    low = (ratio < 1 - settings.low) & (passed.advantages < 0)
    high = (ratio > 1 + settings.high) & (passed.advantages > 0)
    return ((low | high).float() * passed.mask).sum()


def _ratio(passed: Passed, settings: LossSettings) -> Tensor:
    import torch

    before = passed.old if passed.proximal is None else passed.proximal
    away = (passed.logprobs - before) * passed.mask
    if settings.loss != "gspo":
        return torch.exp(away)
    # One ratio for a whole row, whose gradient is that of its tokens: Zheng et al. 2025, "Group Sequence Policy Optimization", GSPO-token.
    mean = away.sum(1, keepdim=True) / passed.mask.sum(1, keepdim=True).clamp(min=1)
    return torch.exp(mean.detach() + passed.logprobs - passed.logprobs.detach())


def _reduced(each: Tensor, mask: Tensor, norms: Norms, settings: LossSettings) -> Tensor:
    kept = each * mask
    if settings.loss == "dapo":
        return kept.sum() / norms.tokens
    if settings.loss == "dr_grpo":
        return kept.sum() / (norms.episodes * settings.length)
    return (kept.sum(1) / mask.sum(1).clamp(min=1)).sum() / norms.rows
