/** What the step is to be against the cheapest learned rule of each Python library. */
import type {StepRow} from './protocol.js';

/** At 1 million parameters, how many times as much as ours theirs costs: at least, and the aim. */
const NUM_PARAMS = 1_000_000, AT_LEAST = 12, AIM = 30;
const LIBRARIES = ['PyLO', 'learned_optimization'];
const HEADS = ['library', 'cheapest learned rule', 'ns a parameter', 'ours', 'times ours', 'at least', 'aim', 'met'] as const;

/** The table's heads, and a row for each library of which a learned rule was measured at that size. */
export function cheapestRules(rows: readonly StepRow[]): {heads: readonly string[]; cells: string[][]} {
  const cells = LIBRARIES.flatMap(library => {
    const rules = rows.filter(row => row.numParams === NUM_PARAMS && row.numVariables === 1 && row.peer.startsWith(`${library} `) && row.peer !== `${library} Adam`);
    if (rules.length === 0) return [];
    const {peer, nsPerParam, oursNsPerParam, ratio} = rules.reduce((cheapest, row) => (row.nsPerParam < cheapest.nsPerParam ? row : cheapest));
    return [[library, peer.slice(library.length + 1), String(nsPerParam), String(oursNsPerParam), String(ratio), String(AT_LEAST), String(AIM), ratio >= AIM ? 'aim' : ratio >= AT_LEAST ? 'yes' : 'no']];
  });
  return {heads: HEADS, cells};
}
