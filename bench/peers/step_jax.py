"""Steps of google/learned_optimization's rules on the CPU, compiled by jax.jit, for step.ts, which starts it and says what to step.

    python step_jax.py

See serve.py for what is said on stdin and stdout. The weights are the initial ones: a rule computes the same whatever they are.
"""
import sys

import stand_ins  # Before the library.
import jax
import jax.numpy as jnp
from learned_optimization.learned_optimizers import adafac_mlp_lopt, mlp_lopt
from learned_optimization.optimizers import base as opt_base

import serve

KEY = jax.random.PRNGKey(0)


def learned(rule):
    return lambda: rule.opt_fn(rule.init(KEY))


# The library offers its small rule in two ways: as products of matrices, and weight by weight, which on a processor is the cheaper one.
small_fc = adafac_mlp_lopt.AdafacMLPLOpt
RULES = {
    'learned_optimization Adam': lambda: opt_base.Adam(1e-3),
    'learned_optimization small_fc, 2 × 4': learned(small_fc()),
    'learned_optimization small_fc, 2 × 4, by scalars': learned(small_fc(concat_weights=False)),
    'learned_optimization mlp, 2 × 32': learned(mlp_lopt.MLPLOpt()),
}


def prepare(rule, shape, numVariables):
    optimizer = RULES[rule]()
    keys = jax.random.split(KEY, 2 * numVariables)
    params = {str(i): 0.1 * jax.random.normal(keys[2 * i], shape) for i in range(numVariables)}
    gradients = {str(i): 0.01 * jax.random.normal(keys[2 * i + 1], shape) for i in range(numVariables)}
    update = jax.jit(lambda state, gradient, loss: optimizer.update(state, gradient, loss), donate_argnums=0)
    held = {'state': optimizer.init(params, num_steps=1000)}

    def step():
        held['state'] = jax.block_until_ready(update(held['state'], gradients, jnp.float32(1)))

    def check():
        return {'finite': all(bool(jnp.isfinite(x).all()) for x in jax.tree_util.tree_leaves(optimizer.get_params(held['state'])))}

    return step, check


serve.serve(prepare, {'python': sys.version.split()[0], 'jax': jax.__version__, 'rules': list(RULES)})
