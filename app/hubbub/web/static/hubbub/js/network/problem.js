/** The protocol's problems: REST and the WebSocket report errors with them. */

/** Codes of temporary problems: the same request can be sent again. */
export const TRANSIENT_CODES = new Set(["unavailable", "rate_limited"]);

/** A REST call that failed, with the protocol's code and a sentence for the user. */
export class Problem extends Error {
  constructor({ code, detail, retry_after: retryAfter = null }) {
    super(detail);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}
