"""The joint model: backbones, layers, codec, artifact. Codec, tokenizer and e5 file import no torch."""
