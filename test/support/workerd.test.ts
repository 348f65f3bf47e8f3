/** What the kill tests stand on: workerd keeps objects and alarms over a SIGKILL, on the same folder and port. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";
import { until } from "./until.ts";
import { startWorkerd } from "./workerd.ts";

/** An object whose alarm writes down each time it starts, rings the bell, and never ends by itself. */
const NOTEBOOK = `
import { DurableObject } from "cloudflare:workers";
export class Notebook extends DurableObject {
  constructor(state, env) {
    super(state, env);
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS notes (text TEXT)");
  }
  note(text) { this.ctx.storage.sql.exec("INSERT INTO notes VALUES (?)", text); }
  notes() { return this.ctx.storage.sql.exec("SELECT text FROM notes").toArray().map((row) => row.text); }
  async begin() { this.note("begun"); await this.ctx.storage.setAlarm(Date.now()); }
  async alarm({ retryCount }) {
    this.note("alarm, retry " + retryCount);
    await this.ctx.storage.sync();
    await fetch(this.env.BELL);
    for (;;) await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
export default {
  async fetch(request, env) {
    const notebook = env.NOTEBOOK.get(env.NOTEBOOK.idFromName("only"));
    if (request.method === "POST") await notebook.begin();
    return Response.json({ notes: await notebook.notes(), canary: env.CANARY });
  },
};
`;

const CANARY = 'a "quoted" \\ canary, ü and \n all';

test("an alarm that was running at a SIGKILL runs again by itself after the restart, rows intact", async () => {
  await using folder = await temporaryFolder();
  let rings = 0;
  const bell = createServer((_request, response) => {
    rings += 1;
    response.end();
  }).listen(0, "127.0.0.1");
  await once(bell, "listening");
  const script = join(folder.path, "notebook.js");
  await writeFile(script, NOTEBOOK);
  const env = { CANARY, BELL: `http://127.0.0.1:${(bell.address() as AddressInfo).port}/` };
  const options = { folder: folder.path, script, objects: { NOTEBOOK: "Notebook" }, env };
  let workerd = await startWorkerd(options);
  try {
    expect(await (await fetch(workerd.url, { method: "POST" })).json()).toMatchObject({ canary: CANARY });
    await until("the alarm runs", () => rings === 1);
    const { port, pid, url } = workerd;
    await workerd.kill();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    workerd = await startWorkerd({ ...options, port });
    expect(workerd.url).toBe(url);
    await until("the alarm runs again, with no request to wake its object", () => rings === 2);
    // Being killed is no failure: it does not count as a try, and nothing is waited for.
    expect(await (await fetch(url)).json()).toMatchObject({
      notes: ["begun", "alarm, retry 0", "alarm, retry 0"],
    });
  } finally {
    await workerd.kill();
    bell.closeAllConnections();
    bell.close();
  }
});

test("a Worker that does not start is said to, with workerd's own words", async () => {
  await using folder = await temporaryFolder();
  const script = join(folder.path, "broken.js");
  await writeFile(script, "export default {");
  await expect(startWorkerd({ folder: folder.path, script, objects: {} })).rejects.toThrow(
    /ended with code 1 before it was ready.*SyntaxError/s,
  );
});
