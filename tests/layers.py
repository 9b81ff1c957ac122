"""What a network is made of, for tests of architectures."""


def layers(net, x):
    """(shape without N, number of parameters) of every layer's output that has parameters."""
    found = []
    for layer in net:
        x = layer(x)
        if count := sum(w.numel() for w in layer.parameters()):
            found.append((tuple(x.shape[1:]), count))
    return found
