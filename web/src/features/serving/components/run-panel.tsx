import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import { problemOf } from "@/client/problem";
import { completeInputs, type Inputs } from "@/lib/form-schema";
import { formatSeconds } from "@/lib/format";
import { exampleOf, type Signature, type Signed, signatureOf } from "@/lib/signature";
import { CopyButton } from "@/ui/copy-button";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import type { CallOptions, Outcome } from "../api/call";
import { ResultView } from "./result/result-view";
import type { HeldInputs } from "./use-inputs";

const InputsForm = lazy(() => import("./form/inputs-form"));
const FORM = "run-form";

/** How the model is called. The site's pages and the front end of a bundle each have their own way. */
export type Caller = {
  predict: (inputs: Inputs, options: CallOptions) => Promise<Outcome>;
  onSettled?: () => void;
  /** The first call has to start the model. */
  cold: boolean;
};

type Props = {
  version: Signed;
  held: HeldInputs;
  caller: Caller;
  /** Tells forms apart: another one is made when it changes. */
  formKey: string;
  /** What stands above the form beside the button for the example. */
  choice?: React.ReactNode;
};

/** The form left, the result right. */
export function RunPanel({ version, held, caller, formKey, choice }: Props) {
  const { values } = held;
  const [items, setItems] = useState<unknown[] | null>(null);
  const abort = useRef<AbortController | null>(null);
  const signature = signatureOf(version);
  const example = exampleOf(version);
  const running = useMutation({
    onSettled: caller.onSettled,
    mutationFn: (inputs: Inputs) => {
      abort.current = new AbortController();
      setItems(null);
      return caller.predict(completeInputs(signature.inputs, inputs), { signal: abort.current.signal, onItem: setItems });
    },
  });
  useEffect(() => () => abort.current?.abort(), []);
  useHotkeys([["mod+Enter", submitForm]], []);
  const problem = running.error ? problemOf(running.error) : null;
  const placed = Object.fromEntries((problem?.errors ?? []).map(({ field, detail }) => [field.replace(/^inputs\./, ""), detail]));
  return (
    <div className="two">
      <Section
        title="Inputs"
        aside={
          <Group gap="xs">
            {choice}
            <Button size="xs" variant="default" onClick={held.reset}>{example ? "Example" : "Reset"}</Button>
          </Group>
        }
      >
        <Suspense fallback={<Skeleton height={300} />}>
          <InputsForm key={`${formKey} ${held.round}`} id={FORM} inputs={signature.inputs} example={example} values={values} problems={placed} onChange={held.setValues} onFile={held.setFile} onSubmit={() => running.mutate(values)}>
            <Group gap="sm" mt="md">
              <Button type="submit" leftSection={<IconPlayerPlay size={16} />} loading={running.isPending} title="Ctrl + Enter">Run</Button>
              {running.isPending && <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={() => abort.current?.abort()}>Stop</Button>}
            </Group>
          </InputsForm>
        </Suspense>
      </Section>
      <div className="beside">
        <Section title="Result" aside={running.data && <Timing outcome={running.data} />}>
        <div role="status" aria-busy={running.isPending} style={{ minHeight: 220 }}>
          <Result signature={signature} outcome={running.data} items={items} pending={running.isPending} error={running.error} cold={caller.cold} />
        </div>
        </Section>
      </div>
    </div>
  );
}

function submitForm(): void {
  (document.getElementById(FORM) as HTMLFormElement | null)?.requestSubmit();
}

type ResultProps = { signature: Signature; outcome: Outcome | undefined; items: unknown[] | null; pending: boolean; error: Error | null; cold: boolean };

function Result({ signature, outcome, items, pending, error, cold }: ResultProps) {
  if (error instanceof DOMException) return <Text c="dimmed">Stopped.</Text>;
  if (error) return <ProblemAlert error={error} />;
  if (items) return <Stack gap="xs">{items.map((item, index) => <ResultView key={index} output={item} schema={signature.output} />)}</Stack>;
  if (pending) return <Waiting cold={cold} />;
  if (outcome) return outcome.streamed ? null : <ResultView output={outcome.output} schema={signature.output} />;
  return <Text c="dimmed">Fill in the form and press Run. What the model answers appears here.</Text>;
}

function Waiting({ cold }: { cold: boolean }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const started = performance.now();
    const timer = setInterval(() => setSeconds((performance.now() - started) / 1000), 100);
    return () => clearInterval(timer);
  }, []);
  return <Text c="dimmed">{cold ? "Nothing runs yet: starting the model, then asking it…" : "Asking the model…"} <span aria-hidden>{seconds > 0.4 ? formatSeconds(seconds) : ""}</span></Text>;
}

function Timing({ outcome }: { outcome: Outcome }) {
  const { seconds, coldStart, version, predictionId } = outcome;
  return (
    <Text size="sm" c="dimmed">
      {version && `v${version} · `}answered in {formatSeconds(coldStart === null ? seconds : Math.max(0, seconds - coldStart))}
      {coldStart !== null && ` after a cold start of ${formatSeconds(coldStart)}`}
      {predictionId && <> · <CopyButton value={predictionId} label="Copy the prediction's id" /></>}
    </Text>
  );
}
