"""Steps of torch.optim.Adam and of PyLO's rules on the CPU, for step.ts, which starts it and says what to step.

    python step_torch.py [PYLO]

PYLO is a checkout of PyLO; without it only Adam is stepped. Its rules compute the same whatever their weights, so those are random:
the published ones are behind a network. See serve.py for what is said on stdin and stdout.
"""
import sys
from unittest import mock

import torch

import serve

torch.set_num_threads(1)
torch.manual_seed(0)
adam = torch.optim.Adam
RULES = {'torch Adam': lambda p: adam(p, foreach=False), 'torch Adam, foreach': lambda p: adam(p, foreach=True), 'torch Adam, fused': lambda p: adam(p, fused=True)}


def pylo_rules():
    # For rules that are not stepped here.
    sys.modules.update({name: mock.MagicMock() for name in ('mup', 'mup.optim')})
    from pylo.models import CELO2MLP, MetaMLP
    from pylo.optim.AdafacLO_naive import AdafacLO_naive
    from pylo.optim.CELO2_naive import CELO2_naive

    def small_fc(hidden_size):
        def make(params):
            # The rule knows no other source of its network.
            MetaMLP.from_pretrained = staticmethod(lambda key: MetaMLP(39, hidden_size, 1))
            return AdafacLO_naive(params)
        return make

    # 4 units as in the rule's paper, 32 as PyLO publishes it; Celo2 without the orthogonal steps, which cost more than all else.
    return {
        'PyLO small_fc, 2 × 4': small_fc(4), 'PyLO small_fc, 2 × 32': small_fc(32),
        'PyLO Celo2-base, 2 × 8': lambda p: CELO2_naive(p, orthogonalize=False, network=CELO2MLP()),
    }


def prepare(rule, shape, numVariables):
    params = [torch.nn.Parameter(0.1 * torch.randn(shape)) for _ in range(numVariables)]
    for p in params:
        p.grad = 0.01 * torch.randn(shape)
    optimizer = RULES[rule](params)
    return optimizer.step, lambda: {'finite': all(bool(torch.isfinite(p).all()) for p in params)}


if len(sys.argv) > 1:
    sys.path.insert(0, sys.argv[1])
    RULES.update(pylo_rules())
serve.serve(prepare, {'python': sys.version.split()[0], 'torch': torch.__version__, 'rules': list(RULES)})
