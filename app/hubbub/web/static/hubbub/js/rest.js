/** REST calls of the page: JSON in and out, CSRF, problems as errors with the protocol's code. */

export class Problem extends Error {
  constructor({ code, detail, retry_after: retryAfter = null }) {
    super(detail);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

export class Rest {
  /** `signedOut` is called when the session is over. */
  constructor({ token, signedOut, unreachable }) {
    this.token = token;
    this.signedOut = signedOut;
    this.unreachable = unreachable;
  }

  get(path, params = {}) {
    const given = Object.entries(params).filter(([, value]) => value !== null);
    const query = new URLSearchParams(given).toString();
    return this.call("GET", query ? `${path}?${query}` : path);
  }

  post(path, body = {}) {
    return this.call("POST", path, body);
  }

  patch(path, body) {
    return this.call("PATCH", path, body);
  }

  delete(path) {
    return this.call("DELETE", path);
  }

  async call(method, path, body) {
    const response = await this.fetch(method, path, body);
    if (response.status === 401) this.signedOut();
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => ({}));
    if (!response.ok)
      throw new Problem({ code: "unavailable", detail: this.unreachable, ...answer });
    return answer;
  }

  async fetch(method, path, body) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.token };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    try {
      return await fetch(`/api/${path}`, { method, headers, body: JSON.stringify(body) });
    } catch {
      throw new Problem({ code: "unavailable", detail: this.unreachable });
    }
  }
}
