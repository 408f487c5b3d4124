/**
 * Makes the page's REST calls: sends and reads JSON, adds the CSRF token, and throws failures as
 * `Problem`.
 */

import { Problem } from "./problem.js";

export class RestClient {
  /**
   * `onSignedOut` is called when the session is over. `unreachable` is the text to show when the
   * server doesn't answer.
   */
  constructor({ token, onSignedOut, unreachable }) {
    this.token = token;
    this.onSignedOut = onSignedOut;
    this.unreachable = unreachable;
  }

  get(path, params = {}) {
    const entries = Object.entries(params).filter(([, value]) => value !== null);
    const query = new URLSearchParams(entries).toString();
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
    if (response.status === 401) this.onSignedOut();
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
