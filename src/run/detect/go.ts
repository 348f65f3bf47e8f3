/** Go: all packages of the module in the root. */
import type { Detector } from "./detect.ts";

export const go: Detector = async (files) => {
  if (!(await files.has("go.mod"))) return undefined;
  const setup = (await files.has("go.sum")) ? { setup: "go mod download" } : {};
  return { command: "go test ./...", because: "there is a go.mod", ...setup };
};
