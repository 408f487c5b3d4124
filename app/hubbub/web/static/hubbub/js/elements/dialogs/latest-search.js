/**
 * A search that reports only the results of the latest query, and drops late answers to earlier
 * ones.
 */

export class LatestSearch {
  /** `request(text)` resolves to the results, which are then passed to `onResults`. */
  constructor(request, onResults) {
    this.request = request;
    this.onResults = onResults;
    this.latest = 0;
  }

  async find(text) {
    const number = ++this.latest;
    const results = await this.request(text.trim());
    if (number === this.latest) this.onResults(results);
  }
}
