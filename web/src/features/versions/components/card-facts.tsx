import { Section } from "@/ui/section";
import { humanize } from "@/lib/format";
import { compactJson } from "@/lib/json";

import classes from "./facts.module.css";

const ELSEWHERE = new Set(["title", "description", "example", "tags", "language"]);

/** The card's fields that reviewers need: purpose, population, training, and what else its author wrote. */
export function CardFacts({ card }: { card: Record<string, unknown> }) {
  const fields = Object.entries(card).filter(([key, value]) => !ELSEWHERE.has(key) && value !== null && value !== "" && !isEmpty(value));
  if (!fields.length) return null;
  return (
    <Section title="Card">
      <dl className={classes.facts}>
        {fields.map(([key, value]) => (
          <div key={key}>
            <dt>{humanize(key)}</dt>
            <dd>{typeof value === "string" ? value : compactJson(value)}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
