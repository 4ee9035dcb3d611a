import {expect} from 'chai';
import {L2OError} from '../../src/errors.js';

/** What a promise is rejected with; fails where it is not. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => expect.fail('Nothing was thrown.'), (error: unknown) => error);
}

/** The L2OError that a promise is rejected with; fails for any other, and for none. */
export async function l2oFailure(promise: Promise<unknown>): Promise<L2OError> {
  const error = await failure(promise);
  expect(error).to.be.instanceOf(L2OError);
  return error as L2OError;
}
