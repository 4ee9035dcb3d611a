import type {FlatnessTerm} from '../../src/flatness/flatness-term.js';

/** The simplest penalty, strength · ½‖p‖², for tests of where penalties enter. */
export function parameterNorm(strength: number): FlatnessTerm {
  return {
    name: 'parameterNorm', config: {measure: 'parameterNorm', strength},
    value: probe => 0.5 * strength * probe.parameters().reduce((sum, p) => sum + p * p, 0),
    gradient: probe => {
      const at = probe.parameters();
      return {value: 0.5 * strength * at.reduce((sum, p) => sum + p * p, 0), gradient: at.map(p => strength * p)};
    },
  };
}
