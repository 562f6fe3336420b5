import { Anchor, SegmentedControl, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { Address, NewRun } from "@/client/types";
import { RUN_LANGUAGES, type RunLanguage, runSnippet } from "@/lib/run-snippets";
import { CodeBlock } from "@/ui/code-block";
import { CopyButton } from "@/ui/copy-button";
import { Section } from "@/ui/section";

const LABELS: Record<RunLanguage, string> = { curl: "curl", python: "Python", cli: "Command line" };

/** Exactly the run that the form would ask for now, to be asked for from elsewhere. */
export function OrderCode({ address, order }: { address: Address; order: NewRun }) {
  const [language, setLanguage] = useState<RunLanguage>("curl");
  const text = runSnippet(language, { origin: window.location.origin, address: `${address.owner}/${address.name}`, order });
  const choice = <SegmentedControl size="xs" aria-label="Language" value={language} onChange={(value) => setLanguage(value)} data={RUN_LANGUAGES.map((value) => ({ value, label: LABELS[value] }))} />;
  return (
    <Section title="This run from elsewhere" aside={choice}>
      <CodeBlock label={`${LABELS[language]} for this run`} text={text} aside={<CopyButton wide value={text} label="Copy" />} />
      <Text size="sm" c="dimmed" mt="sm">
        Put a token into <code>MODELYARD_TOKEN</code>: <Anchor component={Link} to="/settings" inherit>make one in Settings</Anchor> with the scope write. The answer has the run&apos;s <code>id</code>; its state is at <code>/api/v1/runs/ID</code>.
      </Text>
    </Section>
  );
}
