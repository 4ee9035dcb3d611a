/**
 * Makes text bold where `stream` is a terminal whose user has nothing against styles.
 *
 * @param environment Any `NO_COLOR` but the empty one switches styles off.
 * @see https://no-color.org
 */
export function boldFor(
  stream: {readonly isTTY?: boolean},
  environment: Readonly<Record<string, string | undefined>>,
): (text: string) => string {
  const isWanted = stream.isTTY === true && (environment.NO_COLOR ?? '') === '';
  return isWanted ? (text) => `\u001b[1m${text}\u001b[22m` : (text) => text;
}
