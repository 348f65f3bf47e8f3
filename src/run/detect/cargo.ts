/** Rust: the package or workspace in the root. */
import type { Detector } from "./detect.ts";

export const cargo: Detector = async (files) => {
  if (!(await files.has("Cargo.toml"))) return undefined;
  const setup = (await files.has("Cargo.lock")) ? { setup: "cargo fetch --locked" } : {};
  return { command: "cargo test", because: "there is a Cargo.toml", ...setup };
};
