"""Export: a trained model to ONNX graphs, and the gate that measures what they lose."""
