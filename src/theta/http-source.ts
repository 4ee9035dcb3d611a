import {L2OError} from '../errors.js';
import {collect, environmentError, reason, type ByteSource} from './byte-source.js';
import {checkSize} from './theta-format.js';

/** Reads from a URL by `fetch`, which in browsers may be relative. @param signal Ends reading at any moment. */
export function httpSource(url: string, signal?: AbortSignal): ByteSource {
  // The query may hold a secret: it stays out of messages.
  const shownUrl = url.replace(/[?#].*$/s, '');
  const unreadable = (got: string, cause?: unknown): L2OError =>
    environmentError('loadTheta', `to read '${shownUrl}'`, got, signal?.aborted === true
      ? 'Its signal ended it: give it more time, or check the address and the network.'
      : 'Check the address, the network and, in browsers, that the server allows this origin.', cause);
  return {
    async read(limit) {
      let response: Response;
      try {
        response = await fetch(url, signal === undefined ? {} : {signal});
      } catch (cause) {
        throw unreadable(reason(cause), cause);
      }
      const {body} = response;
      try {
        if (!response.ok) throw unreadable(`the HTTP status ${response.status}`);
        checkSize(Number(response.headers.get('content-length')), limit);
      } catch (error) {
        // What comes of this is of no interest beside what went wrong before.
        await body?.cancel().catch(() => undefined);
        throw error;
      }
      try {
        return body === null ? new Uint8Array() : await collect(body, limit);
      } catch (cause) {
        throw cause instanceof L2OError ? cause : unreadable(reason(cause), cause);
      }
    },
    readBeside(name, limit) {
      // As in TF.js: in the same folder, with the same query, which may be a signature.
      const [, folder, query] = /^([^?#]*\/)?[^?#]*(\?[^#]*)?/s.exec(url) ?? [];
      return httpSource(`${folder ?? ''}${encodeURIComponent(name)}${query ?? ''}`, signal).read(limit);
    },
  };
}
