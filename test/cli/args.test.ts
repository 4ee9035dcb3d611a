import {expect} from 'chai';
import {parseCommand} from '../../src/cli/args.js';
import {HELP} from '../../src/cli/help.js';
import {L2OError} from '../../src/errors.js';

const defaults = {json: false, seed: 1, steps: 300, backend: undefined, dataset: 'digits', out: 'tfjs-l2o-demo.html'};

function errorOf(line: string): L2OError {
  try {
    parseCommand(line.split(' ').filter((word) => word !== ''));
  } catch (error) {
    if (error instanceof L2OError) return error;
    throw error;
  }
  throw new Error(`accepted: ${line}`);
}

describe('parseCommand', () => {
  it('gives help and version', () => {
    expect(parseCommand([])).to.deep.equal({kind: 'help', topic: 'overview'});
    expect(parseCommand(['--help'])).to.deep.equal({kind: 'help', topic: 'overview'});
    expect(parseCommand(['-h', '--version'])).to.deep.equal({kind: 'help', topic: 'overview'});
    expect(parseCommand(['--version'])).to.deep.equal({kind: 'version'});
    expect(parseCommand(['demo', '--steps', '5', '-h'])).to.deep.equal({kind: 'help', topic: 'demo'});
  });

  it('fills in defaults', () => {
    expect(parseCommand(['demo'])).to.deep.equal({kind: 'demo', options: defaults});
  });

  it('reads every flag, with its value apart or attached', () => {
    const words = ['demo', '--json', '--seed=0', '--steps', '20', '--backend', 'cpu', '--dataset=fashion-mnist', '--out', 'a b.html'];
    expect(parseCommand(words)).to.deep.equal({
      kind: 'demo',
      options: {json: true, seed: 0, steps: 20, backend: 'cpu', dataset: 'fashion-mnist', out: 'a b.html'},
    });
  });

  it('names the nearest flag, command, backend or data set', () => {
    const nearest: Record<string, string> = {
      'demo --step 5': '--steps', 'demo --sede=3': '--seed', 'demp': 'demo', '--versoin': '--version',
      'demo --backend wams': 'wasm', 'demo --dataset digit': 'digits',
    };
    for (const [line, name] of Object.entries(nearest)) expect(errorOf(line).message, line).to.include(`Did you mean '${name}'?`);
  });

  it('tells unknown flags from wrong values by the code', () => {
    for (const line of ['demo --step 5', 'demo -x', '--json', 'demo --__proto__ 1', 'demo --no-json']) {
      expect(errorOf(line).code, line).to.equal('UNKNOWN_OPTION');
    }
    for (const line of [
      'train', 'demo --steps', 'demo --steps --json', 'demo --steps 0', 'demo --steps 1.5', 'demo --steps 1e3',
      'demo --steps 100001', 'demo --seed -1', 'demo --seed 4294967296', 'demo --seed=', 'demo --json=yes',
      'demo --backend webgl', 'demo --out=', 'demo digits', 'demo -- digits', '--help demo',
    ]) {
      expect(errorOf(line).code, line).to.equal('INVALID_ARGUMENT');
    }
  });

  it('documents every flag that it reads', () => {
    for (const name of Object.keys(defaults)) expect(HELP.demo).to.include(`--${name} `);
  });
});
