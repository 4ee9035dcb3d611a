"""To be imported before google/learned_optimization, whose release of 2022 otherwise does not run with a JAX that can be had."""
import sys
from unittest import mock

import flax.training.checkpoints  # Before the stand-ins: it asks whether TensorFlow is there.

# The library imports these for data sets from the network and for logs, neither of which is used here.
for name in ('tensorflow', 'tensorflow.compat', 'tensorflow.compat.v2', 'tensorflow_datasets', 'flax.metrics', 'flax.metrics.tensorboard'):
    sys.modules[name] = mock.MagicMock()

import jax

# Names that the library knows and JAX has renamed since.
jax.tree_multimap = jax.tree_util.tree_map
for name in ('map', 'leaves', 'flatten', 'unflatten', 'structure'):
    setattr(jax, f'tree_{name}', getattr(jax.tree_util, f'tree_{name}'))
jax.ShapedArray = jax.core.ShapedArray
