import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import type { Address, NewRun } from "@/client/types";
import { createRun } from "@/features/operations/api/orders";
import { runQuery } from "@/features/runs/api/runs";

import { useOnceKey } from "./use-once-key";

/** Asks for the run and goes to its page. */
export function useOrder(address: Address) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { key, answered } = useOnceKey();
  return useMutation({
    mutationFn: (order: NewRun) => createRun(address, order, key),
    // A refused order is another one once it is corrected; one whose answer was lost is still the same.
    onError: (error) => answered(error),
    onSuccess: async (run) => {
      answered();
      queries.setQueryData(runQuery(run.id).queryKey, run);
      void queries.invalidateQueries({ queryKey: ["runs", "list"] });
      void queries.invalidateQueries({ queryKey: ["experiments"] });
      await navigate({ to: "/runs/$id", params: { id: run.id } });
    },
  });
}
