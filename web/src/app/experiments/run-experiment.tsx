import { Button, Modal, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFlask } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Run } from "@/client/types";
import { experimentQuery, putRun } from "@/features/experiments/api/experiments";
import { ExperimentPicker } from "@/features/experiments/components/experiment-picker";
import { runQuery } from "@/features/runs/api/runs";
import { LinkButton } from "@/ui/links";
import { ProblemAlert } from "@/ui/problem-alert";

/** The experiment that a run is in, or a way into one. */
export function RunExperiment({ run }: { run: Run }) {
  return run.experiment_id ? <Within id={run.experiment_id} /> : <Add run={run} />;
}

function Within({ id }: { id: string }) {
  const { data } = useQuery(experimentQuery(id));
  if (!data) return null;
  return <LinkButton to="/experiments/$experimentId" params={{ experimentId: id }} size="xs" variant="default" leftSection={<IconFlask size={15} />} title="The experiment that it is in">{data.name}</LinkButton>;
}

function Add({ run }: { run: Run }) {
  const [opened, { open, close }] = useDisclosure(false);
  const queries = useQueryClient();
  const adding = useMutation({
    mutationFn: (id: string) => putRun(id, run.id),
    onSuccess: (changed) => {
      queries.setQueryData(runQuery(run.id).queryKey, changed);
      return queries.invalidateQueries({ queryKey: ["experiments"] });
    },
  });
  const title = "Add to an experiment";
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconFlask size={15} />} onClick={open}>{title}</Button>
      <Modal opened={opened} onClose={close} withCloseButton={false} centered attributes={{ content: { "aria-label": title } }}>
        <Title order={2} size="h2" mb="xs">{title}</Title>
        <Text size="sm" c="dimmed" mb="sm">There it stands beside other runs of yours, with its parameters and metrics.</Text>
        {adding.error && <ProblemAlert error={adding.error} />}
        <ExperimentPicker label="Experiment" data-autofocus value="" disabled={adding.isPending} onChange={(id) => id && adding.mutate(id)} />
        <Button mt="md" variant="default" onClick={close}>Cancel</Button>
      </Modal>
    </>
  );
}
