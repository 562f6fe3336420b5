import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { ProblemError } from "@/client/problem";
import type { Address, NewRun } from "@/client/types";
import { createRun } from "@/features/operations/api/orders";
import { runQuery } from "@/features/runs/api/runs";

/** Asks for the run and goes to its page. */
export function useOrder(address: Address) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [key, setKey] = useState(() => crypto.randomUUID());
  return useMutation({
    mutationFn: (order: NewRun) => createRun(address, order, key),
    onError: (error) => {
      // A refused order is another one once it is corrected; one whose answer was lost is still the same.
      if (error instanceof ProblemError && error.status !== 0) setKey(crypto.randomUUID());
    },
    onSuccess: async (run) => {
      setKey(crypto.randomUUID());
      queries.setQueryData(runQuery(run.id).queryKey, run);
      void queries.invalidateQueries({ queryKey: ["runs", "list"] });
      void queries.invalidateQueries({ queryKey: ["experiments"] });
      await navigate({ to: "/runs/$id", params: { id: run.id } });
    },
  });
}
