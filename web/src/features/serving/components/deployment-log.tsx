import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import type { Address } from "@/client/types";
import { LogView } from "@/ui/log-view";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { logQuery } from "../api/deployment";

/** The end of the newest box's log, with the tracebacks of the model's own code. */
export function DeploymentLog({ address, running }: { address: Address; running: boolean }) {
  const { data, error, refetch, isFetching } = useQuery({ ...logQuery(address), refetchInterval: running ? 5000 : false });
  const lines = data ? data.replace(/\n$/, "").split("\n") : [];
  return (
    <Section title="Log" flush aside={<Button size="compact-xs" variant="default" loading={isFetching} onClick={() => void refetch()}>Refresh</Button>}>
      {error ? <div className="body"><ProblemAlert error={error} title="The log could not be shown" onRetry={() => void refetch()} /></div> : <LogView lines={lines} label="Deployment log" empty="Nothing was logged yet." />}
    </Section>
  );
}
