import { Button } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Address } from "@/client/types";
import { deploy, deploymentQuery } from "@/features/serving/api/deployment";
import { LinkButton } from "@/ui/links";
import { notifyDone, notifyProblem } from "@/ui/notify";

/** Puts a ready version into production; where it already is, leads to its form. */
export function DeployButton({ address, version }: { address: Address; version: number }) {
  const queries = useQueryClient();
  const { data: deployment } = useQuery(deploymentQuery(address));
  const deploying = useMutation({
    mutationFn: () => deploy(address, version),
    onSuccess: (now) => {
      notifyDone(`Version ${version} is in production.`);
      queries.setQueryData(deploymentQuery(address).queryKey, now);
    },
    onError: (error) => notifyProblem(error, "It was not deployed"),
  });
  const production = deployment?.aliases.find(({ alias }) => alias === "production")?.version;
  if (deployment?.wanted === "serving" && production === version)
    return <LinkButton size="xs" to="/$owner/$name/run" params={address}>Run it</LinkButton>;
  return <Button size="xs" leftSection={<IconRocket size={15} />} loading={deploying.isPending} onClick={() => deploying.mutate()}>Deploy v{version}</Button>;
}
