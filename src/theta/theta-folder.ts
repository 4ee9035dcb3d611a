import {encodeModelJson, readManifest, thetaToArtifacts} from './artifacts.js';
import {fileSource, removeFile, writeFolder} from './node-files.js';
import type {Theta} from './theta-file.js';
import {MAX_FILE_BYTES, parseJson, type ThetaMetadata} from './theta-format.js';

const WEIGHTS_NAME = /^weights-[0-9a-f]{16}\.bin$/;

/**
 * Writes a theta to a folder as TF.js does a model: a `model.json`, and its weights. The weights' file is called after their
 * hash, so that model.json never stands beside weights that are not its own: until it is replaced, the last step, the
 * folder holds the old theta, and then the new one.
 * @throws L2OError `ENVIRONMENT`; a theta that was there before is intact then.
 */
export async function saveFolder(folder: string, theta: Theta, metadata: ThetaMetadata): Promise<void> {
  const {weightData, ...artifacts} = thetaToArtifacts(theta, metadata), name = `weights-${theta.hash}.bin`;
  const json = encodeModelJson(artifacts, name), before = await currentWeights(folder);
  const removeUnless = async (needed: string | undefined, stale: string | undefined): Promise<void> => {
    if (stale !== undefined && stale !== needed && WEIGHTS_NAME.test(stale)) await removeFile(folder, stale);
  };
  try {
    await writeFolder(folder, [[name, new Uint8Array(weightData)], ['model.json', json]]);
  } catch (error) {
    await removeUnless(before, name);
    throw error;
  }
  await removeUnless(name, before);
}

/** The file of weights that the folder's model.json names, where there is one that can be read. */
async function currentWeights(folder: string): Promise<string | undefined> {
  try {
    return readManifest(parseJson(await fileSource(folder).read(MAX_FILE_BYTES), 'a model.json')).file;
  } catch {
    // Nothing of ours is there: nothing to tidy up.
    return undefined;
  }
}
