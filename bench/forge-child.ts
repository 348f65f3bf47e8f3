/** The child's side of forge-process.ts: carries out the calls on a real local forge. */
import { type LocalForge, startForge } from "../test/support/forge/server.ts";
import type { Answer, Call, LoggedRequest } from "./forge-process.ts";

let forge: LocalForge | undefined;

process.on("message", (message) => {
  void answer(message as Call).then((reply) => process.send?.(reply));
});

async function answer(call: Call): Promise<Answer> {
  try {
    return { value: await carryOut(call) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function carryOut(call: Call): Promise<unknown> {
  if (call.call === "start") {
    forge = await startForge({ tokens: { [call.token]: { login: call.login } } });
    return { url: forge.url, apiUrl: forge.apiUrl };
  }
  if (forge === undefined) throw new Error("the forge has not been started");
  switch (call.call) {
    case "add":
      return (await forge.addRepository(call.fullName, { from: call.from })).cloneUrl;
    case "git":
      return await forge.repository(call.fullName).git(...call.args);
    case "clear":
      return forge.log.clear();
    case "requests":
      return forge.log.entries.map(
        ({ method, path, status, time, service, bytesIn, bytesOut }): LoggedRequest => ({
          method,
          path,
          status,
          time,
          service,
          bytesIn,
          bytesOut,
        }),
      );
    case "close":
      return await forge.close();
  }
}
