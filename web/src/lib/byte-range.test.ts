import { describe, expect, it } from "vitest";

import { decodeText } from "./byte-range";

const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));

describe("decodeText", () => {
  it("leaves a character that is cut to the next part", () => {
    for (const character of ["ä", "€", "😀"]) {
      const whole = bytes(`ab${character}`);
      for (let end = 3; end < whole.length; end += 1) expect(decodeText(whole.slice(0, end), false)).toEqual({ text: "ab", used: 2 });
      expect(decodeText(whole, false)).toEqual({ text: `ab${character}`, used: whole.length });
    }
  });
  it("reads what is not UTF-8 as Latin-1", () => {
    expect(decodeText(new Uint8Array([0x67, 0x72, 0xf6, 0xdf, 0x65]), true).text).toBe("größe");
    expect(decodeText(new Uint8Array([0x61, 0xe4]), true).text).toBe("aä");
  });
  it("takes nothing for nothing", () => {
    expect(decodeText(new Uint8Array(), false)).toEqual({ text: "", used: 0 });
  });
});
