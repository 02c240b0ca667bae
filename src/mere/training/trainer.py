"""Training: stages one after the other, best weights kept, every step resumable.

Randomness is a pure function of (seed, stage, step) and the state is checkpointed whole, so a run that was killed and
resumed ends with the same weights as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from mere.errors import ArtifactError
from mere.evaluation.scores import micro_f1
from mere.inference.codec import Example
from mere.inference.predictor import Item, predict
from mere.nn.joint import JointModel, TorchScorer
from mere.schema import Triple
from mere.training.batches import LanguageMixer, TrainingBatch, collate
from mere.training.cache import StateCache, frozen_depth
from mere.training.checkpoint import Checkpoint, State
from mere.training.config import Stage
from mere.training.interrupt import patient
from mere.training.losses import autocast, losses
from mere.training.memory import plan_memory
from mere.training.parameters import parameter_groups
from mere.training.reports import EpochReport, StepReport, Watch


@dataclass
class Progress:
    """Where a stage stands: whole epochs done, batches done of the current one, steps in all, best dev score.

    Also whether it began under bfloat16 autocast, since timing both anew might choose the other.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    best: float = -1.0
    stale: int = 0
    bf16: bool = False


def items_of(examples: Sequence[Example], cache: StateCache | None = None) -> list[Item]:
    """Prepare examples for prediction; ``cache`` holds their states, if there is one."""
    return [
        Item(example.sentence.text, example.tokens, example.language, cache[index] if cache is not None else None)
        for index, example in enumerate(examples)
    ]


def predict_examples(
    model: JointModel,
    examples: Sequence[Example],
    batch_size: int = 32,
    cache: StateCache | None = None,
    *,
    precise: bool = False,
) -> list[tuple[Triple, ...]]:
    """Triples of every example, by the codec that extraction uses; ``precise`` keeps only sure ones."""
    scorer = TorchScorer(model, cache.depth if cache is not None else 0)
    return predict(scorer, model.codec, items_of(examples, cache), batch_size=batch_size, precise=precise)


def cache_paths(folder: Path) -> tuple[Path, Path]:
    """Return where a stage of the run in ``folder`` keeps the states of its training and of its dev data."""
    return folder / "cache-train.f32", folder / "cache-dev.f32"


