"""Several positives that share the probability."""

from __future__ import annotations

import torch

from hybrid_plugin.training.losses.loss import EncodedBatch, Loss


class SupCon(Loss):
    """Supervised contrastive loss (Khosla et al. 2020, arXiv 2004.11362, L_out): the mean over a query's positives of
    ``-log`` of the probability of each among all passages, the other positives included.

    At its minimum all positives of a query have the same score, whatever their languages, where InfoNCE is content
    once each is above the negatives. With one positive a query it is InfoNCE.
    """

    name = "sup_con"

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        logits = self.scores(batch).masked_fill(batch.excluded, float("-inf")).log_softmax(1)
        of_positives = logits.masked_fill(~batch.positives, 0).sum(1) / batch.positives.sum(1)
        return -of_positives.mean()
