/** Every bad request is refused with its problems named, before any work and without an echo of secrets. */
import { describe, expect, it } from "vitest";
import { badRequests, CANARY } from "../support/bad-requests.ts";
import { createTestApp } from "../support/test-app.ts";

describe.each([
  ["github.com", {}],
  ["a server of one's own", { GITHUB_SERVER_URL: "http://127.0.0.1:8123" }],
])("a service for %s", (_name, environment: Record<string, string>) => {
  it.each(badRequests(environment["GITHUB_SERVER_URL"]))(
    "refuses $name",
    async ({ path, headers, body, status, error }) => {
      const { app, runs } = createTestApp({ environment });
      const response = await app.request(path, { method: "POST", headers, body });
      const text = await response.text();
      expect({ status: response.status, ...JSON.parse(text) }).toEqual({ status, error });
      expect(text).not.toContain(CANARY);
      expect(runs).toEqual([]);
    },
  );

  it("knows at least sixty of them, each with a name of its own", () => {
    const names = badRequests(environment["GITHUB_SERVER_URL"]).map((request) => request.name);
    expect(names.length).toBeGreaterThanOrEqual(60);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
