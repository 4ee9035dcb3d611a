"""google/learned_optimization's TruncatedPES on the digits, for pes.ts, which starts it and says what to run.

    python pes.py DATA SETTINGS

DATA holds the images as float32 [n, 64], then the classes as int32 [n]; SETTINGS is a JSON object. Prints a line "ready" with the
versions and the number of the rule's weights. Then each line on stdin asks for so many seconds of meta-training, and is answered by a
line with the inner steps made, and the time they took by the clock and by this process's CPU time.
"""
import json
import sys
import time

import stand_ins  # Before the library.
import jax
import jax.numpy as jnp
import numpy as np
from learned_optimization.learned_optimizers import mlp_lopt
from learned_optimization.optimizers import base as opt_base
from learned_optimization.outer_trainers import gradient_learner, truncated_pes, truncation_schedule
from learned_optimization.tasks import base as tasks_base

SETTINGS = json.loads(sys.argv[2])
SIZES, BATCH, HORIZON = SETTINGS['sizes'], SETTINGS['batchSize'], SETTINGS['horizon']
raw = np.fromfile(sys.argv[1], dtype=np.float32)
NUM = raw.size // (SIZES[0] + 1)
IMAGES = jnp.asarray(raw[:NUM * SIZES[0]].reshape(NUM, SIZES[0]))
LABELS = jnp.asarray(raw[NUM * SIZES[0]:].view(np.int32))


class Digits(tasks_base.Task):
    """The network with relu and softmax cross-entropy. Batches are drawn in the compiled graph: no Python between steps."""

    def init(self, key):
        keys = jax.random.split(key, len(SIZES) - 1)
        layers = enumerate(zip(keys, SIZES[:-1], SIZES[1:]))
        return {f'layer{i}': {'w': jax.random.normal(k, (a, b)) / np.sqrt(a), 'b': jnp.zeros(b)} for i, (k, a, b) in layers}

    def loss(self, params, key, data):
        rows = jax.random.randint(key, (BATCH,), 0, NUM)
        x = IMAGES[rows]
        *hidden, last = (params[name] for name in sorted(params))
        for layer in hidden:
            x = jax.nn.relu(x @ layer['w'] + layer['b'])
        logits = x @ last['w'] + last['b']
        labels = jax.nn.one_hot(LABELS[rows], SIZES[-1])
        return jnp.mean(tasks_base.softmax_cross_entropy(logits=logits, labels=labels))


class Training:
    """Meta-training of a rule: PES, then Adam on theta."""

    def __init__(self, rule):
        self.key = jax.random.PRNGKey(0)
        family = tasks_base.single_task_to_family(Digits())
        self.pes = truncated_pes.TruncatedPES(
            family, rule, truncation_schedule.ConstantTruncationSchedule(HORIZON), num_tasks=SETTINGS['numPairs'],
            trunc_length=SETTINGS['windowSteps'], steps_per_jit=SETTINGS['windowSteps'], std=SETTINGS['sigma'],
            random_initial_iteration_offset=HORIZON, stack_antithetic_samples=SETTINGS['stackPairs'])
        outer = opt_base.Adam(SETTINGS['learningRate'])
        self.update = outer.update
        self.theta_of = outer.get_params
        theta = rule.init(self.key)
        self.num_weights = sum(leaf.size for leaf in jax.tree_util.tree_leaves(theta))
        self.outer = outer.init(theta)
        self.state = self.pes.init_worker_state(self.weights(), self.key)
        # Twice: the first call compiles for the initial types, the second for those of a running state.
        self.step()
        self.step()

    def weights(self):
        return gradient_learner.WorkerWeights(theta=self.theta_of(self.outer), theta_model_state=None, outer_state=gradient_learner.OuterState(0))

    def step(self):
        """One window of all pairs and an update of theta; returns mean loss and inner steps, steps that only reset not counted."""
        self.key, key = jax.random.split(self.key)
        out, _ = self.pes.compute_gradient_estimate(self.weights(), key, self.state)
        self.state = out.unroll_state
        self.outer = self.update(self.outer, out.grad, out.mean_loss)
        return float(out.mean_loss), 2 * int(np.count_nonzero(np.asarray(out.unroll_info.iteration)))


training = Training(mlp_lopt.MLPLOpt())
print('ready ' + json.dumps({'python': sys.version.split()[0], 'jax': jax.__version__, 'numWeights': training.num_weights}), flush=True)
for line in sys.stdin:
    seconds, steps, loss = json.loads(line)['seconds'], 0, 0.0
    wall, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - wall < seconds:
        loss, made = training.step()
        steps += made
    jax.block_until_ready(training.outer)
    answer = {'steps': steps, 'wallSeconds': time.perf_counter() - wall, 'cpuSeconds': time.process_time() - cpu}
    print(json.dumps({**answer, 'loss': loss if np.isfinite(loss) else None}), flush=True)
