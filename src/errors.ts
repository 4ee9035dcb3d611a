/** Stable codes of {@link L2OError}: safe to branch on; the messages are for people and may change. */
export type L2OErrorCode =
  | 'INVALID_ARGUMENT'
  | 'UNKNOWN_OPTION'
  | 'INVALID_THETA'
  | 'INVALID_WEIGHTS'
  | 'UNSUPPORTED_DTYPE'
  | 'UNSUPPORTED_BACKEND'
  | 'NON_FINITE'
  | 'DISPOSED'
  | 'DATA_MISSING'
  | 'CORRUPT_FILE'
  | 'ENVIRONMENT';

/** The one error class of this library. The message says what was expected, what came, and what to do. */
export class L2OError extends Error {
  override readonly name = 'L2OError';
  /** @param code Stable code. @param message Expected, got, remedy. */
  constructor(readonly code: L2OErrorCode, message: string, options?: {cause?: unknown}) {
    super(message, options);
  }
}
