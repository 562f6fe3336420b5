import type { TableColumn } from "@/client/types";

import type { Operator } from "../../api/source";

/** How operators are called in a form, and between a column and a value. */
export const OPERATORS: Record<Operator, { name: string; short: string; bare?: boolean }> = {
  contains: { name: "contains", short: "∋" },
  eq: { name: "is", short: "=" },
  ne: { name: "is not", short: "≠" },
  lt: { name: "less than", short: "<" },
  le: { name: "at most", short: "≤" },
  gt: { name: "greater than", short: ">" },
  ge: { name: "at least", short: "≥" },
  missing: { name: "is missing", short: "is missing", bare: true },
  present: { name: "is there", short: "is there", bare: true },
};

const ORDERED: Operator[] = ["ge", "le", "gt", "lt", "eq", "ne", "missing", "present"];
const WORDS: Operator[] = ["contains", "eq", "ne", "missing", "present"];

/** Those that suit a column, the likeliest first. */
export function operatorsOf({ type }: TableColumn): Operator[] {
  if (type === "boolean") return ["eq", "missing", "present"];
  return type === "text" || type === "other" ? WORDS : ORDERED;
}
