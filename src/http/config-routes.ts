/** The routes that show and change the runtime configuration. */
import type { Hono } from "hono";
import { createGate } from "./admit.ts";
import type { AppDeps } from "./deps.ts";
import type { ReadBody } from "./json-body.ts";
import { requireNoQuery } from "./query.ts";

export function addConfigRoutes(app: Hono, deps: AppDeps, readBody: ReadBody): void {
  const { host, config, redactor } = deps;
  const gate = createGate(deps);

  app.get("/config", async (context) => {
    await gate.admin(context.req.raw);
    requireNoQuery(context.req.raw);
    return context.json(redactor.redact(config.view(await host.readConfig())));
  });

  app.post("/config", async (context) => {
    await gate.admin(context.req.raw);
    requireNoQuery(context.req.raw);
    const body = await readBody(context.req.raw);
    const change = config.parse(body, await host.readConfig());
    return context.json(redactor.redact(config.view(await host.changeConfig(change))));
  });
}
