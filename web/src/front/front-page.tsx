import { Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";

import { callModel } from "@/features/serving/api/call";
import { useRunDraft } from "@/features/serving/api/run-draft";
import { type Caller, RunPanel } from "@/features/serving/components/run-panel";
import { useInputs } from "@/features/serving/components/use-inputs";
import { CardFacts } from "@/features/versions/components/card-facts";
import { SignatureTable } from "@/features/versions/components/signature-table";
import { signatureOf } from "@/lib/signature";
import { ProblemAlert } from "@/ui/problem-alert";

import { type Model, modelQuery } from "./model";

const Prose = lazy(() => import("@/ui/prose"));
const NAMELESS = { owner: "bundle", name: "model" };

/** The model of this bundle: its form and result, and below them what its card says. */
export function FrontPage() {
  const { data: model, error, refetch } = useQuery(modelQuery);
  return (
    <main className="page" id="main">
      {model ? <ModelPage model={model} /> : error ? <ProblemAlert error={error} onRetry={() => void refetch()} /> : <Skeleton height={320} />}
    </main>
  );
}

function ModelPage({ model }: { model: Model }) {
  const { card, address, version } = model;
  const title = textOf(card.title) || address?.name || "Model";
  const description = textOf(card.description);
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <Stack gap="lg">
      <header>
        <Title order={1}>{title}</Title>
        {address && <Text size="sm" c="dimmed">{address.owner}/{address.name}{version && ` · version ${version}`}</Text>}
      </header>
      {!model.loaded && <Text role="status" c="dimmed">The model is loading…</Text>}
      {description && <Suspense fallback={<Skeleton height={60} />}><Prose text={description} /></Suspense>}
      <Run model={model} />
      <SignatureTable signature={signatureOf(model)} />
      <CardFacts card={card} />
    </Stack>
  );
}

function Run({ model }: { model: Model }) {
  const held = useInputs(useRunDraft(model.address ?? NAMELESS), model);
  const caller: Caller = { predict: (inputs, options) => callModel("/model/predict", inputs, options), cold: false };
  return <RunPanel version={model} held={held} caller={caller} formKey="bundle" />;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