class StageTrainer:
    """Trains one stage.

    Parameters
    ----------
    model:
        Changed in place; after `run` it holds the best weights.
    stage:
        What to do.
    train, dev:
        Encoded data.
    checkpoint:
        Where the state is kept.
    seed:
        Seeds order and dropout.
    watch:
        Told of every step and epoch.
    bf16:
        Whether the forward pass runs under bfloat16 autocast; a stage that was interrupted goes on as it began.
    """

    def __init__(
        self,
        model: JointModel,
        stage: Stage,
        train: Sequence[Example],
        dev: Sequence[Example],
        checkpoint: Checkpoint,
        *,
        seed: int,
        watch: Watch,
        bf16: bool,
    ) -> None:
        self.model = model
        self.stage = stage
        self.train = train
        self.dev = dev
        self.caches: tuple[StateCache, StateCache] | None = None
        self.checkpoint = checkpoint
        self.seed = seed
        self.watch = watch
        self.mixer = LanguageMixer(
            train,
            batch_size=stage.batch_size,
            concatenate=stage.concatenate,
            sampling=stage.sampling,
            temperature=stage.temperature,
            seed=seed,
        )
        groups = parameter_groups(model, stage)
        self.parameters: dict[str, nn.Parameter] = {
            name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad
        }
        self.optimizer = torch.optim.AdamW(groups, weight_decay=stage.weight_decay, fused=True)
        self.steps = len(self.mixer) * stage.epochs
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]
        self.progress = Progress(bf16=bf16)
        self._started = 0.0
        self._is_prepared = False
        self.average = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        self.best = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}

    def state_dict(self) -> State:
        """Return all that `load_state_dict` needs to go on from here as if nothing had happened."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.parameters.items():
            tensors[f"weight/{name}"] = parameter.detach()
            tensors[f"average/{name}"] = self.average[name]
            tensors[f"best/{name}"] = self.best[name]
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"{key}/{name}"] = value
        for name, buffer in self.model.switchers.named_buffers():  # whether gates are hardened, and how
            tensors[f"buffer/{name}"] = buffer
        return State(tensors, asdict(self.progress))

    @torch.no_grad()
    def load_state_dict(self, state: State) -> None:
        """Take up the state of a trainer of the same stage; raises `ArtifactError` for that of any other."""
        tensors = state.tensors
        try:
            self.progress = Progress(**state.values)
            for name, parameter in self.parameters.items():
                parameter.copy_(tensors[f"weight/{name}"])
                self.average[name].copy_(tensors[f"average/{name}"])
                self.best[name].copy_(tensors[f"best/{name}"])
                moments = {key: tensors.get(f"{key}/{name}") for key in ("step", "exp_avg", "exp_avg_sq")}
                if all(value is not None for value in moments.values()):
                    self.optimizer.state[parameter].update(moments)
            for name, buffer in self.model.switchers.named_buffers():
                buffer.copy_(tensors[f"buffer/{name}"])
        except (KeyError, TypeError, RuntimeError) as error:
            path = self.checkpoint.path
            raise ArtifactError(f"{path}: of another stage ({error}); delete it to start the stage again") from error

    def prepare(self) -> None:
        """Do all that can fail before the first step: tell what memory it takes, load the checkpoint, fill caches.

        Raises `ArtifactError` for a checkpoint of another run, `InputError` where the disk has no room for the caches.
        """
        self.watch(plan_memory(self.model, self.stage, self.train))
        state = self.checkpoint.load()
        if state is not None:
            self.load_state_dict(state)
        self._fill_caches()
        self._is_prepared = True

    def run(self) -> None:
        """Train to the end, or to where no epoch improves any more, from wherever the checkpoint stands."""
        try:
            if not self._is_prepared:
                self.prepare()
            with patient() as interrupted:
                while not self._is_over:
                    self._train_epoch(self.progress.epoch, interrupted)
                    self._close_epoch(self.progress.epoch)
                    self._save(interrupted)
        except BaseException:
            self.close()
            raise
        self._assign(self.best)
        self.model.eval()
        for cache in self.caches or ():
            cache.remove()

    def close(self) -> None:
        """Leave the caches to whoever goes on."""
        for cache in self.caches or ():
            cache.close()

    def _fill_caches(self) -> None:
        """Compute what is the same in every epoch once, where the disk has room for it."""
        depth = frozen_depth(self.model, self.stage)
        if self._is_over or depth == 0 or not StateCache.fits(self.model, [*self.train, *self.dev]):
            return
        first_path, second_path = cache_paths(self.checkpoint.path.parent)
        first = StateCache(first_path, self.model, self.train, depth)
        try:
            second = StateCache(second_path, self.model, self.dev, depth)
        except BaseException:
            first.close()
            raise
        self.caches = (first, second)

    @property
    def _is_over(self) -> bool:
        return self.progress.epoch >= self.stage.epochs or self.progress.stale >= self.stage.patience

    def _save(self, interrupted: Callable[[], bool]) -> None:
        """Save; then end where Ctrl-C was pressed."""
        self.checkpoint.save(self.state_dict())
        if interrupted():
            raise KeyboardInterrupt

    def _train_epoch(self, epoch: int, interrupted: Callable[[], bool]) -> None:
        self._started = time.monotonic()
        self.model.train()
        cache, depth = (self.caches[0], self.caches[0].depth) if self.caches else (None, 0)
        for index, (chosen, k) in enumerate(self.mixer.epoch(epoch)):
            if index < self.progress.batch:
                continue
            examples = [self.train[i] for i in chosen]
            states = [cache[i] for i in chosen] if cache is not None else None
            loss = self._step(collate(self.model.codec, examples, k, states, depth))
            progress = self.progress
            progress.step += 1
            progress.batch = index + 1
            progress.loss += loss
            self.watch(StepReport(self.stage.name, epoch, progress.step, self.steps, loss, len(examples)))
            if self.checkpoint.due() or interrupted():
                self._save(interrupted)

    def _step(self, batch: TrainingBatch) -> float:
        # A seed a step, so that a run that goes on drops the same as one that was never interrupted.
        torch.manual_seed(self.seed * 1_000_003 + self.progress.step)
        with autocast(self.progress.bf16):
            relation, entity = losses(self.model, self._shared(batch), self.stage.consistency)
        loss = self.stage.relation_weight * relation + self.stage.entity_weight * entity + self._overlap()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(list(self.parameters.values()), self.stage.clip)
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * self._rate(self.progress.step)
        self.optimizer.step()
        self.optimizer.zero_grad()
        # An EMA over fewer steps than its memory would still hold the first weights.
        decay = min(self.stage.average, (1 + self.progress.step) / (10 + self.progress.step))
        if self.stage.average:
            torch._foreach_lerp_(list(self.average.values()), [p.data for p in self.parameters.values()], 1 - decay)
        return float(loss.detach())

    def _shared(self, batch: TrainingBatch) -> TrainingBatch:
        """Send a share of the sentences through the shared sub-module, so that it learns too."""
        if not self.stage.shared:
            return batch
        language = batch.inputs.language
        shared = torch.full_like(language, len(self.model.schema.languages))
        language = torch.where(torch.rand(language.shape) < self.stage.shared, shared, language)
        return replace(batch, inputs=replace(batch.inputs, language=language))

    def _overlap(self) -> Tensor:
        """Penalty of soft gates; they are hardened halfway through the stage that trains them."""
        penalty = torch.zeros(())
        for gate in self.model.gates if "switcher" in self.stage.train else ():
            if 2 * self.progress.step >= self.steps and not gate.is_hard:
                gate.harden()
            if not gate.is_hard:
                penalty = penalty + self.stage.overlap_weight * gate.overlap()
        return penalty

    def _close_epoch(self, epoch: int) -> None:
        """Evaluate, and keep the weights if they are the best; of a model that learns one task alone, the last."""
        seconds = time.monotonic() - self._started
        progress = self.progress
        alone = not (self.stage.relation_weight and self.stage.entity_weight)
        with self._averaged():
            predicted = predict_examples(self.model, self.dev, cache=self.caches[1] if self.caches else None)
            gold = [example.sentence for example in self.dev]
            triple, relation, entity = (micro_f1(gold, predicted, kind) for kind in ("triple", "relation", "entity"))
            # While nothing is found yet, training has only begun: the last weights are the best.
            if triple > progress.best or progress.best == 0 or alone:
                progress.best, progress.stale = triple, 0
                for name, parameter in self.parameters.items():
                    self.best[name].copy_(parameter.data)
            else:
                progress.stale += 1
        self.watch(
            EpochReport(
                self.stage.name,
                epoch,
                progress.loss / max(progress.batch, 1),
                triple,
                relation,
                entity,
                seconds,
            )
        )
        progress.epoch, progress.batch, progress.loss = epoch + 1, 0, 0.0

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the exponential moving average (EMA) of the weights in place for as long as the block runs."""
        if not self.stage.average:
            yield
            return
        kept = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        self._assign(self.average)
        try:
            yield
        finally:
            self._assign(kept)

    def _assign(self, weights: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(weights[name])

    def _rate(self, step: int) -> float:
        """One cycle: linear up over the warm-up, linear down to zero."""
        rising = max(1, round(self.stage.warmup * self.steps))
        if step < rising:
            return (step + 1) / rising
        return max(0.0, (self.steps - step) / max(1, self.steps - rising))
