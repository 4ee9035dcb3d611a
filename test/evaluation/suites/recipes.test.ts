import {expect} from 'chai';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {sampleTask} from '../../../recipes/tensor-lstm-family.js';
import {PAIRS as TENSOR_LSTM_PAIRS} from '../../../recipes/tensor-lstm-pairs.js';
import {KEPT_FROM_RECIPES, sharedPairs, type TaskPair} from '../../../src/evaluation/suites/pairs.js';
import {seenSuite} from '../../../src/evaluation/suites/seen.js';
import {unseenSuite} from '../../../src/evaluation/suites/unseen.js';
import {Random} from '../../../src/random.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)), RECIPES = join(ROOT, 'recipes');
const files = readdirSync(RECIPES, {recursive: true, encoding: 'utf8'}).filter(name => name.endsWith('.ts')), families = files.filter(name => name.endsWith('-family.ts'));
/** Modules of the tasks and data that no recipe may have. */
const KEPT_MODULES = /^src\/(tasks\/(fashion-mnist|tabular)|tasks\/families\/rosenbrock|evaluation\/tasks)/;
const KEPT_WORDS = /fashion|wine|breast|cancer|diabetes|attention|transformer|variational|rosenbrock|tabular/i;

async function pairsOf(family: string): Promise<readonly TaskPair[]> {
  const name = family.replace('-family.ts', '-pairs.ts'), file = join(RECIPES, name);
  expect(existsSync(file), `recipes/${family} needs recipes/${name}, which exports PAIRS: data and architecture class of all its tasks`).to.be.true;
  return (await import(file) as {PAIRS: readonly TaskPair[]}).PAIRS;
}

/** All of the project's modules that a module brings in. */
function reach(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import|new URL)\s*\(?\s*'([^']+\.[jt]s)'/g)) {
    const target = join(file, '..', path!.replace(/\.js$/, '.ts'));
    if (existsSync(target)) reach(target, found);
  }
  return found;
}

describe('every recipe', () => {
  it('is looked at', () => {
    expect(families).to.include('tensor-lstm-family.ts');
  });

  for (const family of families) {
    it(`shares no data with an architecture class of the suite unseen: ${family}`, async () => {
      const pairs = await pairsOf(family);
      expect(pairs).to.have.lengthOf.at.least(1);
      expect(sharedPairs(unseenSuite().tasks, pairs)).to.deep.equal([]);
      const {datasets, architectures} = KEPT_FROM_RECIPES;
      expect(pairs.filter(({dataset, architecture}) => datasets.some(d => d === dataset) || architectures.some(a => a === architecture))).to.deep.equal([]);
    });

  }

  it('is followed into what it brings in', () => {
    const reached = [...reach(join(RECIPES, 'tensor-lstm-refine.ts'))].map(file => relative(ROOT, file));
    expect(reached).to.include.members(['recipes/refine/duel-process.ts', 'recipes/tensor-lstm-family.ts', 'src/tasks/mlp-family.ts']);
  });

  for (const file of files) {
    it(`brings in no module of what is kept from recipes: ${file}`, () => {
      const reached = [...reach(join(RECIPES, file))].map(path => relative(ROOT, path));
      expect(reached.filter(path => KEPT_MODULES.test(path))).to.deep.equal([]);
    });

    it(`does not mention what is kept from recipes: ${file}`, () => {
      const code = readFileSync(join(RECIPES, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      expect(KEPT_WORDS.exec(code)?.[0]).to.equal(undefined);
    });
  }
});

describe('the pairs of the recipe tensor-lstm', () => {
  it('are those of the tasks that it draws', () => {
    const random = new Random(3), names = Array.from({length: 600}, (_, i) => sampleTask(random.fork(i)).name), drawn = new Set<string>();
    for (const name of names) {
      const [, dataset, sizes] = /^(.*) (\d+(?:-\d+)+) \w+$/.exec(name) ?? [];
      // The other families have a class of their own, and their names are all that a task says.
      drawn.add(dataset === undefined ? name.replace(/, .*/, '') : `${dataset}, ${sizes!.split('-').length === 2 ? 'linear' : 'mlp'}`);
    }
    const dense = (architecture: string): boolean => architecture === 'mlp' || architecture === 'linear';
    const familyOf: Readonly<Record<string, string>> = {conv: 'conv net', gru: 'recurrent net', lstm: 'recurrent net', 'simple recurrent': 'recurrent net'};
    const declared = TENSOR_LSTM_PAIRS.map(({dataset, architecture}) => (dense(architecture) ? `${dataset}, ${architecture}` : familyOf[architecture] ?? architecture));
    expect([...drawn].sort()).to.deep.equal([...new Set(declared)].sort());
  });
});

describe('the suite seen', () => {
  it('has no task whose data and architecture class are in no recipe', async () => {
    const pairs = (await Promise.all(families.map(pairsOf))).flat();
    expect(seenSuite().tasks.filter(task => sharedPairs([task], pairs).length === 0).map(({name}) => name)).to.deep.equal([]);
  });
});

describe('the suite seen, for the recipe tensor-lstm', () => {
  it('has a task of every architecture class', () => {
    const classes = (pairs: readonly TaskPair[]): string[] => [...new Set(pairs.map(({architecture}) => architecture))].sort();
    expect(classes(seenSuite().tasks)).to.deep.equal(classes(TENSOR_LSTM_PAIRS));
  });
});

describe('sharedPairs', () => {
  it('finds a task of the same data and class, and none of the same data alone', () => {
    const mlp = {dataset: 'digits', architecture: 'mlp'}, conv = {dataset: 'digits', architecture: 'conv'};
    expect(sharedPairs([mlp, conv], [conv])).to.deep.equal([conv]);
    expect(sharedPairs([mlp], [conv])).to.deep.equal([]);
  });
});
