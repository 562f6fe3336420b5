import { Group, Progress, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import type { Address, CardField, ShownCard } from "@/client/types";
import { compactJson } from "@/lib/json";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { cardQuery } from "../api/versions";
import classes from "./facts.module.css";

const Prose = lazy(() => import("@/ui/prose"));

/** The text is above, the example is in the form. */
const SHOWN_ELSEWHERE = new Set(["title", "description", "example", "text"]);

type Props = { address: Address; number: number; description: string; canWrite: boolean };

/** A version's card: its text, the fields that reviewers need, and how many of them are filled. */
export function CardView({ address, number, description, canWrite }: Props) {
  const { data, error, refetch } = useQuery(cardQuery(address, number));
  if (error) return <ProblemAlert error={error} title="The card could not be shown" onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={240} />;
  const summary = textOf(data, "description") || description;
  // A README often begins with the very words of the description.
  const text = data.text.includes(summary) ? data.text : [summary, data.text].filter(Boolean).join("\n\n");
  return (
    <Stack gap="lg">
      <Section title="About">
        {text ? <Suspense fallback={<Skeleton height={80} />}><Prose text={text} /></Suspense> : <Text c="dimmed" size="sm">No description yet.</Text>}
      </Section>
      <Section title="Card" aside={<Meter card={data} />}>
        <Fields fields={data.fields.filter(({ is_filled, name }) => is_filled && !SHOWN_ELSEWHERE.has(name))} />
        {canWrite && <Missing fields={data.fields.filter(({ is_filled }) => !is_filled)} next={data.next ?? null} />}
      </Section>
    </Stack>
  );
}

function Meter({ card: { filled, total, share } }: { card: ShownCard }) {
  return (
    <Group gap={8}>
      <Progress w={110} size={7} value={100 * share} aria-label="How complete the card is" />
      <Text size="sm" c="dimmed">{filled} of {total} fields</Text>
    </Group>
  );
}

function Fields({ fields }: { fields: CardField[] }) {
  if (!fields.length) return <Text size="sm" c="dimmed">None of the fields that reviewers ask for is filled in.</Text>;
  return (
    <dl className={classes.facts}>
      {fields.map(({ name, label, about, value }) => (
        <div key={name}>
          <dt title={about}>{label}</dt>
          <dd>{typeof value === "string" ? value : compactJson(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** For who can change it: what to write next, and where. */
function Missing({ fields, next }: { fields: CardField[]; next: string | null }) {
  const first = fields.find(({ name }) => name === next) ?? fields[0];
  if (!first) return null;
  return (
    <details className={classes.missing}>
      <summary>Fill in next: <b>{first.label}</b> <span className="quiet">({first.about.replace(/\.$/, "")})</span></summary>
      <Text size="sm" my={6}>Write these between the two <code>---</code> lines at the top of <code>README.md</code>, and push:</Text>
      <ul>{fields.map(({ name, about }) => <li key={name}><code>{name}:</code> <span className="quiet">{about}</span></li>)}</ul>
    </details>
  );
}

function textOf({ fields }: ShownCard, name: string): string {
  const value: unknown = fields.find((field) => field.name === name)?.value;
  return typeof value === "string" ? value : "";
}
