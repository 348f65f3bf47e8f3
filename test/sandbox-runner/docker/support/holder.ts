/** A runner's process, to be killed or stopped: has a sandbox, says which container that is, and waits. */
import { run, startBackend } from "./backend.ts";
import { containersOf, running, until } from "./containers.ts";

const [runner = "", lifetimeMs = "0", poolSize = "0"] = process.argv.slice(2);
const { create } = startBackend({ runner, warmPoolSize: Number(poolSize) });
await until(runner, running(Number(poolSize)));
const stocked = (await containersOf(runner)).map(({ Id }) => Id);
for (;;) {
  const sandbox = await create(Number(lifetimeMs));
  // Where its /etc/hosts comes from.
  const { stdout } = await run(sandbox, "grep -om1 'containers/[0-9a-f]*' /proc/self/mountinfo");
  const taken = stdout.trim().replace("containers/", "");
  // One that is started may not be ready to be handed out.
  if (stocked.length > 0 && !stocked.includes(taken)) continue;
  const command = { command: "echo started; sleep 1000", timeoutMs: 1_000_000, network: false };
  await sandbox.exec(command, new AbortController().signal).next();
  process.stdout.write(`${taken}\n`);
  break;
}
setInterval(() => {}, 1000);
