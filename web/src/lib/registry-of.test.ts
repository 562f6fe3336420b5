import { expect, it } from "vitest";

import { registryOf } from "./registry-of";

it.each([
  ["", ""],
  ["  ", ""],
  ["python:3.12-slim", "docker.io"],
  ["team/tool", "docker.io"],
  ["index.docker.io/team/tool", "docker.io"],
  ["ghcr.io/team/tool:1.2", "ghcr.io"],
  ["localhost/tool", "localhost"],
  ["registry.example:5000/team/tool@sha256:0", "registry.example:5000"],
])("%s is kept at %s", (image, registry) => expect(registryOf(image)).toBe(registry));
