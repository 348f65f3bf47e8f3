/** The hosts as the conformance suite uses them: each is killed and comes back where it was. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HOST_NAMES, type HostName, startHost } from "./hosts.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const WORKER = `
export class RunObject {}
export class DirectoryObject {}
export default { fetch: (_request, env) => new Response(env.CANARY) };
`;

const SERVER = `
import { createServer } from "node:http";
const server = createServer((_request, response) => response.end(process.env.CANARY));
server.listen(Number(process.env.PORT), process.env.HOST, () => {
  console.log("listening on http://127.0.0.1:" + server.address().port);
});
`;

test.each(HOST_NAMES)("%s is killed and started again on its port", async (name: HostName) => {
  await using folder = await temporaryFolder();
  const script = join(folder.path, "script.mjs");
  await writeFile(script, name === "workerd" ? WORKER : SERVER);
  const host = await startHost(name, { folder: folder.path, script, env: { CANARY: "here" } });
  try {
    const { url, pid } = host;
    expect(await (await fetch(url)).text()).toBe("here");
    await host.kill();
    await expect(fetch(url)).rejects.toThrow();
    await host.restart();
    expect(host.pid).not.toBe(pid);
    expect(await (await fetch(host.url)).text()).toBe("here");
    expect(host.url).toBe(url);
  } finally {
    await host.stop();
  }
  expect(() => process.kill(host.pid, 0)).toThrow("ESRCH");
});
