import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { ExperimentChange } from "@/client/types";
import { notifyProblem } from "@/ui/notify";

import { changeExperiment, experimentQuery } from "./experiments";

/** Changes what is shown at once; the server is told one change after the other, and what it refuses is taken back. */
export function useExperimentChange(id: string) {
  const queries = useQueryClient();
  const { queryKey } = experimentQuery(id);
  return useMutation({
    scope: { id: `experiment ${id}` },
    mutationFn: (change: Pick<ExperimentChange, "columns" | "pinned">) => changeExperiment(id, change),
    onMutate: async ({ columns, pinned }) => {
      await queries.cancelQueries({ queryKey, exact: true });
      queries.setQueryData(queryKey, (old) => old && { ...old, ...(columns && { columns }), ...(pinned !== undefined && { pinned }) });
    },
    onError: (error) => {
      notifyProblem(error, "It was not changed");
      void queries.invalidateQueries({ queryKey, exact: true });
    },
  });
}
