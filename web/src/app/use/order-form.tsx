import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { lazy, Suspense } from "react";

import { problemOf } from "@/client/problem";
import type { Address, OperationForm } from "@/client/types";
import { type HeldOrder, useOrderDraft } from "@/features/operations/api/order-draft";
import { OrderCode } from "@/features/operations/components/order-code";
import { OrderOptions } from "@/features/operations/components/order-options";
import { ExperimentPicker } from "@/features/experiments/components/experiment-picker";
import { completeInputs, initialInputs, propertiesOf } from "@/lib/form-schema";
import { NOTHING, orderOf, type OrderDraft, placeProblem, waitingFor } from "@/lib/run-order";
import { LinkButton } from "@/ui/links";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { useProblemFocus } from "@/ui/use-problem-focus";

import { InputChoice } from "./input-choice";
import { useOrder } from "./use-order";

const ParametersForm = lazy(() => import("@/features/serving/components/form/inputs-form"));
const FORM = "order-form";

type Props = {
  address: Address;
  form: OperationForm;
  /** What the form starts with: an earlier run's order. */
  first?: OrderDraft;
  /** Tells what is typed for one order from what is typed for another. */
  draftKey: string;
  account: string | null;
  choice: React.ReactNode;
  below: React.ReactNode;
};

/** The form of a run left, the same run for other programs right. Nothing typed is lost by a reload or a refusal. */
export function OrderForm({ address, form, first, draftKey, account, choice, below }: Props) {
  const held = useOrderDraft(draftKey, first);
  const ordering = useOrder(address);
  const place = useProblemFocus<HTMLDivElement>(ordering.error);
  useHotkeys([["mod+Enter", submit]], []);
  const values = held.draft.parameters ?? initialInputs(form.parameters, undefined);
  const order = orderOf(held.draft, form.version, completeInputs(form.parameters, values), form.inputs);
  const waiting = waitingFor(held.draft, form.inputs);
  const problem = ordering.error ? problemOf(ordering.error) : null;
  const placed = problem ? placeProblem(problem) : { parameters: {}, inputs: {}, others: {} };
  const isPlaced = Object.values(placed).some((fields) => Object.keys(fields).length > 0);
  const send = () => void (waiting || ordering.mutate(order));
  return (
    <div className="two" ref={place}>
      <Stack gap="md">
        {problem && <ProblemAlert error={ordering.error} brief={isPlaced} title={isPlaced ? "This was not accepted; see below" : undefined} />}
        {form.inputs.length > 0 && (
          <Section title="Inputs" aside={choice}>
            <Stack gap="lg">{form.inputs.map((field) => <InputChoice key={field.name} field={field} picked={held.draft.inputs[field.name]} error={placed.inputs[field.name]} storageKey={`${draftKey}:${field.name}`} onChange={(change) => held.change(inputChange(field.name, change))} />)}</Stack>
          </Section>
        )}
        <Parameters form={form} values={values} problems={placed.parameters} held={held} onSubmit={send} aside={form.inputs.length ? undefined : choice} />
        <Section title="The run">
          <OrderOptions held={held} resources={form.resources} account={account} problems={placed.others} form={FORM} experiment={<ExperimentPicker form={FORM} label="Experiment" description="Where it stands beside other runs." value={held.draft.experimentId} onChange={(experimentId) => held.change({ experimentId })} disabled={account === null} error={placed.others.experiment_id} />} />
        </Section>
        <Group gap="sm">
          {account === null ? (
            <LinkButton to="/sign-in" search={{ next: window.location.pathname }}>Sign in to run</LinkButton>
          ) : (
            <Button type="submit" form={FORM} leftSection={<IconPlayerPlay size={16} />} loading={ordering.isPending} disabled={waiting !== ""} title="Ctrl + Enter">Run</Button>
          )}
          <Text size="sm" c="dimmed" role="status">{waiting}</Text>
        </Group>
      </Stack>
      <Stack gap="md">
        <OrderCode address={address} order={order} />
        {below}
      </Stack>
    </div>
  );
}

type ParametersProps = { form: OperationForm; values: Record<string, unknown>; problems: Record<string, string>; held: HeldOrder; onSubmit: () => void; aside: React.ReactNode };

/** The parameters by their schema; where there are none, the form is empty and only sends. */
function Parameters({ form, values, problems, held, onSubmit, aside }: ParametersProps) {
  if (!Object.keys(propertiesOf(form.parameters)).length)
    return <form id={FORM} hidden onSubmit={(event) => { event.preventDefault(); onSubmit(); }} />;
  return (
    <Section title="Parameters" aside={aside}>
      <Suspense fallback={<Skeleton height={200} />}>
        <ParametersForm id={FORM} inputs={form.parameters} example={undefined} values={values} problems={problems} onChange={(parameters) => held.change({ parameters })} onFile={() => undefined} onSubmit={onSubmit}>
          <></>
        </ParametersForm>
      </Suspense>
    </Section>
  );
}

function inputChange(name: string, change: (old: typeof NOTHING) => typeof NOTHING) {
  return (old: OrderDraft): Partial<OrderDraft> => ({ inputs: { ...old.inputs, [name]: change(old.inputs[name] ?? NOTHING) } });
}

function submit(): void {
  (document.getElementById(FORM) as HTMLFormElement | null)?.requestSubmit();
}
