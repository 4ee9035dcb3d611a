"""Gradient, trace and largest eigenvalue of the Hessian by PyTorch's double backward, for flatness.ts, which starts it and says what to measure.

    python flatness.py DATA SETTINGS

DATA holds weights, inputs and one-hot targets as float32, one after the other; SETTINGS is a JSON object. As in libraries for this (PyHessian):
the gradient is taken once with its graph, and each product of the Hessian is one backward pass through that; the eigenvalue is by power
iteration. See serve.py for what is said on stdin and stdout.
"""
import json
import sys

import numpy as np
import torch

import serve

torch.set_num_threads(1)
torch.manual_seed(0)
SETTINGS = json.loads(sys.argv[2])
(INPUTS, HIDDEN, OUTPUTS), BATCH, PROBES = SETTINGS['sizes'], SETTINGS['batchSize'], SETTINGS['numProbes']
floats = torch.from_numpy(np.fromfile(sys.argv[1], dtype=np.float32))
shapes = [(INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, OUTPUTS), (OUTPUTS,), (BATCH, INPUTS), (BATCH, OUTPUTS)]
parts = [part.reshape(shape) for part, shape in zip(floats.split([int(np.prod(shape)) for shape in shapes]), shapes)]
*WEIGHTS, X, Y = parts
for weight in WEIGHTS:
    weight.requires_grad_()


def loss():
    w1, b1, w2, b2 = WEIGHTS
    return torch.nn.functional.cross_entropy(torch.relu(X @ w1 + b1) @ w2 + b2, Y)


def gradient(create_graph):
    return torch.autograd.grad(loss(), WEIGHTS, create_graph=create_graph)


def dot(a, b):
    return sum((x * y).sum() for x, y in zip(a, b))


def norm_of_gradient():
    g = gradient(False)
    return float(dot(g, g).sqrt())


def trace():
    g, total = gradient(True), 0
    for _ in range(PROBES):
        v = [2 * torch.randint(0, 2, w.shape).float() - 1 for w in WEIGHTS]
        total += float(dot(v, torch.autograd.grad(g, WEIGHTS, v, retain_graph=True)))
    return total / PROBES


def eigenvalue():
    g, v, value = gradient(True), [torch.randn(w.shape) for w in WEIGHTS], 0.0
    for _ in range(PROBES):
        length = dot(v, v).sqrt()
        v = [x / length for x in v]
        image = torch.autograd.grad(g, WEIGHTS, v, retain_graph=True)
        value = float(dot(v, image))
        v = image
    return value


MEASURES = {'gradient': norm_of_gradient, 'trace': trace, 'eigenvalue': eigenvalue}


def prepare(measure):
    estimate, values = MEASURES[measure.split(',')[0]], []
    return (lambda: values.append(estimate())), lambda: {'value': float(np.mean(values))}


serve.serve(prepare, {'python': sys.version.split()[0], 'torch': torch.__version__})
