/** When the demo builds the Worker: only when the bundle does not fit the sources. */
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { build, whyBuild } from "./build.ts";

describe("building the Worker", () => {
  let root: string;
  /** Writes a file that was last changed at this second. */
  const file = async (path: string, second: number) => {
    await writeFile(join(root, path), "");
    await changed(path, second);
  };
  const changed = (path: string, second: number) => utimes(join(root, path), second, second);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "demo-build-"));
    await mkdir(join(root, "src/http"), { recursive: true });
    await mkdir(join(root, "dist"));
    for (const path of ["src/worker.ts", "src/http/sse.ts", "wrangler.toml", "package-lock.json"])
      await file(path, 10);
    for (const path of ["src/http", "src"]) await changed(path, 10);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it("is needed when there is no bundle", async () => {
    expect(await whyBuild(root)).toBe("it is not there yet");
  });

  it("is not needed when the bundle is newer than everything it is made from", async () => {
    await file("dist/worker.js", 11);
    expect(await whyBuild(root)).toBeUndefined();
  });

  it.each([
    ["a source file has changed", "src/http/sse.ts", "src is newer than it"],
    ["a source file was deleted, which changes its folder", "src/http", "src is newer than it"],
    ["the configuration has changed", "wrangler.toml", "wrangler.toml is newer than it"],
    ["a dependency has changed", "package-lock.json", "package-lock.json is newer than it"],
  ])("is needed when %s", async (_why, path, reason) => {
    await file("dist/worker.js", 11);
    await changed(path, 12);
    expect(await whyBuild(root)).toBe(reason);
  });

  it("fails with what the builder said", async () => {
    await expect(build(root, new AbortController().signal)).rejects.toThrow(
      /^The Worker could not be built:\n[\s\S]*wrangler/,
    );
  });

  it("does not start when the demo was stopped before", async () => {
    await expect(build(root, AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });
});
