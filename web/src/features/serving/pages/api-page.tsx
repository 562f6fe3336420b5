import { Anchor, SegmentedControl, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { completeInputs } from "@/lib/form-schema";
import { signatureOf } from "@/lib/signature";
import { LANGUAGES, type Language, snippet } from "@/lib/snippets";
import { CodeBlock } from "@/ui/code-block";
import { CopyButton } from "@/ui/copy-button";
import { usePageTitle } from "@/ui/page-title";
import { Section } from "@/ui/section";

import { serveUrl } from "../api/predict";
import { useCall } from "../components/use-call";
import type { CallProps } from "./run-page";

const LABELS: Record<Language, string> = { curl: "curl", python: "Python", javascript: "JavaScript" };

/** Exactly the call that the form would make now, to be pasted elsewhere. */
export function ApiPage({ address, versions, deployment, isPublic }: CallProps & { isPublic: boolean }) {
  usePageTitle(`API · ${address.owner}/${address.name}`);
  const [language, setLanguage] = useState<Language>("curl");
  const { version, values, draft } = useCall(address, versions, deployment);
  const url = serveUrl(address, draft.target);
  const inputs = completeInputs(signatureOf(version).inputs, values);
  const text = snippet(language, { url, inputs, files: draft.files, withToken: true });
  const openapi = url.replace(/\/model\/predict$/, "/openapi.json");
  return (
    <Stack gap="lg">
      <Section
        title="This call"
        aside={<SegmentedControl size="xs" aria-label="Language" value={language} onChange={(value) => setLanguage(value)} data={LANGUAGES.map((value) => ({ value, label: LABELS[value] }))} />}
      >
        <CodeBlock label={`${LABELS[language]} for this call`} text={text} aside={<CopyButton wide value={text} label="Copy" />} />
        <Text size="sm" c="dimmed" mt="sm">
          It sends what the <Anchor component={Link} to={`/${address.owner}/${address.name}/run`} inherit>Run form</Anchor> holds now. Put a token into{" "}
          <code>MODELYARD_TOKEN</code>: <Anchor component={Link} to="/settings" inherit>make one in Settings</Anchor> with the scope predict.
          {isPublic && " This model is public; on sites that ask nobody to sign in, the token may be left out."}
        </Text>
      </Section>
      <Section title="Answer">
        <Text size="sm">
          JSON: <code>{'{"output": …, "id": …}'}</code>. The header <code>X-Prediction-Id</code> names the prediction, <code>X-Modelyard-Version</code> the version that answered, and{" "}
          <code>X-Modelyard-Cold-Start</code> the seconds that the call waited for a start. Errors are <code>application/problem+json</code>; 422 names the field.
        </Text>
        <Text size="sm" mt="xs">The model describes itself at <Anchor href={openapi} inherit className="mono">{openapi.replace(window.location.origin, "")}</Anchor>.</Text>
      </Section>
    </Stack>
  );
}
