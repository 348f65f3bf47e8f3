/** Connections to AWS: one for each command, as many as there are commands. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";

/** `keepAlive` has TCP say that it is there: gateways close what is silent for minutes, as some commands are. */
const OPTIONS = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY } as const;

/**
 * None is used twice: AWS may have closed it meanwhile, and whether a command that was sent on such a one has begun
 * cannot be known, so it could not be sent again. A command costs one more handshake instead.
 */
export function createAgents(): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } {
  const agents = { httpAgent: new HttpAgent(OPTIONS), httpsAgent: new HttpsAgent(OPTIONS) };
  // The options take 0 for "as many as ever".
  for (const agent of Object.values(agents)) agent.maxFreeSockets = 0;
  return agents;
}
