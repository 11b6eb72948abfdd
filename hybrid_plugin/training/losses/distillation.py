"""What a teacher says of questions and passages, learnt."""

from __future__ import annotations

import torch

from hybrid_plugin.training.losses.loss import EncodedBatch, Loss


class DistillKL(Loss):
    """KL divergence, in nats, from a teacher's probabilities of a query's passages to the student's, over the passages
    that the teacher has scored (Hinton et al. 2015)."""

    name = "distill_kl"
    needs = ("teacher_scores",)

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        assert batch.teacher_scores is not None
        known = batch.teacher_scores.isfinite()
        several = known.sum(1) > 1  # of one passage there is nothing to learn
        if not several.any():
            return batch.queries.sum() * 0
        known = known[several]
        student = self.scores(batch)[several].masked_fill(~known, float("-inf")).log_softmax(1)
        logits = batch.teacher_scores[several] / self.teacher_temperature
        teacher = logits.masked_fill(~known, float("-inf")).log_softmax(1)
        terms = teacher.exp() * (teacher.masked_fill(~known, 0) - student.masked_fill(~known, 0))
        return terms.sum(1).mean()


class MarginMSE(Loss):
    """The mean square of the difference between the student's and a teacher's margin of the answer over each other
    passage that the teacher has scored (Hofstätter et al. 2020, arXiv 2010.02666); scores of both by temperature."""

    name = "margin_mse"
    needs = ("teacher_scores",)

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        assert batch.teacher_scores is not None
        teacher, student = batch.teacher_scores / self.teacher_temperature, self.scores(batch)
        answers = torch.arange(len(student), device=student.device)[:, None]
        margins = student.gather(1, answers) - student, teacher.gather(1, answers) - teacher
        known = margins[1].isfinite() & ~batch.positives
        if not known.any():
            return batch.queries.sum() * 0
        return (margins[0] - margins[1])[known].square().mean()


class DistillVectors(Loss):
    """The mean square distance of vectors from those that a teacher gives the same texts in its own language (Reimers
    and Gurevych 2020, arXiv 2004.09813; with a contrastive loss beside it, MIMO, arXiv 2605.31171)."""

    name = "distill_vectors"
    needs = ("teacher_vectors",)

    def __call__(self, batch: EncodedBatch) -> torch.Tensor:
        assert batch.teacher_vectors is not None
        places, targets = batch.teacher_vectors
        own = torch.cat([batch.queries, batch.passages])[places]
        return (own - targets).square().sum(1).mean()
