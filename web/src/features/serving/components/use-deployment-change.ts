import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Address, Deployment } from "@/client/types";
import { notifyDone, notifyProblem } from "@/ui/notify";

import { deploymentQuery, historyQuery } from "../api/deployment";

type Change = { act: () => Promise<Deployment | null | undefined>; done: string };

/** Runs a verb on the deployment, says how it went, and shows what is now. */
export function useDeploymentChange(address: Address) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ act }: Change) => act(),
    onSuccess: async (deployment, { done }) => {
      notifyDone(done);
      const query = deploymentQuery(address);
      if (deployment) queries.setQueryData(query.queryKey, deployment);
      else await queries.invalidateQueries(query);
      await queries.invalidateQueries(historyQuery(address));
    },
    onError: (error) => notifyProblem(error, "The deployment was not changed"),
  });
}
